"""Read accounts of growing size, and print what it took: ``python -m tests.bench``.

Memory has to stay flat from the second row on; CPU has to grow with the records.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from singer_sandbox.client import running_sandbox

SIZES = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of a command took.

    Attributes:
        records: Records written.
        requests: Requests sent.
        peak_mb: Largest resident memory, in megabytes.
        cpu_seconds: User and system time.
        wall_seconds: From start to end.
    """

    records: int
    requests: int
    peak_mb: float
    cpu_seconds: float
    wall_seconds: float


def measure(entries: int) -> Figures:
    """Read all time entries of an account of this size in one process."""
    with (
        running_sandbox(entries=entries, rate_limit=False) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = sandbox.harvest.config() | {"requests_per_period": 100_000}
        config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
        config.write_text(json.dumps(settings))
        catalog.write_text(json.dumps(_only_time_entries(config)))
        command = [sys.executable, "-m", "tap_harvest", "--config", str(config)]
        command += ["--catalog", str(catalog)]
        started = time.monotonic()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout
            records = sum(line.startswith(b'{"type":"RECORD"') for line in process.stdout)
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
        return Figures(
            records=records,
            requests=len(sandbox.harvest.requests()),
            peak_mb=usage.ru_maxrss / 1024,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            wall_seconds=time.monotonic() - started,
        )


def _only_time_entries(config: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "tap_harvest", "--config", str(config), "--discover"]
    discovered = subprocess.run(command, check=True, capture_output=True).stdout
    catalog: dict[str, list[dict[str, object]]] = json.loads(discovered)
    kept = [entry for entry in catalog["streams"] if entry["tap_stream_id"] == "time_entries"]
    return {"streams": kept}


def main() -> None:
    """Measure each size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="*", default=SIZES, help="account sizes")
    sizes: list[int] = parser.parse_args().entries
    print(f"{'entries':>9}  {'records':>9}  requests  peak MB  CPU s  us/record  wall s")
    for entries in sizes:
        figures = measure(entries)
        each = 1e6 * figures.cpu_seconds / max(1, figures.records)
        print(
            f"{entries:>9,}  {figures.records:>9,}  {figures.requests:>8}  {figures.peak_mb:>7.0f}"
            f"  {figures.cpu_seconds:>5.1f}  {each:>9.1f}  {figures.wall_seconds:>6.1f}"
        )


if __name__ == "__main__":
    main()
