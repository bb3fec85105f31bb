# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of ROS 2 bags, sqlite3 or MCAP, as streams of serialised messages. Of a damaged bag the rest is read.

bag = Bag(Path("drive"))                      # a bag directory, or one .mcap or .db3 file
for message in bag.messages():                # file by file, by log time within a file
    print(message.topic, message.time_ns, len(message.data))
print(bag.damage)                             # what could not be read; empty for a sound bag
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader, ReaderError

from grin_ros.ros.bags.storages import BY_SUFFIX

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

logger = logging.getLogger(__name__)

COPY_BYTES = 1 << 20
"""A packed file is unpacked in blocks of this size."""


class Message(NamedTuple):
    """One message as it was recorded.

    connection: topic, type, definition and QoS. time_ns: log time. data: CDR bytes.
    """

    connection: Connection
    time_ns: int
    data: bytes

    @property
    def topic(self) -> str:
        """The name of the topic."""
        return self.connection.topic

    @property
    def kind(self) -> str:
        """The message type, such as 'sensor_msgs/msg/Image'."""
        return self.connection.msgtype


class Contents(NamedTuple):
    """What a bag holds by its indexes.

    kinds, counts: message type and number of messages by topic. start_ns, end_ns: log times of the first and the last
    message.
    """

    kinds: Mapping[str, str]
    counts: Mapping[str, int]
    start_ns: int
    end_ns: int


class Bag:
    """A recorded bag. Reading it twice gives the same messages in the same order, however damaged it is."""

    def __init__(self, path: Path) -> None:
        """Find the files. Raises ValueError if there is nothing that could be a bag."""
        self.path = path
        self.damage: list[str] = []
        """What the last reading could not read, as texts."""
        self._told: set[str] = set()
        self._damaged_metadata = ""
        self._mode = ""
        self.files = self._storage_files()

    def messages(self, topics: Collection[str] | None = None, stop_ns: int | None = None) -> Iterator[Message]:
        """Yield the readable messages of `topics` (None: of all) that were logged before `stop_ns`; renew `damage`."""
        self.damage = [self._damaged_metadata] if self._damaged_metadata else []
        for path in self.files:
            if not path.is_file():
                self._damaged(f"{path.name}: missing, though metadata.yaml names it")
            elif path.suffix == ".zstd":
                with tempfile.TemporaryDirectory() as folder:
                    yield from self._file(self._unpacked(path, Path(folder)), topics, stop_ns)
            else:
                yield from self._file(path, topics, stop_ns)

    def contents(self) -> Contents | None:
        """Return what the indexes say, without reading messages; None if the bag is damaged or its files are packed."""
        kinds: dict[str, str] = {}
        counts = Counter[str]()
        spans = []
        try:
            for path in self.files:
                with Reader(path) as reader:
                    kinds.update({c.topic: c.msgtype for c in reader.connections})
                    for connection in reader.connections:
                        counts[connection.topic] += connection.msgcount
                    if reader.message_count:
                        spans.append((reader.start_time, reader.end_time - 1))
        except Exception:  # each storage raises its own types; `messages` says what is wrong
            return None
        start_ns, end_ns = min((s for s, _ in spans), default=0), max((e for _, e in spans), default=0)
        return Contents(kinds, counts, start_ns, end_ns)

    def _storage_files(self) -> list[Path]:
        path = self.path
        if path.is_file() and path.suffix in BY_SUFFIX:
            return [path]
        if not path.is_dir():
            raise ValueError(f"{path}: not a bag; expected a bag directory or a file {' or '.join(BY_SUFFIX)}")
        found = [p for p in path.iterdir() if Path(p.name.removesuffix(".zstd")).suffix in BY_SUFFIX]
        found.sort(key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", p.name)])
        try:
            known = yaml.safe_load((path / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
            self._mode = str(known.get("compression_mode") or "").lower()
            listed = [path / Path(name).name for name in known["relative_file_paths"]]
        except (OSError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
            if not found:
                raise ValueError(f"{path}: not a bag: no readable metadata.yaml, no .mcap and no .db3 in it") from error
            self._damaged_metadata = (
                f"metadata.yaml: missing or unreadable ({type(error).__name__}); the files are read by name"
            )
            return found
        return listed + [p for p in found if p not in listed]

    def _file(self, path: Path, topics: Collection[str] | None, stop_ns: int | None) -> Iterator[Message]:
        """Yield the messages of a file: by rosbags, and from the place where it fails by the format's recover."""
        reached_ns, at_reached = -1, Counter[str]()
        try:
            if _has_log(path):
                raise ReaderError("the recording was not closed, its newest messages are in a write-ahead log")
            with Reader(path) as reader:
                for connection, time_ns, data in reader.messages(stop=stop_ns):
                    if time_ns != reached_ns:
                        reached_ns, at_reached = time_ns, Counter()
                    at_reached[connection.topic] += 1
                    yield from self._wanted(connection, time_ns, data, topics)
                return
        except Exception as error:  # a damaged file makes every layer below raise types of its own
            self._damaged(f"{path.name}: {error or type(error).__name__}; reading what is left")
        left = BY_SUFFIX[path.suffix].recover(path, lambda text: self._damaged(f"{path.name}: {text}"))
        for connection, time_ns, data in left:
            if time_ns < reached_ns or (stop_ns is not None and time_ns >= stop_ns):
                continue  # rosbags reads in the order of time, so messages before `reached_ns` are done
            if time_ns == reached_ns and at_reached[connection.topic] > 0:
                at_reached[connection.topic] -= 1
                continue
            yield from self._wanted(connection, time_ns, data, topics)

    def _wanted(
        self, connection: Connection, time_ns: int, data: Any, topics: Collection[str] | None
    ) -> Iterator[Message]:
        if topics is not None and connection.topic not in topics:
            return
        if self._mode == "message":
            try:
                data = zstd.decompress(data)
            except zstd.ZstdError as error:
                self._damaged(f"{connection.topic} at {time_ns} ns: cannot be unpacked ({error})")
                return
        yield Message(connection, time_ns, bytes(data))

    def _unpacked(self, path: Path, folder: Path) -> Path:
        """Unpack a file into `folder`, as far as possible, and return the unpacked file."""
        plain = folder / path.stem
        with path.open("rb") as packed, plain.open("wb") as out:
            try:
                with zstd.open(packed, "rb") as stream:
                    while block := stream.read(COPY_BYTES):
                        out.write(block)
            except (zstd.ZstdError, EOFError) as error:
                self._damaged(f"{path.name}: cannot be unpacked to its end ({error})")
        return plain

    def _damaged(self, text: str) -> None:
        self.damage.append(text)
        if text not in self._told:
            self._told.add(text)
            logger.warning("%s: %s", self.path, text)


def _has_log(path: Path) -> bool:
    """Return True if SQLite has left a write-ahead log with messages beside the file."""
    log = path.with_name(f"{path.name}-wal")
    return log.is_file() and log.stat().st_size > 0
