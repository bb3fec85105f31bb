# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion and setting of shader uniforms."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray


def column_major(matrix: NDArray[np.float64]) -> bytes:
    """Return the matrix as column-major float32 bytes, as GLSL stores it."""
    return np.ascontiguousarray(matrix.T, np.float32).tobytes()


def floats(vector: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the vector as a tuple, as moderngl expects it."""
    return tuple(float(v) for v in vector)


def set_uniforms(program: moderngl.Program, **values: bytes | float | tuple[float, ...]) -> None:
    """Set uniforms by name. Bytes are float32 arrays or column-major matrices. Raise KeyError for an unknown name."""
    for name, value in values.items():
        uniform = program[name]
        if not isinstance(uniform, moderngl.Uniform):
            raise KeyError(f"{name}: got a {type(uniform).__name__}, expected a uniform")
        if isinstance(value, bytes):
            uniform.write(value)
        else:
            uniform.value = value
