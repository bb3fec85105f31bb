# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The number of threads of NumPy's OpenBLAS in a process that has loaded it already."""

from __future__ import annotations

import ctypes
from pathlib import Path

MAPS = Path("/proc/self/maps")
_SETTERS = [
    f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("", "scipy_") for suffix in ("", "64_")
]  # the wheels of NumPy rename the functions of their own copy


def use_one_thread() -> bool:
    """Let every loaded OpenBLAS use one thread. Return False if none is found, as outside of Linux."""
    try:
        lines = MAPS.read_text(errors="replace").splitlines()
    except OSError:
        return False
    found = False
    for path in {line.split(maxsplit=5)[5] for line in lines if "openblas" in line}:
        try:
            library = ctypes.CDLL(path)  # it is loaded, so this is the same copy
        except OSError:  # it was deleted or replaced since
            continue
        for name in _SETTERS:
            if hasattr(library, name):
                getattr(library, name)(ctypes.c_int(1))
                found = True
    return found
