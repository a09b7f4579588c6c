"""Instants, and what clocks and calendars of a zone show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mapper_worklog.errors import RuleError

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

AT = {"type": ["string", "null"], "format": "date-time"}
CLOCK = {"day": "string", "begin": "string", "end": "string"}


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2025-03-05T15:38:09Z", ("2025-03-05", "16:38:09", "2025-03-05T16:38:09+01:00")),
        ("2025-07-05T22:30:00Z", ("2025-07-06", "00:30:00", "2025-07-06T00:30:00+02:00")),
        ("2025-07-05T22:30:00+05:30", ("2025-07-05", "19:00:00", "2025-07-05T19:00:00+02:00")),
        ("2025-07-05T22:30:00.123456Z", ("2025-07-06", "00:30:00", "2025-07-06T00:30:00+02:00")),
        ("2025-10-26T00:30:00Z", ("2025-10-26", "02:30:00", "2025-10-26T02:30:00+02:00")),
        ("2025-10-26T01:30:00Z", ("2025-10-26", "02:30:00", "2025-10-26T02:30:00+01:00")),
        ("2025-03-05T15:38:09", ("2025-03-05", "16:38:09", "2025-03-05T16:38:09+01:00")),
        (None, (None, None, None)),
        ("soon", (None, None, None)),
        ("2025-03-05", (None, None, None)),
        ("1800-01-01T00:00:00Z", ("1800-01-01", "00:43:00", "1800-01-01T00:43:00+00:43")),
        ("9999-12-31T23:59:59Z", (None, None, None)),
    ],
)
def test_an_instant_is_shown_in_a_zone(
    bench: Bench, instant: str | None, expected: tuple[str | None, ...]
) -> None:
    """No offset means UTC; what cannot be read is null."""
    written = bench.run(
        """
        - {local_date: at, zone: Europe/Oslo, to: day}
        - {local_time: at, zone: Europe/Oslo, to: clock}
        - {local_datetime: at, zone: Europe/Oslo, to: both}
        """,
        {"at": instant},
        properties={"at": "string"},
    )

    (record,) = written.records()
    assert (record["day"], record["clock"], record["both"]) == expected
    assert written.properties()["day"]["format"] == "date"
    assert "format" not in written.properties()["clock"]
    assert written.properties()["both"]["format"] == "date-time"


def test_an_offset_with_seconds_is_not_written(bench: Bench) -> None:
    """Old local mean time has such offsets, for which RFC 3339 has no form."""
    written = bench.run(
        "- {local_datetime: at, zone: Europe/Paris, to: both}",
        {"at": "1800-01-01T00:00:00Z"},
        properties={"at": AT},
    )

    assert written.records()[0]["both"] is None


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("2025-03-05", "8:00am", "2025-03-05T07:00:00Z"),
        ("2025-03-05", "12:00pm", "2025-03-05T11:00:00Z"),
        ("2025-03-05", "12:30 AM", "2025-03-04T23:30:00Z"),
        ("2025-03-05", "5p.m.", "2025-03-05T16:00:00Z"),
        ("2025-07-05", "14:59", "2025-07-05T12:59:00Z"),
        ("2025-07-05", "07:05:30", "2025-07-05T05:05:30Z"),
        ("2025-07-05", "0:00", "2025-07-04T22:00:00Z"),
        ("2025-03-30", "2:30am", "2025-03-30T01:30:00Z"),  # skipped: as 3:30
        ("2025-10-26", "2:30am", "2025-10-26T00:30:00Z"),  # shown twice: the first
        ("2025-03-05", "25:00", None),
        ("2025-03-05", "13:00pm", None),
        ("2025-03-05", "0:30am", None),
        ("2025-03-05", "14", None),
        ("2025-03-05", "", None),
        ("2025-02-30", "8:00", None),
        ("2025-03-05", None, None),
        (None, "8:00", None),
        ("0001-01-01", "0:00", None),
    ],
)
def test_date_and_clock_time_make_an_instant(
    bench: Bench, day: str | None, clock: str | None, expected: str | None
) -> None:
    """Clocks of 12 and 24 hours, read by their shape, in the zone of the rule."""
    written = bench.run(
        "- {instant: {date: day, time: begin}, zone: Europe/Oslo, to: started_at}",
        {"day": day, "begin": clock},
        properties=CLOCK,
    )

    assert written.records()[0]["started_at"] == expected
    assert written.properties()["started_at"]["format"] == "date-time"


@pytest.mark.parametrize(
    ("day", "begin", "end", "expected"),
    [
        ("2025-03-05", "8:00", "9:30", "2025-03-05T08:30:00Z"),
        ("2025-03-05", "8:00", "8:00", "2025-03-05T07:00:00Z"),
        ("2025-03-05", "22:00", "1:30", "2025-03-06T00:30:00Z"),
        ("2025-10-26", "2:45", "2:15", "2025-10-26T01:15:00Z"),  # the second 2:15 of that night
        ("2025-10-26", "3:30", "2:15", "2025-10-27T01:15:00Z"),
        ("2025-03-29", "23:00", "2:30", "2025-03-30T01:30:00Z"),
        ("2025-03-05", None, "9:30", "2025-03-05T08:30:00Z"),
    ],
)
def test_an_end_comes_after_its_start(
    bench: Bench, day: str, begin: str | None, end: str, expected: str
) -> None:
    """An end on the clock before its start is on the next day."""
    written = bench.run(
        """
        - {instant: {date: day, time: begin}, zone: Europe/Oslo, to: started_at}
        - {instant: {date: day, time: end, after: started_at}, zone: Europe/Oslo, to: ended_at}
        """,
        {"day": day, "begin": begin, "end": end},
        properties=CLOCK,
    )

    assert written.records()[0]["ended_at"] == expected


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("{epoch_milliseconds: at}", 1772442000123, "2026-03-02T09:00:00.123000Z"),
        ("{epoch_milliseconds: at}", "1772442000123", "2026-03-02T09:00:00.123000Z"),
        ("{epoch_seconds: at}", 1772442000, "2026-03-02T09:00:00Z"),
        ("{epoch_seconds: at}", -1, "1969-12-31T23:59:59Z"),
        ("{epoch_seconds: at}", 10**30, None),
        ("{epoch_seconds: at}", "soon", None),
        ("{epoch_seconds: at}", None, None),
        ("at", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.000000Z"),
        ("at", "2026-03-02", None),
    ],
)
def test_other_spellings_of_an_instant_become_one(
    bench: Bench, form: str, value: object, expected: str | None
) -> None:
    """UTC with Z, of a width that only the rule decides, so that text sorts as time."""
    written = bench.run(
        f"- {{instant: {form}, to: moment}}",
        {"at": value},
        properties={"at": "string" if form == "at" or isinstance(value, str) else "integer"},
    )

    assert written.records()[0]["moment"] == expected


def test_values_that_cannot_be_read_are_counted(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says how many, and strict rules make it an error; neither says which."""
    rule = "- {instant: {date: day, time: begin}, to: started_at}"
    rows = [{"day": "2025-03-05", "begin": text} for text in ("8:00", "Zanzibar", "25:00", None)]

    bench.run(rule, *rows, properties=CLOCK)
    with pytest.raises(RuleError, match=r"rule 1 \(instant\) could not read some values: 2"):
        bench.run(rule, *rows, properties=CLOCK, strict_rules=True)

    assert "rule 1 (instant) could not read some values: 2" in caplog.text
    assert "Zanzibar" not in caplog.text


