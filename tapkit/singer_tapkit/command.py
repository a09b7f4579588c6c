"""The command of a tap: Singer's, and beside it ``login`` and ``state``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_tapkit.tap import Tap


def command_line(tap: type[Tap]) -> None:
    """Run a tap, or another of its commands if the first argument names one."""
    match sys.argv[1:2]:
        case ["login"] if tap.has_login():
            from singer_tapkit.login import login_command  # noqa: PLC0415 - of those who want it

            login_command(tap)(sys.argv[2:], prog_name=f"{tap.name} login")
        case ["state"]:
            from singer_tapkit.state_command import state_group  # noqa: PLC0415

            state_group(tap)(sys.argv[2:], prog_name=f"{tap.name} state")
        case _:
            tap.cli()
