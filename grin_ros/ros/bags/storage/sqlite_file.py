# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of a sqlite3 storage file: whole, truncated, with broken pages, or never closed. Nothing is ever written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import apsw  # rosbags installs it
from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinition, MessageDefinitionFormat

from grin_ros.ros.bags.storage.qos import qos_profiles
from grin_ros.ros.bags.storage.raw import DEFINITION_FORMATS, Contents, Raw, Tell

GIVE_UP_ROWS = 10_000
"""After this number of consecutive unreadable rows the messages are taken to end."""

_ROWS = "SELECT id, topic_id, timestamp, data FROM messages"
_Row = tuple[int, int, int, bytes]


def read_sqlite(path: Path, tell: Tell, stop_ns: int | None = None) -> Iterator[Raw]:
    """Yield every message that can be read, by log time; what follows damage comes in the order of recording."""
    if _has_log(path):
        tell("the recording was not closed, its newest messages are in a write-ahead log")
    try:
        database = _opened(path)
    except apsw.Error as error:
        tell(f"cannot be opened ({error})")
        return
    with closing(database):
        try:
            connections = _connections(database)
        except apsw.Error as error:
            tell(f"its table of topics is lost ({error})")
            return
        unknown = Counter[int]()
        for _, topic, time_ns, data in _rows(database, tell):
            if stop_ns is not None and time_ns >= stop_ns:
                continue
            if topic in connections and isinstance(data, bytes):
                yield connections[topic], time_ns, data
            else:
                unknown[topic] += 1
        for topic, count in sorted(unknown.items()):
            tell(f"{count} messages of topic {topic} lost: they have no data, or the topic is not in the file")


def contents_of_sqlite(path: Path) -> Contents | None:
    """Return what the file holds. Raises apsw.Error if it is damaged."""
    with closing(_opened(path)) as database:
        connections = _connections(database)
        kinds = {connection.topic: connection.msgtype for connection in connections.values()}
        counts, times = Counter[str](), []
        query = "SELECT topic_id, COUNT(*), MIN(timestamp), MAX(timestamp) FROM messages GROUP BY topic_id"
        for topic, count, first_ns, last_ns in database.execute(query):
            counts[connections[topic].topic] += count
            times += [first_ns, last_ns]
    return Contents(kinds, counts, min(times, default=0), max(times, default=0))


def _rows(database: apsw.Connection, tell: Tell) -> Iterator[_Row]:
    """Yield all rows by log time. From the place where that fails, yield the remaining ones by id."""
    reached = (-(1 << 63), 0)
    try:
        for row in database.execute(f"{_ROWS} ORDER BY timestamp, id"):
            reached = (row[2], row[0])
            yield row
        return
    except apsw.Error as error:
        tell(f"{error}; reading what is left")
    for row in _rows_by_id(database, tell):
        if (row[2], row[0]) > reached:
            yield row


def _rows_by_id(database: apsw.Connection, tell: Tell) -> Iterator[_Row]:
    """Yield every readable row by id, which is the order of recording."""
    last = 0
    while True:
        try:
            for row in database.execute(f"{_ROWS} WHERE id > ? ORDER BY id", (last,)):
                last = row[0]
                yield row
            return
        except apsw.Error as error:
            reason = error
        # Try one row after the other until one can be read again: a broken page holds few rows.
        first_lost, found = last + 1, None
        for number in range(first_lost, first_lost + GIVE_UP_ROWS):
            with suppress(apsw.Error):
                found = database.execute(f"{_ROWS} WHERE id = ?", (number,)).fetchone()
            if found is not None:
                break
        if found is None:
            tell(f"rows from {first_lost} on lost ({reason})")
            return
        last = found[0]
        if last > first_lost:
            tell(f"rows {first_lost} to {last - 1} lost ({reason})")
        yield found


class _WholePages(apsw.VFSFile):
    """A file without the incomplete page at its end, which SQLite would fill with zeros and take for data."""

    def xFileSize(self) -> int:  # noqa: N802 - the name in SQLite
        """Return the size of the whole pages in bytes."""
        size, page = super().xFileSize(), _page_bytes(super().xRead(2, 16))
        return size - size % page


class _ReadOnlyVfs(apsw.VFS):
    """A file system that SQLite cannot write to, and in which it takes no locks.

    Without it, SQLite creates files beside a database with a write-ahead log, and fails where it cannot.
    """

    def __init__(self, name: str, *, whole_pages: bool) -> None:
        super().__init__(name, "unix-none")
        self._whole_pages = whole_pages

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file for reading, whatever SQLite asks for."""
        flags[0] = flags[0] & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) | apsw.SQLITE_OPEN_READONLY
        return (_WholePages if self._whole_pages else apsw.VFSFile)("unix-none", name, flags)

    def xDelete(self, name: str, _: bool) -> None:  # noqa: N802
        """Refuse to delete a file."""
        raise apsw.ReadOnlyError(f"{name} is not deleted: bags are only read")


@lru_cache
def _vfs(name: str, *, whole_pages: bool) -> _ReadOnlyVfs:
    """Return the file system, which is registered with SQLite under this name as long as the object exists."""
    return _ReadOnlyVfs(name, whole_pages=whole_pages)


def _opened(path: Path) -> apsw.Connection:
    """Open a database read-only, with the write-ahead log beside it. Raises apsw.Error."""
    name, vfs = f"file:{quote(str(path.absolute()))}", None
    with path.open("rb") as file:
        header = file.read(18)
        size = file.seek(0, 2)
    if _has_log(path):
        vfs = "grin_read_only"
        _vfs(vfs, whole_pages=False)
    else:
        name += "?immutable=1"
        if size % _page_bytes(header[16:]):
            vfs = "grin_whole_pages"
            _vfs(vfs, whole_pages=True)
    database = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, vfs=vfs)
    # In exclusive mode SQLite keeps the index of a write-ahead log in memory, and not in a file beside it.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Without this, SQLite refuses any file that is shorter than its header says.
    database.execute("PRAGMA writable_schema = ON")
    return database


def _has_log(path: Path) -> bool:
    """Return True if SQLite has left a write-ahead log with messages beside the file."""
    log = path.with_name(f"{path.name}-wal")
    return log.is_file() and log.stat().st_size > 0


def _page_bytes(field: bytes) -> int:
    """Return the page size of a database. field: bytes 16 and 17 of the file."""
    page = int.from_bytes(field, "big")
    return 65536 if page == 1 else page or 1


def _connections(database: apsw.Connection) -> dict[int, Connection]:
    """Return the connections by topic id. Raises apsw.Error."""
    definitions = {}
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'message_definitions'").fetchone():
        rows = database.execute("SELECT topic_type, encoding, encoded_message_definition FROM message_definitions")
        definitions = {
            kind: MessageDefinition(DEFINITION_FORMATS[how], text)
            for kind, how, text in rows
            if how in DEFINITION_FORMATS
        }
    columns = {row[1] for row in database.execute("PRAGMA table_info(topics)")}
    qos = "offered_qos_profiles" if "offered_qos_profiles" in columns else "''"
    none = MessageDefinition(MessageDefinitionFormat.NONE, "")
    query = f"SELECT id, name, type, serialization_format, {qos} FROM topics"
    return {
        key: Connection(
            key, name, kind, definitions.get(kind, none), "", 0, ConnectionExtRosbag2(how, qos_profiles(text)), None
        )
        for key, name, kind, how, text in database.execute(query)
    }
