# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rig of the fault suite: a node process, a camera that can be unplugged, and a judge of what is published."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from benchmarks.fault_suite.counts import adds_up, counts_of
from benchmarks.fault_suite.engine import BACKEND
from benchmarks.fault_suite.footprint import Footprint
from benchmarks.fault_suite.judge import Judge
from benchmarks.fault_suite.mutations import HEADER_BYTES, Mutated, good
from benchmarks.stand_in.camera import CameraDriver
from benchmarks.stand_in.process import start_node
from grin_ros.ros.operator.doctor.lost_ports import lost_ports
from grin_ros.ros.operator.harness.client import ACTIVATE, CONFIGURE, LIMIT_S, NodeClient
from grin_ros.ros.operator.harness.messages import DEPTH_TOPICS, header_stamp_ns
from grin_ros.ros.operator.harness.process import NodeProcess

FRAME_S = 1.0
"""A good frame that is not answered within this time counts as not answered, and the next is sent."""
MAX_RECOVERY = 2
"""Depth must be back with this many good frames after a fault."""
NEVER = 1000
"""The number of frames that stands for no recovery."""
WORK_S = 0.004
"""The least time that the node gets to take a frame before the next one."""
CAMERA_S = 0.03
"""The time between two frames of the camera."""
NOTICED_S = 30.0
"""If a process in place of a killed one has received nothing for this time, it is asked whether its port is lost."""


@dataclass
class CaseResult:
    """The result of one case.

    recovery_frames: the good frames until depth came back, where 1 means that the first was answered; None if the case
    does not measure it.
    """

    case: str
    sent: str = ""
    happened: str = ""
    recovery_frames: int | None = None
    violations: list[str] = field(default_factory=list)
    grown_mb: float | None = None
    """The growth of the process's private memory during the case; None if it is not the same process."""


class Rig:
    """A context manager: inside it the node is active and has answered a frame; afterwards it is ended."""

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
        """Start node, client and camera. folder: for the logs of the node. exact: see Judge."""
        self.folder = folder
        self.random = np.random.default_rng(seed)
        self.judge = Judge(exact)
        # The judge knows the depth of the stand-in backend, and not what the floor of a known mounting makes of it.
        self._parameters = {
            "model": str(artifact),
            "backend": backend,
            "diagnostics_period_s": 0.1,
            "floor_scale": False,
        }
        self._parameters |= parameters or {}
        self._environment = dict(environment or {})
        self._stamps = iter(range(1000, 2**31 - 1))
        self._starts = 0
        self._round_trip_s = 0.0
        self.process = self._start()
        self.client = NodeClient(self.process)
        for publisher in (self.client.image_publisher, self.client.info_publisher):
            self.client.remove(publisher)  # the camera is another participant here
        for topic, kind in DEPTH_TOPICS.items():
            self._listen(topic, kind)
        self.source = CameraDriver()

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
        """Wait until the topics of the camera and the outputs are connected."""
        self.client.wait(self.source.connected, "subscriptions to the camera")
        self.client.wait(lambda: all(map(self.client.ros.count_publishers, DEPTH_TOPICS)), "the node's outputs")

    def respawn(self) -> bool:
        """Start another process in place of one that has ended, and wait until it receives images of the camera.

        Return True if the camera had to be started anew for that, because Fast DDS had not noticed the change (see
        `lost_ports`). The endpoints of a killed process count as present for another 20 s.
        """
        assert not self.process.alive()
        self.client.received["/diagnostics"].clear()
        self.process = self.client.process = self._start(autostart=True)
        lost = not self._received(NOTICED_S) and bool(lost_ports())
        if lost:
            self.source.close()
            self.source = CameraDriver()
        assert self._received(LIMIT_S), f"the new process hears nothing:\n{self.client.log()}"
        return lost

    def send(
        self, frame: Mutated, name: str = "a good frame", source: CameraDriver | None = None, lead_s: float = 0.0
    ) -> int:
        """Send camera_info and `lead_s` later the image; return its stamp in nanoseconds.

        A frame without a stamp gets one. Without a lead the node may take the image first, with the camera_info before.
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
        """Return True once `condition` holds, False after `limit_s`. It is asked whenever the node publishes."""
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
        """Send nothing for this long. Fails if the node dies."""
        self.wait(lambda: False, seconds)

    def recovery(self, limit: int = 20) -> int:
        """Send good frames until one is answered, and return which one it was; NEVER if none of `limit` was."""
        sent: list[int] = []
        for _ in range(limit):
            start = time.monotonic()
            sent.append(self.send(good(self.random)))
            if self.wait(lambda: any(map(self.judge.answered, sent)), FRAME_S):
                self._round_trip_s = time.monotonic() - start
                return next(index for index, stamp in enumerate(sent, 1) if self.judge.answered(stamp))
        return NEVER

    def let_work(self) -> None:
        """Give the node time to take a frame before the next one replaces it.

        It gets as long as the last good frame took, or a few milliseconds. On a busy machine some frames are replaced.
        """
        self.pause(max(WORK_S, 1.5 * self._round_trip_s))

    def answers(self, frame: Mutated, name: str) -> bool:
        """Send one frame, and return True if its depth comes."""
        stamp_ns = self.send(frame, name)
        return self.wait(lambda: self.judge.answered(stamp_ns), FRAME_S)

    def settled(self) -> dict[str, int]:
        """Return the counts of the first diagnostic message after this call in which no frame is pending."""
        told = self.client.received["/diagnostics"]
        before = len(told)
        self.client.wait(lambda: len(told) > before + 1 and self.client.value("pending") == "0", "quiet")
        return counts_of(told[-1])

    def take_violations(self) -> list[str]:
        """Return what has been published wrongly since the last call, and diagnostics that did not add up."""
        told = self.client.received["/diagnostics"]
        unbalanced = [numbers for message in told[:-1] if not adds_up(numbers := counts_of(message))]
        del told[:-1]
        found = self.judge.violations + [f"counts do not add up: {numbers}" for numbers in unbalanced[:3]]
        self.judge.violations = []
        return found

    def footprint(self) -> Footprint:
        """Return what the process of the node holds now."""
        return Footprint.of(self.process.pid)

    def _received(self, limit_s: float) -> bool:
        """Send good frames until the node has received one, for so long at most. Return whether it has."""
        deadline = time.monotonic() + limit_s
        while self.client.value("received") in ("", "0"):
            if time.monotonic() > deadline:
                return False
            self.send(good(self.random))
            self.pause(CAMERA_S)
        return True

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
    """Yield a result to fill in. What the judge finds meanwhile is a violation of it, and so is a late recovery."""
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
