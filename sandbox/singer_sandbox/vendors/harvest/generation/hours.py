"""Time entries, column by column.

A million rows made one by one would take a minute. Random bytes, translated by tables that hold
each value as often as it is likely, make a column in an instant.
"""

from __future__ import annotations

from array import array
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from singer_sandbox.vendors.harvest.collections import FIRST_ENTRY_ID
from singer_sandbox.vendors.harvest.entries import (
    APPROVALS,
    WITHOUT_APPROVAL_STATUS,
    Entries,
    Slot,
)
from singer_sandbox.vendors.harvest.generation.plan import DAY_SECONDS
from singer_sandbox.vendors.harvest.generation.vocabulary import BUSINESS, LIFE, LONG_NOTE, Work
from singer_sandbox.vendors.harvest.times import EPOCH_ORDINAL, clock_time, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from singer_sandbox.vendors.harvest.generation.plan import Plan
    from singer_sandbox.vendors.harvest.settings import HarvestSettings
    from singer_sandbox.vendors.harvest.tables import Tables

_BYTES: Final = 256
_SATURDAY: Final = 5
_WEEKEND: Final = 0.2
_SEASON: Final = (1.0, 1.0, 1.1, 1.0, 1.0, 0.95, 0.8, 0.6, 1.1, 1.15, 1.1, 0.65)
"""How busy the months are."""
_APPROVED_AFTER_DAYS: Final = 30
_APPROVAL_STATUS_SINCE_DAYS: Final = 700
_ENTRIES_PER_RUNNING: Final = 50
_MOST_RUNNING: Final = 3
_OPENS: Final = 7
_CLOSES: Final = 20
_MOODS: Final = (0.4,) + (1.0,) * 40 + (1.7,) * 6 + (4.0,)
"""How days turn out: a quiet one, many ordinary ones, some busy ones, a frantic one."""
_LIFE_ON_WEEKDAYS: Final = 3.0
_LIFE_ON_WEEKENDS: Final = 40.0
"""How much likelier life is than work, one kind of it compared with one project's task."""
_PICKS: Final = 65_536
_CORRECTION: Final = -125
_ID_STEPS: Final = bytes((1, 1, 2, 3, 5, 8, 13, 21)) * 32


