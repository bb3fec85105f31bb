# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Binary PLY files of coloured points with their sigma."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PLY = {"x": "<f4", "y": "<f4", "z": "<f4", "red": "u1", "green": "u1", "blue": "u1", "sigma": "<f4"}


def write_ply(path: Path, xyz_m: NDArray[Any], rgb: NDArray[np.uint8], sigma_m: NDArray[Any]) -> None:
    """Write N points as binary PLY, with the properties x, y, z, red, green, blue and sigma.

    xyz_m: (N, 3) metres in the optical frame. rgb: (N, 3) uint8. sigma_m: (N,) one standard deviation of z, metres.
    Raises OSError.
    """
    points = np.empty(len(xyz_m), list(_PLY.items()))
    for name, column in zip(_PLY, (*xyz_m.T, *rgb.T, sigma_m), strict=True):
        points[name] = column
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment metres in the optical frame (x right, y down, z forward); sigma: one standard deviation of z, metres",
        f"element vertex {len(points)}",
        *(f"property {'uchar' if kind == 'u1' else 'float'} {name}" for name, kind in _PLY.items()),
        "end_header",
    ]
    path.write_bytes(("\n".join(header) + "\n").encode() + points.tobytes())
