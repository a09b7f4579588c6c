"""What kind of leave a type is, by its name: every customer names types differently."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_USUAL: Final[Mapping[str, str]] = {
    "matern|patern|parent|adoption|elternzeit": "PARENTAL",
    r"sick|\bill|medical|krank": "SICK",
    "bereave|funeral|compassion|mourning": "BEREAVEMENT",
    r"jury|court|civic": "JURY_DUTY",
    "volunteer|charit": "VOLUNTEER",
    r"unpaid|without pay|leave of absence|sabbatical": "UNPAID",
    r"(public|bank|floating) holiday|\bholiday calendar": "HOLIDAY",
    r"personal|moving|family": "PERSONAL",
    r"vacation|annual|holiday|\bpto\b|paid time off|urlaub|\bleisure": "VACATION",
}


class LeaveKinds:
    """Tells kinds by name.

    Args:
        own: The setting ``leave_type_map``: kinds by regular expression, tried before the usual
            names; case does not matter.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        known = (*own.items(), *_USUAL.items())
        self._known = [(re.compile(pattern, re.IGNORECASE), kind) for pattern, kind in known]

    def __call__(self, name: str | None) -> str | None:
        """Return the kind of a type; ``OTHER`` if no pattern finds it, ``None`` without a name."""
        if not name:
            return None
        return next((kind for pattern, kind in self._known if pattern.search(name)), "OTHER")
