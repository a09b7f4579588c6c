"""Which keys a stream's records had, small enough to be kept in state.

Packed, a key set is one text: keys grouped by the place they belong to, sorted, numbers written
as the difference to the one before, all compressed, in base 64. Ids of one day lie close to each
other, so that a key takes two to eight bytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from singer_tapkit.errors import StreamFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_tapkit.types import Json

    Coded = list[int | str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs, among all those of its stream.

    Attributes:
        day: Its own day, or ``None`` in streams whose records have none.
        scope: The part of the source it came from, among parts that are listed apart.
    """

    day: date | None = None
    scope: str = ""


def pack(keys: Mapping[str, Place]) -> str:
    """Write keys and their places as one text for state."""
    places: defaultdict[Place, list[str]] = defaultdict(list)
    for key, place in keys.items():
        places[place].append(key)
    content: defaultdict[str, list[tuple[str, Coded]]] = defaultdict(list)
    for place in sorted(places, key=lambda place: (place.scope, place.day or date.min)):
        day = place.day.isoformat() if place.day else ""
        content[place.scope].append((day, _encode(places[place])))
    text = json.dumps(content, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode())).decode()


def unpack(packed: Json) -> dict[str, Place]:
    """Read what :func:`pack` wrote; nothing at all holds no keys.

    Raises:
        StreamFailedError: If it cannot be read.
    """
    if packed is None:
        return {}
    try:
        content = json.loads(zlib.decompress(base64.b64decode(str(packed), validate=True)))
        keys: dict[str, Place] = {}
        for scope, days in content.items():
            for day, coded in days:
                place = Place(date.fromisoformat(day) if day else None, scope)
                keys.update(dict.fromkeys(_decode(coded), place))
    except (ValueError, TypeError, AttributeError, zlib.error):
        msg = (
            "the state holds keys that cannot be read. Remove this stream from the state to read "
            "it from the start"
        )
        raise StreamFailedError(msg) from None
    return keys


def _encode(keys: Sequence[str]) -> Coded:
    """Write numbers in ascending order as differences, and behind them all other keys."""
    numbers = sorted(int(key) for key in keys if _is_number(key))
    differences = [number - before for before, number in pairwise([0, *numbers])]
    return [*differences, *sorted(key for key in keys if not _is_number(key))]


def _decode(coded: Coded) -> Iterator[str]:
    number = 0
    for item in coded:
        if isinstance(item, str):
            yield item
        else:
            number += item
            yield str(number)


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdecimal() and (key == "0" or not key.startswith("0"))
