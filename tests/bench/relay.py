"""Measure the receiver under load: ``python -m tests.bench.relay`` writes into docs/relay.md.

Eight senders on loopback, each over one connection, send signed events one after the other. In the
end the inbox has to hold every event that was acknowledged, also when the receiver was killed.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from singer_sandbox.warehouses import running_postgres
from webhook_inbox.inbox import Inbox

from tests.webhooks.receiver import Server, body_of, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "relay.md"
SENDERS: Final = 8
SECONDS: Final = 15.0


@dataclass(slots=True)
class Load:
    """What came of sending.

    Attributes:
        waits: Seconds that each answer took.
        acknowledged: Numbers of the events that were taken.
        seconds: How long it lasted.
    """

    waits: list[float] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    seconds: float = 0.0

    def line(self, name: str, lost: int) -> str:
        """Return a row of the table."""
        ordered = sorted(self.waits)
        median, slow = (1000 * ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        rate = len(self.acknowledged) / self.seconds
        return f"| {name} | {rate:,.0f} | {median:.1f} | {slow:.1f} | {lost} |"


def main() -> None:
    """Measure, print, and write the table into the page."""
    rows = []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        rows += measured("SQLite, full sync", folder, f"sqlite:///{folder}/inbox.db")
        with running_postgres(folder / "postgres") as postgres:
            rows += measured("Postgres", folder, postgres.url)
    table = "\n".join(
        [
            "| inbox | events a second | median, ms | 99 % within, ms | acknowledged and lost |",
            "| --- | --- | --- | --- | --- |",
            *rows,
        ]
    )
    print(table)
    start, end = "<!-- figures -->\n", "<!-- /figures -->"
    before, _, rest = PAGE.read_text().partition(start)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{start}{table}\n{end}{after}")


def measured(name: str, folder: Path, url: str) -> list[str]:
    """Send to a receiver over one database, undisturbed and then with kills."""
    os.environ["WEBHOOK_INBOX_PER_SECOND"] = "100000"
    server = Server(folder, url)
    numbers = count()
    server.start()
    try:
        calm = send(server, numbers)
        with killing(server):
            rough = send(server, numbers)
    finally:
        server.kill()
    with closing(Inbox(url)) as inbox:
        held = {
            int(event.delivery.rpartition("/")[2])
            for event in inbox.read(0, most=10_000_000)
            if event.delivery
        }
    return [
        calm.line(name, len(calm.acknowledged - held)),
        rough.line(f"{name}, killed three times", len(rough.acknowledged - held)),
    ]


def send(server: Server, numbers: count[int]) -> Load:
    """Let eight senders send for a while."""
    load, lock, began = Load(), threading.Lock(), time.monotonic()

    def work() -> None:
        connection = HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        while time.monotonic() - began < SECONDS:
            with lock:
                number = next(numbers)
            body = body_of(number)
            asked = time.monotonic()
            try:
                connection.request("POST", "/hooks/clickup", body, signature(body))
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                connection.close()
                time.sleep(0.05)
                continue
            if answer.status == 200:
                load.waits.append(time.monotonic() - asked)
                load.acknowledged.add(number)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.monotonic() - began
    return load


@contextmanager
def killing(server: Server) -> Iterator[None]:
    """Kill a receiver three times meanwhile, and start it again."""

    def kill() -> None:
        for _ in range(3):
            time.sleep(SECONDS / 5)
            server.kill()
            server.start()

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


if __name__ == "__main__":
    main()
