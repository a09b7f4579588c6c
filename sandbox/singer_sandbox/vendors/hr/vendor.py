"""What the four vendors have in common: a company, settings, and the control API's orders."""

from __future__ import annotations

import abc
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from singer_sandbox.settings import changed
from singer_sandbox.vendor import RefusedError
from singer_sandbox.vendors.hr.world import World
from singer_sandbox.wire import json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sandbox.clock import SandboxClock
    from singer_sandbox.wire import Answer, Call, Row

_SHAPING: Final = frozenset({"employees", "seed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """How the company is set up.

    Attributes:
        employees: How many people to make up.
        seed: Of what is made up.
    """

    employees: int = 40
    seed: int = 1


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


SettingsT = TypeVar("SettingsT", bound=CompanySettings)


class CompanyVendor(abc.ABC, Generic[SettingsT]):
    """A vendor that holds one company.

    Args:
        clock: Of the sandbox.
        settings: Those that differ from the defaults; resets return to them.

    Raises:
        RefusedError: If a setting is unknown or its value wrong.
    """

    name: ClassVar[str]
    common: ClassVar[frozenset[str]] = frozenset({"seed"})
    defaults: SettingsT
    _settings: SettingsT

    def __init__(self, clock: SandboxClock, settings: Mapping[str, object]) -> None:
        self._clock = clock
        self._first_settings = changed(self.defaults, settings)
        self._start(self._first_settings)

    @abc.abstractmethod
    def new_id(self, collection: str, number: int) -> str:
        """Make an id as this vendor's look."""

    @abc.abstractmethod
    def handle(self, call: Call) -> Answer:
        """Answer a request.

        Raises:
            ApiError: If it is refused.
        """

    def answer(self, call: Call) -> Answer:
        """Answer a request."""
        try:
            return self.handle(call)
        except ApiError as error:
            return error.answer

    def resource(self, path: str) -> str:
        """Return the path that faults are matched on."""
        return path

    @abc.abstractmethod
    def describe(self, mount: str) -> Row:
        """Tell the address and the credentials."""

    @cached_property
    def world(self) -> World:
        """The data; made when it is first asked for."""
        return World(
            self._clock,
            new_id=self.new_id,
            employees=self._settings.employees,
            seed=self._settings.seed,
        )

    def settings(self) -> Row:
        """Return all settings by name."""
        return asdict(self._settings)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Change settings and keep the data."""
        settings = changed(self._settings, changes)
        shaping = sorted(_SHAPING & changes.keys())
        if shaping:
            msg = f"{' and '.join(shaping)}: only a reset can change the data's shape"
            raise RefusedError(msg)
        self._settings = settings

    def reset(self, changes: Mapping[str, object]) -> None:
        """Return to the settings of the start but for the changes, and make new data."""
        self._start(changed(self._first_settings, changes))

    def rows(self, collection: str) -> list[Row]:
        """Return all rows of a collection, as the sandbox keeps them."""
        return self.world.rows(collection)

    def get(self, collection: str, row_id: int | str) -> Row:
        """Return one row."""
        return self.world.get(collection, str(row_id))

    def add(self, collection: str, fields: Mapping[str, Any]) -> Row:
        """Add a row."""
        return self.world.add(collection, fields)

    def edit(self, collection: str, row_id: int | str, fields: Mapping[str, Any]) -> Row:
        """Change a row."""
        return self.world.edit(collection, str(row_id), fields)

    def delete(self, collection: str, row_id: int | str) -> None:
        """Delete a row."""
        self.world.delete(collection, str(row_id))

    def _start(self, settings: SettingsT) -> None:
        self._settings = settings
        self.__dict__.pop("world", None)
