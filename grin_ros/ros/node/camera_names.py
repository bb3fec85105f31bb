# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How the cameras of one process are named on its command line. No ROS: a launch file checks them with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True)
class CameraName:
    """A camera's namespace below the process's, and its image topic; None: `image` in that namespace."""

    name: str
    image: str | None = None

    @classmethod
    def parse(cls, text: str) -> CameraName:
        """'front', or 'front=/front_cam/image_raw'. Raises ValueError."""
        name, equals, image = text.partition("=")
        if not _NAME.fullmatch(name) or (equals and not image):
            raise ValueError(
                f"camera: got '{text}', expected NAME or NAME=IMAGE_TOPIC, where NAME is a ROS namespace such as front"
            )
        return cls(name, image or None)

    def ros_arguments(self, namespace: str) -> list[str]:
        """Of this camera's node in a process in `namespace` ('/' or '/robot'). camera_info lies beside the image."""
        rules = [f"__ns:={namespace.rstrip('/')}/{self.name}"]
        if self.image is not None:
            beside = "".join(self.image.rpartition("/")[:2])
            rules += [f"image:={self.image}", f"image/compressed:={self.image}/compressed"]
            rules += [f"camera_info:={beside}camera_info"]
        return ["--ros-args", *(part for rule in rules for part in ("-r", rule))]


def parse_cameras(texts: Sequence[str]) -> list[CameraName]:
    """One or more cameras of different names. Raises ValueError."""
    cameras = [CameraName.parse(text) for text in texts]
    names = [camera.name for camera in cameras]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"cameras: got {', '.join(twice)} more than once, expected different names")
    return cameras
