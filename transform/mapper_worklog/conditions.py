"""Conditions on records: all that are stated must hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from mapper_worklog.columns import MisfitError, types_of
from mapper_worklog.paths import getter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mapper_worklog.columns import Columns, Field
    from mapper_worklog.nodes import Node
    from mapper_worklog.types import Record, Scalar

_ORDER: Final[dict[str, Callable[[int], bool]]] = {
    "above": lambda sign: sign > 0,
    "at_least": lambda sign: sign >= 0,
    "below": lambda sign: sign < 0,
    "at_most": lambda sign: sign <= 0,
}
_EMPTY: Final = "empty"
_NOT: Final = "not"
_IS: Final = "is"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        path: The field it is about.
        word: ``is``, ``not``, ``empty``, or an order such as ``above``.
        values: What to compare with; one of them must do.
    """

    path: str
    word: str
    values: Sequence[Scalar]

    def compile(self, columns: Columns) -> tuple[Field, Callable[[Record], bool]]:
        """Return the field, and the test of a record.

        Raises:
            MissingFieldError: If the field is not there.
            MisfitError: If it can never be such a value.
        """
        field = columns.find(self.path)
        types = types_of(field.schema)
        for value in () if self.word == _EMPTY else self.values:
            if value is not None and types and not types & _comparable(value):
                msg = f"{self.path!r} can be {' or '.join(sorted(types))}, never {value!r}"
                raise MisfitError(msg)
        read, test = getter(field.path), self._test()
        return field, lambda record: test(read(record))

    def _test(self) -> Callable[[object], bool]:
        values = self.values
        match self.word:
            case "is":
                return lambda value: any(_same(value, other) for other in values)
            case "not":
                return lambda value: not any(_same(value, other) for other in values)
            case "empty":
                return lambda value: (value in (None, "")) is values[0]
            case word:
                holds = _ORDER[word]
                return lambda value: (
                    (sign := _compare(value, values[0])) is not None and holds(sign)
                )


def parse_conditions(node: Node) -> list[Condition]:
    """Read ``{path: condition, ...}``.

    Raises:
        Fault: If there is none, or one cannot be used.
    """
    conditions: list[Condition] = []
    for key, value in node.pairs():
        conditions += _of_field(key.text(), value)
    if not conditions:
        node.fail("needs at least one 'field: condition'")
    return conditions


def _of_field(path: str, node: Node) -> list[Condition]:
    if not node.is_mapping:
        return [Condition(path, _IS, [item.value() for item in node.items()])]
    conditions = []
    for word, value in node.options([_NOT, _EMPTY, *_ORDER]).items():
        match word:
            case "not":
                values: list[Scalar] = [item.value() for item in value.items()]
            case "empty":
                values = [value.flag()]
            case _:
                values = [value.value()]
                if values[0] is None or isinstance(values[0], bool):
                    value.fail(f"'{word}' compares with a number or a text")
        conditions.append(Condition(path, word, values))
    return conditions


def _comparable(value: Scalar) -> set[str]:
    match value:
        case bool():
            return {"boolean"}
        case int() | float():
            return {"integer", "number"}
        case _:
            return {"string"}


def _same(value: object, other: Scalar) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _compare(value: object, other: Scalar) -> int | None:
    """Return the sign of the difference; None for values that have no order."""
    if isinstance(value, str) and isinstance(other, str):
        return (value > other) - (value < other)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return None if not isinstance(other, (int, float)) else (value > other) - (value < other)
