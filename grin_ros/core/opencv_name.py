# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of files for OpenCV."""

from __future__ import annotations

from pathlib import Path

from grin_ros.core.input_error import InputError


def opencv_name(path: Path) -> str:
    """Return the name of a file as OpenCV takes it. Raises InputError if it is not UTF-8, because OpenCV crashes then.

    Such names come from ZIP archives of Windows and from old disks.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode(errors="backslashreplace").decode()
        raise InputError(f"{shown}: got a name that is not UTF-8", "rename the file or folder") from None
    return str(path)
