# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One thread for several cameras: newest item at its turn, nobody twice before the others, every item accounted for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from grin_ros.ros.node.turns import Seat, Turns
from grin_ros.ros.node.worker import Counts, Tally

LIMIT_S = 30.0


class Desk:
    """The work of all cameras: notes what it gets, and can be made to wait before it goes on."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = threading.Semaphore(0)
        self.open = True
        self.busy = threading.Event()
        self._noted = threading.Condition()

    def __call__(self, item: str) -> str | None:
        self.busy.set()
        if not self.open:
            assert self.gate.acquire(timeout=LIMIT_S)
        with self._noted:
            self.done.append(item)
            self._noted.notify_all()
        return "bad" if item.endswith("bad") else None

    def wait_for(self, count: int) -> None:
        with self._noted:
            assert self._noted.wait_for(lambda: len(self.done) >= count, LIMIT_S), self.done


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def turns() -> Iterator[Turns[str]]:
    made: Turns[str] = Turns("test_turns")
    yield made
    assert made.close(LIMIT_S)


def seats(turns: Turns[str], desk: Callable[[str], str | None], *names: str) -> list[Seat[str]]:
    return [turns.seat(desk, Tally(), name) for name in names]


def counts(seat: Seat[str]) -> Counts:
    return seat.tally.counts()


def test_busy_cameras_are_served_in_turn_each_with_its_newest(turns: Turns[str], desk: Desk) -> None:
    front, left, rear = seats(turns, desk, "front", "left", "rear")
    desk.open = False
    front.submit("front0")
    assert desk.busy.wait(LIMIT_S)
    for number in range(1, 4):  # each sends three times within one turn; the newest counts
        for seat in (front, left, rear):
            seat.submit(f"{seat.name}{number}")
    front.submit("front4")  # who sends most is not served most
    for _ in range(4):
        desk.gate.release()
    desk.wait_for(4)
    assert desk.done[0] == "front0"
    assert sorted(desk.done[1:3]) == ["left3", "rear3"]
    assert desk.done[3] == "front4"
    for seat, received, published in ((front, 5, 2), (left, 3, 1), (rear, 3, 1)):
        assert seat.stop(LIMIT_S)
        assert counts(seat) == Counts(received, published, received - published, {}, 0)


def test_of_n_flooding_cameras_each_gets_every_nth_turn(turns: Turns[str], desk: Desk) -> None:
    names = ["a", "b", "c", "d"]
    made = seats(turns, desk, *names)
    desk.open = False
    for turn in range(40):
        for seat in made:
            seat.submit(seat.name)
        desk.gate.release()
        desk.wait_for(turn + 1)
    desk.open = True
    desk.gate.release(8)
    for seat in made:
        assert seat.stop(LIMIT_S)
        assert counts(seat).pending == 0
    for start in range(4, 36):
        assert sorted(desk.done[start : start + 4]) == names, desk.done


def test_a_lonely_camera_waits_for_nobody(turns: Turns[str], desk: Desk) -> None:
    front, _ = seats(turns, desk, "front", "rear")
    for number in range(3):
        front.submit(f"front{number}")
        desk.wait_for(number + 1)
    assert desk.done == ["front0", "front1", "front2"]


def test_reasons_and_drops_are_counted_for_the_right_camera(turns: Turns[str], desk: Desk) -> None:
    front, rear = seats(turns, desk, "front", "rear")
    front.submit("front bad")
    desk.wait_for(1)
    rear.submit("rear")
    desk.wait_for(2)
    for seat in (front, rear):
        assert seat.stop(LIMIT_S)
    assert counts(front) == Counts(1, 0, 0, {"bad": 1}, 0)
    assert counts(rear) == Counts(1, 1, 0, {}, 0)
    front.submit("too late")
    assert counts(front) == Counts(2, 0, 1, {"bad": 1}, 0)


def test_a_stop_drops_what_waits_and_waits_for_what_is_under_way_only(turns: Turns[str], desk: Desk) -> None:
    front, rear = seats(turns, desk, "front", "rear")
    desk.open = False
    front.submit("front0")
    assert desk.busy.wait(LIMIT_S)
    rear.submit("rear0")
    assert rear.stop(LIMIT_S), "it is not rear's item that is under way"
    assert counts(rear) == Counts(1, 0, 1, {}, 0)
    front.submit("front1")
    assert not front.stop(0.02)
    desk.gate.release()
    assert front.stop(LIMIT_S)
    assert counts(front) == Counts(2, 1, 1, {}, 0)
    assert desk.done == ["front0"]
    (again,) = seats(turns, desk, "front")
    desk.open = True
    again.submit("again")
    desk.wait_for(2)


def test_close_ends_the_thread(desk: Desk) -> None:
    before = threading.active_count()
    turns: Turns[str] = Turns("ending")
    seats(turns, desk, "front")[0].submit("x")
    desk.wait_for(1)
    assert turns.close(LIMIT_S)
    assert threading.active_count() == before
