# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Built engines kept between starts, each under the key of all that it was built from and for; no other is loaded.

One file an entry: a line that names the format, a line of JSON (key, SHA-256 of the rest), the engine. An entry that is
corrupt, of another key, or not this user's is not loaded; the caller builds anew and replaces it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import platform
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from grin_ros.core.artifact.files import MAX_FILE_BYTES
from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import GRAPHS

logger = logging.getLogger(__name__)

MAGIC = b"grin_ros engine 1\n"
SUFFIX = ".engine"
MAX_HEADER_BYTES = 64 * 1024
MAX_ENTRY_BYTES = MAX_FILE_BYTES + MAX_HEADER_BYTES
"""An engine is hardly larger than the model that it was built from."""
UNFINISHED = ".unfinished-"


class CacheError(ValueError):
    """An entry that may not be loaded; the text says why."""


@dataclass(frozen=True)
class EngineKey:
    """What an engine depends on. Two keys differ in anything: two entries."""

    graph: str
    model_sha256: str
    """Of the ONNX file and of the weights beside it."""
    runtime: str
    """With its full version."""
    device: str
    precision: str
    shapes: str
    """Of the inputs; a name is a free size."""
    options: str
    """Of the builder."""

    @property
    def file_name(self) -> str:
        digest = hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.graph}-{digest[:24]}{SUFFIX}"


@dataclass(frozen=True)
class Entry:
    """What is in the cache folder. fault: why it would not be loaded; empty where all is well."""

    path: Path
    size_bytes: int
    key: EngineKey | None = None
    fault: str = ""


def cache_home() -> Path:
    """XDG_CACHE_HOME/grin_ros: outside /tmp, for a build takes long and must outlive a reboot."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grin_ros"


def engine_folder() -> Path:
    return cache_home() / "engines"


def provider_folder() -> Path:
    """Where ONNX Runtime's TensorRT provider keeps its own engines, and checks them itself."""
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
    """The key of one graph of `artifact`; its hashes are those that load_artifact has checked. shapes: of the inputs,
    where it is built for some only."""
    others = {f"{other}.onnx" for other in GRAPHS if other != graph} | {"golden.npz"}
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


@lru_cache(maxsize=1)
def cpu_facts() -> dict[str, str]:
    """vendor, name and flags of this machine's processor, as far as the system tells; else ''."""
    facts = {"vendor": "", "name": platform.processor() or platform.machine(), "flags": ""}
    wanted = {"vendor_id": "vendor", "model name": "name", "flags": "flags", "Features": "flags"}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if not line.strip():  # the next processor is like the first
            break
        name, _, value = line.partition(":")
        if name.strip() in wanted:
            facts[wanted[name.strip()]] = value.strip()
    return facts


def cpu_identity() -> str:
    """'AMD EPYC x86_64 3f2a...': the name alone does not tell virtual machines with other instructions apart."""
    facts = cpu_facts()
    flags = hashlib.sha256(" ".join(sorted(facts["flags"].split())).encode()).hexdigest()[:12]
    return f"{facts['name']} {platform.machine()} {flags}"


def load(key: EngineKey) -> bytes | None:
    """The engine of `key`; None where there is none, or one that may not be loaded (and the log says why)."""
    path = engine_folder() / key.file_name
    if not path.exists():
        return None
    try:
        found, engine = _read(path)
        if found != key:
            raise CacheError("it is of another key than its name says")
        return engine
    except (CacheError, OSError) as error:
        logger.warning("%s: %s; not loaded, built anew", path, error)
        return None


def store(key: EngineKey, engine: bytes) -> None:
    """Keep `engine`, whole or not at all. Where the folder cannot be written the log says so, and nothing is kept."""
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
        logger.warning("%s: the built engine cannot be kept (%s); it is built again at every start", folder, error)
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def entries() -> Iterator[Entry]:
    """All entries, each read and checked; also what an interrupted build left behind."""
    folder = engine_folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != SUFFIX and not path.name.startswith(UNFINISHED):
            continue
        size = path.lstat().st_size
        try:
            key, _ = _read(path)
            fault = "" if path.name == key.file_name else "it is of another key than its name says"
            yield Entry(path, size, key, fault)
        except (CacheError, OSError) as error:
            yield Entry(path, size, fault=str(error))


def clear() -> tuple[int, int]:
    """Delete all entries, and the TensorRT provider's. How many files, and their bytes."""
    provider = provider_folder()
    files = [entry.path for entry in entries()]
    files += [path for path in provider.rglob("*") if not path.is_dir()] if provider.is_dir() else []
    size = 0
    for path in files:
        size += path.lstat().st_size
        path.unlink()
    return len(files), size


def _read(path: Path) -> tuple[EngineKey, bytes]:
    """Raises CacheError where the file is not a whole entry that this user wrote, OSError where it is unreadable."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)  # a link leads to a file of somebody else's making
    with os.fdopen(os.open(path, flags), "rb") as stream:
        status = os.fstat(stream.fileno())
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            raise CacheError(f"it belongs to user {status.st_uid}, or others may write it; expected this user's alone")
        if status.st_size > MAX_ENTRY_BYTES:
            raise CacheError(f"it has {status.st_size} bytes, more than {MAX_ENTRY_BYTES}")
        if stream.read(len(MAGIC)) != MAGIC:
            raise CacheError("it is not an engine of this format")
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
        raise CacheError(f"its SHA-256 is {got[:12]}…, its header says {str(expected)[:12]}…: it is corrupt")
    return key, engine
