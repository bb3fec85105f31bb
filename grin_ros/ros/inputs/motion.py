# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from the motion of the camera: corners of every image, and the poses of tf or of `motion/odometry`.

Corners are followed in the thread of the callbacks, image by image, while the worker computes depth. They are placed
when hints are asked for, because poses often come later than the images they belong to.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import IDENTITY, TransformTree
from grin_ros.core.hints.sources import TRACKED
from grin_ros.core.input_error import InputError
from grin_ros.core.motion.checks.scale_check import ScaleCheck
from grin_ros.core.motion.config import MotionConfig
from grin_ros.core.motion.motion import Motion, MotionReport
from grin_ros.core.motion.tracker import Sighting, Tracker, folded
from grin_ros.core.types import DepthEstimate, Hints
from grin_ros.ros.inputs.compressed import pixels_of
from grin_ros.ros.inputs.hints.source import Given, HintSource, View
from grin_ros.ros.inputs.images import Converter, open_converter
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.message_types import message_class

TOPIC, TYPE = "motion/odometry", "nav_msgs/msg/Odometry"
FIXED = "motion.fixed_frame"
MOST_WAITING = 60
"""At most this many images wait for their poses; of more, those in between are no views of their own."""
LONGEST_WAIT_S = 0.2
"""Hints wait so long for the corners of their image, which the thread of the callbacks may still be following."""
SLOWEST_M_S = 0.1
"""The noise of the speed is taken as a share of at least this speed."""
LARGEST_NOISE = 0.3
Way = tuple[TransformTree, str, str]
"""A tree, and the target and the source of a transform that it holds."""


class MotionSource(HintSource):
    """Corners and poses of one camera."""

    sees_images = True

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._converter: Converter | None = None
        self._waiting: deque[Sighting] = deque()
        self._shown: deque[int] = deque(maxlen=MOST_WAITING)  # the stamps of the last images
        self._odometry = TransformTree()
        self._base = ""  # the child frame of odometry
        self._fault = ""  # of the newest message of odometry
        self._distance_noise = 0.0
        self._tracker = Tracker()
        self._restart()

    def _restart(self) -> None:
        self._motion: Motion | None = None  # the settings come with the first view
        self._tracker.clear()
        self._waiting.clear()
        self._scale = ScaleCheck()

    def forget(self) -> None:
        """Forget all corners and points."""
        with self._lock:
            self._restart()

    def take(self, topic: str, message: Any) -> None:  # noqa: ARG002  # it has one topic
        """Keep a pose of odometry."""
        place, turn = message.pose.pose.position, message.pose.pose.orientation
        try:
            pose = Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))
        except InputError as error:
            self._fault = f"{TOPIC}: {error}"
            return
        self._fault = ""
        self._base = message.child_frame_id or "base_link"
        self._odometry.set(TOPIC, self._base, stamp_ns(message.header), pose)
        self._distance_noise = _distance_noise(message)

    def see(self, image: Any, info: Any) -> None:  # noqa: ARG002  # the camera comes with the view
        """Follow the corners into an image. What cannot be read is left out here; the frame itself is refused later."""
        try:
            self._converter = self._converter or open_converter()
            pixels = pixels_of(image, self._converter)
        except InputError:
            pixels = None
        with self._lock:
            stamp = stamp_ns(image.header)
            if pixels is not None:
                self._waiting.append(self._tracker.follow(pixels, stamp))
            if len(self._waiting) > MOST_WAITING:
                first, second = self._waiting.popleft(), self._waiting.popleft()
                self._waiting.appendleft(folded(first, second))
            self._shown.append(stamp)
            self._lock.notify_all()

    def __call__(self, view: View) -> Given:
        """Return the hints of the corners and of the map. Raises InputError if the image was not followed."""
        config = _config(view)
        with self._lock:
            self._lock.wait_for(lambda: view.frame.stamp_ns in self._shown, LONGEST_WAIT_S)
            if self._motion is not None and self._motion.config != config:
                self._restart()
            motion = self._motion = self._motion or Motion(config)
            seen = self._due(view.frame.stamp_ns)
        if not seen:
            self._pose(self._ways(view), view.frame.stamp_ns)  # without poses, this is the error to name
            raise InputError("motion: this image was not followed", "wait for the next image")
        for one in seen:
            if (one.width, one.height) == (view.frame.camera.width, view.frame.camera.height):
                self._place(motion, one, view)
        hints = motion.hints()
        report = motion.report
        if hints is None:
            text = f"{report.problem}{f' ({self._fault})' if self._fault not in report.problem else ''}"
            return Given(reason=text or "motion gives nothing for this image", idle=report.idle, note=_note(report))
        return Given(replace(hints, source=np.zeros_like(hints.source), sources=(TRACKED,)), note=_note(report))

    def _due(self, stamp_ns: int) -> list[Sighting]:
        """Return the sightings up to that of an image, which wait no longer; none if it does not wait.

        Each one says which corners of the one before it are left, so none may be lost. Their stamps do not tell their
        order, because time goes back when a bag or a simulation starts again.
        """
        places = [place for place, one in enumerate(self._waiting, 1) if one.stamp_ns == stamp_ns]
        return [self._waiting.popleft() for _ in range(places[-1] if places else 0)]

    def _place(self, motion: Motion, seen: Sighting, view: View) -> None:
        pose, why_not, measured = None, "", None
        try:
            ways = self._ways(view)
            newest_ns = _newest_ns(ways)
            if newest_ns is not None and newest_ns < seen.stamp_ns:
                measured = newest_ns, self._pose(ways, newest_ns)
            pose = self._pose(ways, seen.stamp_ns)
        except InputError as error:
            why_not = str(error)
        noise = 0.0 if view.config.values[FIXED] else self._distance_noise
        motion.take(seen, view.frame.camera, pose, why_not, noise, measured)

    def _pose(self, ways: Sequence[Way], image_ns: int) -> Transform:
        """Return the pose of the camera at a stamp. Raises InputError if it is not known."""
        found = IDENTITY
        for way in ways:
            found = found.after(self._along(way, image_ns))
        return found

    def _along(self, way: Way, image_ns: int) -> Transform:
        tree, target, source = way
        try:
            return tree.lookup(target, source, image_ns)
        except InputError as error:
            if tree is not self._odometry:
                raise
            text = error.text.replace("tf: the", f"{TOPIC}: the", 1)
            raise InputError(self._fault or text, error.remedy) from error

    def _ways(self, view: View) -> list[Way]:
        """Return the ways from the fixed frame to the camera. Raises InputError if nothing tells the pose."""
        named, default = str(view.config.values[FIXED]), view.config.fixed_frame
        if not named and self._base:
            return [(self._odometry, TOPIC, self._base), (view.tree, self._base, view.frame_id)]
        fixed = named or default
        if fixed and (named or view.tree.knows(fixed)):
            return [(view.tree, fixed, view.frame_id)]
        missing = " (nav_msgs is not installed)" if message_class(TYPE) is None else ""
        raise InputError(
            self._fault or f"nothing has come on {TOPIC}{missing}, and {FIXED} is empty",
            f"remap {TOPIC} to the odometry of the robot, or set {FIXED} to a frame of tf in which the world stands "
            "still, such as odom",
        )

    def beside(self, given: Given, others: Hints, view: View) -> Given:
        """Compare the scale of odometry with other sensors, and report it in the note."""
        if given.hints is None or self._motion is None:
            return given
        by_odometry = replace(given.hints, range_m=given.hints.range_m * np.float32(self._motion.divisor))
        self._scale.add(by_odometry, others, view.frame.camera.width)
        return replace(given, note="; ".join(text for text in (given.note, self._scale.text) if text))

    def answered(self, estimate: DepthEstimate) -> None:
        """Take the depth of an image: it hides points of the map that lie behind it."""
        if self._motion is not None:
            self._motion.observe(estimate)


