# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A short text by which a storage file is known again, wherever it lies and whatever its time of change is."""

from __future__ import annotations

import hashlib
from pathlib import Path

END_BYTES = 64 << 10
"""So much of the beginning and of the end of a file is read. The last bytes of an MCAP file are its index."""


def fingerprint(path: Path) -> str:
    """Return a hash over the first and the last END_BYTES of a file; '' if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(END_BYTES))
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        digest.update(file.read(END_BYTES))
    return digest.hexdigest()
