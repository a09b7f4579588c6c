"""Singer tap for Harvest: hours, projects, expenses, invoices and reports."""
