# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The worker processes each camera's newest frame, serves the cameras in turn, and every frame is counted once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grin_ros.ros.node.diagnostics.frame_counts import FrameCounter, FrameCounts
from grin_ros.ros.node.worker import CameraQueue, Worker
from tests.ros.waiting import until

LIMIT_S = 30.0


class Processing:
    """The processing of all cameras' frames: notes each frame, and waits for `permits` if it is `held`."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.held = False
        self.permits = threading.Semaphore(0)
        self.started = threading.Event()
        self._noted = threading.Condition()

    def __call__(self, frame: str) -> str | None:
        self.started.set()
        if self.held:
            assert self.permits.acquire(timeout=LIMIT_S)
        with self._noted:
            self.done.append(frame)
            self._noted.notify_all()
        return "bad" if frame.endswith("bad") else None

    def wait_for(self, count: int) -> None:
        """Wait until `count` frames have been processed."""
        with self._noted:
            assert self._noted.wait_for(lambda: len(self.done) >= count, LIMIT_S), self.done


@dataclass
class Camera:
    """One camera's queue and counter."""

    name: str
    queue: CameraQueue[str]
    counter: FrameCounter

    def submit(self, text: object) -> None:
        self.queue.submit(f"{self.name}{text}")

    @property
    def counts(self) -> FrameCounts:
        return self.counter.counts()


@dataclass
class Rig:
    """A worker with what its cameras' frames go through."""

    worker: Worker[str] = field(default_factory=Worker)
    processing: Processing = field(default_factory=Processing)

    def cameras(self, *names: str) -> list[Camera]:
        counters = [FrameCounter() for _ in names]
        return [
            Camera(name, self.worker.open_queue(self.processing, counter), counter)
            for name, counter in zip(names, counters, strict=True)
        ]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    assert rig.worker.close(LIMIT_S)


def adds_up(counts: FrameCounts) -> bool:
    rejected = sum(counts.rejected.values())
    return counts.received == counts.published + counts.dropped + rejected + counts.pending and 0 <= counts.pending <= 2


def test_only_the_newest_frame_waits_while_another_is_processed(rig: Rig) -> None:
    (front,) = rig.cameras("front")
    rig.processing.held = True
    front.submit(0)
    assert rig.processing.started.wait(LIMIT_S)
    for number in (1, 2, 3, 4, "5 bad"):
        began = time.monotonic()
        front.submit(number)
        assert time.monotonic() - began < 1.0, "submit waited for the processing"
        assert adds_up(front.counts)
    assert front.counts == FrameCounts(received=6, dropped=4, pending=2)
    rig.processing.permits.release(2)
    until(lambda: front.counts.pending == 0, LIMIT_S)
    assert rig.processing.done == ["front0", "front5 bad"]
    assert front.counts == FrameCounts(received=6, published=1, dropped=4, rejected={"bad": 1})


def test_closing_a_queue_drops_its_waiting_frame_and_waits_only_for_its_own_processing(rig: Rig) -> None:
    front, rear = rig.cameras("front", "rear")
    rig.processing.held = True
    front.submit(0)
    assert rig.processing.started.wait(LIMIT_S)
    rear.submit(0)
    assert rear.queue.close(LIMIT_S), "the frame being processed is not rear's"
    assert rear.counts == FrameCounts(received=1, dropped=1)
    front.submit(1)
    assert not front.queue.close(0.02), "the processing hangs and close must return False"
    rig.processing.permits.release()
    assert front.queue.close(LIMIT_S)
    front.submit(2)
    assert front.counts == FrameCounts(received=3, published=1, dropped=2)
    assert rig.processing.done == ["front0"]


def test_a_camera_can_come_back_after_its_queue_was_closed(rig: Rig) -> None:
    (front,) = rig.cameras("front")
    assert front.queue.close(LIMIT_S)
    (again,) = rig.cameras("front")
    again.submit(1)
    rig.processing.wait_for(1)
    assert rig.processing.done == ["front1"]


def test_closing_the_worker_ends_its_thread_busy_or_idle() -> None:
    before = threading.active_count()
    for frames in (0, 1) * 25:
        rig = Rig()
        for camera in rig.cameras("front")[:frames]:
            camera.submit(0)
            rig.processing.wait_for(1)
        assert rig.worker.close(LIMIT_S)
    assert threading.active_count() == before


