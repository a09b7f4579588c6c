"""A bucket, and the objects that a run leaves in it.

Source: Cloud Storage, "Uploads" and "Request preconditions": an object is there when its upload is
complete, and not before.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any, Final

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.oauth2 import service_account
from singer_tapkit.targets.errors import InputError, SchemaError, TargetError
from singer_tapkit.targets.messages import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_TIMEOUT_SECONDS: Final = 300.0
_DELETED_AT: Final = "_sdc_deleted_at"
_VERSION: Final = "_sdc_table_version"


class BucketError(TargetError):
    """The bucket cannot be written; the text says what to do."""


class Bucket:
    """Takes objects.

    Args:
        name: Of the bucket.
        prefix: Before the names of all objects.
        credentials: Of a service account, as JSON or as base64 of that; the machine's own if empty.
        credentials_path: A file with the same.
        api_endpoint: Of an emulator; Google's if empty.
        compress: Whether objects are compressed with gzip.
    """

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        credentials: str,
        credentials_path: str,
        api_endpoint: str,
        compress: bool,
    ) -> None:
        self.name = name
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._compress = compress
        try:
            client = _client(credentials, credentials_path, api_endpoint)
        except (GoogleAuthError, OSError, ValueError) as error:
            msg = (
                f"The credentials for bucket {name} cannot be used: {type(error).__name__}. Check "
                "credentials_path or credentials_json"
            )
            raise BucketError(msg) from None
        self._bucket = client.bucket(name)

    def upload(self, path: str, lines: Sequence[bytes]) -> str:
        """Leave an object with these lines, whole or not at all.

        Returns:
            Its address.

        Raises:
            BucketError: If that fails.
        """
        body = b"\n".join(lines) + b"\n"
        if self._compress:
            return self._put(f"{path}.jsonl.gz", gzip.compress(body, 6), "application/gzip")
        return self._put(f"{path}.jsonl", body, "application/x-ndjson")

    def replace(self, path: str, content: Mapping[str, Any]) -> None:
        """Leave a small JSON object in place of one that may be there."""
        self._put(path, json.dumps(content).encode(), "application/json", anew=True)

    def _put(self, path: str, body: bytes, kind: str, *, anew: bool = False) -> str:
        name = f"{self._prefix}{path}"
        blob = self._bucket.blob(name)
        try:
            blob.upload_from_string(
                body,
                content_type=kind,
                if_generation_match=None if anew else 0,
                timeout=_TIMEOUT_SECONDS,
                checksum="crc32c",
            )
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, OSError) as error:
            code = getattr(error, "code", None)
            said = f"HTTP {int(code)}" if isinstance(code, int) else type(error).__name__
            msg = (
                f"gs://{self.name}/{name} could not be written: {said}. Check that the bucket is "
                "there and the account may create objects in it; nothing is lost, run again"
            )
            raise BucketError(msg) from None
        return f"gs://{self.name}/{name}"


class ObjectStore:
    """Collects the records of one stream, and leaves them as objects.

    Each flush makes one object below ``STREAM/DATE/``; records come in the order in which they were
    read, tombstones among them, so that the last one of a key counts.

    Args:
        stream: Name of the stream.
        bucket: Where objects go.
        started: When the run began, UTC: it dates and names the objects.
        run: Tells objects of runs apart that began in the same second.

    Attributes:
        records: How many records came in.
        objects: Addresses of what was left.
    """

    def __init__(self, stream: str, bucket: Bucket, *, started: datetime, run: str) -> None:
        if not stream.strip(".") or "/" in stream:
            msg = f"Stream {stream!r} cannot be part of an object's name. Rename it in a stream map"
            raise SchemaError(msg)
        self.stream = stream
        self.records = 0
        self.objects: list[str] = []
        self._bucket = bucket
        self._day = f"{stream}/{started:%Y-%m-%d}"
        self._name = f"{started:%H%M%S}-{run}"
        self._lines: list[bytes] = []
        self._keys: Sequence[str] = ()

    def define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records whose rows these fields tell apart."""
        del schema  # records are kept as they come
        self._keys = keys

    def put(self, record: dict[str, Any], version: int | None) -> None:
        """Take a record."""
        row = record if version is None else {**record, _VERSION: version}
        self._take(row)

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone."""
        self._take({**record, _DELETED_AT: deleted_at})

    def flush(self) -> None:
        """Leave what has come as an object, if anything has."""
        if self._lines:
            path = f"{self._day}/{self._name}-{len(self.objects):04}"
            self.objects.append(self._bucket.upload(path, self._lines))
            self._lines = []

    def activate(self, version: int, now: str) -> None:
        """Say which version of the stream counts: rows of others are gone."""
        self.flush()
        self._bucket.replace(f"{self.stream}/_version.json", {"version": version, "at": now})

    def _take(self, row: dict[str, Any]) -> None:
        self.records += 1
        try:
            self._lines.append(encode(row))
        except (TypeError, ValueError):
            msg = f"Record {self.records} of stream {self.stream!r} is no JSON"
            raise InputError(msg) from None


def _client(credentials: str, path: str, endpoint: str) -> storage.Client:
    if endpoint:
        return storage.Client(
            project="emulator",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": endpoint},
        )
    if credentials:
        text = credentials if credentials.lstrip().startswith("{") else _decoded(credentials)
        found = service_account.Credentials.from_service_account_info(json.loads(text))  # type: ignore[no-untyped-call]
        return storage.Client(project=found.project_id, credentials=found)
    if path:
        return storage.Client.from_service_account_json(path)
    return storage.Client()


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()
