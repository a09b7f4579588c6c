"""Singer target for ClickUp: folders, lists, tasks and time entries, each once."""
