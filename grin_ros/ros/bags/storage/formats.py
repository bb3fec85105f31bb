# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The storage formats of rosbag2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rosbags.rosbag2 import StoragePlugin

from grin_ros.ros.bags.storage.mcap_file import contents_of_mcap, read_mcap
from grin_ros.ros.bags.storage.raw import Contents, Raw, Tell
from grin_ros.ros.bags.storage.sqlite_file import contents_of_sqlite, read_sqlite


@dataclass(frozen=True)
class Storage:
    """A storage format.

    suffix: of its files. plugin: the writer of rosbags. compresses: the writer can compress it by itself. read: yields
    all that can be read of a file, whole or damaged, by log time (of some damaged files in the order of recording),
    calls its second argument with a text for everything that cannot be read, and leaves out what was logged at its
    third argument or later (None: nothing). contents: returns what the indexes of a file say; None, or any exception,
    if they do not say it.
    """

    suffix: str
    plugin: StoragePlugin
    compresses: bool
    read: Callable[[Path, Tell, int | None], Iterator[Raw]]
    contents: Callable[[Path], Contents | None]


STORAGES: Mapping[str, Storage] = {
    "mcap": Storage(".mcap", StoragePlugin.MCAP, True, read_mcap, contents_of_mcap),
    "sqlite3": Storage(".db3", StoragePlugin.SQLITE3, False, read_sqlite, contents_of_sqlite),
}
"""The formats by the name that rosbag2 gives them."""

BY_SUFFIX: Mapping[str, Storage] = {storage.suffix: storage for storage in STORAGES.values()}
