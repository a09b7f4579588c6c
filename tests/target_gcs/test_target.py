"""Objects in a bucket: complete or not there, and the state after them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from singer_sandbox.warehouses import running_gcs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "worktaps-sandbox"
SCHEMA = {
    "type": "SCHEMA",
    "stream": "plays",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}, "weight": {"type": ["number", "null"]}}},
}


@pytest.fixture
def gcs() -> Iterator[str]:
    """An empty bucket."""
    with running_gcs(bucket=BUCKET) as url:
        yield url


def load(
    folder: Path, url: str, messages: list[dict[str, Any]], **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run the target as a process."""
    path = folder / "config.json"
    path.write_text(json.dumps({"bucket": BUCKET, "api_endpoint": url, **settings}))
    return subprocess.run(
        [sys.executable, "-m", "target_gcs", "--config", str(path)],
        input="".join(f"{json.dumps(message)}\n" for message in messages),
        capture_output=True,
        text=True,
        check=False,
    )


def record(number: int, **more: object) -> dict[str, Any]:
    """Return a record message."""
    return {"type": "RECORD", "stream": "plays", "record": {"id": number, **more}}


def state(number: int) -> dict[str, Any]:
    """Return a state message."""
    return {"type": "STATE", "value": {"bookmarks": {"plays": {"at": number}}}}


def objects(url: str) -> dict[str, bytes]:
    """Return what is in the bucket."""
    client = storage.Client(
        project="emulator",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )
    return {blob.name: blob.download_as_bytes() for blob in client.list_blobs(BUCKET)}


def rows(body: bytes) -> list[dict[str, Any]]:
    """Return the lines of an object."""
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


def test_each_run_adds_an_object_per_stream_and_day(gcs: str, tmp_path: Path) -> None:
    """With decimals, tombstones, and nothing overwritten."""
    gone = {"_sdc_deleted_at": "2026-03-02T09:00:00Z"}
    first = load(tmp_path, gcs, [SCHEMA, record(1, weight=0.1), state(1)], prefix="raw/")
    second = load(tmp_path, gcs, [SCHEMA, record(1, **gone), state(2)], prefix="raw/")

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    found = objects(gcs)
    assert len(found) == 2
    assert all(name.startswith("raw/plays/20") and name.endswith(".jsonl.gz") for name in found)
    together = [row for body in found.values() for row in rows(body)]
    assert {"id": 1, "weight": 0.1} in together
    assert any(row.get("_sdc_deleted_at") for row in together)
    assert json.loads(second.stdout) == {"bookmarks": {"plays": {"at": 2}}}


def test_large_runs_leave_several_objects(gcs: str, tmp_path: Path) -> None:
    """A state goes out when all before it is there."""
    messages = [SCHEMA]
    for number in range(25):
        messages += [record(number), state(number)]

    done = load(tmp_path, gcs, messages, batch_size_rows=10, compression="none")

    bodies = [body.decode().splitlines() for _, body in sorted(objects(gcs).items())]
    assert [len(lines) for lines in bodies] == [10, 10, 5]
    states = [json.loads(line)["bookmarks"]["plays"]["at"] for line in done.stdout.splitlines()]
    assert states[-1] == 24
    assert states == sorted(states)


def test_the_version_that_counts_is_told(gcs: str, tmp_path: Path) -> None:
    """Rows carry theirs; a small object names the one that counts."""
    versioned = {**record(1), "version": 7}
    activate = {"type": "ACTIVATE_VERSION", "stream": "plays", "version": 7}

    done = load(tmp_path, gcs, [SCHEMA, versioned, activate, state(1)])

    assert done.returncode == 0, done.stderr
    found = objects(gcs)
    assert json.loads(found["plays/_version.json"])["version"] == 7
    (name,) = [name for name in found if name.endswith(".gz")]
    assert rows(found[name]) == [{"id": 1, "_sdc_table_version": 7}]


def test_nothing_comes_of_an_empty_run(gcs: str, tmp_path: Path) -> None:
    """No empty object in place of a full one."""
    done = load(tmp_path, gcs, [SCHEMA, state(1)])

    assert done.returncode == 0
    assert objects(gcs) == {}


@pytest.fixture
def failing() -> Iterator[str]:
    """A server that refuses every upload."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(403)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_failed_upload_moves_no_bookmark(failing: str, tmp_path: Path) -> None:
    """It is one line, with what to check, and no value of a record."""
    done = load(tmp_path, failing, [SCHEMA, record(1, weight=72.5), state(1)])

    assert done.returncode == 1
    assert done.stdout == ""
    assert "HTTP 403. Check that the bucket is there" in done.stderr
    assert "72.5" not in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_that_are_none_are_told(tmp_path: Path) -> None:
    """Not what is in them."""
    done = load(tmp_path, "", [SCHEMA, record(1)], credentials_json="c2VjcmV0")

    assert done.returncode == 1
    assert "Check credentials_path or credentials_json" in done.stderr
    assert "c2VjcmV0" not in done.stderr


def test_a_name_that_is_no_folder_is_refused(gcs: str, tmp_path: Path) -> None:
    """It would land elsewhere."""
    message = {**SCHEMA, "stream": "a/b"}

    done = load(tmp_path, gcs, [message])

    assert done.returncode == 1
    assert "Rename it in a stream map" in done.stderr
