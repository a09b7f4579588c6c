"""Measure this project and its peers side by side: ``make bench`` writes docs/performance.md.

Figures of one table come from one run on one machine: ratios mean something, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from singer_sandbox.client import running_sandbox
from singer_sandbox.warehouses import running_postgres

from tests.bench.measuring import Figures, isolated, measure
from tests.bench.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_sandbox.client import Sandbox

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = Path(__file__).parent / "peers"
PAGE: Final = ROOT / "docs" / "performance.md"
BIN: Final = Path(sys.executable).parent
FREE: Final = 1_000_000
"""Requests per period, where no limit is to be measured."""


@dataclass(slots=True)
class Row:
    """One line of a table.

    Attributes:
        name: Who.
        figures: What it took.
        records: Records that came out.
        requests: Requests that were sent.
        refused: How many of them were answered with 429.
    """

    name: str
    figures: Figures
    records: int = 0
    requests: int = 0
    refused: int = 0


@dataclass(slots=True)
class Lab:
    """A simulated account, and a folder.

    Attributes:
        sandbox: The server.
        folder: For settings and output.
        entries: How many time entries the account has.
    """

    sandbox: Sandbox
    folder: Path
    entries: int = 0

    def config(self, name: str, **settings: object) -> str:
        """Write settings for a tap of the account; returns the path."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(self.sandbox.harvest.config() | settings))
        return str(path)

    def ours(self, *streams: str, **settings: object) -> list[str]:
        """Return the command of our tap, for some streams or all."""
        config = self.config("ours", **{"requests_per_period": FREE, **settings})
        command = [str(BIN / "tap-harvest"), "--config", config]
        if not streams:
            return command
        catalog = self.folder / "catalog.json"
        measure([*command, "--discover"], output=catalog, cwd=self.folder)
        entries = json.loads(catalog.read_text())["streams"]
        kept = [entry for entry in entries if entry["tap_stream_id"] in streams]
        catalog.write_text(json.dumps({"streams": kept}))
        return [*command, "--catalog", str(catalog)]

    def baseline(self) -> list[str]:
        """Return the command of the plain SDK tap."""
        return [sys.executable, str(PEERS / "sdk_baseline.py"), "--config", self.config("baseline")]

    def run(self, name: str, *commands: Sequence[str], env: dict[str, str] | None = None) -> Row:
        """Run something, and count what it asked for and wrote."""
        self.sandbox.harvest.clear_requests()
        output = self.folder / "output.jsonl"
        figures = measure(*commands, output=output, env=env, cwd=self.folder)
        requests = self.sandbox.harvest.requests()
        with output.open("rb") as file:
            records = sum(b'"RECORD"' in line[:40] for line in file)
        refused = sum(request.status == 429 for request in requests)
        row = Row(name, figures, records or self.entries, len(requests), refused)
        print(f"  {name}: {figures}", flush=True)
        return row


def tap_alone(entries: int) -> list[Row]:
    """Time entries from an account without latency or limit, to nowhere."""
    with running_sandbox(entries=entries, rate_limit=False) as sandbox, _folder() as folder:
        lab = Lab(sandbox, folder, entries)
        rows = [
            lab.run("tap-harvest", lab.ours("time_entries")),
            lab.run("tap-harvest, concurrency 1", lab.ours("time_entries", concurrency=1)),
            lab.run("plain SDK tap", lab.baseline()),
        ]
        config = lab.config("dlt")
        dlt = [*isolated("dlt[filesystem]==1.31.0"), "python", str(PEERS / "dlt_rest.py")]
        rows.append(lab.run("dlt 1.31, to JSONL files", [*dlt, config, str(folder)]))
        return rows


def sizes(counts: Sequence[int]) -> list[Row]:
    """Memory and CPU as the account grows."""
    rows = []
    for entries in counts:
        with running_sandbox(entries=entries, rate_limit=False) as sandbox, _folder() as folder:
            lab = Lab(sandbox, folder)
            rows.append(lab.run(f"{entries:,}", lab.ours("time_entries")))
    return rows


