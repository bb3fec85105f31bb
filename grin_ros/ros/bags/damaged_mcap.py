# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of a damaged MCAP file: truncated, never closed, or with broken chunks in its middle.

The file is read record by record (mcap.dev/spec), or chunk by chunk if its index is intact. A chunk with a wrong
checksum is left out completely, because nothing in it can be trusted.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import lz4.frame
from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinition, MessageDefinitionFormat
from rosbags.rosbag2.metadata import parse_qos
from rosbags.rosbag2.storage_mcap import McapReader, decompress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Raw = tuple[Connection, int, bytes]
"""Connection, log time in nanoseconds, CDR bytes."""
Tell = Callable[[str], None]
"""Takes a text that says what could not be read."""

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F
RECORD = struct.Struct("<BQ")

_FORMATS = {"ros2msg": MessageDefinitionFormat.MSG, "ros2idl": MessageDefinitionFormat.IDL}


def recover_mcap(path: Path, tell: Tell) -> Iterator[Raw]:
    """Yield every message that can be read, in the order of the file, and by log time within a chunk."""
    records = _McapRecords(tell)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if file.read(len(MAGIC)) != MAGIC:
            tell("does not begin as an MCAP file")
            return
        indexed = _indexed_chunks(path, records)
        for position in indexed if indexed else _positions(file, size, tell):
            file.seek(position)
            op, length = RECORD.unpack(file.read(RECORD.size))
            if op not in (SCHEMA, CHANNEL, MESSAGE, CHUNK):
                if indexed:
                    tell(f"no chunk at byte {position}, where the index has one")
                continue
            content = file.read(min(length, size - file.tell()))
            if len(content) < length:
                tell(f"ends within a record, at byte {size} of {position + RECORD.size + length}")
            try:
                yield from records.record(op, content, whole=len(content) == length)
            except (struct.error, UnicodeDecodeError, ValueError) as error:
                tell(f"unreadable record at byte {position} ({error})")


def _indexed_chunks(path: Path, records: _McapRecords) -> list[int]:
    """Return where the chunks begin, and note all channels, from the summary at the file's end; [] without summary."""
    reader = McapReader(path)
    try:
        reader.open()
    except Exception:  # it may raise anything on a damaged file; then the file is read record by record
        return []
    records.channels.update({c.id: c for c in reader.connections})
    offsets = sorted(chunk.chunk_start_offset for chunk in reader.chunks)
    reader.close()
    return offsets


def _positions(file: BinaryIO, size: int, tell: Tell) -> Iterator[int]:
    """Yield where the records of the data section begin; tell where they end too early."""
    position = len(MAGIC)
    while position + RECORD.size <= size:
        file.seek(position)
        op, length = RECORD.unpack(file.read(RECORD.size))
        if op in (DATA_END, FOOTER):
            return
        if op == 0 or DATA_END < op < 0x80:
            tell(f"nothing readable from byte {position} on")
            return
        yield position
        position += RECORD.size + length
    if position <= size:
        tell(f"never closed: ends at byte {size} without an end record")


class _McapRecords:
    """Keeps the schemas and channels so far, and reads records."""

    def __init__(self, tell: Tell) -> None:
        self.channels: dict[int, Connection] = {}
        self._schemas: dict[int, tuple[str, MessageDefinition]] = {}
        self._tell = tell

    def record(self, op: int, content: bytes, *, whole: bool) -> Iterator[Raw]:
        """Yield the messages of a record. Raises struct.error, UnicodeDecodeError or ValueError if it is broken."""
        if op == CHUNK:
            yield from self._chunk(content, whole=whole)
        elif op == MESSAGE and whole:
            channel, _, time_ns, _ = struct.unpack_from("<HIQQ", content)
            connection = self.channels.get(channel)
            if connection is None:
                self._tell(f"a message at {time_ns} ns of channel {channel}, whose definition is lost")
            else:
                yield connection, time_ns, content[22:]
        elif op == SCHEMA and whole:
            (key,) = struct.unpack_from("<H", content)
            name, at = _text(content, 2)
            encoding, at = _text(content, at)
            data, _ = _text(content, at)
            self._schemas[key] = (name, MessageDefinition(_FORMATS.get(encoding, MessageDefinitionFormat.NONE), data))
        elif op == CHANNEL and whole:
            key, schema = struct.unpack_from("<HH", content)
            topic, at = _text(content, 4)
            encoding, at = _text(content, at)
            pairs, at, end = {}, at + 4, at + 4 + struct.unpack_from("<I", content, at)[0]
            while at < end:
                name, at = _text(content, at)
                pairs[name], at = _text(content, at)
            kind, definition = self._schemas.get(schema, ("", MessageDefinition(MessageDefinitionFormat.NONE, "")))
            ext = ConnectionExtRosbag2(encoding, parse_qos(pairs.get("offered_qos_profiles", "")))
            self.channels[key] = Connection(key, topic, kind, definition, "", 0, ext, None)

    def _chunk(self, content: bytes, *, whole: bool) -> Iterator[Raw]:
        start_ns, end_ns, size, crc = struct.unpack_from("<QQQI", content)
        packing, at = _text(content, 28)
        packed = content[at + 8 :]
        try:
            data = decompress(packed, packing, size, crc) if whole else _beginning(packed, packing)
        except Exception as error:  # three libraries and rosbags itself
            self._tell(f"chunk of {start_ns} to {end_ns} ns lost ({error})")
            return
        found: list[Raw] = []
        position = 0
        while position + RECORD.size <= len(data):
            op, length = RECORD.unpack_from(data, position)
            position += RECORD.size
            if op in (SCHEMA, CHANNEL, MESSAGE) and position + length <= len(data):
                found += self.record(op, data[position : position + length], whole=True)
            position += length
        yield from sorted(found, key=lambda raw: raw[1])


def _beginning(packed: bytes, packing: str) -> bytes:
    """Return the data at the beginning of a truncated chunk, unpacked."""
    if packing == "zstd":
        return bytes(zstd.ZstdDecompressor().decompress(packed))
    if packing == "lz4":
        return bytes(lz4.frame.LZ4FrameDecompressor().decompress(packed))
    if packing:
        raise ValueError(f"got the unknown packing '{packing}'")
    return packed


def _text(content: bytes, at: int) -> tuple[str, int]:
    """Return the text at a position and where it ends. Raises struct.error, UnicodeDecodeError or ValueError."""
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + length
    if end > len(content):
        raise ValueError(f"got a text of {length} bytes in a record of {len(content)}")
    return content[at + 4 : end].decode(), end
