# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The names of the cameras on the command line of grin_multi_camera. Imports no ROS: launch files check names too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grin_ros.ros.topic_names import info_topic

_NAME = re.compile(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True)
class CameraName:
    """One camera: its namespace, relative to that of the process, and its image topic."""

    name: str
    image: str | None = None
    """The image topic; None stands for `image` in the namespace of the camera."""

    @classmethod
    def parse(cls, text: str) -> CameraName:
        """Return the camera that 'front' or 'front=/front_cam/image_raw' names. Raises ValueError for other texts."""
        name, equals, image = text.partition("=")
        if not _NAME.fullmatch(name) or (equals and not image):
            raise ValueError(
                f"camera: got '{text}', expected NAME or NAME=IMAGE_TOPIC, where NAME is a ROS namespace such as front"
            )
        return cls(name, image or None)

    def ros_arguments(self, namespace: str) -> list[str]:
        """Return the ROS arguments of this camera's node. namespace: that of the process, '/' or for example '/robot'.

        camera_info is expected beside the image topic.
        """
        rules = [f"__ns:={namespace.rstrip('/')}/{self.name}"]
        if self.image is not None:
            rules += [f"image:={self.image}", f"image/compressed:={self.image}/compressed"]
            rules += [f"camera_info:={info_topic(self.image)}"]
        return ["--ros-args", *(part for rule in rules for part in ("-r", rule))]


def parse_cameras(texts: Sequence[str]) -> list[CameraName]:
    """Return the cameras that `texts` name. Raises ValueError for a wrong name and for two cameras of one name."""
    cameras = [CameraName.parse(text) for text in texts]
    names = [camera.name for camera in cameras]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"cameras: got {', '.join(twice)} more than once, expected different names")
    return cameras
