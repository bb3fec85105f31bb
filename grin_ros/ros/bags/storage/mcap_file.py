# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of an MCAP file (mcap.dev/spec): whole or damaged, with an index, with a part of one, or without.

The file is walked record by record. The index only shortens the way and shows how to go on after damage, so records
that it does not name are read too. A chunk with a wrong checksum is left out completely, because nothing in it can be
trusted.
"""

from __future__ import annotations

import heapq
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from grin_ros.ros.bags.storage.mcap_records import (
    CHANNEL,
    CHUNK,
    CHUNK_INDEX,
    DATA_END,
    FOOTER,
    HEADER,
    MESSAGE,
    MESSAGE_HEAD,
    METADATA,
    METADATA_INDEX,
    RECORD,
    SCHEMA,
    STATISTICS,
    ChunkIndex,
    Records,
    Statistics,
    metadata_of,
    records_of,
    text_at,
)
from grin_ros.ros.bags.storage.raw import Contents, Raw, Tell

MAGIC = b"\x89MCAP0\r\n"
MAX_HEADER_BYTES = 1 << 16
"""A longer header record is not believed."""
_END = struct.Struct("<BQQQI8s")
"""The footer record and the magic number behind it."""


class Readable(Protocol):
    """A binary file, or something that is read as one."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""


class Place(NamedTuple):
    """The place of a record with messages in the file: a chunk, or a message outside of any chunk.

    time_ns: the log time of its first message. begins: where its content begins. length: of its content in bytes.
    """

    time_ns: int
    begins: int
    op: int
    length: int


class Index(NamedTuple):
    """The summary section. begins: where it begins in the file. ends: where a chunk ends, by where it begins.

    metadata: where the metadata records begin.
    """

    begins: int
    records: Records
    ends: dict[int, int]
    metadata: list[int]
    statistics: Statistics | None


