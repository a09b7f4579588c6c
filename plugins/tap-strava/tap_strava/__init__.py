"""Singer tap for Strava: activities, athlete, gear and zones."""
