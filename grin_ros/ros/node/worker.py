# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that works on the newest item only; whoever submits never waits, and every item is accounted for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

BACKEND_FAILED = "backend failed"
"""The reason to `reject` a good frame."""


@dataclass(frozen=True)
class Counts:
    """received = published + dropped + sum(rejected) + pending, at every moment.

    dropped: superseded by a newer one before its turn, or waiting when the worker was stopped. rejected: by reason.
    pending: waiting or being worked on, 0 to 2.
    """

    received: int = 0
    published: int = 0
    dropped: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    pending: int = 0

    @property
    def failed(self) -> int:
        """Those of `rejected` that were not the input's fault."""
        return self.rejected.get(BACKEND_FAILED, 0)


class Tally:
    """Counts across starts and stops of the worker. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._received = self._published = self._dropped = self._pending = 0
        self._rejected: Counter[str] = Counter()

    @property
    def lock(self) -> threading.RLock:  # type: ignore[valid-type]  # RLock is a function before Python 3.13
        """Held by the worker while an item changes hands, so that a snapshot never sees it twice or not at all."""
        return self._lock

    def receive(self) -> None:
        """One more item has come and waits."""
        with self._lock:
            self._received += 1
            self._pending += 1

    def drop(self) -> None:
        """A waiting item is given up."""
        with self._lock:
            self._dropped += 1
            self._pending -= 1

    def finish(self, reason: str | None) -> None:
        """An item's work is done: published, or rejected for `reason`."""
        with self._lock:
            self._pending -= 1
            if reason is None:
                self._published += 1
            else:
                self._rejected[reason] += 1

    def counts(self) -> Counts:
        """A consistent snapshot."""
        with self._lock:
            return Counts(self._received, self._published, self._dropped, dict(self._rejected), self._pending)


class NewestOnly(Generic[T]):
    """Runs `work` in one thread on the newest submitted item; an older one that still waits is dropped.

    work: returns None where the item was published, else the reason of its rejection; it must not raise.
    """

    def __init__(self, work: Callable[[T], str | None], tally: Tally, name: str) -> None:
        self._work = work
        self._tally = tally
        self._changed = threading.Condition(tally.lock)
        self._waiting: list[T] = []  # none or one
        self._stopping = False
        # A daemon: a backend that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: T) -> None:
        """Make `item` the next; returns at once. After `stop` it is counted as dropped."""
        with self._changed:
            self._tally.receive()
            if self._waiting:
                self._tally.drop()
            self._waiting = [item]
            if self._stopping:
                self._discard()
            self._changed.notify()

    def stop(self, timeout_s: float) -> bool:
        """Finish the item under way, drop the waiting one and end the thread; False if it did not end in time."""
        with self._changed:
            self._stopping = True
            self._discard()
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _discard(self) -> None:
        if self._waiting:
            self._waiting = []
            self._tally.drop()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._stopping)
                if self._stopping:
                    return
                item = self._waiting.pop()
            self._tally.finish(self._work(item))
            del item  # a large image must not live on until the next one comes
