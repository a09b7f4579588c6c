"""Singer tap for Todoist: tasks, what was completed, projects and comments."""