def make_entries(tables: Tables, plan: Plan, settings: HarvestSettings) -> Entries:
    """Make up the time entries, in the order in which they were created."""
    entries = Entries()
    running = min(_MOST_RUNNING, plan.entries // _ENTRIES_PER_RUNNING)
    if plan.entries:
        entries.slot_table = _slots(tables)
        _fill(entries, tables, plan, plan.entries - running)
    for number in range(running):
        _start_timer(entries, plan, settings, number)
    return entries


def _slots(tables: Tables) -> list[Slot]:
    return [
        Slot(person["user_id"], person["project_id"], task["task_id"])
        for person in tables.all("user_assignments")
        for task in tables.all("task_assignments")
        if task["project_id"] == person["project_id"]
    ]


def _fill(entries: Entries, tables: Tables, plan: Plan, count: int) -> None:
    random = plan.random
    by_name = {work.name: work for work in (*BUSINESS, *LIFE)}
    works = [by_name[tables.row("tasks", slot.task_id)["name"]] for slot in entries.slot_table]
    steps = random.randbytes(count - 1).translate(_ID_STEPS)
    entries.ids = array("q", accumulate(steps, initial=FIRST_ENTRY_ID))
    _fill_days(entries, plan, works, count)
    _fill_work(entries, plan, works, count)
    _fill_stamps(entries, plan, count)
    _fill_states(entries, plan, count)
    numbers = array("H", random.randbytes(2 * count))
    entries.references = array(
        "I", [0 if number & 3 else 1 + (number >> 2) % (count // 5 + 1) for number in numbers]
    )
    entries.invoices = array("q", bytes(8 * count))
    entries.order = array("I", sorted(range(count), key=entries.days.__getitem__))


def _fill_days(entries: Entries, plan: Plan, works: Sequence[Work], count: int) -> None:
    """Spread the entries over the days of creation, and choose who worked on what."""
    random = plan.random
    days = range(plan.first_day, plan.today + 1)
    bounds = list(accumulate(_busyness(random, day) for day in days))
    taste = [random.random() ** 2 for _ in works]
    weekdays = _pick_table(_weigh(taste, works, life=_LIFE_ON_WEEKDAYS))
    weekends = _pick_table(_weigh(taste, works, life=_LIFE_ON_WEEKENDS))
    done = 0
    for day, bound in zip(days, bounds, strict=True):
        more = round(count * bound / bounds[-1]) - done
        done += more
        midnight = (day - EPOCH_ORDINAL) * DAY_SECONDS
        first, last = midnight + _OPENS * 3600, midnight + _CLOSES * 3600
        if last > plan.now:
            first, last = midnight, plan.now
        entries.created.extend(first + (last - first) * place // more for place in range(more))
        entries.days.extend([day] * more)
        table = weekends if date.fromordinal(day).weekday() >= _SATURDAY else weekdays
        entries.slots.extend(map(table.__getitem__, array("H", random.randbytes(2 * more))))
    lags = random.randbytes(count).translate(_spread((0, 235), (1, 12), (2, 5), (7, 3), (45, 1)))
    entries.days = array(
        "I",
        [max(plan.first_day, day - lag) for day, lag in zip(entries.days, lags, strict=True)],
    )


def _busyness(random: Random, day: int) -> float:
    """Return how much is entered on a day: weekends, seasons, some days out of the ordinary."""
    when = date.fromordinal(day)
    usual = _SEASON[when.month - 1] * (_WEEKEND if when.weekday() >= _SATURDAY else 1.0)
    return usual * random.choice(_MOODS) * random.uniform(0.6, 1.4)


def _weigh(taste: Sequence[float], works: Sequence[Work], *, life: float) -> list[float]:
    return [
        liking * (life if work in LIFE else 1) for liking, work in zip(taste, works, strict=True)
    ]


def _pick_table(weights: Sequence[float]) -> list[int]:
    """Return a list in which each index occurs as often as its weight says."""
    bounds = [round(_PICKS * bound / sum(weights)) for bound in accumulate(weights)]
    table: list[int] = []
    for index, bound in enumerate(bounds):
        table += [index] * (bound - len(table))
    return table


def _spread(*shares: tuple[int, int]) -> bytes:
    """Return a table of 256 bytes in which each value occurs as often as its share says."""
    return b"".join(bytes((value,)) * share for value, share in shares)


def _fill_work(entries: Entries, plan: Plan, works: Sequence[Work], count: int) -> None:
    """Choose hours, time of day and note of each entry by the kind of its work."""
    random = plan.random
    pool: list[str | None] = [None, "", LONG_NOTE]
    tables = {work.name: _work_tables(random, work, pool) for work in (*BUSINESS, *LIFE)}
    hours, starts, notes = zip(*(tables[work.name] for work in works), strict=True)
    slots = entries.slots

    def column(code: str, by_slot: Sequence[Sequence[int]]) -> array[int]:
        chances = random.randbytes(count)
        return array(code, [by_slot[slot][byte] for slot, byte in zip(slots, chances, strict=True)])

    entries.hundredths = column("i", hours)
    entries.starts = column("H", starts)
    entries.notes = column("H", notes)
    entries.note_table = pool
    for place in range(count // 4, count, count // 4 + 1):
        entries.hundredths[place] = _CORRECTION


def _work_tables(
    random: Random, work: Work, pool: list[str | None]
) -> tuple[list[int], list[int], list[int]]:
    """Return 256 hours, minutes of the day and indices into the pool of notes, all likely."""
    low, high = (round(hours * 100) for hours in work.hours)
    hours = [
        random.randrange(low, high) if number % 3 else random.randrange(low, high) // 25 * 25 + 25
        for number in range(_BYTES)
    ]
    starts = [random.randrange(work.starts[0] * 12, work.starts[1] * 12) * 5 for _ in range(_BYTES)]
    first = len(pool)
    pool += work.notes
    pool += [f"{note} (#{random.randrange(100, 999)})" for note in work.notes for _ in range(9)]
    notes = [0] * 40 + [1] * 20 + [2] + random.choices(range(first, len(pool)), k=_BYTES - 61)
    return hours, starts, notes


def _fill_stamps(entries: Entries, plan: Plan, count: int) -> None:
    """Let most entries stay as they were, some change within days, and a few much later."""
    shares = _spread((0, 170), (1, 45), (20, 35), (90, 4), (255, 2))
    lags = plan.random.randbytes(count).translate(shares)
    chances = plan.random.randbytes(count)
    entries.updated = array(
        "q",
        [
            min(plan.now, created + lag * (lag * 700 + chance))
            for created, lag, chance in zip(entries.created, lags, chances, strict=True)
        ],
    )


def _fill_states(entries: Entries, plan: Plan, count: int) -> None:
    old = _spread((APPROVALS.index("approved"), 230), (APPROVALS.index("unsubmitted"), 26))
    recent = _spread((APPROVALS.index("unsubmitted"), 180), (APPROVALS.index("submitted"), 76))
    oldest = bytes(state | WITHOUT_APPROVAL_STATUS for state in old)
    approved_until = plan.today - _APPROVED_AFTER_DAYS
    told_since = plan.today - _APPROVAL_STATUS_SINCE_DAYS
    chances = plan.random.randbytes(count)
    entries.states = array(
        "B",
        [
            (oldest if day < told_since else old if day < approved_until else recent)[chance]
            for day, chance in zip(entries.days, chances, strict=True)
        ],
    )


def _start_timer(entries: Entries, plan: Plan, settings: HarvestSettings, number: int) -> None:
    started = plan.now - 600 * (number + 1)
    time_of_day = clock_time(started % DAY_SECONDS // 60, settings.clock)
    slot = entries.slot_table[number * 7 % len(entries.slot_table)]
    row = {
        **slot._asdict(),
        "invoice_id": None,
        "spent_date": stamp(started)[:10],
        "hours": 0.37 if number % 2 else 0.0,
        "notes": None,
        "approval_status": "unsubmitted",
        "is_running": True,
        "timer_started_at": stamp(started),
        "started_time": time_of_day if settings.timestamp_timers else None,
        "ended_time": None,
        "external_reference": None,
        "created_at": stamp(started),
        "updated_at": stamp(started),
    }
    entries.insert(row)
