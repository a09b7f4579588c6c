"""What the server needs of a vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.wire import Answer, Call, Row


class RefusedError(Exception):
    """The control API was asked for something that cannot be done; the text says why."""


class Vendor(Protocol):
    """One simulated API with its data.

    A vendor is made with the sandbox's clock and the settings it starts with. It lives in one
    thread and answers at once.

    Attributes:
        name: Where it is mounted: ``http://HOST:PORT/<name>/...``.
        common: Those settings that ``serve`` has an option of its own for, and that this has.
    """

    name: ClassVar[str]
    common: ClassVar[frozenset[str]]

    def answer(self, call: Call) -> Answer:
        """Answer a request as the vendor's documentation says."""

    def resource(self, path: str) -> str:
        """Strip what all addresses share, as API versions: the path that faults are matched on."""

    def describe(self, mount: str) -> Row:
        """Tell what a caller needs: addresses below ``mount``, credentials, a line of advice.

        Returns:
            At least ``api_url`` and ``hint``; the hint is shown when the server starts.
        """

    def settings(self) -> Row:
        """Return all settings by name."""

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings and keep the data.

        Raises:
            RefusedError: If a setting is unknown, its value wrong, or it shapes the data.
        """

    def reset(self, changes: Mapping[str, object]) -> None:
        """Return to the settings of the start but for ``changes``, and make new data.

        Raises:
            RefusedError: If a setting is unknown or its value wrong.
        """

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection as the API lists them to who may see everything.

        Raises:
            RefusedError: If there is no such collection; likewise below.
        """

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row as the API shows it to who may see everything."""

    def add(self, collection: str, fields: Mapping[str, object]) -> Row:
        """Add a row; fields not given get sensible values. Returns the row."""

    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, object]) -> Row:
        """Change a row; its time of change becomes now unless given. Returns the row."""

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row and whatever cannot be without it."""
