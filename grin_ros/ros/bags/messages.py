# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS messages <-> their bytes in a bag (CDR), by rosbags: without rclpy, and the same bytes for the same message.

rclpy leaves in the padding between two fields whatever lay in memory, and trusts the lengths that a broken message
declares; rosbags writes zeros there and checks.
"""

from __future__ import annotations

import array
from functools import lru_cache
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore


@lru_cache(maxsize=1)
def _store() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


def type_name(message_class: Any) -> str:
    """'sensor_msgs/msg/Image' of the class."""
    return f"{message_class.__module__.partition('.')[0]}/msg/{message_class.__name__}"


def deserialize(data: bytes, message_class: Any) -> Any:
    """The message. Raises ValueError where the bytes are not one."""
    try:
        return _filled(message_class(), _store().deserialize_cdr(data, type_name(message_class)))
    except Exception as error:  # rosbags, struct, NumPy and the message's own setters
        raise ValueError(f"{type_name(message_class)}: {len(data)} bytes that are not one ({error})") from error


def serialize(message: Any) -> bytes:
    """CDR, little endian, padding zero."""
    return bytes(_store().serialize_cdr(_plain(message), type_name(type(message))))


def _filled(message: Any, values: Any) -> Any:
    """`message` with the fields of rosbags' `values`."""
    for name in message.get_fields_and_field_types():
        old, new = getattr(message, name), getattr(values, name)
        if hasattr(old, "get_fields_and_field_types"):
            new = _filled(old, new)
        elif isinstance(old, array.array):
            new = array.array(old.typecode, np.ascontiguousarray(new).tobytes())
        setattr(message, name, new)
    return message


def _plain(value: Any) -> Any:
    """rosbags' own message of a ROS message; what is inside likewise."""
    if isinstance(value, array.array):
        return np.asarray(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not hasattr(value, "get_fields_and_field_types"):
        return value
    fields = {name: _plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    return _store().types[type_name(type(value))](**fields)
