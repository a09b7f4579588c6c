"""Singer tap for Punchcard: people and their hours."""
