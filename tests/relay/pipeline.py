"""Pipelines of real processes, as Meltano runs them: tap, mapper, target, and the state between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]


class Pipeline:
    """A tap, perhaps a mapper, and a target.

    Args:
        folder: For settings, state and logs; one per pipeline.
        tap: Module of the tap, and its settings.
        target: Module of the target, and its settings.
        rules: Rule file of the mapper; none without it.
        select: Streams to read; those selected by default if absent.

    Attributes:
        processes: Those that run at the moment, by name: tap, mapper, target.
    """

    def __init__(
        self,
        folder: Path,
        tap: tuple[str, Mapping[str, Any]],
        target: tuple[str, Mapping[str, Any]],
        *,
        rules: str | None = None,
        select: list[str] | None = None,
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._state = folder / "state.json"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands = {
            "tap": self._command("tap", *tap),
            "target": self._command("target", *target),
        }
        if rules:
            settings = {"rules": str(ROOT / "transform" / "rules" / rules)}
            self._commands["mapper"] = self._command("mapper", "mapper_worklog", settings)
        if select:
            self._commands["tap"] += ["--catalog", str(self._catalog(select))]

    def run(self) -> bool:
        """Run it once; the state moves on as far as the target says.

        Returns:
            Whether all went well.
        """
        tap = self._commands["tap"]
        if self._state.exists():
            tap = [*tap, "--state", str(self._state)]
        names = [name for name in ("tap", "mapper", "target") if name in self._commands]
        commands = {**self._commands, "tap": tap}
        given: Any = subprocess.DEVNULL
        with (self._folder / "log").open("ab") as log:
            for name in names:
                self.processes[name] = subprocess.Popen(
                    commands[name], stdin=given, stdout=subprocess.PIPE, stderr=log
                )
                if given != subprocess.DEVNULL:
                    given.close()
                given = self.processes[name].stdout
            for line in given:
                self._keep(line)
            given.close()
            codes = [process.wait() for process in self.processes.values()]
        return not any(codes)

    def kill(self, name: str) -> bool:
        """Kill one of its processes, if it runs."""
        process = self.processes.get(name)
        if process is None or process.poll() is not None:
            return False
        process.send_signal(signal.SIGKILL)
        return True

    def invoke(self, *arguments: str) -> str:
        """Run another command of the target, and return what it prints."""
        command = [*self._commands["target"], *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    @property
    def log(self) -> str:
        """What all of them have told."""
        return (self._folder / "log").read_text()

    def _keep(self, line: bytes) -> None:
        """Keep a state as Meltano does: whole, or not at all."""
        json.loads(line)
        fresh = self._state.with_suffix(".new")
        fresh.write_bytes(line)
        os.replace(fresh, self._state)  # noqa: PTH105 - atomic, and says so

    def _command(self, name: str, module: str, settings: Mapping[str, Any]) -> list[str]:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(settings))
        return [sys.executable, "-m", module, "--config", str(path)]

    def _catalog(self, select: list[str]) -> Path:
        """Write a catalog that selects some streams."""
        found = subprocess.run(
            [*self._commands["tap"], "--discover"], capture_output=True, check=True
        )
        catalog = json.loads(found.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["tap_stream_id"] in select
        path = self._folder / "catalog.json"
        path.write_text(json.dumps(catalog))
        return path


def feed(
    folder: Path,
    module: str,
    settings: Mapping[str, Any],
    stream: str,
    *records: Mapping[str, Any],
    args: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a target over the records of one stream, whose key is ``id``.

    Args:
        folder: For its settings.
        module: Of the target.
        settings: Its settings.
        stream: Name of the stream.
        records: Its records.
        args: Further arguments, as ``replay``.
    """
    path = folder / f"{module}.json"
    path.write_text(json.dumps(settings))
    schema = {"properties": {"id": {"type": "string"}}}
    messages = [
        {"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": schema},
        *({"type": "RECORD", "stream": stream, "record": record} for record in records),
        {"type": "STATE", "value": {"done": True}},
    ]
    return subprocess.run(
        [sys.executable, "-m", module, *args, "--config", str(path)],
        input="\n".join(json.dumps(message) for message in messages),
        capture_output=True,
        text=True,
        check=False,
    )
