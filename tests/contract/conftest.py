"""One tap after the other, each with fresh data and a clock that tests move."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from singer_tapkit.state_command import state_group

from tests.conftest import NOW, Run, run
from tests.contract.cases import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Generator

    from click.testing import Result
    from singer_sandbox.client import AppControl, Sandbox
    from singer_tapkit import Tap

    from tests.conftest import SharedClock


_RESULTS: dict[tuple[str, str], list[bool]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how each promise ended for each tap."""
    report = yield
    if report.when == "call" and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        case = item.callspec.params.get("subject")
        if isinstance(case, Case):
            promise = item.originalname.removeprefix("test_").replace("_", " ")
            _RESULTS.setdefault((promise, case.vendor), []).append(report.passed)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the matrix into the page that CONTRACT_PAGE names."""
    del session
    page = os.environ.get("CONTRACT_PAGE")
    if not page or not _RESULTS:
        return
    vendors = [case.vendor for case in CASES]
    lines = [f"| promise | {' | '.join(vendors)} |", f"| --- |{' --- |' * len(vendors)}"]
    for promise in sorted({promise for promise, _ in _RESULTS}):
        cells = []
        for vendor in vendors:
            results = _RESULTS.get((promise, vendor), [])
            cells.append(f"{sum(results)} of {len(results)}" if results else "-")
        lines.append(f"| {promise} | {' | '.join(cells)} |")
    start, end = "<!-- matrix -->\n", "<!-- /matrix -->"
    before, _, rest = Path(page).read_text().partition(start)
    _, _, after = rest.partition(end)
    Path(page).write_text(before + start + "\n".join(lines) + "\n" + end + after)


class Subject:
    """A tap under the contract.

    Args:
        case: Which.
        control: Its vendor.
        clock: The time, for both.
        folder: For its tokens.
    """

    def __init__(self, case: Case, control: AppControl, clock: SharedClock, folder: Path) -> None:
        self.case = case
        self.control = control
        self.clock = clock
        self._folder = folder
        self._tap: type[Tap] = type(case.tap.__name__, (case.tap,), {"clock": clock})

    @property
    def config(self) -> dict[str, Any]:
        """Settings with which the tap reads the vendor."""
        config = {**self.control.config(), **self.case.config}
        if self.case.keeps_tokens:
            config["token_store"] = str(self._folder / "tokens.json")
        return config

    def run(
        self,
        state: dict[str, Any] | None = None,
        select: list[str] | None = None,
        **settings: object,
    ) -> Run:
        """Run it over the stream that is looked at, or others."""
        config = {**self.config, **settings}
        return run(self._tap, config, select=select or [self.case.stream], state=state)

    @property
    def streams(self) -> list[str]:
        """Names of all streams of the tap."""
        return list(self._tap(config=self.config).streams)

    def command(self, *arguments: str) -> Result:
        """Run the tap's command, or its command ``state``, with its settings in a file."""
        settings = self._folder / "config.json"
        settings.write_text(json.dumps(self.config))
        command = self._tap.get_singer_command()
        if arguments[0] == "state":
            command, arguments = state_group(self._tap), arguments[1:]
        return CliRunner().invoke(command, [*arguments, f"--config={settings}"])

    def fault(self, **fault: Any) -> None:  # noqa: ANN401 - of the sandbox
        """Let something go wrong where the stream is read."""
        for path in self.case.paths:
            self.control.fault(path=path, **fault)

    def table(self, *runs: Run) -> dict[Any, dict[str, Any]]:
        """Return what a table holds after some runs; without what is gone."""
        rows: dict[Any, dict[str, Any]] = {}
        for one in runs:
            for row in one.records(self.case.stream):
                key = row[self.case.key]
                rows[key] = {**rows.get(key, {}), **row} if row.get("_sdc_deleted_at") else row
        return {key: row for key, row in rows.items() if not row.get("_sdc_deleted_at")}

    def recent(self) -> tuple[Any, str]:
        """Return a row that every run looks at again: its key, and its id in the sandbox."""
        rows = self.table(self.run())
        found = self.control.rows(self.case.collection)
        ids = {self.case.key_of(row): str(row["id"]) for row in found}
        key = max(rows.keys() & ids, key=lambda key: (_when(rows[key]), str(key)))
        return key, ids[key]


def _when(row: dict[str, Any]) -> str:
    """Return when something happened, as far as its row says."""
    names = ("started_at", "spent_date", "start_date", "startTimeGMT", "day", "added_at")
    return next((str(row[name]) for name in names if row.get(name)), "")


@pytest.fixture(params=CASES, ids=lambda case: case.vendor)
def subject(
    request: pytest.FixtureRequest, sandbox_server: Sandbox, clock: SharedClock, tmp_path: Path
) -> Subject:
    """One tap after the other."""
    case: Case = request.param
    assert clock.now() == NOW
    control = sandbox_server.vendor(case.vendor)
    control.reset(**case.setup)
    return Subject(case, control, clock, tmp_path)
