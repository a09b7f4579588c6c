"""Singer tap for Spotify: what you have played and saved."""
