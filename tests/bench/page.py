"""docs/performance.md, from what was measured."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.__main__ import Row

_HEAD: Final = """# Performance

Written by `make bench`, which anybody can repeat: simulated accounts on loopback, our packages and
their peers from PyPI, all in one go. Machines differ and are shared; compare the columns within a
table, not seconds between machines. CPU is user and system time of the whole process, start-up
included.
"""

_TAP: Final = """Rows that need no change are cut out of the page and go out as they came in; the
others take a compiled way, and only what neither covers takes the SDK's
(`tapkit/singer_tapkit/record_writer.py`). dlt writes files, and normalises what
is nested.
"""

_PIPES: Final = """Entries into a table, upserted by key. The slowest process sets the pace. Through
`meltano run` each pipeline takes some seconds more: Meltano starts, and copies every line from one
process to the next.
"""


def page(found: Mapping[str, Sequence[Row]]) -> str:
    """Write the page.

    Args:
        found: The rows of each part.
    """
    limit, busy = found["limit"][0], found["latency"][-1]
    floor = 15 * ((limit.requests - 1) // 100) + 0.1
    times = limit.figures.wall_seconds / floor
    parts = [
        _HEAD,
        f"Python {platform.python_version()}, {platform.machine()}.\n",
        "## The tap alone\n",
        f"{found['tap'][0].records:,} time entries of 1.2 kB, no latency, no limit.\n",
        _cpu_table(found["tap"]),
        _chart("CPU per record, microseconds", found["tap"], _micros),
        _TAP,
        "## As the account grows\n",
        _cpu_table(found["sizes"], "entries"),
        "## All streams, 100 ms away\n",
        f"{busy.requests} requests, most of them one per parent.",
        f"Sixteen connections need {busy.requests * 0.1 / 16:.1f} s at least.\n",
        _time_table(found["latency"]),
        _chart("Seconds", found["latency"], lambda row: row.figures.wall_seconds),
        f"Under Harvest's limit of 100 requests in 15 seconds, {limit.requests} requests need",
        f"{floor:.1f} s at least; this is {times:.2f} times that.\n",
        _time_table(found["limit"]),
        "## A second run, 100 ms away\n",
        _time_table(found["again"]),
        "## Whole pipelines\n",
        _pipe_table(found["pipelines"]),
        _PIPES,
    ]
    return "\n".join(parts)


def _micros(row: Row) -> float:
    return 1e6 * row.figures.cpu_seconds / max(1, row.records)


def _cpu_table(rows: Sequence[Row], what: str = "") -> str:
    first = _micros(rows[0])
    cells = [
        (
            row.name,
            f"{row.figures.cpu_seconds:.1f}",
            f"{_micros(row):.0f}",
            f"{_micros(row) / first:.1f}",
            f"{row.figures.peak_mb:.0f}",
            f"{row.requests:,}",
        )
        for row in rows
    ]
    return _table((what, "CPU s", "us/record", "ratio", "peak MB", "requests"), cells)


def _time_table(rows: Sequence[Row]) -> str:
    cells = [
        (
            row.name,
            f"{row.figures.wall_seconds:.1f}",
            f"{row.figures.cpu_seconds:.1f}",
            f"{row.requests:,}",
            f"{row.refused}",
            f"{row.records:,}",
        )
        for row in rows
    ]
    return _table(("", "seconds", "CPU s", "requests", "429s", "records"), cells)


def _pipe_table(rows: Sequence[Row]) -> str:
    slowest = rows[-1].figures.wall_seconds
    cells = [
        (
            row.name,
            f"{row.figures.wall_seconds:.1f}",
            f"{slowest / row.figures.wall_seconds:.1f}",
            f"{row.figures.cpu_seconds:.1f}",
            f"{row.figures.slowest_cpu_seconds:.1f}",
        )
        for row in rows
    ]
    return _table(("", "seconds", "times faster", "CPU s, all", "CPU s, slowest"), cells)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _chart(title: str, rows: Sequence[Row], value: Callable[[Row], float]) -> str:
    names = ", ".join(f'"{row.name}"' for row in rows)
    values = ", ".join(f"{value(row):.1f}" for row in rows)
    return f"""```mermaid
xychart-beta
    title "{title}"
    x-axis [{names}]
    y-axis "{title}"
    bar [{values}]
```
"""
