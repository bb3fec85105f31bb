# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays that are computed once and kept in a file, so that a teaching that was stopped does not compute them again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def kept(path: Path, make: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
    """Return the array in the file, or make it and write the file, which appears whole or not at all."""
    if path.is_file():
        stored: NDArray[np.float16] = np.load(path, allow_pickle=False)
        return stored
    made = make()
    temporary = path.with_suffix(f".{os.getpid()}.npy")  # processes of torchrun may make the same one
    np.save(temporary, made)
    temporary.replace(path)
    return made
