"""Spotify, Strava, Garmin and Todoist, as a user runs them: `meltano run`, into three loaders."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from singer_sandbox.client import running_sandbox
from singer_sandbox.warehouses import running_gcs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sandbox.client import Sandbox

pytestmark = pytest.mark.meltano

ROOT = Path(__file__).resolve().parents[2]
MELTANO = Path(sys.executable).with_name("meltano")
BUCKET = "lab"
TAPS = ("tap-spotify", "tap-strava", "tap-garmin", "tap-todoist")
LOADERS = ("target-files-jsonl", "target-files-duckdb", "target-gcs")
STREAMS = {
    "spotify": ("saved_tracks", "track_id"),
    "strava": ("activities", "id"),
    "garmin": ("activities", "activityId"),
    "todoist": ("tasks", "id"),
}
JOBS = {
    "spotify": "spotify-saved-tracks",
    "strava": "strava-activities",
    "garmin": "garmin-activities",
    "todoist": "todoist-tasks",
}


@pytest.fixture(scope="module")
def plugins() -> None:
    """Install what is run, as `meltano install` does for a user."""
    names = [*TAPS, "target-files-jsonl", "target-files-duckdb", "target-gcs"]
    subprocess.run([MELTANO, "install", *names], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def vendors() -> Iterator[Sandbox]:
    """The simulated vendors."""
    with running_sandbox() as made:
        made.strava.settings(quarter_limit=10_000, day_limit=10_000)
        yield made


@pytest.fixture(scope="module")
def gcs() -> Iterator[str]:
    """A fake Cloud Storage."""
    with running_gcs(bucket=BUCKET) as url:
        yield url


def environment(folder: Path, gcs: str, config: dict[str, Any], name: str) -> dict[str, str]:
    """Return what Meltano's environment variables say."""
    return {
        **os.environ,
        "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
        "MELTANO_HUB_URL": "http://127.0.0.1:1",  # no hub is needed
        "MELTANO_ENVIRONMENT": "dev",
        "NO_COLOR": "1",
        "TARGET_FILES_JSONL_PATH": str(folder / "jsonl"),
        "TARGET_FILES_DUCKDB_PATH": str(folder / "duckdb"),
        "TARGET_GCS_BUCKET": BUCKET,
        "TARGET_GCS_PREFIX": folder.name,
        "TARGET_GCS_API_ENDPOINT": gcs,
        **{
            f"TAP_{name.upper()}_{setting.upper()}": str(value) for setting, value in config.items()
        },
        f"TAP_{name.upper()}_TOKEN_STORE": str(folder / "tokens.json"),
    }


def in_gcs(gcs: str, folder: Path, stream: str) -> list[dict[str, Any]]:
    """Return all rows of a stream, oldest object first."""
    client = storage.Client(
        project="emulator",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": gcs},
    )
    blobs = client.list_blobs(BUCKET, prefix=f"{folder.name}/{stream}/20")
    bodies = [gzip.decompress(blob.download_as_bytes()) for blob in sorted(blobs, key=_name)]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def _name(blob: storage.Blob) -> str:
    return str(blob.name)


@pytest.mark.parametrize("name", STREAMS)
def test_two_runs_into_files_duckdb_and_gcs(
    name: str, vendors: Sandbox, gcs: str, plugins: None, tmp_path: Path
) -> None:
    """All three have the same after two runs; tokens are in no log, and in no state."""
    del plugins
    control = getattr(vendors, name)
    stream, key = STREAMS[name]
    env = environment(tmp_path, gcs, control.config(), name)
    logs = ""
    pairs = [f"tap-{JOBS[name]} {loader}" for loader in LOADERS[:2]]
    for task in (*pairs, JOBS[name], JOBS[name]):
        done = subprocess.run(
            [MELTANO, "run", *task.split()],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        logs += done.stdout + done.stderr

    lines = (tmp_path / "jsonl" / f"{stream}.jsonl").read_text().splitlines()
    keys = {str(json.loads(line)[key]) for line in lines}
    with duckdb.connect(str(tmp_path / "duckdb" / "worktaps.duckdb"), read_only=True) as base:
        found = base.execute(f"select {key} from {stream}").fetchall()  # noqa: S608
    assert {str(row[0]) for row in found} == keys
    assert {str(row[key]) for row in in_gcs(gcs, tmp_path, stream)} == keys
    assert keys
    secrets = [
        value
        for setting, value in control.config().items()
        if setting in ("refresh_token", "client_secret", "api_key", "api_token")
    ]
    secrets += ["sandbox-access-", "sandbox-refresh-1"]
    dump = logs + (tmp_path / "meltano.db").read_bytes().decode("latin-1")
    assert not [
        secret for secret in [*secrets, "sandbox-access-", "sandbox-refresh-1"] if secret in dump
    ]
