# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The newest item only, nobody waits, and the counts add up at every moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.ros.node.worker import Counts, NewestOnly, Tally

LIMIT_S = 30.0


def adds_up(counts: Counts) -> bool:
    rejected = sum(counts.rejected.values())
    return counts.received == counts.published + counts.dropped + rejected + counts.pending and 0 <= counts.pending <= 2


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Gate:
    """Work that a test lets through item by item."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.started = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def __call__(self, item: int) -> str | None:
        self.seen.append(item)
        self.started.release()
        assert self.open.acquire(timeout=LIMIT_S)
        return None if item % 2 == 0 else "odd"


def test_while_one_is_worked_on_only_the_newest_waits() -> None:
    gate, tally = Gate(), Tally()
    worker = NewestOnly(gate, tally, "test")
    worker.submit(0)
    assert gate.started.acquire(timeout=LIMIT_S)
    for item in (1, 2, 3, 4, 5):
        began = time.monotonic()
        worker.submit(item)
        assert time.monotonic() - began < 1.0  # the work is blocked, submitting is not
        assert adds_up(tally.counts())
    assert tally.counts() == Counts(received=6, dropped=4, pending=2)
    gate.open.release(2)
    until(lambda: tally.counts().pending == 0)
    assert gate.seen == [0, 5]
    assert tally.counts() == Counts(received=6, published=1, dropped=4, rejected={"odd": 1})
    assert worker.stop(LIMIT_S)


def test_stop_drops_what_waits_and_finishes_what_runs() -> None:
    gate, tally = Gate(), Tally()
    worker = NewestOnly(gate, tally, "test")
    worker.submit(0)
    assert gate.started.acquire(timeout=LIMIT_S)
    worker.submit(2)
    assert not worker.stop(0.01), "the work hangs: stop must say so"
    gate.open.release()
    assert worker.stop(LIMIT_S)
    worker.submit(4)
    assert tally.counts() == Counts(received=3, published=1, dropped=2)
    assert gate.seen == [0]


def test_stop_ends_the_thread_and_an_idle_one_too() -> None:
    before = threading.active_count()
    for _ in range(50):
        assert NewestOnly(lambda _: None, Tally(), "test").stop(LIMIT_S)
    assert threading.active_count() == before


def test_the_counts_add_up_whenever_they_are_read() -> None:
    tally, wrong, done = Tally(), [], threading.Event()
    worker = NewestOnly[int](lambda item: None if item % 3 else "third", tally, "test")

    def watch() -> None:
        while not done.is_set():
            counts = tally.counts()
            if not adds_up(counts):
                wrong.append(counts)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for item in range(5000):
        worker.submit(item)
    worker.stop(LIMIT_S)
    done.set()
    watcher.join(LIMIT_S)
    assert not wrong
    assert tally.counts().received == 5000
    assert tally.counts().pending == 0


@settings(max_examples=20, deadline=None)
@given(items=st.lists(st.integers(0, 9), max_size=30))
def test_the_last_item_is_always_worked_on(items: list[int]) -> None:
    seen: list[int] = []
    tally = Tally()
    worker = NewestOnly[int](seen.append, tally, "test")
    for item in items:
        worker.submit(item)
    until(lambda: tally.counts().pending == 0)
    assert worker.stop(LIMIT_S)
    assert seen[-1:] == items[-1:]
