"""Singer tap for Timely: hours, projects, clients, labels and users."""
