# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The latency of depth with motion against that without, side by side, as the node computes them.

A camera at a fixed rate hands images to a thread that follows the corners of every one, as the callbacks of the node
do. The main thread computes depth for the newest image, as the worker of the node does, while a third one triangulates:
in turn some seconds with motion and some without. Neither DDS nor messages are part of it; they cost the same in both.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.motion import Motion
from grin_ros.core.motion.tracker import Sighting, Tracker
from grin_ros.core.types import Frame, Hints

CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
WALL_M = 2.5
STEP_PX = 3.0
"""The wall moves by this from image to image."""
RATE_HZ = 10.0
BLOCK_S, BLOCKS = 5.0, 8
"""Blocks with motion and without it take turns."""
Picture = NDArray[np.uint8]


def wall(images: int) -> list[tuple[Picture, Transform]]:
    """Return images of a camera that moves along a wall of noise, with its poses."""
    noise = np.random.default_rng(0).normal(size=(600, 640 + int(STEP_PX * images) + 60)).astype(np.float32)
    shade = cv2.GaussianBlur(noise, (0, 0), 3.0) * 400.0 + 120.0
    made = []
    for index in range(images):
        shift = np.array([[1.0, 0.0, -STEP_PX * index], [0.0, 1.0, -30.0]])
        grey = np.clip(cv2.warpAffine(shade, shift, (640, 480)), 0, 255).astype(np.uint8)
        pose = Transform(np.eye(3), np.array([STEP_PX * index / CAMERA.fx * WALL_M, 0.0, 0.0]))
        made.append((np.repeat(grey[..., None], 3, axis=2), pose))
    return made


class _Feed(threading.Thread):
    """Hands an image on at every period, there and back along the wall, and follows its corners if `follows` is set."""

    def __init__(self, pictures: list[tuple[Picture, Transform]]) -> None:
        super().__init__(daemon=True)
        self._pictures = [*pictures, *pictures[-2:0:-1]]
        self._tracker = Tracker(300)
        self.follows, self.ends = True, False
        self.waiting: deque[tuple[Sighting, Transform]] = deque()
        self.newest: tuple[int, float, Picture] | None = None  # stamp, time of arrival, image

    def run(self) -> None:
        start = time.monotonic()
        index = 0
        while not self.ends:
            image, pose = self._pictures[index % len(self._pictures)]
            stamp_ns, arrived = time.time_ns(), time.perf_counter()
            if self.follows:
                self.waiting.append((self._tracker.follow(image, stamp_ns), pose))
            else:
                self._tracker.clear()  # corners cannot be followed over what was not shown
            self.newest = stamp_ns, arrived, image
            index += 1
            time.sleep(max(0.0, start + index / RATE_HZ - time.monotonic()))


def latencies(estimator: Estimator) -> dict[str, float]:
    """Return percentiles of the latency and of the worker's own CPU time in milliseconds, and the number of hints and
    frames. The CPU time is what counts on a machine that does other work too."""
    feed, motion = _Feed(wall(150)), Motion()
    took: dict[bool, list[float]] = {False: [], True: []}
    worked: dict[bool, list[float]] = {False: [], True: []}
    hints_used: list[int] = []
    beside = ThreadPoolExecutor(1)

    def gather(newest_ns: int) -> Hints | None:
        while feed.waiting and feed.waiting[0][0].stamp_ns <= newest_ns:
            seen, pose = feed.waiting.popleft()
            motion.take(seen, CAMERA, pose)
        return motion.hints()

    feed.start()
    for block in range(BLOCKS + 1):  # the first one warms up
        feed.follows = with_motion = block % 2 == 0
        end = time.monotonic() + BLOCK_S
        last_ns = 0
        while time.monotonic() < end:
            newest = feed.newest
            if newest is None or newest[0] == last_ns:
                time.sleep(0.001)
                continue
            last_ns, arrived, image = newest
            began = time.thread_time()
            gathering = beside.submit(gather, last_ns) if with_motion else None
            estimate = estimator(Frame(image, CAMERA, last_ns), hints=gathering.result if gathering else None)
            if gathering:
                motion.observe(estimate)
                hints_used.append(estimate.hints.used if estimate.hints else 0)
            if block:
                took[with_motion].append(1e3 * (time.perf_counter() - arrived))
                worked[with_motion].append(1e3 * (time.thread_time() - began))
    feed.ends = True
    feed.join()
    made = {"hints": float(np.median(hints_used)), "frames": float(len(took[True]))}
    for kind, times in (("latency", took), ("CPU time", worked)):
        for name, values in (("alone", times[False]), ("motion", times[True])):
            for percent in (50, 95):
                made[f"{kind} {name} p{percent}"] = float(np.percentile(values, percent))
    return made
