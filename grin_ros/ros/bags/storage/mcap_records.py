# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The records of an MCAP file (mcap.dev/spec) that reading needs."""

from __future__ import annotations

import struct
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import lz4.frame
from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinition, MessageDefinitionFormat
from rosbags.rosbag2.storage_mcap import decompress

from grin_ros.ros.bags.storage.qos import qos_profiles
from grin_ros.ros.bags.storage.raw import DEFINITION_FORMATS, Tell

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
CHUNK_INDEX, STATISTICS, METADATA, METADATA_INDEX, DATA_END = 0x08, 0x0B, 0x0C, 0x0D, 0x0F
"""Kinds of records."""
RECORD = struct.Struct("<BQ")
"""Kind and length of a record. Its content follows."""
MESSAGE_HEAD = struct.Struct("<HIQQ")
"""Channel, sequence number, log time and publish time of a message. Its data follows."""


class ChunkIndex(NamedTuple):
    """The entry of the index for a chunk. end: where the records that belong to it (its message indexes) end."""

    position: int
    end: int

    @classmethod
    def of(cls, content: bytes) -> ChunkIndex:
        """Read a CHUNK_INDEX record. Raises struct.error."""
        _, _, position, length, offsets = struct.unpack_from("<QQQQI", content)
        (indexes,) = struct.unpack_from("<Q", content, 36 + offsets)
        return cls(position, position + length + indexes)


class Statistics(NamedTuple):
    """The number of messages, log times of the first and the last one, and the number of each channel."""

    messages: int
    start_ns: int
    end_ns: int
    counts: Mapping[int, int]

    @classmethod
    def of(cls, content: bytes) -> Statistics:
        """Read a STATISTICS record. Raises struct.error."""
        messages, _, _, _, _, _, start_ns, end_ns, length = struct.unpack_from("<QHIIIIQQI", content)
        return cls(messages, start_ns, end_ns, dict(struct.iter_unpack("<HQ", content[46 : 46 + length])))


