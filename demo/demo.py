"""The main job, end to end and without an account: ``make demo``.

Starts a simulated Harvest account, reads it through the mapper into JSONL files and DuckDB, changes
a few things in the account, reads again, and prints the hours per project and person.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from singer_sandbox.client import running_sandbox

if TYPE_CHECKING:
    from singer_sandbox.client import HarvestControl

ROOT = Path(__file__).resolve().parents[1]
MELTANO = Path(sys.executable).with_name("meltano")
OUTPUT = ROOT / "output" / "sandbox"
PLUGINS = ("tap-harvest", "mapper-worklog", "target-files-jsonl", "target-files-duckdb")
JOBS = ("harvest-to-jsonl", "harvest-to-duckdb")
CHANGED = """
    select entry_date, project, task, hours, notes
    from work_entries
    where notes in ('Corrected', 'Added', 'Dated back')
    order by entry_date desc
"""
HOURS = """
    select
        project,
        users.first_name || ' ' || users.last_name as person,
        count(*) as entries,
        round(sum(hours), 2) as hours
    from work_entries
    join users on users.id = work_entries.person_id::bigint
    group by all
    order by hours desc
    limit 15
"""


def main() -> None:
    """Run the demo; stops with the exit code of whatever fails."""
    say("Installing the tap, the mapper and the loader (kept for next time)")
    meltano("install", *PLUGINS)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    with running_sandbox(entries=1000, rate_limit=False) as sandbox:
        account = sandbox.harvest
        os.environ |= {
            "TAP_HARVEST_ACCESS_TOKEN": account.tokens["administrator"],
            "TAP_HARVEST_ACCOUNT_ID": account.account_id,
            "TAP_HARVEST_API_URL": account.api_url,
            "TAP_HARVEST_IDENTITY_URL": account.identity_url,
            "TAP_HARVEST_REQUESTS_PER_PERIOD": "10000",  # real accounts: 100, and half a minute
        }
        say("First run: everything")
        meltano("run", "--full-refresh", *JOBS)
        before = len(account.requests())
        change(account)
        say("Second run: what has changed")
        meltano("run", *JOBS)
        say(
            f"Requests: {before} for everything, {len(account.requests()) - before} for the changes"
        )
    with duckdb.connect(str(OUTPUT / "worktaps.duckdb"), read_only=True) as database:
        say("The changes, in the database")
        database.sql(CHANGED).show()
        say("Hours per project and person")
        database.sql(HOURS).show()
    say("Files")
    for path in sorted(OUTPUT.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            print(f"{path.stat().st_size:>12,}  {path.relative_to(ROOT)}")


def change(account: HarvestControl) -> None:
    """Do what people do: correct an entry, add one for today and one for last month."""
    entry = account.rows("time_entries")[10]
    account.edit("time_entries", entry["id"], hours=entry["hours"] + 1, notes="Corrected")
    account.add("time_entries", hours=2.5, notes="Added")
    account.add("time_entries", spent_date="2020-02-29", hours=4, notes="Dated back")


def meltano(*arguments: str) -> None:
    """Run Meltano; show what it says if it fails."""
    command = [str(MELTANO), "--environment=sandbox", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        print(result.stdout, result.stderr, sep="\n", file=sys.stderr)
        sys.exit(result.returncode)


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    main()
