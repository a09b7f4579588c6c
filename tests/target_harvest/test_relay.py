"""What every relay does, shown with Harvest: order, mapping, dead letters, echoes, parents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from singer_sandbox.warehouses import running_postgres
from singer_tapkit.relay.ledger import Ledger

from tests.target_harvest.test_target import (  # the fixtures, too
    STATE,
    Relay,
    gone,
    harvest,
    ours,
    place,
    record,
    server,
)

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sandbox.client import HarvestControl

__all__ = ["harvest", "server"]


def mapped(folder: Path, harvest: HarvestControl, text: str, **settings: object) -> Relay:
    """Return a target with a mapping."""
    path = folder / "mapping.yml"
    path.write_text(text)
    return Relay(folder, harvest, mapping=str(path), **settings)


def test_a_record_that_is_older_than_what_was_written_changes_nothing(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """Polling and webhooks may bring the same entry in any order."""
    relay, where = Relay(tmp_path, harvest), place(harvest)
    relay.feed(record("a", **where, hours=2, updated_at="2026-03-02T10:00:00Z"))

    relay.feed(record("a", **where, hours=1, updated_at="2026-03-02T09:59:59Z"))

    assert ours(harvest) == {"a": 2.0}


def test_an_older_record_does_not_bury_a_newer_dead_letter_for_good(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """It can still be put back; a newer record takes its place."""
    relay, where = Relay(tmp_path, harvest), place(harvest)
    relay.feed(record("a", **where, hours=1, updated_at="2026-03-01T00:00:00Z"))
    relay.feed(record("a", **where | {"task_id": 1}, hours=3, updated_at="2026-03-03T00:00:00Z"))

    relay.feed(record("a", **where, hours=2, updated_at="2026-03-02T00:00:00Z"))

    assert ours(harvest) == {"a": 2.0}
    assert "2026-03-03" in relay.run("", "dead-letters", "--json").stdout
    relay.feed(record("a", **where, hours=4, updated_at="2026-03-04T00:00:00Z"))
    assert relay.run("", "dead-letters").stdout == "No dead letters\n"
    assert ours(harvest) == {"a": 4.0}


def test_a_deletion_stays_one_within_a_batch(tmp_path: Path, harvest: HarvestControl) -> None:
    """However late the created comes."""
    relay, where = Relay(tmp_path, harvest), place(harvest)

    relay.feed(record("a", **where, hours=1), gone("b"), record("b", **where, hours=1), gone("a"))

    assert ours(harvest) == {}


def test_what_is_not_in_the_mapping_is_a_dead_letter_until_it_is(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """The message names table and field; the values are for those who may see the record."""
    where = place(harvest)
    ids = {"to_project_id": where["project_id"], "to_task_id": where["task_id"]}
    rows = [{"list_id": "7", "tags": "design", **ids}]
    relay = mapped(tmp_path, harvest, json.dumps({"time_entries": {"projects": rows}}))
    entry = {"user_id": where["user_id"], "spent_date": where["spent_date"], "hours": 1}

    done = relay.feed(
        record("a", **entry, list_id=7, tags=[{"name": "design"}]),
        record("b", **entry, list_id=7, tags=[{"name": "secret project"}]),
    )

    assert ours(harvest) == {"a": 1.0}
    assert json.loads(done.stdout) == STATE["value"]
    assert "no row of the mapping table projects fits its list_id, tags. Add a row" in done.stderr
    assert "secret project" not in done.stderr
    assert "secret project" in relay.run("", "dead-letters").stdout
    mapped(tmp_path, harvest, json.dumps({"time_entries": {"projects": [*rows, ids]}}))
    assert relay.run("", "replay").stdout == "1 of 1 dead letters written\n"
    assert ours(harvest) == {"a": 1.0, "b": 1.0}


def test_tables_come_from_csv_a_database_or_the_ledger(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """The row with the most conditions counts."""
    where = place(harvest)
    (tmp_path / "users.csv").write_text(
        f"user_id,to_user_id\n,{where['user_id']}\nnobody,1\n", encoding="utf-8-sig"
    )
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "clickup")
    ledger.note("lists", str(where["project_id"]), target_id="l1")
    with running_postgres(tmp_path / "postgres") as postgres:
        with psycopg.connect(postgres.url) as database:
            database.execute("create table label_tasks (label text, to_task_id bigint)")
            database.execute(
                "insert into label_tasks values ('x', %s), ('y', 1)", [where["task_id"]]
            )
        relay = mapped(
            tmp_path,
            harvest,
            f"""
            time_entries:
              users: {{csv: users.csv}}
              tasks: {{url: "{postgres.url}", table: label_tasks}}
              projects: {{ledger: clickup, kind: lists, column: list_id, to: project_id}}
            """,
        )

        done = relay.feed(
            record("a", user_id="u", label="x", list_id="l1", spent_date="2026-03-02", hours=1)
        )

    assert done.returncode == 0, done.stderr
    assert ours(harvest) == {"a": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line 1 is no YAML"),
        ("- 1", "has to hold streams"),
        ("entries: {users: 1}", "table users: a list of rows"),
        ("entries: {users: [{a: 1}]}", "needs a column that begins with to_"),
        ("entries: {users: {csv: no.csv}}", "no.csv as CSV: FileNotFoundError"),
        ('entries: {users: {url: "sqlite:///no/x.db", table: t}}', "table t: OperationalError"),
    ],
)
def test_a_mapping_that_cannot_be_read_says_so(
    tmp_path: Path, harvest: HarvestControl, text: str, message: str
) -> None:
    """Before anything is written."""
    done = mapped(tmp_path, harvest, text).feed(record("a", hours=1))

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_sibling_wrote_there_does_not_come_back(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """Harvest's projects went to ClickUp as lists; they are no new projects."""
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", "clickup")
    ledger.note("lists", "14307913", target_id="901")
    relay = Relay(tmp_path, harvest, origin="clickup")
    harvest.clear_requests()

    done = relay.run("\n".join(json.dumps(line) for line in things("projects", {"id": "901"})))

    assert done.returncode == 0, done.stderr
    assert "1 echoes" in done.stderr
    assert harvest.requests() == []


