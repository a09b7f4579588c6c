"""What vendors have in common whose data is a few tables: settings, and orders of tests."""

from __future__ import annotations

import abc
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol

from singer_sandbox.settings import SettingsT, changed
from singer_sandbox.vendor import RefusedError
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Answer, Call, Row


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refuse(
    status: int, content: object = None, headers: Mapping[str, str] | None = None
) -> ApiError:
    """Make an error with a JSON body."""
    return ApiError(json_answer(content or {"error": "refused"}, status, headers))


class Data(Protocol):
    """A vendor's data; its errors are :class:`RefusedError`."""

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection."""
        ...

    def get(self, collection: str, row_id: str) -> Row:
        """Return one row."""
        ...

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row."""
        ...

    def edit(self, collection: str, row_id: str, fields: Mapping[str, Any]) -> Row:
        """Change a row."""
        ...

    def delete(self, collection: str, row_id: str) -> None:
        """Delete a row."""
        ...


class TableVendor(abc.ABC, Generic[SettingsT]):
    """A vendor that holds a few tables.

    Args:
        clock: Of the sandbox.
        settings: Those that differ from the defaults; resets return to them.

    Attributes:
        shaping: Settings that only a reset can change.

    Raises:
        RefusedError: If a setting is unknown or its value wrong.
    """

    name: ClassVar[str]
    common: ClassVar[frozenset[str]] = frozenset({"seed"})
    shaping: ClassVar[frozenset[str]] = frozenset({"seed"})
    defaults: SettingsT
    _settings: SettingsT

    def __init__(self, clock: SandboxClock, settings: Mapping[str, object]) -> None:
        self._clock = clock
        self._first_settings = changed(self.defaults, settings)
        self.start(self._first_settings)

    @abc.abstractmethod
    def make_world(self) -> Data:
        """Make the data."""

    @abc.abstractmethod
    def handle(self, call: Call) -> Answer:
        """Answer a request.

        Raises:
            ApiError: If it is refused.
        """

    @abc.abstractmethod
    def describe(self, mount: str) -> Row:
        """Tell the address and the credentials."""

    @cached_property
    def data(self) -> Data:
        """The data; made when it is first asked for."""
        return self.make_world()

    def answer(self, call: Call) -> Answer:
        """Answer a request."""
        try:
            return self.handle(call)
        except ApiError as error:
            return error.answer

    def resource(self, path: str) -> str:
        """Return the path that faults are matched on."""
        return path

    def settings(self) -> Row:
        """Return all settings by name."""
        return asdict(self._settings)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings and keep the data."""
        settings = changed(self._settings, changes)
        shaping = sorted(self.shaping & changes.keys())
        if shaping:
            msg = f"{' and '.join(shaping)}: only a reset can change the data's shape"
            raise RefusedError(msg)
        self._settings = settings

    def reset(self, changes: Mapping[str, object]) -> None:
        """Return to the settings of the start but for the changes, and make new data."""
        self.start(changed(self._first_settings, changes))

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection, as the sandbox keeps them."""
        return self.data.rows(collection)

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row."""
        return self.data.get(collection, str(row_id))

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row."""
        return self.data.add(collection, fields)

    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, Any]) -> Row:
        """Change a row."""
        return self.data.edit(collection, str(row_id), fields)

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row."""
        self.data.delete(collection, str(row_id))

    def start(self, settings: SettingsT) -> None:
        """Begin with settings, and with new data."""
        self._settings = settings
        self.__dict__.pop("data", None)
