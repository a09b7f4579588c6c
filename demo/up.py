"""The engine with its pages: ``make up``.

In the environment ``sandbox``, which is the default, it first starts what that names: simulated
vendors, Postgres, emulators of BigQuery and GCS, on loopback and with nothing in them. In any other
environment the engine is started alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from singer_sandbox.process import running_server
from singer_sandbox.warehouses import running_bigquery, running_gcs, running_postgres

ROOT: Final = Path(__file__).resolve().parents[1]
MELTANO: Final = str(Path(sys.executable).with_name("meltano"))
DATA: Final = ROOT / "output" / "up"
VENDORS, POSTGRES, BIGQUERY, GCS = 8765, 8766, 8767, 8768
"""Ports, as in meltano.yml."""


def main() -> int:
    """Run until interrupted; returns the exit code of the engine."""
    environment = os.environ.get("MELTANO_ENVIRONMENT", "sandbox")
    print("Installing plugins (kept for next time)", flush=True)
    subprocess.run([MELTANO, "install"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        if environment == "sandbox":
            print("Starting simulated vendors, Postgres, BigQuery and GCS", flush=True)
            start_stand_ins(stack)
        print("Starting the engine; its pages come at http://127.0.0.1:3000", flush=True)
        command = [MELTANO, f"--environment={environment}", "invoke", "dagster:up"]
        with suppress(KeyboardInterrupt):
            return subprocess.run(command, cwd=ROOT, check=False).returncode
    return 0


def start_stand_ins(stack: ExitStack) -> None:
    """Start what is simulated; Meltano forgets what it knew of the last time."""
    shutil.rmtree(DATA, ignore_errors=True)
    bigquery = DATA / "bigquery"
    bigquery.mkdir(parents=True)
    stack.enter_context(running_server({}, port=VENDORS))
    stack.enter_context(running_postgres(DATA / "postgres", POSTGRES))
    stack.enter_context(running_bigquery(bigquery, BIGQUERY))
    stack.enter_context(running_gcs(GCS))
    os.environ["MELTANO_DATABASE_URI"] = f"sqlite:///{DATA}/meltano.db"


if __name__ == "__main__":
    sys.exit(main())
