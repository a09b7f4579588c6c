"""Singer tap for the webhook inbox: what came, in order."""
