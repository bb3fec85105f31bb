# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine cache: engines that a runtime built are kept on disk and loaded at the next start.

The key of an entry holds all that the engine was built from and for. Every entry is one file: a line that names the
format, a line of JSON (the key, and the SHA-256 of the rest), and the engine. An entry that is corrupt, has another
key, or belongs to another user is not loaded; the caller builds the engine again and replaces the entry.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import GOLDEN, GRAPHS, HINTS, graph_file

logger = logging.getLogger(__name__)

MAGIC = b"grin_ros engine 1\n"
"""The first line of an entry."""
SUFFIX = ".engine"
"""The end of the name of an entry's file."""
MAX_HEADER_BYTES = 64 * 1024
"""A longer header is not read."""
MAX_KEPT_BYTES = 2 * 2**30
"""All engines together have at most so many bytes."""
MAX_ENTRY_BYTES = MAX_KEPT_BYTES // 4
"""A larger entry is neither written nor read. OpenVINO's 'decode' grows with the image, to 1.5 GB for 8000x6000."""
WRITING_S = 600.0
"""A file that is being written and did not change for so long belongs to an interrupted build."""
UNFINISHED = ".unfinished-"
"""The beginning of the name of a file that is being written."""


class CacheError(ValueError):
    """The entry may not be loaded; the text says why."""


@dataclass(frozen=True)
class EngineKey:
    """Everything that an engine depends on. Engines whose keys differ in anything are different entries."""

    graph: str
    model_sha256: str
    """The hash of the ONNX file and of the weights beside it."""
    runtime: str
    """The name and full version of the runtime."""
    device: str
    precision: str
    shapes: str
    """The shapes of the inputs; a name in a shape is a free size."""
    options: str
    """The options of the builder."""

    @property
    def file_name(self) -> str:
        """The file name of the entry."""
        digest = hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.graph}-{digest[:24]}{SUFFIX}"


@dataclass(frozen=True)
class Entry:
    """A file in the cache folder. fault: why it would not be loaded; empty if it would. key: None if that is not known,
    and of a file that is being written."""

    path: Path
    size_bytes: int
    key: EngineKey | None = None
    fault: str = ""


def cache_home() -> Path:
    """Return $XDG_CACHE_HOME/grin_ros, or ~/.cache/grin_ros. It survives a reboot, as a build can take minutes."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grin_ros"


def engine_folder() -> Path:
    """Return the folder of the entries."""
    return cache_home() / "engines"


def provider_folder() -> Path:
    """Return the folder where ONNX Runtime's TensorRT provider keeps engines of its own, which it checks itself."""
    return cache_home() / "tensorrt"


