"""A tap as the SDK's tutorial has it: one stream, numbered pages, nothing overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from tap_harvest.streams.time import TimeEntries as Ours
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence


class TimeEntries(RESTStream[int]):
    """Time entries, with the schema of the tap that it is compared with."""

    name = "time_entries"
    path = "/time_entries"
    primary_keys = ("id",)
    replication_key = "updated_at"
    schema = Ours.schema
    records_jsonpath = "$.time_entries[*]"
    next_page_token_jsonpath = "$.next_page"

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> BearerTokenAuthenticator:
        return BearerTokenAuthenticator(token=self.config["access_token"])

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {
            "Harvest-Account-Id": str(self.config["account_id"]),
            "User-Agent": "baseline (data@example.com)",
        }

    @override
    def get_url_params(self, context: object, next_page_token: int | None) -> dict[str, Any]:
        return {"page": next_page_token} if next_page_token else {}


class TapBaseline(Tap):
    """The plain tap."""

    name = "tap-baseline"
    config_jsonschema = th.PropertiesList(
        th.Property("access_token", th.StringType, secret=True),
        th.Property("account_id", th.StringType),
        th.Property("api_url", th.StringType),
    ).to_dict()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [TimeEntries(self)]


if __name__ == "__main__":
    TapBaseline.cli()
