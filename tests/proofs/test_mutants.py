"""The contract's suite notices: faults planted into the code, one at a time, make it fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
KIT = "tapkit/singer_tapkit"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault.

    Attributes:
        file: That it is in.
        old: What is there, once.
        new: What takes its place.
        promise: Part of the name of the test that has to fail.
        vendor: For which tap.
    """

    file: str
    old: str
    new: str
    promise: str
    vendor: str = "harvest"


MUTANTS = {
    "a bookmark that runs ahead": Mutant(
        f"{KIT}/bookmarks.py",
        "asked = bookmark - max(lookback, _SMALLEST_LOOKBACK)",
        "asked = bookmark + max(lookback, _SMALLEST_LOOKBACK) * 50",
        "late_edit",
    ),
    "deletions that nobody looks for": Mutant(
        f"{KIT}/stream.py",
        "self.deletions = self._search()",
        "self.deletions = None",
        "row_that_is_deleted",
    ),
    "a refusal that counts as read": Mutant(
        f"{KIT}/stream.py",
        "result, detail = Result.UNAVAILABLE, str(error)",
        "result, detail = Result.COMPLETE, str(error)",
        "refusal_is_never_green",
    ),
    "failures of the server that end the stream": Mutant(
        f"{KIT}/http/verdicts.py",
        'Verdict(Action.RETRY, "the server failed")',
        'Verdict(Action.FAIL, "the server failed")',
        "what_passes",
    ),
    "a wait that is asked for, and not kept": Mutant(
        f"{KIT}/http/client.py",
        "wait_seconds = verdict.wait_seconds if asked is None else asked",
        "wait_seconds = 0.0",
        "what_passes",
    ),
    "a web page that is taken for an empty answer": Mutant(
        f"{KIT}/http/client.py",
        "    except orjson.JSONDecodeError:\n        return None",
        "    except orjson.JSONDecodeError:\n        return {'tasks': [], 'results': []}",
        "what_passes",
        "todoist",
    ),
    "one stream that takes the others with it": Mutant(
        f"{KIT}/stream.py",
        "        except StreamError as error:\n            detail = str(error)",
        "        except StreamError as error:\n            self._tap.aborted = detail = str(error)",
        "one_broken_stream",
        "strava",
    ),
    "a state that is out before its records": Mutant(
        f"{KIT}/message_writer.py",
        'self.write_lines(self.serialize_message(message) + b"\\n")',
        'self._parts.insert(0, self.serialize_message(message) + b"\\n")',
        "was_killed",
        "clickup",
    ),
    "a token in an error": Mutant(
        f"{KIT}/http/client.py",
        'msg = f"{call}: {status}, {verdict.meaning}"',
        'msg = f"{call}: {status}, {verdict.meaning} {vars(self._credential)}"',
        "refusal_is_never_green",
        "clickup",
    ),
    "a record in the log": Mutant(
        f"{KIT}/stream.py",
        "                self._log_heartbeat(batch)",
        "                self.logger.info('%s', list(batch.records)[:9])",
        "no_person",
    ),
    "a number that comes as a text": Mutant(
        f"{KIT}/shaping.py",
        "    return number if number == number",
        "    return str(number) if number == number",
        "fits_its_schema",
        "timely",
    ),
    "rows that are taken for deleted": Mutant(
        f"{KIT}/deletions.py",
        "key not in self._seen",
        "key in self._seen",
        "second_run_without",
    ),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code and its tests."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py", "*.toml", "*.typed", "*.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def run(tree: Path, mutant: Mutant) -> subprocess.CompletedProcess[str]:
    """Run the test of a promise for one tap, over the code in a tree."""
    packages = {path.parent for path in tree.glob("**/pyproject.toml")} - {tree}
    chosen = f"{mutant.promise} and {mutant.vendor}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/contract"]
    return subprocess.run(
        [*command, "-k", chosen],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in packages)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", MUTANTS)
def test_the_suite_fails_with(name: str, tree: Path) -> None:
    """And passes without."""
    mutant = MUTANTS[name]
    file = tree / mutant.file
    before = file.read_text()
    assert before.count(mutant.old) == 1, "the code has changed: choose another fault"
    assert run(tree, mutant).returncode == 0

    file.write_text(before.replace(mutant.old, mutant.new))
    try:
        done = run(tree, mutant)
    finally:
        file.write_text(before)

    assert done.returncode == 1, done.stdout
    assert mutant.promise in done.stdout