def things(stream: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of a stream."""
    schema = {"properties": {"id": {"type": "string"}}}
    return [
        {"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": schema},
        *({"type": "RECORD", "stream": stream, "record": row} for row in rows),
    ]


def test_clients_projects_and_tasks_are_made_once_and_changed(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """Parents first, whatever comes first; what has the name already is taken over."""
    relay = Relay(tmp_path, harvest)
    there = harvest.rows("clients")[0]
    harvest.fault("reset", "/projects", method="POST")

    def feed(project: str, **client: object) -> None:
        lines = [
            *things("projects", {"id": "p", "client_key": "c", "name": project}),
            *things("tasks", {"id": "t", "name": "Relayed"}),
            *things("clients", {"id": "c", "name": "New & Co", **client}),
            *things("clients", {"id": "d", "name": there["name"]}),
        ]
        done = relay.run("\n".join(json.dumps(line) for line in lines))
        assert done.returncode == 0, done.stderr

    before = len(harvest.rows("clients"))
    feed("Website")
    feed("Site", is_active=False)

    clients = {row["name"]: row for row in harvest.rows("clients")}
    assert len(clients) == before + 1
    assert clients["New & Co"]["is_active"] is False
    (project,) = [row for row in harvest.rows("projects") if row["name"] in ("Website", "Site")]
    assert (project["name"], project["client"]["name"]) == ("Site", "New & Co")
    assert [row["name"] for row in harvest.rows("tasks")].count("Relayed") == 1


def test_what_belongs_to_something_that_is_not_there_yet_waits_as_a_dead_letter(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """And can be put back."""
    relay = Relay(tmp_path, harvest)
    lines = things("projects", {"id": "p", "client_key": "c", "name": "Website"})
    done = relay.run("\n".join(json.dumps(line) for line in lines))
    assert "what its client_key names among clients is not there, or not yet" in done.stderr

    relay.run("\n".join(json.dumps(line) for line in things("clients", {"id": "c", "name": "N"})))
    assert relay.run("", "replay").returncode == 0

    assert "Website" in [row["name"] for row in harvest.rows("projects")]


def test_when_harvest_is_away_the_run_fails_and_nothing_is_a_dead_letter(
    tmp_path: Path, harvest: HarvestControl
) -> None:
    """But what fails alone, while all else works, does not hold the others up."""
    relay, where = Relay(tmp_path, harvest), place(harvest)
    harvest.fault("status", "*", status=503, times=None)
    away = relay.feed(record("a", **where, hours=1))
    assert (away.returncode, away.stdout) == (1, "")
    assert relay.run("", "dead-letters").stdout == "No dead letters\n"
    harvest.clear_faults()

    poisoned = {"external_reference_id": "a"}
    harvest.fault("status", "/time_entries", status=500, params=poisoned, times=None)
    alone = relay.feed(record("a", **where, hours=1), record("b", **where, hours=2))

    assert alone.returncode == 0
    assert ours(harvest) == {"b": 2.0}
    assert "dead letter 1" in alone.stderr


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ledger", "ledger_url: not the address of a database. Write sqlite:///file.db"),
        ("sqlite://", "ledger_url: name a file"),
        ("oracle+no://x", "ledger_url: there is no way to oracle databases"),
        ("sqlite:////proc/ledger.db", "Cannot write /proc/ledger.db"),
    ],
)
def test_a_ledger_that_cannot_be_had_is_said(
    tmp_path: Path, harvest: HarvestControl, url: str, message: str
) -> None:
    """Before anything is written, and without the address, which may hold a password."""
    done = Relay(tmp_path, harvest, ledger_url=url).feed(record("a", hours=1))

    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shared_ledger_in_postgres(tmp_path: Path, harvest: HarvestControl) -> None:
    """For runs on several machines."""
    with running_postgres(tmp_path / "postgres") as postgres:
        relay, where = Relay(tmp_path, harvest, ledger_url=postgres.url), place(harvest)
        relay.feed(record("a", **where, hours=1), record("b", **where, hours=1))
        relay.feed(gone("a"))
        relay.feed(record("a", **where, hours=1))
        wrong = relay.feed(record("c", **where | {"task_id": 1}, hours=1))

        assert ours(harvest) == {"b": 1.0}
        assert "dead letter 1" in wrong.stderr
