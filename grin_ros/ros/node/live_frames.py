# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Processes live captures in the worker's thread, publishes the results, and reports to the monitor and the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from rclpy.node import Node
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.latency_budget import LatencyBudget
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed, failure
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.inputs.problem import BACKEND_FAILED, Problem
from grin_ros.ros.node.diagnostics.monitor import Monitor
from grin_ros.ros.node.diagnostics.snapshot import PublishedFrame
from grin_ros.ros.node.publishers import Publishers
from grin_ros.ros.parameters.table import NodeConfig

SHUTTING_DOWN = "shutting down"
LOG_PERIOD_S = 5.0
"""One rejected frame of each reason is logged in this time; a camera may send thirty of them per second."""


class LiveFrames:
    """Processes one capture after the other and publishes the answers."""

    def __init__(
        self,
        node: Node,
        processor: FrameProcessor,
        publishers: Publishers,
        monitor: Monitor,
        config: Callable[[], NodeConfig],
        backend: Callable[[], str],
        take_transforms: Callable[[], None],
    ) -> None:
        """Make a processor of live frames.

        config: returns the parameters with which the next frame is processed. backend: returns its description.
        take_transforms: called before each frame; takes the transforms that have come.
        """
        self._node = node
        self._processor = processor
        self._publishers = publishers
        self._monitor = monitor
        self._config = config
        self._backend = backend
        self._take_transforms = take_transforms
        self._first = True
        self._budget = LatencyBudget()
        self._logged_s: dict[str, float] = {}

    def __call__(self, capture: Capture) -> str | None:
        """Return None if depth was published, else the reason why not. Does not raise."""
        config = self._config()
        settings = self._budget.next(config.settings, config.latency_budget_ms)
        self._monitor.begins(self._budget.decision)
        wait_ms = (time.monotonic() - capture.arrived_s) * 1e3
        self._take_transforms()
        result = self._processor(capture, replace(config, settings=settings), self._publishers.heard)
        if isinstance(result, Processed):
            try:
                self._publish(capture, result, wait_ms)
                return None
            except Exception as error:  # a message maker or rclpy failed; the next frame may work
                result = failure(error)
        if result.reason == BACKEND_FAILED and not self._node.context.ok():
            return SHUTTING_DOWN  # the publishers were destroyed during the last frame
        self._reject(result)
        return result.reason

    def _publish(self, capture: Capture, result: Processed, wait_ms: float) -> None:
        began_s = time.monotonic()
        sent = set()
        for topic, message in result.messages:
            self._publishers.publish(topic, message)
            sent.add(topic)
        now_s = time.monotonic()
        stages = {"wait": wait_ms, **result.timings_ms, "publish": (now_s - began_s) * 1e3}
        stages["total"] = (now_s - capture.arrived_s) * 1e3
        header = capture.image.header
        scan_on = OUTPUTS["scan"].on(self._config().switched_on)
        frame = PublishedFrame(
            camera_text(result.frame.camera, header.frame_id),
            floor_in_obstacles=result.keeps_floor and "obstacles" in sent,
            no_scan=result.frame.camera.mounting is None and scan_on and self._publishers.heard("scan"),
            scan_withheld=scan_on and self._publishers.scan_is_withheld,
            doubts=result.doubts,
            hints=result.hints,
        )
        self._monitor.published(frame, result.estimate, stages, self._age_ms(header))
        self._budget.took(stages["denoise"], stages["total"])
        if self._first:
            self._first = False
            self._node.get_logger().info(
                f"the first depth is published, {stages['total']:.0f} ms after its image arrived; "
                f"backend: {self._backend()}"
            )

    def _age_ms(self, header: Header) -> float | None:
        """Return how old the image is by the node's clock; None if its stamp is 0."""
        stamp = stamp_ns(header)
        return (self._node.get_clock().now().nanoseconds - stamp) / 1e6 if stamp else None

    def _reject(self, problem: Problem) -> None:
        self._monitor.rejected(problem)
        now_s = time.monotonic()
        if now_s - self._logged_s.get(problem.reason, -LOG_PERIOD_S) >= LOG_PERIOD_S:
            self._logged_s[problem.reason] = now_s
            failed = problem.reason == BACKEND_FAILED
            text = f"{problem}\n{problem.traceback}" if failed else f"frame rejected, it has no depth: {problem}"
            self._node.get_logger().error(text)


def camera_text(camera: Camera, frame_id: str) -> str:
    """Return one line for the operator: 'front 640x480 plumb_bob, fx 525.0 fy 525.0 px, mounting known'."""
    mounting = "known" if camera.mounting else "unknown"
    return (
        f"{frame_id} {camera.width}x{camera.height} {camera.distortion_model}, "
        f"fx {camera.fx:.1f} fy {camera.fy:.1f} px, mounting {mounting}"
    )
