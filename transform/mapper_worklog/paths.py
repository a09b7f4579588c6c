"""Functions that reach into a record, made once per rule.

Objects on the way to a nested field are copied before they are changed, since other mappings of
the same stream may still read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mapper_worklog.types import Path, Record


def getter(path: Path) -> Callable[[Record], object]:
    """Return a function that reads a field; what is not there is null."""
    if len(path) == 1:
        (name,) = path
        return lambda record: record.get(name)
    top, *parents, name = path

    def read(record: Record) -> object:
        holder = record.get(top)
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        return holder.get(name) if isinstance(holder, dict) else None

    return read


def changer(path: Path, change: Callable[[object], object]) -> Callable[[Record], bool]:
    """Return a function that replaces a field by something made from it, if it is not null."""
    *parents, name = path

    def write(record: Record) -> bool:
        holder = _own(record, parents, name)
        if holder is None or holder[name] is None:
            return False
        holder[name] = change(holder[name])
        return True

    return write


def popper(path: Path) -> Callable[[Record], object]:
    """Return a function that takes a field away and returns it; what is not there is null."""
    *parents, name = path

    def pop(record: Record) -> object:
        holder = _own(record, parents, name)
        return None if holder is None else holder.pop(name)

    return pop


def remover(path: Path) -> Callable[[Record], bool]:
    """Return a function that takes a field away, and says whether it was there."""
    *parents, name = path

    def remove(record: Record) -> bool:
        holder = _own(record, parents, name)
        if holder is None:
            return False
        del holder[name]
        return True

    return remove


def _own(record: Record, parents: list[str], name: str) -> Record | None:
    """Return the object that holds a name, copied down from the record; none if nothing does."""
    holder = record
    for parent in parents:
        inner = holder.get(parent)
        if not isinstance(inner, dict):
            return None
        holder[parent] = holder = {**inner}
    return holder if name in holder else None
