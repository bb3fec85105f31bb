# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Message types by name, such as sensor_msgs/msg/Image, and their classes."""

from __future__ import annotations

import importlib
from typing import Any

IMAGE, COMPRESSED, INFO = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/CameraInfo"
CLOUD, SCAN = "sensor_msgs/msg/PointCloud2", "sensor_msgs/msg/LaserScan"
RANGE = "sensor_msgs/msg/Range"
TF_MESSAGE = "tf2_msgs/msg/TFMessage"
"""The type of the transforms on /tf and /tf_static."""


def message_class(name: str) -> Any:
    """Return the class of a message type, or None if its package is not installed here."""
    package, _, kind = name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind, None) if kind else None
    except ImportError:
        return None


def type_name(message_class: Any) -> str:
    """Return the name of the message type that a class stands for."""
    return f"{message_class.__module__.partition('.')[0]}/msg/{message_class.__name__}"
