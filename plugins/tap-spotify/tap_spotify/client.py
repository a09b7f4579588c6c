"""Spotify's API: what its errors mean, and how long to wait.

Source: Spotify Web API, "Rate limits"; waits of hours that clients have met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from singer_tapkit.errors import StreamFailedError
from singer_tapkit.http import Action, Rule, Verdict
from singer_tapkit.http.api import ApiClient
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

LONGEST_WAIT_SECONDS: Final = 120.0
"""Longer waits, hours at times, end the stream instead."""

RULES: Final[Sequence[Rule]] = (
    Rule(
        {401},
        Verdict(Action.REAUTHENTICATE, "Spotify refused the token", "Run `tap-spotify login`"),
    ),
    Rule(
        {403},
        Verdict(
            Action.UNAVAILABLE,
            "Spotify does not let this app or account read it",
            "Run `tap-spotify login`; apps in development mode need an owner with Premium",
        ),
    ),
)


class SpotifyClient(ApiClient):
    """Reads one account."""

    @override
    def wait_asked(self, response: requests.Response) -> float | None:
        asked = super().wait_asked(response)
        if asked is not None and asked > LONGEST_WAIT_SECONDS:
            msg = (
                f"Spotify wants {asked / 60:.0f} minutes of silence. Nothing is lost: run again "
                "after that"
            )
            raise StreamFailedError(msg)
        return asked
