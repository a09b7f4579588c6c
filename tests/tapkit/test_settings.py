"""Config faults: all at once, by name, without values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from singer_sdk import typing as th
from singer_tapkit.settings import DURATION_PATTERN, find_faults, parse_date, parse_duration

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property("access_token", th.StringType, secret=True),
    th.Property("start_date", th.DateTimeType),
    th.Property("end_date", th.DateTimeType),
    th.Property(
        "lookback", th.CustomType({"type": ["string", "null"], "pattern": DURATION_PATTERN})
    ),
    th.Property("page_size", th.IntegerType(minimum=1, maximum=2000)),
    th.Property("mode", th.StringType, allowed_values=["fail", "continue"]),
).to_dict()


def test_a_sound_config_has_no_faults() -> None:
    """Absent and null settings are fine."""
    config = {"start_date": "2025-01-01", "end_date": None, "lookback": "36h", "page_size": 100}

    assert find_faults(config, SCHEMA) == []


def test_every_fault_is_named_at_once() -> None:
    """A person mends the config in one go."""
    config = {
        "acess_token": "s3cr3t",
        "start_date": "2025-02-01",
        "end_date": "2025-01-01",
        "lookback": 3,
        "page_size": 0,
        "mode": "ignore",
    }

    faults = find_faults(config, SCHEMA)

    assert sorted(fault.split(":")[0] for fault in faults) == [
        "acess_token",
        "end_date",
        "lookback",
        "mode",
        "page_size",
    ]
    assert "Did you mean access_token?" in faults[0]


def test_no_fault_repeats_a_value() -> None:
    """A secret in the wrong place stays secret."""
    config = {name: {"s3cr3t": "s3cr3t"} for name in SCHEMA["properties"]} | {"x": "s3cr3t"}

    assert "s3cr3t" not in "".join(find_faults(config, SCHEMA))


@pytest.mark.parametrize("text", ["not a date", "2025-13-01", "12:00", "P1D", ""])
def test_what_is_not_a_date_is_a_fault(text: str) -> None:
    """Times, durations and prose are told from dates."""
    assert find_faults({"start_date": text}, SCHEMA) == [
        "start_date: not a date. Write 2026-01-31 or 2026-01-31T08:00:00Z"
    ]


def test_an_end_needs_a_start() -> None:
    """The two name a range together."""
    assert "needs start_date" in find_faults({"end_date": "2025-01-01"}, SCHEMA)[0]


@pytest.mark.parametrize(
    "text", ["2025-03-01T09:00:00Z", "2025-03-01T11:00:00+02:00", "2025-03-01 09:00:00"]
)
def test_dates_naive_zulu_and_with_offset_agree(text: str) -> None:
    """Naive means UTC."""
    assert parse_date(text) == datetime(2025, 3, 1, 9, tzinfo=UTC)


def test_a_date_is_its_midnight_in_utc() -> None:
    """Nothing depends on the machine's zone."""
    assert parse_date("2025-03-01") == datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        ("36h", timedelta(hours=36)),
        (" 7 d ", timedelta(days=7)),
    ],
)
def test_durations_carry_their_unit(text: str, expected: timedelta) -> None:
    """Seconds, minutes, hours and days."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["7", "d", "-1h", "1w", "1h30m"])
def test_other_durations_are_refused(text: str) -> None:
    """A bare number has no meaning."""
    with pytest.raises(ValueError, match="number with a unit"):
        parse_duration(text)
