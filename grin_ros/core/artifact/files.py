# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The files of an artifact: each has the hash that the manifest gives, and a size that this machine can read."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from grin_ros.core.artifact.manifest import ArtifactError

MAX_FILE_BYTES = 2 * 1024**3
"""A larger file is not read."""
MAX_GOLDEN_BYTES = 256 << 20
"""A golden sample that unpacks to more than this is not read."""


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def check_file(folder: Path, name: str, expected: str) -> None:
    """Raise ArtifactError unless `name` is a file in `folder` with the SHA-256 `expected`."""
    path = folder / name
    if Path(name).name != name:
        raise ArtifactError(
            f"{folder}: the manifest names '{name}', which is outside the folder; do not use this artifact"
        )
    if not path.is_file():
        raise ArtifactError(f"{path}: missing; export the model again, or reinstall")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ArtifactError(
            f"{path}: got {path.stat().st_size} bytes, expected at most {MAX_FILE_BYTES}; do not use this artifact"
        )
    got = file_sha256(path)
    if got != expected:
        raise ArtifactError(
            f"{path}: got SHA-256 {got[:12]}…, expected {expected[:12]}… as in the manifest; the file is corrupt or "
            "was changed: export the model again, or reinstall"
        )


def check_golden_size(path: Path) -> None:
    """Raise ArtifactError unless `path` is an archive of arrays of a reasonable size.

    A few kilobytes of an archive can unpack to gigabytes of zeros, so the sizes are added up before any is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ArtifactError(f"{path}: not an archive of arrays ({error}); export the model again") from error
    if size > MAX_GOLDEN_BYTES:
        raise ArtifactError(
            f"{path}: got {size} bytes unpacked, expected at most {MAX_GOLDEN_BYTES}; do not use this artifact"
        )
