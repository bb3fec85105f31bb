# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What is left of a damaged sqlite3 storage: truncated, with broken pages, or never closed. Walked row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import apsw  # rosbags reads with it too
from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinition, MessageDefinitionFormat
from rosbags.rosbag2.metadata import parse_qos

GIVE_UP_ROWS = 10_000
"""So many rows in a row unreadable: the messages are taken to end there."""

_FORMATS = {"ros2msg": MessageDefinitionFormat.MSG, "ros2idl": MessageDefinitionFormat.IDL}


def salvage_sqlite(path: Path, told: Callable[[str], None]) -> Iterator[tuple[Connection, int, bytes]]:
    """Every row that can be read, by id, which is the order of recording. told: what could not."""
    try:
        database = _opened(path)
    except apsw.Error as error:
        told(f"cannot be opened ({error})")
        return
    with closing(database):
        try:
            # Or SQLite would refuse any file that is shorter than its header says.
            database.execute("PRAGMA writable_schema = ON")
            connections = _sqlite_connections(database)
        except apsw.Error as error:
            told(f"its table of topics is lost ({error})")
            return
        last = 0
        query = "SELECT id, topic_id, timestamp, data FROM messages WHERE id"
        while True:
            try:
                for row, topic, time_ns, data in database.execute(f"{query} > ? ORDER BY id", (last,)):
                    last = row
                    if topic in connections and isinstance(data, bytes):
                        yield connections[topic], time_ns, data
                return
            except apsw.Error as error:
                reason = error
            # One row after the other, until one reads again: a broken page takes few rows with it.
            first_lost, found = last + 1, None
            for row in range(first_lost, first_lost + GIVE_UP_ROWS):
                with suppress(apsw.Error):
                    found = database.execute(f"{query} = ?", (row,)).fetchone()
                if found is not None:
                    break
            if found is None:
                told(f"rows from {first_lost} on lost ({reason})")
                return
            last, topic, time_ns, data = found
            if last > first_lost:
                told(f"rows {first_lost} to {last - 1} lost ({reason})")
            if topic in connections and isinstance(data, bytes):
                yield connections[topic], time_ns, data


class _WholePages(apsw.VFSFile):
    """A file without the rest of a page at its end, which SQLite would fill with zeros and take for data."""

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        size, page = super().xFileSize(), int.from_bytes(super().xRead(2, 16), "big")
        return size - size % (65536 if page == 1 else page or 1)


class _WholePagesVfs(apsw.VFS):
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _WholePages("", name, flags)


@lru_cache(maxsize=1)
def _whole_pages() -> _WholePagesVfs:
    """Registered with SQLite as long as it lives."""
    return _WholePagesVfs("grin_whole_pages", "")


def _opened(path: Path) -> apsw.Connection:
    """Read-only, a write-ahead log beside it included. Raises apsw.Error."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    name = f"file:{quote(str(path))}"
    if path.with_name(f"{path.name}-wal").is_file():
        return apsw.Connection(name, flags=flags)  # needs the shared memory of SQLite's own files
    _whole_pages()
    return apsw.Connection(name, flags=flags, vfs="grin_whole_pages")


def _sqlite_connections(database: apsw.Connection) -> dict[int, Connection]:
    """topic id -> connection. Raises apsw.Error."""
    definitions = {}
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'message_definitions'").fetchone():
        rows = database.execute("SELECT topic_type, encoding, encoded_message_definition FROM message_definitions")
        definitions = {kind: MessageDefinition(_FORMATS[how], text) for kind, how, text in rows if how in _FORMATS}
    columns = {row[1] for row in database.execute("PRAGMA table_info(topics)")}
    qos = "offered_qos_profiles" if "offered_qos_profiles" in columns else "''"
    none = MessageDefinition(MessageDefinitionFormat.NONE, "")
    query = f"SELECT id, name, type, serialization_format, {qos} FROM topics"
    return {
        key: Connection(
            key, name, kind, definitions.get(kind, none), "", 0, ConnectionExtRosbag2(how, parse_qos(profiles)), None
        )
        for key, name, kind, how, profiles in database.execute(query)
    }
