"""What the four vendors have in common: a company."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar, TypeVar, cast

from typing_extensions import override

from singer_sandbox.vendors.base import ApiError, TableVendor, refuse
from singer_sandbox.vendors.hr.world import World

__all__ = ["ApiError", "CompanySettings", "CompanyVendor", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """How the company is set up.

    Attributes:
        employees: How many people to make up.
        seed: Of what is made up.
    """

    employees: int = 40
    seed: int = 1


SettingsT = TypeVar("SettingsT", bound=CompanySettings)


class CompanyVendor(TableVendor[SettingsT]):
    """A vendor that holds one company."""

    shaping: ClassVar[frozenset[str]] = frozenset({"employees", "seed"})

    @abc.abstractmethod
    def new_id(self, collection: str, number: int) -> str:
        """Make an id as this vendor's look."""

    @property
    def world(self) -> World:
        """The company."""
        return cast("World", self.data)

    @override
    def make_world(self) -> World:
        """Make the company up."""
        return World(
            self._clock,
            new_id=self.new_id,
            employees=self._settings.employees,
            seed=self._settings.seed,
        )
