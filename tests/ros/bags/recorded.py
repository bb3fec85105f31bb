# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags for tests, written by rosbags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
from rosbags.typesys import Stores, get_typestore

from grin_ros.ros.bags.storage.formats import BY_SUFFIX, STORAGES

STORE = get_typestore(Stores.ROS2_JAZZY)
TEXT = "std_msgs/msg/String"
START_NS = 1_700_000_000_000_000_000

Raw = tuple[str, str, int, bytes]
"""Topic, message type, log time in nanoseconds, CDR bytes."""


def write(
    path: Path,
    messages: Iterable[tuple[str, str, int, bytes]],
    storage: str = "mcap",
    compression: CompressionMode = CompressionMode.NONE,
    qos: tuple[Qos, ...] | Mapping[str, tuple[Qos, ...]] = (),
) -> Path:
    """Write a bag directory of (topic, type, log time in ns, bytes). qos: that of every topic, or by topic."""
    writer = Writer(path, version=9, storage_plugin=STORAGES[storage].plugin)
    writer.set_compression(compression, CompressionFormat.ZSTD)
    connections = {}
    with writer:
        for topic, kind, time_ns, data in messages:
            if topic not in connections:
                offered = qos.get(topic, ()) if isinstance(qos, Mapping) else qos
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE, offered_qos_profiles=offered)
            writer.write(connections[topic], time_ns, data)
    return path


def qos(reliability: QosReliability, durability: QosDurability = QosDurability.VOLATILE) -> tuple[Qos, ...]:
    """Return the QoS that a publisher offers which keeps its last 7 messages."""
    never = QosTime(0, 0)
    return (Qos(QosHistory.KEEP_LAST, 7, reliability, durability, never, never, QosLiveliness.AUTOMATIC, never, False),)


def storage_file(bag: Path) -> Path:
    """Return the only storage file of a bag directory."""
    (found,) = [path for path in bag.iterdir() if path.suffix in BY_SUFFIX]
    return found


def texts(count: int, size: int = 3000, step_ns: int = 100_000_000) -> list[tuple[str, str, int, bytes]]:
    """Return `count` strings that do not compress, on /a and /b in turn."""
    rng = np.random.default_rng(0)
    kind = STORE.types[TEXT]
    return [
        (
            "/ab"[0] + "ab"[i % 2],
            TEXT,
            START_NS + i * step_ns,
            bytes(STORE.serialize_cdr(kind(f"{i} {rng.bytes(size // 2).hex()}"), TEXT)),
        )
        for i in range(count)
    ]
