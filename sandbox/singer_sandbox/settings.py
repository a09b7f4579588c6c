"""Settings of a vendor: frozen dataclasses, changed by name."""

from __future__ import annotations

from dataclasses import fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from singer_sandbox.vendor import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


SettingsT = TypeVar("SettingsT", bound=_Dataclass)


def changed(settings: SettingsT, changes: Mapping[str, object]) -> SettingsT:
    """Copy settings with some of them replaced.

    Args:
        settings: A frozen dataclass whose fields are numbers, texts and flags.
        changes: New values by name.

    Raises:
        RefusedError: If there is no such setting, or a value has the wrong type; also whatever
            the dataclass itself refuses.
    """
    known = [field.name for field in fields(settings)]
    for name, value in changes.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            msg = f"No setting is named {name}: {hint}"
            raise RefusedError(msg)
        wanted = type(getattr(settings, name))
        if type(value) is not wanted:
            msg = f"Setting {name} takes {wanted.__name__}, not {type(value).__name__}"
            raise RefusedError(msg)
    return replace(settings, **changes)
