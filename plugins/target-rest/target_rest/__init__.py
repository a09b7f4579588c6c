"""Singer target for services with sessions and routes of their own, by configuration."""
