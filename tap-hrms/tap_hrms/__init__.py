"""Singer tap for HR systems."""
