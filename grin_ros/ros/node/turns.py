# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that works for several cameras in turn: each with its newest item, and none twice before the others.

Whoever has waited longest since its last turn is next, so of n busy cameras each gets every n-th turn, however fast the
others send. The item of a turn is chosen when the turn comes: it is the newest there is then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from grin_ros.ros.node.worker import Tally

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Worker(Protocol[T_contra]):
    """What a node needs of a worker: NewestOnly, a thread of its own, or a Seat in the turns of many."""

    def submit(self, item: T_contra) -> None:
        """Make `item` the next; returns at once."""

    def stop(self, timeout_s: float) -> bool:
        """Finish the item under way and drop the waiting one; False if it did not end in time."""


class Turns(Generic[T]):
    """The thread; it ends with `close`."""

    def __init__(self, name: str) -> None:
        self.changed = threading.Condition()
        self._seats: list[Seat[T]] = []  # who was served last is last
        self.serving: Seat[T] | None = None
        self._closing = False
        # A daemon: a backend that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def seat(self, work: Callable[[T], str | None], tally: Tally, name: str) -> Seat[T]:
        """A place in the turns, used as a NewestOnly is. name: of the place, for debugging."""
        seat = Seat(self, work, tally, name)
        with self.changed:
            self._seats.insert(0, seat)
        return seat

    def leave(self, seat: Seat[T]) -> None:
        """No more turns for this one. Call it with `changed` held."""
        if seat in self._seats:
            self._seats.remove(seat)

    def close(self, timeout_s: float) -> bool:
        """Finish the item under way and end the thread; False if it did not end in time. Stop the seats first."""
        with self.changed:
            self._closing = True
            self.changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _next(self) -> Seat[T] | None:
        return next((seat for seat in self._seats if seat.waiting), None)

    def _run(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self._closing or self._next() is not None)
                seat = self._next()
                if self._closing or seat is None:
                    return
                self._seats.remove(seat)
                self._seats.append(seat)
                item = seat.waiting.pop()
                self.serving = seat
            seat.tally.finish(seat.work(item))
            del item  # a large image must not live on until the next one comes
            with self.changed:
                self.serving = None
                self.changed.notify_all()


class Seat(Generic[T]):
    """One camera's place: holds its newest item until its turn comes; every item is accounted for in its tally."""

    def __init__(self, turns: Turns[T], work: Callable[[T], str | None], tally: Tally, name: str) -> None:
        """work: returns None where the item was published, else the reason of its rejection; it must not raise."""
        self.work, self.tally, self.name = work, tally, name
        self.waiting: list[T] = []  # none or one
        self._turns = turns
        self._stopped = False

    def submit(self, item: T) -> None:
        """Make `item` the next of this camera; returns at once. After `stop` it is counted as dropped."""
        with self._turns.changed, self.tally.lock:
            self.tally.receive()
            self._discard()
            if self._stopped:
                self.tally.drop()
                return
            self.waiting = [item]
            self._turns.changed.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """Finish this camera's item under way, drop its waiting one; False if it did not end in time."""
        with self._turns.changed:
            self._stopped = True
            self._discard()
            self._turns.leave(self)
            return self._turns.changed.wait_for(lambda: self._turns.serving is not self, timeout_s)

    def _discard(self) -> None:
        if self.waiting:
            self.waiting = []
            self.tally.drop()
