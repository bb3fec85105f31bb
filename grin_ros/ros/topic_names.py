# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of topics that drivers, simulators and this package agree on. The topics of the node are in frame/topics.py."""

from __future__ import annotations

CLOCK = "/clock"
"""The simulated time."""
_COMPRESSED = "/compressed"


def raw_topic(image: str) -> str:
    """Return the topic of the raw image: '/front/image' for '/front/image/compressed' (as image_transport names it)."""
    return image.removesuffix(_COMPRESSED)


def info_topic(image: str) -> str:
    """Return the camera_info topic beside an image topic: '/front/camera_info' for '/front/image_raw'."""
    namespace, slash, _ = raw_topic(image).rpartition("/")
    return f"{namespace}{slash}camera_info"