def _config(view: View) -> MotionConfig:
    values = view.config.values
    return MotionConfig(
        distance_noise=float(values["motion.distance_noise"]),
        rotation_noise_deg=float(values["motion.rotation_noise_deg"]),
        pixel_noise_px=float(values["motion.pixel_noise_px"]),
        max_range_m=min(MotionConfig.max_range_m, view.config.max_range_m),
    )


def _distance_noise(message: Any) -> float:
    """Return the noise of the speed as a share of the speed, of a nav_msgs/Odometry; 0 if it is not known."""
    variance, speed = float(message.twist.covariance[0]), message.twist.twist.linear
    if not (math.isfinite(variance) and variance > 0.0):
        return 0.0
    return min(LARGEST_NOISE, math.sqrt(variance) / max(SLOWEST_M_S, math.hypot(speed.x, speed.y, speed.z)))


def _note(report: MotionReport) -> str:
    """Return the state of motion in words."""
    error = "" if math.isnan(report.reprojection_px) else f", residual {report.reprojection_px:.1f} px"
    return (
        f"baseline {report.baseline_m:.2f} m, {report.points} of {report.tracks} corners triangulated{error}, "
        f"{report.edges} edges, {report.mapped} points of the map in view of {report.map_size}"
        f"{f'; {report.doubt}' if report.doubt else ''}"
    )


def _newest_ns(ways: Sequence[Way]) -> int | None:
    """Return the stamp after which poses along these ways are continued; None if they never are."""
    stamps = [tree.newest_ns(target, source) for tree, target, source in ways]
    return min((stamp for stamp in stamps if stamp is not None), default=None)
