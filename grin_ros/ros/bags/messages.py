# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion between ROS messages and their bytes in a bag (CDR), by rosbags and not by rclpy.

The same message always has the same bytes: rosbags fills the padding between two fields with zeros, where rclpy leaves
whatever was in memory. rosbags also checks the lengths that a broken message declares; rclpy trusts them.
"""

from __future__ import annotations

import array
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from grin_ros.ros.message_types import RANGE, TF_MESSAGE, message_class, type_name


@lru_cache(maxsize=1)
def _store() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


def deserialize(data: bytes, kind: Any) -> Any:
    """Return the message, of the class `kind`. Raises ValueError if the bytes are not one."""
    try:
        return _filled(kind(), _store().deserialize_cdr(data, type_name(kind)))
    except Exception as error:  # rosbags, struct, NumPy and the message's own setters
        raise ValueError(f"{type_name(kind)}: got {len(data)} bytes that are not one ({error})") from error


def serialize(message: Any) -> bytes:
    """Return the bytes of a message: CDR, little endian, padding zero."""
    return bytes(_store().serialize_cdr(_plain(message), type_name(type(message))))


def recorded(data: bytes, kind: str, definition: str = "") -> Any:
    """Return the message of a type by name, of the class of rosbags if its package is not installed here.

    definition: the recorded one of the type; '' if the bag has none. Fields that the installed class has beyond it keep
    their defaults. Raises ValueError if the bytes are not one.
    """
    installed = message_class(kind)
    store, *others = _layouts(kind, definition)
    try:
        try:
            values = store.deserialize_cdr(data, kind)
        except Exception:
            values = _first_read(others, data, kind)
            if values is None:
                raise
        return values if installed is None else _filled(installed(), values)
    except Exception as error:  # rosbags, struct, NumPy and the message's own setters
        raise ValueError(f"{kind}: got {len(data)} bytes that are not one ({error})") from error


def _first_read(stores: Sequence[Typestore], data: bytes, kind: str) -> Any:
    """Return the message by the first store that can read it; None if none can."""
    for store in stores:
        with suppress(Exception):  # rosbags, struct and NumPy
            return store.deserialize_cdr(data, kind)
    return None


def store_of(kind: str, definition: str) -> Typestore:
    """Return a store with the type that a recorded definition (msg or IDL) describes. Raises what its parser raises."""
    store = get_typestore(Stores.EMPTY)
    is_idl = definition.startswith("=" * 80 + "\nIDL: ")
    store.register(get_types_from_idl(definition) if is_idl else get_types_from_msg(definition, kind))
    return store


@lru_cache
def _layouts(kind: str, definition: str) -> tuple[Typestore, ...]:
    """Return the stores by which the bytes of a type may be understood, the likeliest first."""
    stores = [_store()]
    if definition:
        with suppress(Exception):  # the parser raises several types
            stores.insert(0, store_of(kind, definition))
    if kind == RANGE:
        stores.append(get_typestore(Stores.ROS2_HUMBLE))  # without the field `variance`
    return tuple(stores)


def child_frames(data: bytes) -> tuple[str, ...]:
    """Return the names of the frames that a tf2_msgs/msg/TFMessage places; none if it cannot be read."""
    try:
        message: Any = _store().deserialize_cdr(data, TF_MESSAGE)
    except Exception:  # rosbags, struct and NumPy
        return ()
    return tuple(sorted(transform.child_frame_id for transform in message.transforms))


def _filled(message: Any, values: Any) -> Any:
    """Return `message` with the fields of `values`, a message of rosbags."""
    for name in message.get_fields_and_field_types():
        old = getattr(message, name)
        new = getattr(values, name, old)  # older definitions have fewer fields
        if hasattr(old, "get_fields_and_field_types"):
            new = _filled(old, new)
        elif isinstance(new, list) and new and hasattr(new[0], "__msgtype__"):
            new = [_filled(message_class(item.__msgtype__)(), item) for item in new]
        elif isinstance(old, array.array):
            new = array.array(old.typecode, np.ascontiguousarray(new).tobytes())
        setattr(message, name, new)
    return message


def _plain(value: Any) -> Any:
    """Return the value as rosbags has it: messages, lists and arrays are converted, and all that they contain."""
    if isinstance(value, array.array):
        return np.asarray(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not hasattr(value, "get_fields_and_field_types"):
        return value
    fields = {name: _plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    return _store().types[type_name(type(value))](**fields)
