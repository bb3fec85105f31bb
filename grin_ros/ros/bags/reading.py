# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of ROS 2 bags, sqlite3 or MCAP, as streams of serialised messages. Of a damaged bag the rest is read.

bag = Bag(Path("drive"))                      # a bag directory, or one .mcap or .db3 file
for message in bag.messages():                # file by file, by log time within a file
    print(message.topic, message.time_ns, len(message.data))
print(bag.damage)                             # what could not be read; empty for a sound bag
"""

from __future__ import annotations

import errno
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from rosbags.interfaces import Connection

from grin_ros.ros.bags.storage.files import Source, listing
from grin_ros.ros.bags.storage.fingerprint import fingerprint
from grin_ros.ros.bags.storage.raw import Contents

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

logger = logging.getLogger(__name__)

COPY_BYTES = 1 << 20
"""A packed file is unpacked in blocks of this size."""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
"""The first bytes of a packed message. A message that is not packed (CDR) begins with a zero."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a file that cannot grow."""


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


class Bag:
    """A recorded bag. Reading it twice gives the same messages in the same order, however damaged it is."""

    def __init__(self, path: Path) -> None:
        """Find the files. Raises ValueError if there is nothing that could be a bag."""
        self.path = path
        self.damage: list[str] = []
        """The parts that the last reading could not read, as texts."""
        self._told: set[str] = set()
        self._listing = listing(path)
        if self._listing.ignored:
            names = ", ".join(file.name for file in self._listing.ignored)
            self._tell(f"{names}: not read, because metadata.yaml does not name it; to read it, give the file itself")

    @property
    def files(self) -> list[Path]:
        """The storage files, in the order in which they are read."""
        return [source.path for source in self._listing.sources]

    def messages(self, topics: Collection[str] | None = None, stop_ns: int | None = None) -> Iterator[Message]:
        """Yield the readable messages of `topics` (None: of all) that were logged before `stop_ns`; renew `damage`."""
        self.damage = []
        if self._listing.damage:
            self._damaged(self._listing.damage)
        for source in self._listing.sources:
            if not source.path.is_file():
                self._damaged(f"{source.path.name}: missing, though metadata.yaml names it")
            elif source.packed:
                with tempfile.TemporaryDirectory() as folder:
                    yield from self._file(source, self._unpacked(source, Path(folder)), topics, stop_ns)
            else:
                yield from self._file(source, source.path, topics, stop_ns)

    def names_and_sizes(self) -> list[tuple[str, int | None]]:
        """Return name and bytes of each storage file, which are the same wherever the bag lies.

        A file that is missing has None for its bytes.
        """
        return [(path.name, path.stat().st_size if path.is_file() else None) for path in self.files]

    def fingerprints(self) -> list[tuple[str, int | None, str]]:
        """Return name, bytes and fingerprint of each storage file, which tell a bag from another one of its name."""
        return [
            (name, size, fingerprint(path))
            for (name, size), path in zip(self.names_and_sizes(), self.files, strict=True)
        ]

    def contents(self) -> Contents | None:
        """Return what the indexes say, without reading messages; None if the bag is damaged or its files are packed."""
        kinds: dict[str, str] = {}
        counts = Counter[str]()
        spans = []
        try:
            for source in self._listing.sources:
                found = None if source.packed else source.storage.contents(source.path)
                if found is None:
                    return None
                kinds.update(found.kinds)
                counts.update(found.counts)
                if any(found.counts.values()):
                    spans.append((found.start_ns, found.end_ns))
        except Exception:  # each storage raises its own types; `messages` says what is wrong
            return None
        return Contents(kinds, counts, min((s for s, _ in spans), default=0), max((e for _, e in spans), default=0))

    def _file(
        self, source: Source, path: Path, topics: Collection[str] | None, stop_ns: int | None
    ) -> Iterator[Message]:
        """Yield the messages of a file. path: the file, or what was unpacked of it."""
        name = source.path.name
        try:
            for connection, time_ns, data in source.storage.read(
                path, lambda t: self._damaged(f"{name}: {t}"), stop_ns
            ):
                if topics is None or connection.topic in topics:
                    whole = self._whole(connection, time_ns, data)
                    if whole is not None:
                        yield Message(connection, time_ns, whole)
        except Exception as error:  # a damaged file makes every layer below raise types of its own
            self._damaged(f"{name}: {error or type(error).__name__}; what follows in the file is lost")

    def _whole(self, connection: Connection, time_ns: int, data: bytes) -> bytes | None:
        """Return the data of a message, unpacked; None if that fails.

        The data itself says whether it is packed, because metadata.yaml may be missing.
        """
        if not data.startswith(ZSTD_MAGIC) and (data.startswith(b"\0") or not self._listing.packs_messages):
            return data
        try:
            return zstd.decompress(data)
        except zstd.ZstdError as error:
            self._damaged(f"{connection.topic} at {time_ns} ns: cannot be unpacked ({error})")
            return None

    def _unpacked(self, source: Source, folder: Path) -> Path:
        """Unpack a file into `folder` and return the unpacked file. If that fails, one that lies beside it will do."""
        plain = folder / source.path.stem
        try:
            with source.path.open("rb") as packed, plain.open("wb") as out, zstd.open(packed, "rb") as stream:
                while block := stream.read(COPY_BYTES):
                    out.write(block)
        except (zstd.ZstdError, EOFError) as error:
            if source.unpacked is not None:
                self._tell(f"{source.path.name}: cannot be unpacked; {source.unpacked.name} is read instead")
                return source.unpacked
            self._damaged(f"{source.path.name}: cannot be unpacked to its end ({error})")
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            raise OSError(
                f"{folder.parent}: an unpacked copy of {source.path.name} does not fit there ({error.strerror}); "
                "set TMPDIR to a folder with more space"
            ) from error
        return plain

    def _damaged(self, text: str) -> None:
        self.damage.append(text)
        self._tell(text)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            logger.warning("%s: %s", self.path, text)
