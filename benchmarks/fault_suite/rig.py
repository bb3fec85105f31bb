# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node under fault: a process, a camera that can be unplugged, and a judge of all that is published."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.fault_suite.counts import adds_up, counts_of
from benchmarks.fault_suite.engine import BACKEND
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.fault_suite.judge import Judge
from benchmarks.fault_suite.mutations import HEADER_BYTES, Mutated, good
from benchmarks.stand_in.process import start_node
from grin_ros.ros.operator.harness.client import ACTIVATE, CONFIGURE, LIMIT_S, NodeClient
from grin_ros.ros.operator.harness.messages import DEPTH_TOPICS, header_stamp_ns
from grin_ros.ros.operator.harness.process import NodeProcess

FRAME_S = 1.0
"""After this long without an answer a good frame counts as not answered, and the next is sent."""

MAX_RECOVERY = 2
NEVER = 1000
WORK_S = 0.004
CAMERA_S = 0.03


@dataclass
class CaseResult:
    """One case. recovery_frames: good frames until depth came back (1: the first was answered); None: not asked."""

    case: str
    sent: str = ""
    happened: str = ""
    recovery_frames: int | None = None
    violations: list[str] = field(default_factory=list)
    grown_mb: float | None = None
    """Private memory of the node's process after the case, less that before; None: not the same process."""


class Source:
    """A camera driver: a participant of its own with an image and a camera_info publisher, as drivers offer them."""

    def __init__(self, name: str = "camera") -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(name, context=self._context, start_parameter_services=False)
        self.image: Any = self._node.create_publisher(Image, "image", qos_profile_sensor_data)
        self.info: Any = self._node.create_publisher(CameraInfo, "camera_info", qos_profile_sensor_data)

    def connected(self) -> bool:
        """Whether the node's two subscriptions are matched."""
        return bool(self.image.get_subscription_count() and self.info.get_subscription_count())

    def close(self) -> None:
        """Unplugged."""
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


