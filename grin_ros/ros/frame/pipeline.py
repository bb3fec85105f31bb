# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One captured image to published depth, in the worker's thread: convert, estimate, publish, and note what happened."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from grin_ros.core.estimator import Estimator, Stopwatch
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.latency_budget import LatencyBudget
from grin_ros.ros.frame.outputs import Outputs
from grin_ros.ros.inputs.images import Converter
from grin_ros.ros.inputs.messages import AnyImage, FrameRejectedError, frame_from, stamp_ns
from grin_ros.ros.inputs.mounting import TfMounting
from grin_ros.ros.inputs.range_scale import RangeScale
from grin_ros.ros.node.diagnostics.monitor import Monitor, PublishedFrame
from grin_ros.ros.node.frame_counts import BACKEND_FAILED
from grin_ros.ros.parameters.table import NodeConfig

SHUTTING_DOWN = "shutting down"
LOG_PERIOD_S = 5.0


@dataclass(frozen=True)
class Capture:
    """An image as it came, with the newest camera_info of that moment, and when (seconds, steady clock)."""

    image: AnyImage
    info: CameraInfo | None
    arrived_s: float


class Pipeline:
    """Called with a Capture; returns None if depth was published, else the reason why not. Never raises."""

    def __init__(
        self,
        node: Node,
        estimator: Estimator,
        converter: Converter,
        outputs: Outputs,
        monitor: Monitor,
        config: NodeConfig,
    ) -> None:
        """config may be replaced between frames."""
        self.config = config
        self._node = node
        self._estimator = estimator
        self._converter = converter
        self._outputs = outputs
        self._monitor = monitor
        self.tf_mounting: TfMounting | None = None
        """Where set, it tells the mounting, and not `config`."""
        self.range_scale: RangeScale | None = None
        """Where set, it corrects the scale of each estimate."""
        self._budget = LatencyBudget()
        self._logged_s: dict[str, float] = {}

    def __call__(self, capture: Capture) -> str | None:
        config = self.config
        self._estimator.settings = self._budget.next(config.settings, config.latency_budget_ms)
        wait_ms = (time.monotonic() - capture.arrived_s) * 1e3
        clock = Stopwatch()
        try:
            tf = self.tf_mounting
            mounting = tf(capture.image.header.frame_id) if tf else config.mounting
            frame = frame_from(capture.image, capture.info, mounting, self._converter, config.rectified)
            clock.lap("convert")
            estimate = self._estimator(frame)
            clock.lap("estimate")
            header = capture.image.header
            scale = ""
            if self.range_scale:
                self.range_scale.config = config.scale
                estimate = self.range_scale(frame, estimate, header)
                scale = self.range_scale.told
                clock.lap("scale")
            self._outputs.publish(frame, estimate, capture.info, header, config.switches)
            clock.lap("publish")
        except FrameRejectedError as rejection:
            self._monitor.rejected(str(rejection))
            self._log(rejection.reason, f"frame rejected: {rejection}")
            return rejection.reason
        except Exception as error:  # a backend may raise anything; the next frame may work
            if not self._node.context.ok():
                return SHUTTING_DOWN  # the publishers went away under the last frame
            text = f"the backend failed on a frame: {type(error).__name__}: {error}; see the log, try another backend"
            self._monitor.rejected(text, backend_failed=True)
            self._log(BACKEND_FAILED, f"{text}\n{traceback.format_exc()}")
            return BACKEND_FAILED
        stamp = stamp_ns(header)
        age_ms = (self._node.get_clock().now().nanoseconds - stamp) / 1e6 if stamp else None
        stages = {"wait": wait_ms, **clock.laps_ms, **estimate.timings_ms}
        stages["total"] = (time.monotonic() - capture.arrived_s) * 1e3
        camera = camera_text(frame.camera, header.frame_id)
        self._monitor.published(PublishedFrame(estimate, stages, age_ms, camera, self._budget.pace, scale))
        self._budget.took(stages["denoise"], stages["total"])
        return None

    def _log(self, reason: str, text: str) -> None:
        """At once when a reason is new, then once a period: a camera sends thirty bad frames a second."""
        now_s = time.monotonic()
        if now_s - self._logged_s.get(reason, -LOG_PERIOD_S) >= LOG_PERIOD_S:
            self._logged_s[reason] = now_s
            self._node.get_logger().error(text)


def camera_text(camera: Camera, frame_id: str) -> str:
    """One line for the operator: 'camera_optical 640x480 plumb_bob, fx 525.0 fy 525.0 px, mounting known'."""
    mounting = "known" if camera.mounting else "unknown"
    return (
        f"{frame_id} {camera.width}x{camera.height} {camera.distortion_model}, "
        f"fx {camera.fx:.1f} fy {camera.fy:.1f} px, mounting {mounting}"
    )
