"""What runs ahead comes out in order, and no further ahead than it may."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from singer_tapkit.overlap import Memo, Overlap

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("concurrency", [1, 2, 16])
def test_results_come_in_the_order_of_the_items(concurrency: int) -> None:
    """Although later ones are ready earlier."""

    def slower_first(number: int) -> int:
        time.sleep(0.01 * (5 - number % 5))
        return number

    assert [*Overlap(concurrency).ordered(slower_first, range(40))] == [*range(40)]


def test_several_calls_are_under_way_at_a_time() -> None:
    """As many as there are connections: each waits here for all the others."""
    barrier = threading.Barrier(8, timeout=10)

    results = Overlap(8).ordered(lambda _: barrier.wait() >= 0, range(16))

    assert all(results)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_an_error_comes_where_its_result_would(concurrency: int) -> None:
    """What lies before it is delivered."""

    def fail_at_three(number: int) -> int:
        if number == 3:
            raise ValueError
        return number

    results = Overlap(concurrency).ordered(fail_at_three, range(9))

    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        next(results)


def test_no_more_than_asked_for_is_read_ahead() -> None:
    """Answers wait in memory."""
    started: list[int] = []

    results = Overlap(16).ordered(started.append, range(100), ahead=3)
    next(results)

    assert len(started) <= 4


def test_calls_within_calls_do_not_wait_for_each_other() -> None:
    """A pool whose threads all wait for the pool would stand still."""
    overlap = Overlap(2)

    def inner(number: int) -> int:
        return sum(overlap.ordered(lambda each: each, range(number)))

    assert [*overlap.ordered(inner, range(10))] == [sum(range(number)) for number in range(10)]


def test_an_iterator_is_read_one_item_ahead() -> None:
    """And no further, until somebody takes it."""
    produced: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            produced.append(number)
            yield number

    items = Overlap(2).ahead(numbers())
    time.sleep(0.1)
    before = [*produced]
    rest = [*items]

    assert before == [0]
    assert rest == [*range(10)]


def test_an_iterator_with_an_error_delivers_what_came_before() -> None:
    """Then the error."""

    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError

    items = Overlap(2).ahead(numbers())

    assert next(items) == 1
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        next(items)


def test_an_iterator_that_is_given_up_is_not_read_to_its_end() -> None:
    """Its thread leaves."""
    ended = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            ended.set()

    items = Overlap(2).ahead(numbers())
    next(items)
    items.close()

    assert ended.wait(5)


def test_a_memo_is_made_once_whoever_asks() -> None:
    """The others wait for it."""
    made: list[int] = []
    memo = Memo()

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    results = Overlap(8).ordered(lambda _: memo.get("key", make), range(8))

    assert [*results] == [1] * 8


def test_an_error_is_not_remembered() -> None:
    """The next one asks again."""
    memo = Memo()

    with pytest.raises(ZeroDivisionError):
        memo.get("key", lambda: 1 // 0)

    assert memo.get("key", lambda: 7) == 7
