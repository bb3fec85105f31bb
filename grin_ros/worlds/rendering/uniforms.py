# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Values for the variables of shaders."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray


def column_major(matrix: NDArray[np.float64]) -> bytes:
    """A matrix as GLSL stores it, float32."""
    return np.ascontiguousarray(matrix.T, np.float32).tobytes()


def floats(vector: NDArray[np.float64]) -> tuple[float, ...]:
    """A vector as moderngl takes it."""
    return tuple(float(v) for v in vector)


def set_uniforms(program: moderngl.Program, **values: bytes | float | tuple[float, ...]) -> None:
    """Sets uniforms by name; bytes are arrays and column-major matrices of float32. KeyError when it has none such."""
    for name, value in values.items():
        uniform = program[name]
        if not isinstance(uniform, moderngl.Uniform):
            raise KeyError(f"{name}: got a {type(uniform).__name__}, expected a uniform")
        if isinstance(value, bytes):
            uniform.write(value)
        else:
            uniform.value = value
