"""Singer tap for ClickUp: time entries, tasks and the workspace around them."""
