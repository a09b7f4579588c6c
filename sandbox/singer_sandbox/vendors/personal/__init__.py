"""One person's accounts: Spotify, Strava, Garmin and Todoist."""

from singer_sandbox.vendors.personal.garmin import Garmin
from singer_sandbox.vendors.personal.spotify import Spotify
from singer_sandbox.vendors.personal.strava import Strava
from singer_sandbox.vendors.personal.todoist import Todoist

__all__ = ["Garmin", "Spotify", "Strava", "Todoist"]
