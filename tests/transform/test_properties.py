"""What holds for every record, whatever it holds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from mapper_worklog.clock import on_the_clock, read_clock, write_instant
from mapper_worklog.messages import decode, encode

if TYPE_CHECKING:
    from tests.transform.conftest import Bench

RULES = """
streams:
  e:
    to: out
    rules:
      - rename: {user.name: person}
      - hash: [person, number]
      - text: {id: id_text}
      - {join: [person, clock], with: "/", to: joined}
      - {local_date: at, zone: Europe/Oslo, zone_from: zone, to: local_day}
      - {local_time: at, zone: Asia/Kathmandu, to: local_clock}
      - {local_datetime: at, zone: America/St_Johns, to: local_both}
      - {instant: at, to: utc}
      - {instant: {epoch_seconds: whole}, to: from_seconds}
      - {instant: {epoch_milliseconds: text}, to: from_milliseconds}
      - {instant: {date: day, time: clock}, zone: Europe/Oslo, to: started_at}
      - {instant: {date: day, time: text, after: started_at}, zone: Europe/Oslo, to: ended_at}
      - {hours: {seconds: whole}, to: h1}
      - {hours: {minutes: text}, to: h2}
      - {hours: {start: clock, end: text}, to: h3}
      - {hours: {start: started_at, end: ended_at}, to: h4}
      - {calendar: day}
      - {lookup: text, search: [text, zone], table: {keywords: [{contains: a, is: 1}]}, to: found}
      - {flag: {whole: {above: 5}, text: {below: m}}, to: flagged}
      - drop: user.id
"""
USER = {
    "type": ["object", "null"],
    "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}},
}
KINDS = {
    "user": USER,
    "number": "number",
    "whole": "integer",
    "at": "string",
    "zone": "string",
    "day": "string",
    "clock": "string",
    "text": "string",
}
DATES = st.dates().map(date.isoformat)
CLOCKS = st.times().map(lambda clock: clock.strftime("%I:%M%p").lower())
INSTANTS = st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat)
WORDS = st.sampled_from(
    ["", "a", "Europe/Oslo", "24:00", "-1", "1e400", "NaN", "12:00pm", "\ud800"]
)
TEXTS = st.none() | st.text(max_size=8) | WORDS | DATES | CLOCKS | INSTANTS
RECORDS = st.fixed_dictionaries(
    {"id": st.integers()},
    optional={
        "user": st.none()
        | st.fixed_dictionaries({}, optional={"id": st.integers(), "name": TEXTS}),
        "number": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
        "whole": st.none() | st.integers(),
        "at": TEXTS,
        "zone": TEXTS,
        "day": TEXTS,
        "clock": TEXTS,
        "text": TEXTS,
        "_sdc_deleted_at": st.none() | st.just("2025-03-06T00:00:00Z"),
    },
)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(RECORDS, min_size=1, max_size=8))
def test_whatever_comes_is_valid_when_it_leaves(
    shared_bench: Bench, records: list[dict[str, Any]]
) -> None:
    """No rule fails on a value, and each record fits the schema before it."""
    messages = [
        shared_bench.schema("e", KINDS),
        *(shared_bench.record("e", record) for record in records),
    ]

    written = shared_bench.feed(RULES, messages, hash_key="pepper")

    assert [record["id"] for record in written.records("out")] == [r["id"] for r in records]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(value=JSON)
def test_decoding_and_encoding_change_no_value(value: object) -> None:
    """Numbers of any size, texts of any characters."""
    line = json.dumps(value).encode()

    assert json.loads(encode(decode(line))) == value


@given(digits=st.from_regex(r"-?(0|[1-9][0-9]{0,30})\.[0-9]{1,30}", fullmatch=True))
def test_decimals_keep_every_digit_that_counts(digits: str) -> None:
    """The text that comes out means the same decimal number."""
    written = encode(decode(f'{{"n": {digits}}}'.encode()))

    assert json.loads(written, parse_float=Decimal)["n"] == Decimal(digits)


DAYS = st.dates(date(1950, 1, 1), date(2090, 1, 1))
CLOCK_TIMES = st.times().map(lambda at: at.replace(microsecond=0))
ZONES = st.sampled_from(["Europe/Oslo", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"])


@given(day=DAYS, clock=CLOCK_TIMES, zone=ZONES.map(ZoneInfo))
def test_clocks_show_the_time_at_the_instant_found(day: date, clock: time, zone: ZoneInfo) -> None:
    """In a gap, which no clock shows, they show a later time."""
    moment = on_the_clock(day, clock, zone)

    assert moment is not None
    asked, shown = datetime.combine(day, clock), moment.astimezone(zone).replace(tzinfo=None)
    in_a_gap = _offset(asked, zone, fold=0) < _offset(asked, zone, fold=1)
    assert shown > asked if in_a_gap else shown == asked


@given(day=DAYS, start=CLOCK_TIMES, end=CLOCK_TIMES, zone=ZONES.map(ZoneInfo))
def test_no_end_comes_before_its_start(day: date, start: time, end: time, zone: ZoneInfo) -> None:
    """And none comes more than a day, and a change of the clocks, after it."""
    started = on_the_clock(day, start, zone)

    ended = on_the_clock(day, end, zone, not_before=started)

    assert started is not None
    assert ended is not None
    assert timedelta(0) <= ended - started <= timedelta(hours=26)


def _offset(local: datetime, zone: ZoneInfo, *, fold: int) -> timedelta:
    offset = local.replace(tzinfo=zone, fold=fold).utcoffset()
    assert offset is not None
    return offset


@given(moments=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_instants_sort_as_text(moments: list[datetime]) -> None:
    """Their width is fixed."""
    texts = [write_instant(moment, micros=True) or "" for moment in moments]

    assert None not in texts
    assert (
        sorted(moments)
        == [moment for _, moment in sorted(zip(texts, moments, strict=True), key=str)]
        or texts[0] == texts[1]
    )


@given(clock=st.times(), suffix=st.sampled_from(["am", " AM", "a.m.", "pm", "PM"]))
def test_both_clocks_read_alike(clock: time, suffix: str) -> None:
    """A time on the twelve-hour clock is the one on the other clock."""
    twelve = clock.hour % 12 or 12
    hour = clock.hour % 12 + (12 if suffix.strip().lower().startswith("p") else 0)

    assert read_clock(f"{twelve}:{clock.minute:02d}{suffix}") == time(hour, clock.minute)
    assert read_clock(f"{hour}:{clock.minute:02d}") == time(hour, clock.minute)
