# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that processes the newest frame of each camera, one camera after the other.

Whoever submits a frame never waits. A frame that is still waiting when the next one of its camera arrives is dropped.
The camera that has not been served for the longest time is next, so each of n busy cameras gets every n-th turn, no
matter how fast the others send. With one camera, this is a thread that processes its newest frame.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from grin_ros.ros.node.diagnostics.frame_counts import FrameCounter

T = TypeVar("T")


class CameraQueue(Generic[T]):
    """Holds the newest frame of one camera until its turn. Made by `Worker.open_queue`; counts every frame."""

    def __init__(self, changed: threading.Condition, process: Callable[[T], str | None], counter: FrameCounter) -> None:
        self._changed = changed
        """The worker's condition, which guards this queue too."""
        self._process, self._counter = process, counter
        self._waiting: list[T] = []  # at most one
        self._processing = self._closed = False

    @property
    def ready(self) -> bool:
        """True if a frame waits for its turn. For the worker, which holds the condition."""
        return bool(self._waiting)

    @property
    def closed(self) -> bool:
        """True once the queue takes no more frames. For the worker, which holds the condition."""
        return self._closed

    def submit(self, frame: T) -> None:
        """Make `frame` the camera's next one; return at once. After `close` it is counted as dropped."""
        with self._changed:
            self._counter.receive(drop_waiting=self.ready)
            self._waiting = [frame]
            if self._closed:
                self._drop_waiting()
            self._changed.notify_all()

    def close(self, timeout_s: float) -> bool:
        """Drop the waiting frame and finish the one being processed; return False if it takes longer than this."""
        with self._changed:
            self._closed = True
            self._drop_waiting()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._processing, timeout_s)

    def take(self) -> T:
        """Return the waiting frame, which is processed next. For the worker, which holds the condition."""
        self._processing = True
        return self._waiting.pop()

    def process(self, frame: T) -> None:
        """Process and count a frame that was taken. For the worker, which does not hold the condition here."""
        self._counter.finish(self._process(frame))
        with self._changed:
            self._processing = False
            self._changed.notify_all()

    def _drop_waiting(self) -> None:
        if self._waiting:
            self._waiting = []
            self._counter.drop()


class Worker(Generic[T]):
    """The thread that serves the queues of all cameras of a process."""

    def __init__(self) -> None:
        """Start the thread."""
        self._changed = threading.Condition()
        self._queues: list[CameraQueue[T]] = []  # the one that was served last is last
        self._closing = False
        # A daemon thread: a backend that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="grin_worker", daemon=True)
        self._thread.start()

    def open_queue(self, process: Callable[[T], str | None], counter: FrameCounter) -> CameraQueue[T]:
        """Return a new camera's queue.

        process: called in this thread with each frame whose turn comes. It returns None if the frame was published,
        else the reason of its rejection. It must not raise.
        """
        queue = CameraQueue(self._changed, process, counter)
        with self._changed:
            self._queues.insert(0, queue)
        return queue

    def close(self, timeout_s: float) -> bool:
        """End the thread after the frame being processed; return False if that takes longer. Close the queues first."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _next(self) -> CameraQueue[T] | None:
        self._queues = [queue for queue in self._queues if not queue.closed]
        return next((queue for queue in self._queues if queue.ready), None)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._next() is not None)
                queue = self._next()
                if self._closing or queue is None:
                    return
                self._queues.remove(queue)
                self._queues.append(queue)
                frame = queue.take()
            queue.process(frame)
            del frame, queue  # a large image must not live on until the next one arrives
