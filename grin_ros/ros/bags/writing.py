# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writing of a bag so that an interruption costs little and never leaves a broken bag.

The bag is written in parts, in the folder OUTPUT.partial. It holds the parts (each a storage file that is closed and on
disk), journal.json (which parts there are, and how far the input was read) and a lock. At the end metadata.yaml is
written, and the folder is renamed: a folder called OUTPUT is always whole. If OUTPUT is to be one storage file
(`storage/single_file.py`), the parts are copied into it, it is renamed, and the folder is removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from grin_ros.ros.bags.identity import Identity, differences
from grin_ros.ros.bags.messages import store_of
from grin_ros.ros.bags.reading import DISK_FULL
from grin_ros.ros.bags.storage.files import ROOT
from grin_ros.ros.bags.storage.formats import STORAGES
from grin_ros.ros.bags.storage.single_file import description_of, is_single_file

NOTE = "grin_ros"
"""The key of the note in the custom data of metadata.yaml."""
NOT_FOR_SQLITE = "#?%"
"""rosbags opens a path as a URI, in which these characters have a meaning: another file would be written."""
UNKNOWN_HASH = f"RIHS01_{'0' * 64}"
"""The type hash (REP 2011) of a message type without a usable definition."""


class PartsWriter:
    """A context manager that writes a bag. `commit` closes a part, and `finish` makes the bag whole.

    Without `finish` the parts wait for the next run. resumed: the `progress` of the last commit of an earlier run; an
    empty mapping if there is none.
    """

    def __init__(self, output: Path, storage: str, identity: Identity) -> None:
        """Take the lock and read the journal.

        storage: a name of STORAGES. identity: what differs for any other input, options or model, by name. Raises
        ValueError if OUTPUT exists, if other work was begun there, if another process is writing it, or if the storage
        cannot have that name, and OSError if nothing can be written there.
        """
        if STORAGES[storage].plugin is StoragePlugin.SQLITE3 and set(str(output)) & set(NOT_FOR_SQLITE):
            raise ValueError(
                f"{output}: the path has one of the characters {' '.join(NOT_FOR_SQLITE)}, which sqlite3 does not take "
                "literally; choose another name, or the storage mcap"
            )
        self.output = output
        self._check_free()
        self.folder = output.with_name(f"{output.name}.partial")
        self._storage_name, self._storage = storage, STORAGES[storage]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise OSError(
                f"{self.folder}: this folder for the output cannot be made or written ({error.strerror}); give an "
                "output in a folder that can be written"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ValueError(f"{self.folder}: another process writes it; wait until it ends, or end it") from None
        self._check_free()  # another process may have finished it in the meantime
        self._journal = self.folder / "journal.json"
        journal: dict[str, Any] = {"identity": dict(identity), "progress": {}, "parts": []}
        if self._journal.is_file():
            journal = json.loads(self._journal.read_text())
        if other := differences(journal["identity"], identity):
            self._lock.close()
            raise ValueError(
                f"{self.folder}: got the beginning of other work, which differs in {', '.join(other)}; "
                "run the other command again until it ends, or remove the folder"
            )
        self._identity = identity
        self._parts: list[dict[str, Any]] = journal["parts"]
        self.resumed: Mapping[str, Any] = journal["progress"]
        self._writer: Writer | None = None
        self._connections: dict[tuple[str, str], Connection] = {}
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self.pending_bytes = 0
        """The bytes written to the part that is open."""
        self._discard_unfinished()

    def write(self, topic: str, kind: str, time_ns: int, data: bytes, like: Connection | None = None) -> None:
        """Write one message. like: the recorded connection whose definition and QoS are passed on. Raises OSError."""
        with self._explained():
            self._write(topic, kind, time_ns, data, like)

    def _write(self, topic: str, kind: str, time_ns: int, data: bytes, like: Connection | None) -> None:
        if self._writer is None:
            self._writer = self._open_part()
        connection = self._connections.get((topic, kind))
        if connection is None:
            text, digest = definition(self._store, kind, like)
            ext = like.ext if like is not None and isinstance(like.ext, ConnectionExtRosbag2) else None
            connection = self._writer.add_connection(
                topic,
                kind,
                msgdef=text,
                rihs01=digest,
                serialization_format=ext.serialization_format if ext else "cdr",
                offered_qos_profiles=ext.offered_qos_profiles if ext else (),
            )
            self._connections[(topic, kind)] = connection
        self._writer.write(connection, time_ns, data)
        self.pending_bytes += len(data)

    def commit(self, progress: Mapping[str, Any]) -> None:
        """Close the part, wait until it is on disk, and note in the journal that all up to `progress` is done.

        Raises OSError.
        """
        with self._explained():
            if self._writer is not None:
                self._close_part()
            journal = {"identity": dict(self._identity), "progress": dict(progress), "parts": self._parts}
            _write_synced(self._journal, json.dumps(journal))

    def finish(self, note: Mapping[str, Any]) -> None:
        """Make the parts one bag, with `note` in its custom data, and give it its name. Call `commit` first.

        Raises OSError.
        """
        with self._explained():
            if is_single_file(self.output):
                self._finish_file(note)
            else:
                self._finish_folder(note)

    def _close_part(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self._writer = None
        self._connections.clear()
        self.pending_bytes = 0
        part = self._part_folder()
        description = yaml.safe_load((part / "metadata.yaml").read_text())[ROOT]
        name = f"{self.output.name}_{len(self._parts)}{self._storage.suffix}"
        os.replace(part / f"{part.name}{self._storage.suffix}", self.folder / name)
        _sync(self.folder / name)
        shutil.rmtree(part)
        self._parts.append({"name": name, "description": description})

    def _finish_folder(self, note: Mapping[str, Any]) -> None:
        """Describe the parts, and rename their folder."""
        if not self._parts:  # a bag has at least one file
            self._writer = self._open_part()
            self._close_part()
        described = {ROOT: joined(self._parts, self._storage_name, {NOTE: json.dumps(note, sort_keys=True)})}
        _write_synced(self.folder / "metadata.yaml", yaml.safe_dump(described, sort_keys=False))
        os.rename(self.folder, self.output)
        _sync(self.output.parent)
        for name in ("journal.json", "lock"):
            (self.output / name).unlink()

    def _finish_file(self, note: Mapping[str, Any]) -> None:
        """Copy the parts into one storage file, and move it to its place."""
        self._writer = self._open_part()
        self._writer.set_custom_data(NOTE, json.dumps(note, sort_keys=True))
        for part in self._parts:
            for connection, time_ns, data in self._storage.read(self.folder / part["name"], _raise, None):
                self._write(connection.topic, connection.msgtype, time_ns, data, connection)
        self._writer.close()
        self._writer = None
        made = self._part_folder()
        whole = made / f"{made.name}{self._storage.suffix}"
        _sync(whole)
        os.rename(whole, self.output)
        _sync(self.output.parent)
        shutil.rmtree(self.folder)

    def __enter__(self) -> PartsWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.abort()
        self._lock.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Let the errors of a full disk say which folder it is, and what to do."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            # SQLite calls it "database or disk is full", or "disk I/O error" where a file may not grow.
            full = error.errno in DISK_FULL if isinstance(error, OSError) else "disk" in str(error)
            if not full:
                raise
            why = error.strerror if isinstance(error, OSError) else error
            raise OSError(
                f"{self.folder}: the output does not fit there ({why}); make space and run the command again, which "
                "then goes on from here, or give an output on another disk"
            ) from error

    def _check_free(self) -> None:
        if self.output.exists():
            raise ValueError(f"{self.output}: it exists already; choose another name, or remove it")

    def _open_part(self) -> Writer:
        writer = Writer(self._part_folder(), version=9, storage_plugin=self._storage.plugin)
        if self._storage.compresses:
            writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        writer.open()
        return writer

    def _part_folder(self) -> Path:
        return self.folder / f"part_{len(self._parts)}"

    def _discard_unfinished(self) -> None:
        kept = {part["name"] for part in self._parts} | {"lock", "journal.json"}
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in kept:
                path.unlink()


def finished_note(path: Path) -> Mapping[str, Any] | None:
    """Return the note that `finish` left in the whole bag at `path`; None if there is no such bag."""
    try:
        note: Mapping[str, Any] = json.loads(description_of(path)["custom_data"][NOTE])
    except (OSError, yaml.YAMLError, sqlite3.Error, KeyError, TypeError, ValueError):
        return None
    return note


def joined(parts: list[dict[str, Any]], storage: str, custom: Mapping[str, str]) -> dict[str, Any]:
    """Return one rosbag2 description (version 9) of several files, made from the descriptions of each."""
    spans = []
    topics: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        if part["description"]["message_count"]:
            start = part["description"]["starting_time"]["nanoseconds_since_epoch"]
            spans.append((start, start + part["description"]["duration"]["nanoseconds"]))
        for topic in part["description"]["topics_with_message_count"]:
            about = topic["topic_metadata"]
            entry = topics.setdefault((about["name"], about["type"]), {"topic_metadata": about, "message_count": 0})
            entry["message_count"] += topic["message_count"]
    start_ns = min((start for start, _ in spans), default=0)
    end_ns = max((end for _, end in spans), default=0)
    return {
        "version": 9,
        "storage_identifier": storage,
        "relative_file_paths": [part["name"] for part in parts],
        "duration": {"nanoseconds": end_ns - start_ns},
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "message_count": sum(part["description"]["message_count"] for part in parts),
        "topics_with_message_count": list(topics.values()),
        "compression_format": "",
        "compression_mode": "",
        "files": [{**part["description"]["files"][0], "path": part["name"]} for part in parts],
        "custom_data": dict(custom),
        "ros_distro": "rosbags",
    }


def definition(store: Typestore, kind: str, like: Connection | None) -> tuple[str, str]:
    """Return definition and hash (REP 2011) of a message type: as it was recorded, else as ROS 2 Jazzy has it.

    If nothing defines the type, the definition is empty and the hash zero; the bytes are passed on nevertheless.
    """
    text = like.msgdef.data if like is not None else ""
    if text:
        try:
            return text, store_of(kind, text).hash_rihs01(kind)
        except Exception:  # the parser raises several types, and a definition may name types that it does not hold
            return text, UNKNOWN_HASH
    if kind in store.fielddefs:
        return store.generate_msgdef(kind, ros_version=2)[0], store.hash_rihs01(kind)
    return "", UNKNOWN_HASH


def _raise(text: str) -> None:
    raise ValueError(f"a part that was written cannot be read again: {text}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_synced(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    _sync(new)
    os.replace(new, path)
