"""What knows the vendors: one module each."""
