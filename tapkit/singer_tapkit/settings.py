"""Config checked before the first request: every fault at once, no value repeated."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from singer_tapkit.outcomes import OnDrift, OnStreamError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jsonschema import ValidationError

DURATION_PATTERN: Final = r"^\s*\d+(\.\d+)?\s*[smhd]\s*$"
DURATION_OR_ZERO_PATTERN: Final = DURATION_PATTERN.removesuffix("$") + "$|^0$"
"""The same, or 0 for none at all."""
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """Read a duration with its unit.

    Args:
        text: A number and ``s``, ``m``, ``h`` or ``d``: ``"90m"``, ``"36h"``, ``"7d"``.

    Raises:
        ValueError: If it is not of that form.
    """
    if not re.match(DURATION_PATTERN, text):
        msg = "a duration is a number with a unit: 90m, 36h, 7d"
        raise ValueError(msg)
    text = text.strip()
    return timedelta(**{_UNITS[text[-1]]: float(text[:-1])})


def parse_date(text: str) -> datetime:
    """Read a date or date-time that a person wrote; without an offset it means UTC.

    Args:
        text: ``2026-01-31``, ``2026-01-31T08:00:00+02:00``, or another ISO 8601 form.

    Returns:
        The instant, aware and in UTC; a date is its midnight.

    Raises:
        ValueError: If it is neither.
    """
    import pendulum  # noqa: PLC0415 - costs start-up time, and few runs have dates to read

    moment = pendulum.parse(text.strip(), tz="UTC", exact=True)
    if isinstance(moment, pendulum.DateTime):
        return moment.astimezone(UTC)
    if isinstance(moment, pendulum.Date):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    msg = "not a date"
    raise ValueError(msg)


def find_faults(config: Mapping[str, object], schema: Mapping[str, Any]) -> list[str]:
    """List what is wrong with a config, setting by setting.

    Args:
        config: The settings as given.
        schema: JSON schema of all settings, the SDK's own included.

    Returns:
        One line per fault: the setting's name, what is wrong, what to write. Never a value, since
        a secret can stand in the wrong place.
    """
    properties: Mapping[str, Any] = schema["properties"]
    given = {name: value for name, value in config.items() if value is not None}
    return [
        *(_unknown(name, list(properties)) for name in config if name not in properties),
        *(_wrong(error) for error in DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(given)),
        *_date_faults(given, properties),
        *_range_faults(given),
    ]


def _date_faults(given: Mapping[str, object], properties: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: not a date. Write 2026-01-31 or 2026-01-31T08:00:00Z"
        for name, definition in properties.items()
        if definition.get("format") == "date-time"
        and isinstance(given.get(name), str)
        and _date_or_none(given.get(name)) is None
    ]


def _range_faults(given: Mapping[str, object]) -> list[str]:
    if "end_date" not in given:
        return []
    if "start_date" not in given:
        return ["end_date: needs start_date beside it; together they name the range to read"]
    start, end = _date_or_none(given["start_date"]), _date_or_none(given["end_date"])
    if start is not None and end is not None and end <= start:
        return ["end_date: not after start_date. It is the first day that is left out"]
    return []


def _date_or_none(value: object) -> datetime | None:
    try:
        return parse_date(str(value))
    except ValueError:
        return None


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name.rsplit(".", 1)[-1], known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Remove it, or see --about for the settings"
    return f"{name}: unknown setting. {hint}"


def _wrong(error: ValidationError) -> str:
    name = ".".join(str(part) for part in error.absolute_path) or "config"
    expected: Any = error.validator_value
    definition = error.schema if isinstance(error.schema, dict) else {}
    if definition.get("pattern") in {DURATION_PATTERN, DURATION_OR_ZERO_PATTERN}:
        return f"{name}: must be a number with a unit, such as 90m, 36h or 7d"
    match error.validator:
        case "required":
            return str(error.message)
        case "additionalProperties" if isinstance(error.instance, dict):
            known = [*definition.get("properties", {})]
            unknown = [part for part in error.instance if part not in known]
            return "; ".join(_unknown(f"{name}.{part}", known) for part in unknown)
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            wanted = "must be " + " or ".join(kind for kind in kinds if kind != "null")
        case "enum":
            wanted = f"must be one of {', '.join(str(value) for value in expected)}"
        case "minimum" | "maximum" as bound:
            wanted = f"must be at {'least' if bound == 'minimum' else 'most'} {expected}"
        case rule:
            wanted = f"breaks the rule {rule} {expected}"
    return f"{name}: {wanted}"


def common_settings(
    *, api_url: str, start_date: str, lookback: str | None
) -> Sequence[th.Property[Any]]:
    """Return the settings that every tap for one person's account has.

    Args:
        api_url: Default address of the API.
        start_date: What the start date means.
        lookback: Default of how far back to ask again; without it there is no such setting.
    """
    looked_back = [
        th.Property(
            "lookback",
            th.CustomType({"type": ["string", "null"], "pattern": DURATION_PATTERN}),
            default=lookback,
            title="Lookback",
            description="How far back each run reads again, as 30d: what was changed or came late "
            "is not told otherwise.",
        )
    ]
    return (
        th.Property(
            "api_url",
            th.StringType,
            default=api_url,
            title="API address",
            description="Base address of the API; another one leads to a sandbox or a proxy.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description=f"First day to read, inclusive; UTC unless it says otherwise. {start_date}",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="First day to leave out. With start_date it makes a backfill of that "
            "range, which reads and writes no bookmark.",
        ),
        *(looked_back if lookback else ()),
        th.Property(
            "user_agent",
            th.StringType,
            title="User agent",
            description="Sent with each request, as: Our pipeline (data@example.com).",
        ),
        *outcome_settings(),
    )


def outcome_settings() -> Sequence[th.Property[Any]]:
    """Return the settings of every tap that say what makes a run fail."""
    return (
        th.Property(
            "on_stream_error",
            th.StringType,
            default=OnStreamError.FAIL.value,
            allowed_values=[mode.value for mode in OnStreamError],
            title="On stream error",
            description="What makes the exit code 1: fail - any stream that is not complete; "
            "allow_unavailable - the same, but for streams that the account may not read; "
            "continue - only a run in which nothing could be read.",
        ),
        th.Property(
            "on_drift",
            th.StringType,
            default=OnDrift.REPORT.value,
            allowed_values=[mode.value for mode in OnDrift],
            title="On drift",
            description="What to do when the source sends fields that the schema does not declare, "
            "or sends some in another type: report - name them at the end; fail - do that, and end "
            "with exit code 1; strict - the same for declared fields that a reading of everything "
            "never saw. Records are written all the same.",
        ),
    )