class Rig:
    """A context manager: the node runs, is active and has answered when it is entered, and is ended afterwards."""

    def __init__(
        self,
        folder: Path,
        artifact: Path | str,
        *,
        backend: str = BACKEND,
        environment: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        exact: bool = True,
    ) -> None:
        """folder: for the node's logs. exact: see Judge."""
        self.folder = folder
        self.random = np.random.default_rng(seed)
        self.judge = Judge(exact)
        self._parameters = {"model": str(artifact), "backend": backend, "diagnostics_period_s": 0.1}
        self._parameters |= parameters or {}
        self._environment = dict(environment or {})
        self._stamps = iter(range(1000, 2**31 - 1))
        self._starts = 0
        self._round_trip_s = 0.0
        self.process = self._start()
        self.client = NodeClient(self.process)
        for publisher in (self.client.image_publisher, self.client.info_publisher):
            self.client.ros.destroy_publisher(publisher)  # the camera is a participant of its own here
        for topic, kind in DEPTH_TOPICS.items():
            self._listen(topic, kind)
        self.source = Source()

    def __enter__(self) -> Rig:
        try:
            self.bring_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the node, the camera and the client."""
        self.process.stop()
        self.source.close()
        self.client.close()

    def bring_up(self) -> None:
        """Configure, activate, and wait for the first depth."""
        for transition in (CONFIGURE, ACTIVATE):
            assert self.client.change(transition), f"transition {transition} was refused:\n{self.client.log()}"
        self.wait_connected()
        assert self.recovery(limit=100) < NEVER, f"no depth of a good frame:\n{self.client.log()}"

    def wait_connected(self) -> None:
        """Until the camera's topics and the outputs are matched."""
        self.client.wait(self.source.connected, "subscriptions to the camera")
        self.client.wait(lambda: all(map(self.client.ros.count_publishers, DEPTH_TOPICS)), "the node's outputs")

    def respawn(self) -> None:
        """A new process in the place of one that has ended, as the launch file starts it; until it hears the camera,
        which goes on meanwhile. Endpoints of the killed one count as present for another 20 s."""
        assert not self.process.alive()
        self.client.received["/diagnostics"].clear()
        self.process = self.client.process = self._start(autostart=True)
        deadline = time.monotonic() + LIMIT_S
        while self.client.value("received") in ("", "0"):
            assert time.monotonic() < deadline, f"the new process hears nothing:\n{self.client.log()}"
            self.send(good(self.random))
            self.pause(CAMERA_S)

    def send(
        self, frame: Mutated, name: str = "a good frame", source: Source | None = None, lead_s: float = 0.0
    ) -> int:
        """camera_info, `lead_s` later the image; a stamp of its own where the frame has none. The stamp in nanoseconds.

        Without a lead the image may be served first, and then goes with the camera_info before this one.
        """
        source = source or self.source
        if isinstance(frame.image, Image):
            stamp = frame.image.header.stamp
            if not (stamp.sec or stamp.nanosec):
                stamp.sec = next(self._stamps)
            stamp_ns = int(stamp.sec) * 10**9 + int(stamp.nanosec)
        else:
            stamp_ns = header_stamp_ns(frame.image) if len(frame.image) >= HEADER_BYTES else 0
        self.judge.allow(stamp_ns, name, frame.depth_m)
        source.info.publish(frame.info)
        if lead_s > 0.0:
            self.pause(lead_s)
        source.image.publish(frame.image)
        return stamp_ns

    def wait(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Whether it came to that, asked again whenever the node publishes. Fails where the node has died."""
        deadline = time.monotonic() + limit_s
        with self.judge.changed:
            while not condition():
                assert self.process.alive(), f"the node died:\n{self.client.log()}"
                left_s = deadline - time.monotonic()
                if left_s <= 0.0:
                    return False
                self.judge.changed.wait(min(left_s, 0.1))
        return True

    def pause(self, seconds: float) -> None:
        """Nothing is sent for this long; fails where the node dies."""
        self.wait(lambda: False, seconds)

    def recovery(self, limit: int = 20) -> int:
        """Good frames sent until one of them was answered: 1 is the first. NEVER: none of `limit`."""
        sent: list[int] = []
        for _ in range(limit):
            start = time.monotonic()
            sent.append(self.send(good(self.random)))
            if self.wait(lambda: any(map(self.judge.answered, sent)), FRAME_S):
                self._round_trip_s = time.monotonic() - start
                return next(index for index, stamp in enumerate(sent, 1) if self.judge.answered(stamp))
        return NEVER

    def let_work(self) -> None:
        """Long enough for the node to take a frame, before the next would replace it: as long as the last good frame
        took to be answered, or a few milliseconds. On a busy machine some are replaced all the same."""
        self.pause(max(WORK_S, 1.5 * self._round_trip_s))

    def answers(self, frame: Mutated, name: str) -> bool:
        """Whether depth came of this one frame."""
        stamp_ns = self.send(frame, name)
        return self.wait(lambda: self.judge.answered(stamp_ns), FRAME_S)

    def settled(self) -> dict[str, int]:
        """Counts of a diagnostic message that is newer than this call and has nothing pending."""
        told = self.client.received["/diagnostics"]
        before = len(told)
        self.client.wait(lambda: len(told) > before + 1 and self.client.value("pending") == "0", "quiet")
        return counts_of(told[-1])

    def take_violations(self) -> list[str]:
        """What was published and may not have been, and diagnostics that do not add up, since the last call."""
        told = self.client.received["/diagnostics"]
        unbalanced = [numbers for message in told[:-1] if not adds_up(numbers := counts_of(message))]
        del told[:-1]
        found = self.judge.violations + [f"counts do not add up: {numbers}" for numbers in unbalanced[:3]]
        self.judge.violations = []
        return found

    def footprint(self) -> Footprint:
        return Footprint.of(self.process.pid)

    def _start(self, autostart: bool = False) -> NodeProcess:
        self._starts += 1
        log = self.folder / f"node{self._starts}.log"
        parameters = {**self._parameters, "autostart": autostart}
        return start_node(log, parameters, module="benchmarks.fault_suite.node", environment=self._environment)

    def _listen(self, topic: str, kind: Any) -> None:
        def hear(data: bytes) -> None:
            self.judge.hear(topic, data)

        self.client.ros.create_subscription(kind, topic, hear, QoSProfile(depth=50), raw=True)


@contextlib.contextmanager
def case(rig: Rig, name: str) -> Iterator[CaseResult]:
    """An CaseResult to fill in; what the judge finds meanwhile is its violation, so is a recovery that is too late."""
    outcome = CaseResult(name)
    rig.take_violations()
    pid, before = rig.process.pid, rig.footprint()
    yield outcome
    numbers = rig.settled()
    if rig.process.pid == pid:
        outcome.grown_mb = rig.footprint().private_mb - before.private_mb
    outcome.violations += rig.take_violations()
    if not adds_up(numbers):
        outcome.violations.append(f"counts do not add up: {numbers}")
    if outcome.recovery_frames is not None and outcome.recovery_frames > MAX_RECOVERY:
        outcome.violations.append(f"recovery: got {outcome.recovery_frames} frames, accepted are {MAX_RECOVERY}")
