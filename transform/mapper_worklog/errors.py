"""Why mapping stops, sorted by what has to be mended.

::

    MapperError
    ├── RuleFileError     the rule files are wrong: mend them, no message was read
    ├── RuleError         rules and schema disagree: mend the rule, or what the tap sends
    └── InputError        the input is not what a mapper can read

Messages name files, lines, streams, rules and fields, and never hold a value of a record.
"""

from __future__ import annotations


class MapperError(Exception):
    """Base of everything that ends a run."""


class RuleFileError(MapperError):
    """Rule files cannot be used.

    Attributes:
        faults: One line each, all that were found.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class RuleError(MapperError):
    """A rule does not fit the schema of its stream, or a record that the schema allows."""


class InputError(MapperError):
    """The input is not a sequence of Singer messages, or not one that rules can be applied to."""