def test_a_worker_whose_processing_hangs_says_that_it_did_not_close(rig: Rig) -> None:
    (front,) = rig.cameras("front")
    rig.processing.held = True
    front.submit(0)
    assert rig.processing.started.wait(LIMIT_S)
    assert not rig.worker.close(0.02)
    rig.processing.permits.release()


def test_the_thread_does_not_keep_the_process_from_ending(rig: Rig) -> None:
    daemons = [thread.daemon for thread in threading.enumerate() if thread.name == "grin_worker"]
    assert daemons and all(daemons)
    assert rig.worker.close(LIMIT_S)


def test_busy_cameras_are_served_in_turn_each_with_its_newest_frame(rig: Rig) -> None:
    front, left, rear = rig.cameras("front", "left", "rear")
    rig.processing.held = True
    front.submit(0)
    assert rig.processing.started.wait(LIMIT_S)
    for number in range(1, 4):  # each sends three frames within one turn
        for camera in (front, left, rear):
            camera.submit(number)
    front.submit(4)  # the camera that sends most is not served most
    rig.processing.permits.release(4)
    rig.processing.wait_for(4)
    assert rig.processing.done[0] == "front0"
    assert sorted(rig.processing.done[1:3]) == ["left3", "rear3"]
    assert rig.processing.done[3] == "front4"
    for camera, received, published in ((front, 5, 2), (left, 3, 1), (rear, 3, 1)):
        assert camera.queue.close(LIMIT_S)
        assert camera.counts == FrameCounts(received, published, received - published, {}, 0)


def test_of_n_cameras_that_never_pause_each_gets_every_nth_turn(rig: Rig) -> None:
    names = ["a", "b", "c", "d"]
    cameras = rig.cameras(*names)
    rig.processing.held = True
    for turn in range(40):
        for camera in cameras:
            camera.submit("")
        rig.processing.permits.release()
        rig.processing.wait_for(turn + 1)
    rig.processing.held = False
    rig.processing.permits.release(8)
    for camera in cameras:
        assert camera.queue.close(LIMIT_S)
        assert camera.counts.pending == 0
    for start in range(4, 36):
        assert sorted(rig.processing.done[start : start + 4]) == names, rig.processing.done


def test_a_camera_does_not_wait_for_one_that_sends_nothing(rig: Rig) -> None:
    front, _ = rig.cameras("front", "rear")
    for number in range(3):
        front.submit(number)
        rig.processing.wait_for(number + 1)
    assert rig.processing.done == ["front0", "front1", "front2"]


def test_each_camera_has_its_own_counts(rig: Rig) -> None:
    front, rear = rig.cameras("front", "rear")
    front.submit(" bad")
    rig.processing.wait_for(1)
    rear.submit("")
    rig.processing.wait_for(2)
    for camera in (front, rear):
        assert camera.queue.close(LIMIT_S)
    assert front.counts == FrameCounts(received=1, rejected={"bad": 1})
    assert rear.counts == FrameCounts(received=1, published=1)


def test_the_counts_add_up_whenever_they_are_read(rig: Rig) -> None:
    wrong: list[FrameCounts] = []
    done = threading.Event()
    (front,) = rig.cameras("front")

    def watch() -> None:
        while not done.is_set():
            counts = front.counts
            if not adds_up(counts):
                wrong.append(counts)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(5000):
        front.submit("" if number % 3 else " bad")
    assert front.queue.close(LIMIT_S)
    done.set()
    watcher.join(LIMIT_S)
    assert not wrong
    assert front.counts.received == 5000
    assert front.counts.pending == 0


@settings(max_examples=20)
@given(numbers=st.lists(st.integers(0, 9), max_size=30))
def test_the_last_frame_is_always_processed(numbers: list[int]) -> None:
    rig = Rig()
    (front,) = rig.cameras("front")
    for number in numbers:
        front.submit(number)
    until(lambda: front.counts.pending == 0, LIMIT_S)
    assert rig.worker.close(LIMIT_S)
    assert rig.processing.done[-1:] == [f"front{number}" for number in numbers[-1:]]
