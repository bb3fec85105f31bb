# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The storage formats of rosbag2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin

from grin_ros.ros.bags.damaged_mcap import recover_mcap
from grin_ros.ros.bags.damaged_sqlite import recover_sqlite


@dataclass(frozen=True)
class Storage:
    """A storage format.

    suffix: of its files. plugin: the writer of rosbags. compresses: the writer can compress it by itself. recover:
    yields (connection, log time in ns, bytes) of all that can be read of a damaged file, and calls its second argument
    with a text for everything that cannot.
    """

    suffix: str
    plugin: StoragePlugin
    compresses: bool
    recover: Callable[[Path, Callable[[str], None]], Iterator[tuple[Connection, int, bytes]]]


STORAGES: Mapping[str, Storage] = {
    "mcap": Storage(".mcap", StoragePlugin.MCAP, True, recover_mcap),
    "sqlite3": Storage(".db3", StoragePlugin.SQLITE3, False, recover_sqlite),
}
"""The formats by the name that rosbag2 gives them."""

BY_SUFFIX: Mapping[str, Storage] = {storage.suffix: storage for storage in STORAGES.values()}
