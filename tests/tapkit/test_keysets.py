"""Key sets survive packing, and are small."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_tapkit.errors import StreamFailedError
from singer_tapkit.keysets import Place, pack, unpack

PLACES = st.builds(Place, st.none() | st.dates(), st.text(max_size=5))
KEYS = st.integers(0, 10**19).map(str) | st.text()


@given(st.dictionaries(KEYS, PLACES))
def test_what_was_packed_comes_out_again(keys: dict[str, Place]) -> None:
    """Numbers or texts, dated or not, of any scope."""
    assert unpack(pack(keys)) == keys


def test_nothing_is_an_empty_set() -> None:
    """A first run finds no keys in its state."""
    assert unpack(None) == {}


@pytest.mark.parametrize("text", ["no base64!", "eA==", 7, [], {"a": "b"}])
def test_a_damaged_set_is_refused(text: object) -> None:
    """Going on without it would hide deletions; the error says what to do."""
    with pytest.raises(StreamFailedError, match="Remove this stream from the state"):
        unpack(text)  # type: ignore[arg-type]


def test_a_key_takes_a_few_bytes() -> None:
    """Sixty days of twenty thousand entries fit into a state."""
    day = date(2026, 1, 1)
    keys = {
        str(4931120455810098177 + 7919 * n): Place(day + timedelta(days=n // 333), f"9013/{n % 9}")
        for n in range(20_000)
    }

    assert len(json.dumps(pack(keys))) < 5 * len(keys)