def read_mcap(path: Path, tell: Tell, stop_ns: int | None = None) -> Iterator[Raw]:
    """Yield every message that can be read, by log time. Messages of one time come in the order of the file."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            tell("does not begin as an MCAP file")
            return
        records = Records(tell)
        index = read_index(file)
        places = sorted(_places(file, index, records, tell))
        all_defined, count = False, 0
        waiting: list[tuple[int, int, int, int, bytes]] = []
        for place in (*places, None):
            while waiting and (place is None or waiting[0][0] < place.time_ns):
                time_ns, _, _, channel, data = heapq.heappop(waiting)
                if (connection := records.connection(channel)) is not None:
                    yield connection, time_ns, data
            if place is None or (stop_ns is not None and place.time_ns >= stop_ns):
                continue
            found = _messages(file, place, records, tell)
            if not all_defined and any(channel not in records.channels for channel, _, _ in found):
                all_defined = True
                _define_all(file, places, records)
            count += len(found)
            for at, (channel, time_ns, data) in enumerate(found):
                if stop_ns is None or time_ns < stop_ns:
                    heapq.heappush(waiting, (time_ns, place.begins, at, channel, data))
        records.tell_lost()
        expected = index.statistics.messages if index is not None and index.statistics is not None else count
        if stop_ns is None and count < expected:
            tell(f"{expected - count} of {expected} messages lost, by the statistics of the file")


def contents_of_mcap(path: Path) -> Contents | None:
    """Return what the statistics of the file say; None if it has none, or if they name channels without definition."""
    with path.open("rb") as file:
        index = read_index(file)
    if index is None or index.statistics is None:
        return None
    messages, start_ns, end_ns, of_channel = index.statistics
    channels = index.records.channels
    if sum(of_channel.values()) != messages or not of_channel.keys() <= channels.keys():
        return None
    kinds: dict[str, str] = {}
    counts: dict[str, int] = {}
    for key, channel in channels.items():
        kinds[channel.topic] = channel.msgtype
        counts[channel.topic] = counts.get(channel.topic, 0) + of_channel.get(key, 0)
    return Contents(kinds, counts, start_ns, end_ns) if messages else Contents(kinds, counts, 0, 0)


def mcap_profile(file: Readable) -> str | None:
    """Return the profile of an MCAP file, such as 'ros2' or ''; None if it does not begin as one."""
    if file.read(len(MAGIC)) != MAGIC:
        return None
    try:
        op, length = RECORD.unpack(file.read(RECORD.size))
        return text_at(file.read(length), 0)[0] if op == HEADER and length <= MAX_HEADER_BYTES else None
    except (struct.error, UnicodeDecodeError, ValueError):
        return None


def mcap_metadata(path: Path, name: str) -> Mapping[str, str]:
    """Return the values of the metadata record of this name, which the index must name. Raises ValueError."""
    with path.open("rb") as file:
        index = read_index(file)
        for position in index.metadata if index is not None else ():
            file.seek(position)
            op, length = RECORD.unpack(file.read(RECORD.size))
            if op == METADATA:
                found, values = metadata_of(file.read(min(length, path.stat().st_size)))
                if found == name:
                    return values
    raise ValueError(f"{path}: its index names no metadata '{name}'")


def read_index(file: BinaryIO) -> Index | None:
    """Return the summary at the end of the file; None if there is none, or if it cannot be read."""
    size = file.seek(0, 2)
    if size < len(MAGIC) + _END.size:
        return None
    file.seek(size - _END.size)
    op, _, begins, _, _, magic = _END.unpack(file.read(_END.size))
    if op != FOOTER or magic != MAGIC or not len(MAGIC) <= begins < size - _END.size:
        return None
    file.seek(begins)
    records, ends, statistics = Records(lambda _: None), {}, None
    metadata: list[int] = []
    try:
        for op, content in records_of(file.read(size - _END.size - begins)):
            if op == CHUNK_INDEX:
                chunk = ChunkIndex.of(content)
                ends[chunk.position] = chunk.end
            elif op == METADATA_INDEX:
                metadata += struct.unpack_from("<Q", content)
            elif op == STATISTICS:
                statistics = Statistics.of(content)
            else:
                records.try_define(op, content)  # a broken one is told where the data section has it
    except (struct.error, UnicodeDecodeError, ValueError):
        return None
    return Index(begins, records, ends, metadata, statistics)


def _places(file: BinaryIO, index: Index | None, records: Records, tell: Tell) -> Iterator[Place]:
    """Yield the places of all messages in the order of the file, and note the definitions outside of chunks."""
    end, ends = file.seek(0, 2), dict[int, int]()
    file.seek(max(len(MAGIC), end - len(MAGIC)))
    if file.read() != MAGIC:
        tell(f"never closed: ends at byte {end} without an end record")
    if index is not None:
        records.learn(index.records)
        end, ends = index.begins, index.ends
    chunks = sorted(ends)
    position = len(MAGIC)
    while position + RECORD.size <= end:
        file.seek(position)
        op, length = RECORD.unpack(file.read(RECORD.size))
        begins, after = position + RECORD.size, bisect_right(chunks, position)
        next_chunk = chunks[after] if after < len(chunks) else end
        following = ends.get(position, begins + length)
        broken = ""
        if position in ends and op != CHUNK:
            broken = f"no chunk at byte {position}, where the index has one"
        elif op == 0 or DATA_END < op < 0x80 or (op == DATA_END and length != 4):
            broken = f"nothing readable from byte {position} to byte {next_chunk}"
        elif chunks and following > next_chunk:
            broken = f"a record at byte {position} is longer than the space up to byte {next_chunk}"
        if broken:
            tell(broken)
            following = next_chunk
        elif op in (DATA_END, FOOTER):
            return
        elif op in (CHUNK, MESSAGE):
            head = file.read(MESSAGE_HEAD.size).ljust(MESSAGE_HEAD.size, b"\0")
            time_ns = int.from_bytes(head[:8], "little") if op == CHUNK else MESSAGE_HEAD.unpack(head)[2]
            yield Place(time_ns, begins, op, length)
        elif op in (SCHEMA, CHANNEL):
            records.try_define(op, file.read(min(length, end - begins)), f"at byte {position}")
        position = following


def _messages(file: BinaryIO, place: Place, records: Records, tell: Tell) -> list[tuple[int, int, bytes]]:
    """Return channel, log time and data of the messages at a place, and note the definitions there."""
    size = file.seek(0, 2)
    file.seek(place.begins)
    content = file.read(min(place.length, size - place.begins))
    whole = len(content) == place.length
    if not whole:
        tell(f"ends within a record, at byte {size} of {place.begins + place.length}")
    return list(records.messages(place.op, content, whole=whole))


def _define_all(file: BinaryIO, places: list[Place], records: Records) -> None:
    """Note the definitions in all chunks, for a file whose chunks are not in the order of time."""
    silent = Records(lambda _: None)
    silent.learn(records)
    for place in sorted(places, key=lambda place: place.begins):
        if place.op == CHUNK:
            _messages(file, place, silent, lambda _: None)
    records.learn(silent)
