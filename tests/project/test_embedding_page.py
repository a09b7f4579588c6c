"""The examples of docs/embedding.md run, one after the other, as a reader would paste them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from singer_sandbox.client import ClickUpControl, HarvestControl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "embedding.md"


def test_every_example_runs(
    harvest: HarvestControl,
    clickup: ClickUpControl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Against simulated services, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    account = harvest.config()
    names: dict[str, Any] = {
        "token": account["access_token"],
        "account_id": account["account_id"],
        "clickup_token": clickup.tokens["personal"],
        "clickup_url": clickup.api_url,
        "addresses": {name: account[name] for name in ("api_url", "identity_url")},
    }
    text = PAGE.read_text().replace("account_id}", "account_id, **addresses}")

    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(example, names)  # noqa: S102 - the page's own

    total = len(harvest.rows("time_entries"))
    assert len(names["changed"]) == names["hours"].num_rows == names["frame"].height == total
    state: dict[str, Any] = {}
    assert sum(len(page) for page in names["changes"](state)) == total
    assert sum(len(page) for page in names["changes"](state)) < total
    assert (tmp_path / "harvest-state.json").exists()
    assert "h booked" in capsys.readouterr().out
