"""Words for made-up data. All persons and companies are invented."""
# ruff: noqa: RUF001 - readers of the data have to cope with such characters

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST_NAMES: Final = (
    *("Ines", "Tomas", "Zoë", "Łucja", "Mirek", "Adaeze", "Søren", "Priya", "Jules", "Hana"),
    *("Öykü", "Mateus", "Nkem", "Yuki", "Brigid", "Alonso", "Farah", "Lorcan", "Tamsin", "Emre"),
)
LAST_NAMES: Final = (
    *("Okafor", "Brandt", "Núñez", "Wójtowicz", "Lindqvist", "Adeyemi", "Kjær", "Raman"),
    *("Delacroix-Moss", "Novotná", "Çelik", "Tavares", "Eze", "Morikawa", "O’Rourke", "Ibarra"),
    *("Haddad", "Quill", "Penrose"),
)
TIME_ZONES: Final = ("Eastern Time (US & Canada)", "Kyiv", "Berlin", "London", "Tokyo")
ROLES: Final = ("Engineering", "Design", "Management")

PERSONAL_CLIENT: Final = "Personal"
CLIENTS: Final = (
    ("Birch & Tallow", "BT", "CAD"),
    ("Quill Audit", "QA", "EUR"),
    ("Café Zwölf", "CZ", "EUR"),
    ("Northlight Robotics", "NR", "USD"),
    ("Ōkami Logistics", "OL", "USD"),
    ("Harbour Street Clinic", "HS", "GBP"),
    ("Fjell Outdoor", "FO", "EUR"),
    ("Paper Lantern", "PL", "USD"),
    ("Mosaico", "MO", "EUR"),
    ("Tidewater Energy", "TE", "USD"),
)
PROJECTS: Final = ("Storefront rebuild", "Care plan", "Advisory", "Mobile app")


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work.

    Attributes:
        name: Of the task.
        billable: Whether it usually is.
        hours: Least and most hours in one go.
        starts: Earliest and latest hour of the day at which it begins.
        notes: What people write about it.
    """

    name: str
    billable: bool
    hours: tuple[float, float]
    starts: tuple[int, int]
    notes: tuple[str, ...]


BUSINESS: Final = (
    Work(
        "Development",
        billable=True,
        hours=(0.5, 5.0),
        starts=(8, 15),
        notes=(
            "Checkout: validate the address before payment",
            "Fix rounding in the cart total",
            "Review of the search index; naïve ranking replaced",
            "Import of old orders\nsecond attempt, now in batches",
            "Upgrade of the framework, tests green again ✅",
        ),
    ),
    Work(
        "Meetings",
        billable=True,
        hours=(0.25, 2.0),
        starts=(9, 16),
        notes=(
            "Kick-off call",
            "Weekly with the client",
            'Retrospective: "less work in progress"',
            "Estimation, 6 people",
        ),
    ),
    Work(
        "Design",
        billable=True,
        hours=(0.5, 4.0),
        starts=(9, 16),
        notes=("Icons for the menu", "Colour contrast on mobile", "Wireframes v3 – für Zürich"),
    ),
    Work(
        "Support",
        billable=True,
        hours=(0.1, 1.5),
        starts=(8, 17),
        notes=("Ticket answered", "Call-back; could not reproduce", "Access for a new colleague"),
    ),
    Work(
        "Admin",
        billable=False,
        hours=(0.1, 1.0),
        starts=(8, 17),
        notes=("Time sheets", "Invoices sorted", "Travel booked ✈️"),
    ),
)
LIFE: Final = (
    Work(
        "Gym", billable=False, hours=(0.5, 1.5), starts=(6, 20), notes=("Legs", "5 × 5 🏋️", "Swim")
    ),
    Work(
        "Reading",
        billable=False,
        hours=(0.25, 2.0),
        starts=(19, 22),
        notes=("Chapter 4", "雪国, first third", "Papers on scheduling"),
    ),
    Work(
        "Sleep", billable=False, hours=(5.5, 9.0), starts=(21, 23), notes=("Slept well", "Restless")
    ),
    Work(
        "Family",
        billable=False,
        hours=(0.5, 6.0),
        starts=(10, 18),
        notes=("Playground", "Dinner at Oma’s", "School run"),
    ),
)
LONG_NOTE: Final = "Notes of a workshop, kept in full. " * 40

EXPENSE_CATEGORIES: Final = (
    ("Travel", None, None),
    ("Mileage", "km", 0.485),
    ("Meals", None, None),
    ("Software", "seat", 20),
)
EXPENSE_NOTES: Final = ("Train to the client", "Lunch for four", None, "", "Licence – März")
ITEM_CATEGORIES: Final = (
    ("Service", True, False),
    ("Product", False, True),
    ("Licence", False, False),
)
