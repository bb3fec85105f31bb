# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from the landmarks of visual odometry or SLAM: `hints/landmarks`, PointCloud2, or PointCloud on
`hints/landmarks_v1`, in a frame in which the world stands still (map, odom, world, global).

Landmarks stand still, so the time of the message does not matter much, and several packages stamp them wrongly:
OpenVINS (`points_slam`, `points_msckf`) and cuVSLAM with the time of publication, VINS-Fusion with that of a keyframe
some frames ago. They are therefore placed by the pose of the camera at the time of the image.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields
from grin_ros.ros.inputs.hints.kept import KeptMessages
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.source import Given, HintSource, View
from grin_ros.ros.inputs.messages import stamp_ns

TOPIC, TOPIC_V1 = "hints/landmarks", "hints/landmarks_v1"
AGE = "landmarks_max_age_s"


class LandmarksSource(HintSource):
    """The newest landmarks of either topic."""

    def __init__(self) -> None:
        self._kept = {topic: KeptMessages(topic) for topic in (TOPIC, TOPIC_V1)}

    def take(self, topic: str, message: Any) -> None:
        """Keep a message."""
        self._kept[topic].add(message)

    def __call__(self, view: View) -> Given:
        """Return the hints of the landmarks in view. Raises InputError if there are none or if tf is missing."""
        limit_s = float(view.config.values[AGE])

        def nearest(topic: str) -> Any:
            return self._kept[topic].nearest(view.frame.stamp_ns, limit_s, f"hints.{AGE}")

        try:
            message = nearest(TOPIC)
            points = CloudFields(message, TOPIC).points()
        except InputError:
            if not self._kept[TOPIC_V1].heard:
                raise
            message = nearest(TOPIC_V1)
            points = np.array([(each.x, each.y, each.z) for each in message.points], np.float64).reshape(-1, 3)
        in_camera = message.header.frame_id == view.frame_id  # then they move with it
        times_ns = np.full(len(points), stamp_ns(message.header) if in_camera else view.frame.stamp_ns, np.int64)
        given = given_by(view, Points("landmarks", message.header, points, times_ns, by_sensor=in_camera))
        return given if in_camera else replace(given, note="")  # the motion of the robot does not matter
