"""Fetching runs ahead of writing; what comes out is what a sequential run writes.

Each selected stream reads in a thread of its own, one batch ahead of what is written. Where a
stream has many requests that do not depend on each other, such as one per parent, a pool that all
streams share sends them, and hands back the answers in order. How many requests are under way at a
time is bounded by the client; how many answers may wait, by the look-ahead of each stream.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from singer_sdk import typing as th
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

T = TypeVar("T")
R = TypeVar("R")

_in_pool: ContextVar[bool] = ContextVar("in_pool", default=False)


def concurrency_setting() -> th.Property[int]:
    """Return the setting of a tap that says how many requests may be under way at a time."""
    return th.Property(
        "concurrency",
        th.IntegerType(minimum=1, maximum=64),
        default=16,
        title="Concurrency",
        description="How many requests may be under way at a time, within the rate limit; with 1 "
        "nothing is read ahead.",
    )


class Overlap:
    """The threads of one tap.

    They are daemons: a run that is told to stop does not wait for answers.

    Args:
        concurrency: How many requests may be under way at a time; with 1 nothing runs ahead.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads = 0
        self._open_jobs = 0
        self._aheads: list[Ahead[Any]] = []
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)

    def ordered(
        self, function: Callable[[T], R], items: Iterable[T], *, ahead: int | None = None
    ) -> Iterator[R]:
        """Call a function with each item, several at a time.

        Args:
            function: Sends requests; must not depend on the order of the calls.
            items: What to call it with.
            ahead: How many calls to make before the first result is asked for; as many as there
                are connections if absent.

        Yields:
            The results in the order of the items. An error is raised where its result would be.
        """
        if self._concurrency == 1 or _in_pool.get():
            yield from map(function, items)
            return
        waiting: deque[Future[R]] = deque()
        rest = iter(items)
        try:
            while True:
                while len(waiting) < (ahead or self._concurrency):
                    try:
                        item = next(rest)
                    except StopIteration:
                        break
                    waiting.append(self._submit(function, item))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def ahead(self, items: Iterator[T]) -> Ahead[T]:
        """Read an iterator one item ahead, with the context variables of now."""
        ahead = Ahead(items, threaded=self._concurrency > 1)
        self._aheads.append(ahead)
        return ahead

    def close(self) -> None:
        """Read no further, and wait for what is under way; for programs that go on afterwards."""
        for ahead in self._aheads:
            ahead.close()
        for ahead in self._aheads:
            ahead.join()
        with self._idle:
            self._idle.wait_for(lambda: self._open_jobs == 0)

    def _submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        future: Future[R] = Future()
        context = copy_context()

        def job() -> None:
            if future.set_running_or_notify_cancel():
                _in_pool.set(True)
                try:
                    future.set_result(function(item))
                except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                    future.set_exception(error)

        with self._lock:
            self._open_jobs += 1
            if self._threads < min(self._open_jobs, self._concurrency):
                self._threads += 1
                threading.Thread(target=self._work, daemon=True).start()
        self._jobs.put(lambda: context.run(job))
        return future

    def _work(self) -> None:
        while True:
            self._jobs.get()()
            with self._idle:
                self._open_jobs -= 1
                self._idle.notify_all()


class Ahead(Iterator[T]):
    """An iterator that a thread of its own reads, one item ahead; or just the iterator.

    Args:
        items: What to read.
        threaded: Whether to read ahead.
    """

    def __init__(self, items: Iterator[T], *, threaded: bool) -> None:
        self._items = items
        self._threaded = threaded
        self._ready: deque[T] = deque()
        self._ended = False
        self._error: BaseException | None = None
        self._stopped = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        if threaded:
            context = copy_context()
            self._thread = threading.Thread(target=lambda: context.run(self._read), daemon=True)
            self._thread.start()

    @override
    def __next__(self) -> T:
        if not self._threaded:
            return next(self._items)
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
        raise self._error or StopIteration

    def close(self) -> None:
        """Read no further."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until its thread has ended."""
        if self._thread is not None:
            self._thread.join()

    def _read(self) -> None:
        try:
            for item in self._items:
                with self._changed:
                    self._ready.append(item)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: not self._ready or self._stopped)
                    if self._stopped:
                        return
        except BaseException as error:  # noqa: BLE001 - raised where the item is asked for
            self._error = error
        finally:
            if isinstance(self._items, Generator):
                self._items.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()


class Memo:
    """What is asked for once per run, whichever thread needs it first; the others wait for it."""

    def __init__(self) -> None:
        self._values: dict[Hashable, object] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], R]) -> R:
        """Return a value, made if nobody has yet; an error is not kept."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = make()
            return self._values[key]  # type: ignore[return-value]  # of this key
