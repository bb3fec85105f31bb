# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sources of hints by name. A new source is one file and one entry here; topics, parameters, subscriptions,
`grin bag`, diagnostics and the reference pages follow from it.

Imports nothing of ROS: message types are names, and a source is imported when it is switched on.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grin_ros.core.motion.config import RANGES, MotionConfig
from grin_ros.ros.message_types import CLOUD, IMAGE, INFO, RANGE, SCAN
from grin_ros.ros.parameters.row import Parameter
from grin_ros.ros.topic_names import info_topic

if TYPE_CHECKING:  # it imports NumPy, which the tables of topics and sources do without
    from grin_ros.ros.inputs.hints.source import HintSource

MOTION_PARAMETERS = (
    Parameter(
        "motion.fixed_frame",
        "",
        "A frame of tf in which the world stands still, such as odom: tf gives the poses of the camera for hints of "
        "its motion. It switches hints.motion on; empty: motion/odometry, or else hints.fixed_frame, gives the poses.",
        read_only=True,
        optional=True,
    ),
    Parameter(
        "motion.distance_noise",
        MotionConfig.distance_noise,
        "One standard deviation of a distance of odometry, as a share of it. The covariance of motion/odometry can "
        "only raise it.",
        low=RANGES["distance_noise"][0],
        high=RANGES["distance_noise"][1],
    ),
    Parameter(
        "motion.rotation_noise_deg",
        MotionConfig.rotation_noise_deg,
        "One standard deviation of the rotation between two poses.",
        low=RANGES["rotation_noise_deg"][0],
        high=RANGES["rotation_noise_deg"][1],
        unit="deg",
    ),
    Parameter(
        "motion.pixel_noise_px",
        MotionConfig.pixel_noise_px,
        "One standard deviation of a corner that is followed, in an image of 640 columns.",
        low=RANGES["pixel_noise_px"][0],
        high=RANGES["pixel_noise_px"][1],
        unit="px",
    ),
)


@dataclass(frozen=True)
class SourceKind:
    """A kind of source.

    name: the parameter `hints.<name>` switches it on. target: 'module:class', a HintSource. topics: topic -> (message
    type, description). sigma_ln: the default of `hints.<name>_sigma`, the relative standard deviation of a range;
    None if the source knows that itself. placed: it has a pose on the robot, `hints.<name>_pose`. parameters: further
    ones, whose names begin with `hints.<name>_` or `<name>.`. needs_topic: it gives nothing without one of its topics.
    waiting: so many messages of a topic wait for the executor; several sensors may publish on it at the same moment.
    """

    name: str
    target: str
    topics: Mapping[str, tuple[str, str]]
    description: str
    sigma_ln: float | None = 0.01
    placed: bool = True
    parameters: tuple[Parameter, ...] = ()
    needs_topic: bool = True
    waiting: int = 4

    @property
    def switch(self) -> str:
        """The parameter that switches the source on."""
        return f"hints.{self.name}"

    def open(self) -> HintSource:
        """Return a new source of this kind."""
        module, _, name = self.target.partition(":")
        made: HintSource = getattr(importlib.import_module(module), name)()
        return made


SOURCES: Mapping[str, SourceKind] = {
    kind.name: kind
    for kind in (
        SourceKind(
            "scan",
            "grin_ros.ros.inputs.hints.scan:ScanSource",
            {"hints/scan": (SCAN, "A 2D lidar, level or tilted; its rays become hints.")},
            "the ranges of a 2D lidar on hints/scan (LaserScan)",
        ),
        SourceKind(
            "points",
            "grin_ros.ros.inputs.hints.points:PointsSource",
            {"hints/points": (CLOUD, "A 3D lidar or depth camera; its points become hints.")},
            "the points of a 3D lidar or another sensor on hints/points (PointCloud2)",
        ),
        SourceKind(
            "range",
            "grin_ros.ros.inputs.hints.range:RangeSource",
            {"hints/range": (RANGE, "Single-beam sensors; each becomes one hint at its axis.")},
            "the ranges of ultrasonic or infrared sensors on hints/range (Range)",
            sigma_ln=0.03,
            waiting=32,
        ),
        SourceKind(
            "depth",
            "grin_ros.ros.inputs.hints.depth:DepthSource",
            {
                "hints/depth": (
                    IMAGE,
                    "A depth image of any size, 16UC1 or 32FC1, of a zone sensor or a depth camera.",
                ),
                "hints/depth/camera_info": (INFO, "The calibration of hints/depth."),
            },
            "the depth image on hints/depth (Image 16UC1 or 32FC1) with its camera_info",
            sigma_ln=0.02,
            parameters=(
                Parameter(
                    "hints.depth_rectified",
                    False,
                    "The depth images are rectified (image_rect): their camera is the matrix P of camera_info, without "
                    "distortion. If they are in the frame of the image, they also are if `rectified` is true.",
                ),
            ),
        ),
        SourceKind(
            "landmarks",
            "grin_ros.ros.inputs.hints.landmarks:LandmarksSource",
            {
                "hints/landmarks": (
                    CLOUD,
                    "Landmarks of visual odometry or SLAM, in map, odom or another frame that stands still.",
                ),
                "hints/landmarks_v1": ("sensor_msgs/msg/PointCloud", "The same, as VINS and OpenVINS publish them."),
            },
            "the landmarks of visual odometry on hints/landmarks (PointCloud2) or hints/landmarks_v1 (PointCloud)",
            sigma_ln=0.05,
            placed=False,
            parameters=(
                Parameter(
                    "hints.landmarks_max_age_s",
                    2.0,
                    "The largest time between an image and the stamp of landmarks. It is larger than that of other "
                    "sensors, because landmarks stand still and come with keyframes.",
                    low=0.001,
                    high=600.0,
                    unit="s",
                ),
            ),
        ),
        SourceKind(
            "motion",
            "grin_ros.ros.inputs.motion:MotionSource",
            {
                "motion/odometry": (
                    "nav_msgs/msg/Odometry",
                    "The odometry of the robot, if motion.fixed_frame is empty.",
                )
            },
            "the motion of the camera: corners of all images, and the poses of tf or of motion/odometry (Odometry)",
            sigma_ln=None,
            placed=False,
            parameters=MOTION_PARAMETERS,
            needs_topic=False,
        ),
    )
}


@dataclass(frozen=True)
class Wiring:
    """A topic of the robot that takes the place of an input, such as /scan for hints/scan of the source scan."""

    source: str
    input: str
    topic: str


def wirings(texts: Sequence[str]) -> list[Wiring]:
    """Return what texts such as 'scan=/robot/scan' ask for. An input may have several topics.

    A camera_info that is not named is expected beside the topic of its image. Raises ValueError for another text.
    """
    inputs = {topic.removeprefix("hints/"): (name, topic) for name in SOURCES for topic in SOURCES[name].topics}
    found: list[Wiring] = []
    for text in texts:
        name, separator, topic = text.partition("=")
        if not (separator and topic and name in inputs):
            raise ValueError(f"hints: got '{text}', expected one of {', '.join(f'{it}=TOPIC' for it in inputs)}")
        found.append(Wiring(*inputs[name], topic))
    named = {wiring.input for wiring in found}
    for wiring in list(found):
        info = f"{wiring.input}/camera_info"
        if info in SOURCES[wiring.source].topics and info not in named:
            found.append(Wiring(wiring.source, info, info_topic(wiring.topic)))
    return found
