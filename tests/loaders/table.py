"""The table of docs/loaders.md: what each loader keeps, as the tests of this folder find it."""

from __future__ import annotations

from tests.loaders.loaders import LOADERS
from tests.loaders.promises import GAPS, PROMISES


def loaders_table() -> str:
    """Write a line per promise and a column per loader."""
    names = [loader.name for loader in LOADERS.values()]
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for promise, try_it in PROMISES.items():
        words = str(try_it.__doc__).removesuffix(".")
        cells = [
            f"**no**: {GAPS[name][promise]}" if promise in GAPS.get(name, ()) else "yes"
            for name in names
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
