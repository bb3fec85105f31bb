# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Correction of the scale of depth by the ranges of a lidar or another range sensor of the robot."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from std_msgs.msg import Header

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.config import ScaleConfig
from grin_ros.core.hints.scale import NoScaleError, Scale, match_scale, scaled
from grin_ros.core.hints.scale_filter import SmoothScale
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.inputs.ranges import Ranges, measured_points

KEPT = 8
"""The number of newest range messages that are kept: enough to hold those of an image that took a while."""

FindTransform = Callable[[str, str], Transform]
"""Returns the transform that takes points of the second frame to the first. Raises ValueError if it is not known."""


@dataclass(frozen=True)
class FrameScale:
    """The scale that corrected a frame. reason: why the ranges of this frame gave none; empty if they gave one."""

    scale: Scale
    reason: str = ""

    @property
    def text(self) -> str:
        """The scale in words, for /diagnostics."""
        agreed = f", {self.scale.used} of {self.scale.offered} ranges" if not self.reason else ""
        reason = f"; this frame gave none: {self.reason}" if self.reason else ""
        return f"{self.scale.factor:.3f}, one sigma {self.scale.error_ln:.1%}{agreed}{reason}"


@dataclass(frozen=True)
class ScaledDepth:
    """A corrected estimate and what corrected it."""

    estimate: DepthEstimate
    applied: FrameScale


class RangeScale:
    """Keeps the newest ranges, and corrects estimates by those that are nearest in time to the image.

    `add` and the call may come from different threads.
    """

    def __init__(self, transforms: FindTransform | None = None) -> None:
        """transforms: finds the pose of the range sensor; None: it is the one of the configuration."""
        self._transforms = transforms
        self._lock = threading.Lock()
        self._kept: deque[Ranges] = deque(maxlen=KEPT)
        self._smooth = SmoothScale()

    def add(self, ranges: Ranges) -> None:
        """Keep a range message that has come."""
        with self._lock:
            self._kept.append(ranges)

    def forget(self) -> None:
        """Forget the scale of earlier frames. The ranges stay, because their stamps say which images they belong to."""
        self._smooth = SmoothScale()

    def __call__(self, frame: Frame, estimate: DepthEstimate, header: Header, config: ScaleConfig) -> ScaledDepth:
        """Return the estimate with its scale corrected, as far as the scale is known. header: that of the image."""
        match, reason = None, ""
        try:
            match = self._match(frame, estimate, header, config)
        except ValueError as error:  # there are no ranges, none that fit, or none that can be read
            reason = str(error)
        scale = self._smooth(stamp_ns(header), match)
        return ScaledDepth(scaled(estimate, scale), FrameScale(scale, reason))

    def _match(self, frame: Frame, estimate: DepthEstimate, header: Header, config: ScaleConfig) -> Scale:
        with self._lock:
            kept = list(self._kept)
        if not kept:
            raise NoScaleError("no ranges have come yet; check the remapping of range/scan or range/points")
        nearest = min(kept, key=lambda message: abs(stamp_ns(message.header) - stamp_ns(header)))
        apart_s = (stamp_ns(header) - stamp_ns(nearest.header)) / 1e9
        if abs(apart_s) > config.max_age_s:
            raise NoScaleError(
                f"the nearest ranges are {apart_s:.2f} s older than the image, scale.max_age_s is "
                f"{config.max_age_s:g}; check the clocks, or raise scale.max_age_s if the robot is slow"
            )
        find = self._transforms
        pose = find(header.frame_id, nearest.header.frame_id) if find else config.sensor_to_optical()
        returns = measured_points(nearest, config.min_range_m)
        try:
            return match_scale(frame.camera, estimate, pose(returns.points), config.max_range_m)
        except NoScaleError as error:
            raise NoScaleError(f"{error}; {returns.left_out}" if returns.left_out else str(error)) from error