def engine_key(
    artifact: Artifact,
    graph: str,
    *,
    runtime: str,
    device: str,
    precision: str,
    options: dict[str, Any],
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> EngineKey:
    """Return the key of one graph of `artifact`, with the hashes that load_artifact has checked.

    shapes: those of the inputs, if the engine is built for some shapes only.
    """
    others = {graph_file(other, "fp32") for other in (*GRAPHS, HINTS) if other != graph} | {GOLDEN}
    parts = {name: digest for name, digest in artifact.manifest.sha256.items() if name not in others}
    inputs = shapes or {each["name"]: each["shape"] for each in artifact.manifest.tensors[graph]["inputs"]}
    return EngineKey(
        graph=graph,
        model_sha256=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
        runtime=runtime,
        device=device,
        precision=precision,
        shapes=json.dumps(inputs, sort_keys=True),
        options=json.dumps(options, sort_keys=True),
    )


def load(key: EngineKey) -> bytes | None:
    """Return the engine of `key`; None if there is none, or if it may not be loaded (the log says why)."""
    path = engine_folder() / key.file_name
    try:
        found, engine = _read(path)
        if found != key:
            raise CacheError("its key is not the one that its name says")
        with suppress(OSError):
            os.utime(path)  # `store` deletes those that were not used for the longest time
        return engine
    except FileNotFoundError:
        return None
    except (CacheError, OSError) as error:
        logger.warning("%s is not loaded: %s; the engine is built again", path, error)
        return None


def store(key: EngineKey, engine: bytes) -> None:
    """Write `engine` to the cache as a whole, and delete what was not used for the longest time if the cache gets too
    large. If the folder cannot be written, log it and keep nothing."""
    if len(engine) + MAX_HEADER_BYTES > MAX_ENTRY_BYTES:
        text = "%s: the engine has %d MB, is not kept, and is built at every start"
        logger.info(text, key.file_name, len(engine) // 2**20)
        return
    folder = engine_folder()
    header = {"key": dataclasses.asdict(key), "sha256": hashlib.sha256(engine).hexdigest()}
    temporary = ""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
        with os.fdopen(handle, "wb") as stream:
            stream.write(MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n")
            stream.write(engine)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, folder / key.file_name)
    except OSError as error:
        logger.warning(
            "%s: the built engine cannot be kept (%s) and is built at every start; make the folder writable, or set "
            "XDG_CACHE_HOME",
            folder,
            error,
        )
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink(missing_ok=True)
        return
    with suppress(OSError):
        _make_room(folder, key.file_name)


def _make_room(folder: Path, newest: str) -> None:
    """Delete the engines that were not used for the longest time, and files of interrupted builds, until the others
    have at most MAX_KEPT_BYTES. newest: the file that stays in any case. Other processes may delete files too."""
    now_s, files = time.time(), []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            status = path.lstat()
            if path.name.startswith(UNFINISHED) and not _is_written(path, status):
                path.unlink()
            elif path.suffix == SUFFIX and stat.S_ISREG(status.st_mode):
                # The clock of a robot may have been ahead. Such a time says nothing, so it counts as old.
                used_s = now_s if path.name == newest else status.st_mtime % now_s
                files.append((used_s, status.st_size, path))
    size = 0
    for _, bytes_of, path in sorted(files, reverse=True):
        size += bytes_of
        if size > MAX_KEPT_BYTES:
            path.unlink(missing_ok=True)


def entries() -> Iterator[Entry]:
    """Yield all entries, each read and checked, and the files of interrupted builds. Other processes may change the
    folder meanwhile."""
    folder = engine_folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != SUFFIX and not path.name.startswith(UNFINISHED):
            continue
        with suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            if path.name.startswith(UNFINISHED):
                fault = "" if _is_written(path, status) else "its build was interrupted"
                yield Entry(path, status.st_size, fault=fault)
                continue
            try:
                key, _ = _read(path)
            except FileNotFoundError:
                continue
            except (CacheError, OSError) as error:
                yield Entry(path, status.st_size, fault=str(error))
            else:
                fault = "" if path.name == key.file_name else "its key is not the one that its name says"
                yield Entry(path, status.st_size, key, fault)


def _is_written(path: Path, status: os.stat_result) -> bool:
    """Return whether a build writes this file now."""
    return path.name.startswith(UNFINISHED) and time.time() - status.st_mtime < WRITING_S


def clear() -> tuple[int, int]:
    """Delete all entries and those of the TensorRT provider, but for what a build writes now. Returns the number of
    files and of bytes."""
    provider = provider_folder()
    files = [entry.path for entry in entries()]
    files += [path for path in provider.rglob("*") if not path.is_dir()] if provider.is_dir() else []
    count = size = 0
    for path in files:
        with suppress(FileNotFoundError):  # another process may delete it too
            status = path.lstat()
            if _is_written(path, status):
                continue
            path.unlink()
            count, size = count + 1, size + status.st_size
    return count, size


def _read(path: Path) -> tuple[EngineKey, bytes]:
    """Read an entry. Raises CacheError unless it is a whole one that this user wrote, OSError if it is unreadable."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)  # a link may lead to a file that another user wrote
    with os.fdopen(os.open(path, flags), "rb") as stream:
        status = os.fstat(stream.fileno())
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            raise CacheError(
                f"it belongs to user {status.st_uid}, or others may write it; expected a file of this user"
            )
        if status.st_size > MAX_ENTRY_BYTES:
            raise CacheError(f"it has {status.st_size} bytes, expected at most {MAX_ENTRY_BYTES}")
        if stream.read(len(MAGIC)) != MAGIC:
            raise CacheError("it is not an entry of this format")
        line = stream.readline(MAX_HEADER_BYTES)
        engine = stream.read()
    try:
        header = json.loads(line)
        key = EngineKey(**header["key"])
        expected = header["sha256"]
    except (ValueError, TypeError, LookupError) as error:
        raise CacheError(f"its header is corrupt ({error})") from error
    got = hashlib.sha256(engine).hexdigest()
    if got != expected:
        raise CacheError(f"its SHA-256 is {got[:12]}…, expected {str(expected)[:12]}… as in its header: it is corrupt")
    return key, engine
