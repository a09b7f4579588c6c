"""Settings of target-rest for the simulated Timebook: those of its README."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl

README = Path(__file__).resolve().parents[2] / "plugins" / "target-rest" / "README.md"


def settings(timebook: AppControl, folder: Path, **more: object) -> dict[str, Any]:
    """Return the settings of the README's example, with the address and the user of a sandbox.

    Args:
        timebook: The service.
        folder: For the ledger.
        more: Settings beside.
    """
    example = re.search(r"```json\n(.+?)\n```", README.read_text(), re.DOTALL)
    assert example
    config: dict[str, Any] = json.loads(example[1])
    return {
        **config,
        **timebook.config(),
        "ledger_url": f"sqlite:///{folder}/ledger.db",
        "requests_per_minute": 100_000,
        **more,
    }
