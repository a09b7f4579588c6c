"""Singer tap for Garmin Connect: activities, sleep, heart rate and daily summaries."""
