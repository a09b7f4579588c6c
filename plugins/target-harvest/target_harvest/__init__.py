"""Singer target for Harvest: time entries made, changed and deleted, each once."""