def test_the_zone_can_be_each_records_own(bench: Bench) -> None:
    """A record whose zone is null or unknown gets the default."""
    written = bench.run(
        "- {local_date: at, zone: Europe/Oslo, zone_from: zone, to: day}",
        *({"at": "2025-03-05T23:30:00Z", "zone": zone} for zone in ("America/Lima", None, "Mars")),
        properties={"at": AT, "zone": "string"},
    )

    assert [r["day"] for r in written.records()] == ["2025-03-05", "2025-03-06", "2025-03-06"]


@pytest.mark.parametrize(
    ("in_file", "setting", "expected"),
    [
        ("timezone: Asia/Tokyo", "America/Lima", "2025-03-06"),
        ("", "America/Lima", "2025-03-05"),
        ("", None, "2025-03-05"),
    ],
)
def test_the_default_zone_is_the_files_else_the_settings_else_utc(
    bench: Bench, in_file: str, setting: str | None, expected: str
) -> None:
    """The nearest statement counts."""
    rules = in_file + "\nstreams: {e: {rules: [{local_date: at, to: day}]}}"
    messages = [
        bench.schema("e", {"at": AT}),
        bench.record("e", {"id": 1, "at": "2025-03-05T23:30:00Z"}),
    ]

    written = bench.feed(rules, messages, timezone=setting)

    assert written.records()[0]["day"] == expected


@pytest.mark.parametrize("rule", ["local_date: day", "instant: day"])
def test_a_date_alone_has_no_instant(bench: Bench, rule: str) -> None:
    """Shifting a calendar date by a zone is the mistake to prevent."""
    day = {"type": "string", "format": "date"}

    with pytest.raises(RuleError, match=r"'day' is a date\. A date alone is no instant"):
        bench.run(f"- {{{rule}, to: x}}", properties={"day": day})


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-12-30", (2025, 1, 12, 4, 1, "Monday", False)),
        ("2021-01-03", (2020, 53, 1, 1, 7, "Sunday", True)),
        ("2025-05-31", (2025, 22, 5, 2, 6, "Saturday", True)),
        (None, (None,) * 7),
        ("soon", (None,) * 7),
    ],
)
def test_calendar_fields_follow_from_the_date(
    bench: Bench, day: str | None, expected: tuple[object, ...]
) -> None:
    """The ISO year is the one its week belongs to."""
    written = bench.run(
        "- calendar: day",
        {"day": day},
        properties={"day": "string"},
    )

    names = ("iso_year", "iso_week", "month", "quarter", "weekday", "weekday_name", "is_weekend")
    assert tuple(written.records()[0][name] for name in names) == expected


def test_calendar_fields_can_be_chosen_and_named(bench: Bench) -> None:
    """A list chooses, a mapping names as well."""
    written = bench.run(
        """
        - {calendar: day, to: [month]}
        - {calendar: day, to: {iso_week: week}}
        """,
        {"day": "2025-03-05"},
        properties={"day": "string"},
    )

    assert written.records() == [{"id": 1, "day": "2025-03-05", "month": 3, "week": 10}]


def test_the_calendar_of_an_instant_needs_a_zone(bench: Bench) -> None:
    """Derive the local date first."""
    with pytest.raises(RuleError, match="derive one with local_date"):
        bench.run("- calendar: at", properties={"at": AT})