def all_streams(*, limited: bool) -> list[Row]:
    """Every stream of a middling account, 100 ms away, with and without Harvest's limit."""
    with running_sandbox(entries=3_000, rate_limit=limited) as sandbox, _folder() as folder:
        lab = Lab(sandbox, folder)
        sandbox.harvest.fault("slow", seconds=0.1, times=None)
        budget = {"requests_per_period": 100} if limited else {}
        rows = []
        for concurrency in (16,) if limited else (1, 4, 16):
            command = lab.ours(concurrency=concurrency, **budget)
            rows.append(lab.run(f"concurrency {concurrency}", command))
        return rows


def again() -> list[Row]:
    """A second run, nothing or little changed, 100 ms away."""
    with running_sandbox(entries=3_000, rate_limit=False) as sandbox, _folder() as folder:
        lab = Lab(sandbox, folder)
        first = folder / "first.jsonl"
        measure(lab.ours(), output=first, cwd=folder)
        states = [line for line in first.read_text().splitlines() if '"STATE"' in line[:20]]
        state = folder / "state.json"
        state.write_text(json.dumps(json.loads(states[-1])["value"]))
        sandbox.harvest.fault("slow", seconds=0.1, times=None)
        streams = ("time_entries", "projects", "clients", "users", "tasks")
        command = [*lab.ours(*streams), "--state", str(state)]
        rows = [lab.run("no change, 5 streams", command)]
        for entry in sandbox.harvest.rows("time_entries")[:15]:
            sandbox.harvest.edit("time_entries", entry["id"], notes="changed")
        rows.append(lab.run("15 of 3,000 entries changed, 5 streams", command))
        return rows


def pipelines(entries: int) -> list[Row]:
    """Tap, mapper and target, to DuckDB and Postgres."""
    with (
        running_sandbox(entries=entries, rate_limit=False) as sandbox,
        _folder() as folder,
        running_postgres(folder / "data") as postgres,
    ):
        lab = Lab(sandbox, folder)
        rules = {"rules": [str(ROOT / "transform/rules/harvest-work-entries.yml")], "hash_key": "x"}
        mapper = [str(BIN / "mapper-worklog"), "--config", _write(folder / "mapper.json", rules)]
        files = {"path": str(folder / "files"), "format": "duckdb"}
        duckdb = [str(BIN / "target-files"), "--config", _write(folder / "duckdb.json", files)]
        loader = {"sqlalchemy_url": postgres.url, "validate_records": False}
        expressions = {"hours_rounded": "rounded_hours", "person": "md5(user['name'])"}
        maps = {"stream_maps": {"time_entries": {**expressions, "notes": None}}}
        common = [*isolated("meltano-map-transform==0.12.3"), "meltano-map-transform"]
        common += ["--config", _write(folder / "maps.json", maps)]
        target = [*isolated("meltanolabs-target-postgres==0.8.1"), "target-postgres"]
        target += ["--config", _write(folder / "postgres.json", loader)]
        ours = lab.ours("time_entries")
        return [
            lab.run("tap, mapper, target-files (DuckDB)", ours, mapper, duckdb),
            lab.run("tap, mapper, target-postgres", ours, mapper, target),
            lab.run(
                "plain SDK tap, meltano-map-transform, target-postgres",
                lab.baseline(),
                common,
                target,
            ),
        ]


def _write(path: Path, settings: dict[str, Any]) -> str:
    path.write_text(json.dumps(settings))
    return str(path)


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that other users may enter, as Postgres wants."""
    with tempfile.TemporaryDirectory(prefix="worktaps-bench-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small accounts; writes no page")
    quick: bool = parser.parse_args().quick
    parts: dict[str, Callable[[], list[Row]]] = {
        "tap": lambda: tap_alone(2_000 if quick else 50_000),
        "sizes": lambda: sizes([1_000, 2_000] if quick else [10_000, 50_000, 200_000, 1_000_000]),
        "latency": lambda: all_streams(limited=False),
        "limit": lambda: all_streams(limited=True),
        "again": again,
        "pipelines": lambda: pipelines(2_000 if quick else 200_000),
    }
    found = {}
    for name, measure_it in parts.items():
        print(name, flush=True)
        found[name] = measure_it()
    text = page(found)
    if quick:
        print(text)
    else:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
