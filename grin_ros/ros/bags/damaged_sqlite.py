# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of a damaged sqlite3 storage, row by row: truncated, with broken pages, or never closed."""

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
"""After this number of consecutive unreadable rows the messages are taken to end."""

_FORMATS = {"ros2msg": MessageDefinitionFormat.MSG, "ros2idl": MessageDefinitionFormat.IDL}


def recover_sqlite(path: Path, tell: Callable[[str], None]) -> Iterator[tuple[Connection, int, bytes]]:
    """Yield every message that can be read by id, which is the order of recording.

    tell: takes a text that says what could not be read.
    """
    try:
        database = _opened(path)
    except apsw.Error as error:
        tell(f"cannot be opened ({error})")
        return
    with closing(database):
        try:
            # Without this, SQLite refuses any file that is shorter than its header says.
            database.execute("PRAGMA writable_schema = ON")
            connections = _sqlite_connections(database)
        except apsw.Error as error:
            tell(f"its table of topics is lost ({error})")
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
            # Try one row after the other until one can be read again: a broken page holds few rows.
            first_lost, found = last + 1, None
            for row in range(first_lost, first_lost + GIVE_UP_ROWS):
                with suppress(apsw.Error):
                    found = database.execute(f"{query} = ?", (row,)).fetchone()
                if found is not None:
                    break
            if found is None:
                tell(f"rows from {first_lost} on lost ({reason})")
                return
            last, topic, time_ns, data = found
            if last > first_lost:
                tell(f"rows {first_lost} to {last - 1} lost ({reason})")
            if topic in connections and isinstance(data, bytes):
                yield connections[topic], time_ns, data


class _WholePages(apsw.VFSFile):
    """A file without the incomplete page at its end, which SQLite would fill with zeros and take for data."""

    def xFileSize(self) -> int:  # noqa: N802 - the name in SQLite
        """Return the size of the whole pages in bytes."""
        size, page = super().xFileSize(), int.from_bytes(super().xRead(2, 16), "big")
        return size - size % (65536 if page == 1 else page or 1)


class _WholePagesVfs(apsw.VFS):
    """A file system in which every file is `_WholePages`."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _WholePages("", name, flags)


@lru_cache(maxsize=1)
def _whole_pages() -> _WholePagesVfs:
    """Return the file system, which is registered with SQLite as long as the object exists."""
    return _WholePagesVfs("grin_whole_pages", "")


def _opened(path: Path) -> apsw.Connection:
    """Open a database read-only, with the write-ahead log beside it. Raises apsw.Error."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    name = f"file:{quote(str(path))}"
    if path.with_name(f"{path.name}-wal").is_file():
        return apsw.Connection(name, flags=flags)  # a log needs the shared memory of SQLite's own files
    _whole_pages()
    return apsw.Connection(name, flags=flags, vfs="grin_whole_pages")


def _sqlite_connections(database: apsw.Connection) -> dict[int, Connection]:
    """Return the connections by topic id. Raises apsw.Error."""
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