class Records:
    """The schemas and channels that were read so far."""

    def __init__(self, tell: Tell) -> None:
        """tell: is told of chunks and messages that are lost."""
        self.channels: dict[int, Connection] = {}
        self._schemas: dict[int, tuple[str, MessageDefinition]] = {}
        self._ros1: set[str] = set()
        self._lost: Counter[int] = Counter()
        self._tell = tell

    def learn(self, other: Records) -> None:
        """Take over the definitions of `other`."""
        self.channels.update(other.channels)
        self._schemas.update(other._schemas)

    def define(self, op: int, content: bytes) -> None:
        """Note a schema or a channel. Raises struct.error, UnicodeDecodeError or ValueError if it is broken."""
        if op == SCHEMA:
            (key,) = struct.unpack_from("<H", content)
            name, at = text_at(content, 2)
            encoding, at = text_at(content, at)
            data, _ = _bytes_at(content, at)
            self._schemas[key] = (name, self._definition(name, encoding, data))
        elif op == CHANNEL:
            key, schema = struct.unpack_from("<HH", content)
            if key in self.channels or (schema and schema not in self._schemas):
                return  # a channel never changes; without its schema the type of its messages is unknown
            topic, at = text_at(content, 4)
            encoding, at = text_at(content, at)
            kind, definition = self._schemas.get(schema, ("", MessageDefinition(MessageDefinitionFormat.NONE, "")))
            if encoding == "ros1":
                if topic not in self._ros1:
                    self._tell(f"{topic} holds ROS 1 messages; convert the recording with rosbags-convert")
                self._ros1.add(topic)
                return
            ext = ConnectionExtRosbag2(encoding, qos_profiles(_pairs(content, at).get("offered_qos_profiles")))
            self.channels[key] = Connection(key, topic, kind, definition, "", 0, ext, None)

    def try_define(self, op: int, content: bytes, where: str = "in a chunk") -> None:
        """Note a schema or a channel; if it is broken, tell so. What it defines is then lost, and nothing else."""
        try:
            self.define(op, content)
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            self._tell(f"unreadable definition {where} ({error})")

    def messages(self, op: int, content: bytes, *, whole: bool) -> Iterator[tuple[int, int, bytes]]:
        """Yield channel, log time and data of the messages in a record; note the definitions in it.

        whole: False if the file ends within the record.
        """
        if op == MESSAGE:
            if whole:
                channel, _, time_ns, _ = MESSAGE_HEAD.unpack_from(content)
                yield channel, time_ns, content[MESSAGE_HEAD.size :]
            return
        try:
            for inner, data in records_of(self._unpacked(content, whole=whole)):
                if inner == MESSAGE:
                    yield from self.messages(MESSAGE, data, whole=True)
                else:
                    self.try_define(inner, data)
        except (struct.error, ValueError) as error:
            if whole:
                self._tell(f"the rest of a chunk is lost ({error})")

    def connection(self, channel: int) -> Connection | None:
        """Return the connection of a message; if there is none, count the message as lost."""
        connection = self.channels.get(channel)
        if connection is None:
            self._lost[channel] += 1
        return connection

    def tell_lost(self) -> None:
        """Tell how many messages had no definition."""
        for channel, count in sorted(self._lost.items()):
            self._tell(f"{count} messages of channel {channel} lost: its definition is not in the file")

    def _definition(self, name: str, encoding: str, data: bytes) -> MessageDefinition:
        """Return the definition of a message type; an empty one if it is not a text of ROS 2, such as protobuf."""
        if (form := DEFINITION_FORMATS.get(encoding)) is not None:
            try:
                return MessageDefinition(form, data.decode())
            except UnicodeDecodeError as error:
                self._tell(f"the definition of {name} cannot be read ({error})")
        return MessageDefinition(MessageDefinitionFormat.NONE, "")

    def _unpacked(self, content: bytes, *, whole: bool) -> bytes:
        """Return the records in a chunk; none, and tell why, if they cannot be trusted."""
        try:
            start_ns, end_ns, size, crc = struct.unpack_from("<QQQI", content)
            packing, at = text_at(content, 28)
            packed = content[at + 8 :]
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            self._tell(f"a chunk is lost ({error})")
            return b""
        try:
            return decompress(packed, packing, size, crc) if whole else _beginning(packed, packing)
        except Exception as error:  # three libraries and rosbags itself
            self._tell(f"chunk of {start_ns} to {end_ns} ns lost ({error})")
            return b""


def records_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the records that follow one another. Raises ValueError if the last one is cut off."""
    position = 0
    while position + RECORD.size <= len(data):
        op, length = RECORD.unpack_from(data, position)
        position += RECORD.size
        if op == 0 or position + length > len(data):
            raise ValueError(f"no whole record at byte {position - RECORD.size} of {len(data)}")
        yield op, data[position : position + length]
        position += length
    if position < len(data):
        raise ValueError(f"no whole record at byte {position} of {len(data)}")


def text_at(content: bytes, at: int) -> tuple[str, int]:
    """Return the text at a position and where it ends. Raises struct.error, UnicodeDecodeError or ValueError."""
    data, end = _bytes_at(content, at)
    return data.decode(), end


def _bytes_at(content: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + length
    if end > len(content):
        raise ValueError(f"got {length} bytes in a record of {len(content)}")
    return content[at + 4 : end], end


def metadata_of(content: bytes) -> tuple[str, Mapping[str, str]]:
    """Return name and values of a METADATA record. Raises struct.error, UnicodeDecodeError or ValueError."""
    name, at = text_at(content, 0)
    return name, _pairs(content, at)


def _pairs(content: bytes, at: int) -> dict[str, str]:
    pairs = {}
    at, end = at + 4, at + 4 + struct.unpack_from("<I", content, at)[0]
    while at < end:
        name, at = text_at(content, at)
        pairs[name], at = text_at(content, at)
    return pairs


def _beginning(packed: bytes, packing: str) -> bytes:
    """Return the data at the beginning of a truncated chunk, unpacked."""
    if packing == "zstd":
        return bytes(zstd.ZstdDecompressor().decompress(packed))
    if packing == "lz4":
        return bytes(lz4.frame.LZ4FrameDecompressor().decompress(packed))
    if packing:
        raise ValueError(f"got the unknown packing '{packing}'")
    return packed
