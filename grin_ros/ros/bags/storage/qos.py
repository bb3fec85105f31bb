# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The QoS profiles that a recorder noted for a topic, as every version of rosbag2 and other writers note them.

The text is YAML: a list of mappings, whose values are numbers (until Iron) or names (since Jazzy). Nothing in it is
needed to read messages, so a text that cannot be understood means that the QoS is unknown, and never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import yaml
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

_Policy = TypeVar("_Policy", bound=Enum)


def qos_profiles(text: Any) -> list[Qos]:
    """Return the profiles in a text. A value that is missing or unknown is UNKNOWN or 0; [] if it holds none."""
    try:
        items = yaml.safe_load(text) if isinstance(text, str) else None
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date or number that PyYAML cannot make
        items = None
    return [_profile(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _profile(item: Mapping[Any, Any]) -> Qos:
    depth = item.get("depth")
    return Qos(
        _policy(QosHistory, item.get("history")),
        depth if isinstance(depth, int) and 0 <= depth < 1 << 31 else 0,
        _policy(QosReliability, item.get("reliability")),
        _policy(QosDurability, item.get("durability")),
        _time(item.get("deadline")),
        _time(item.get("lifespan")),
        _policy(QosLiveliness, item.get("liveliness")),
        _time(item.get("liveliness_lease_duration")),
        item.get("avoid_ros_namespace_conventions") is True,
    )


def _policy(policies: type[_Policy], value: Any) -> _Policy:
    if isinstance(value, str):
        return policies.__members__.get(value.strip().upper(), policies["UNKNOWN"])
    try:
        return policies(value)
    except ValueError:
        return policies["UNKNOWN"]


def _time(value: Any) -> QosTime:
    parts = [value.get(name) for name in ("sec", "nsec")] if isinstance(value, Mapping) else [0, 0]
    sec, nsec = (part if isinstance(part, int) else 0 for part in parts)
    return QosTime(sec, nsec)
