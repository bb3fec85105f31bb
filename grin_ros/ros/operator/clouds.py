# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's point clouds as NumPy arrays and as PLY files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from grin_ros.core.input_error import InputError
from grin_ros.core.inspection import ply
from grin_ros.ros.inputs.hints.cloud_fields import CloudFields

FIELDS = ("x", "y", "z", "rgb", "sigma")


@dataclass(frozen=True)
class Points:
    """The points of a cloud that have a depth.

    xyz_m: (N, 3) metres in the optical frame. rgb: (N, 3) uint8. sigma_m: (N,) one standard deviation of z, metres.
    """

    xyz_m: NDArray[np.floating]
    rgb: NDArray[np.uint8]
    sigma_m: NDArray[np.floating]


def points_of(cloud: PointCloud2) -> Points:
    """Return the points that have a depth. Raises InputError if a field is missing, or sizes and data do not fit."""
    fields = CloudFields(cloud, "points", most=None)
    missing = [name for name in FIELDS if name not in fields]
    if missing:
        got = ", ".join(field.name for field in cloud.fields) or "none"
        raise InputError(
            f"points: got a cloud with the fields {got}, expected {', '.join(missing)} too",
            "set points_rgb of the node to true" if missing == ["rgb"] else "name the topic of the node's points",
        )
    valid = np.isfinite(fields.raw("z"))
    packed = fields.raw("rgb")[valid]
    colour = packed.view(np.dtype("u4").newbyteorder(packed.dtype.byteorder))  # in the bits of a float, as PCL does
    rgb = (np.stack([colour >> 16, colour >> 8, colour], axis=-1) & 0xFF).astype(np.uint8)
    xyz_m = np.stack([fields.raw(axis)[valid] for axis in "xyz"], axis=-1)
    return Points(xyz_m, rgb, fields.raw("sigma")[valid])


def write_ply(path: Path, cloud: PointCloud2) -> int:
    """Write the points that have a depth as binary PLY, and return their number.

    The properties are x, y, z in metres, red, green, blue, and sigma in metres. Raises InputError as `points_of`,
    OSError if the file cannot be written.
    """
    points = points_of(cloud)
    ply.write_ply(path, points.xyz_m, points.rgb, points.sigma_m)
    return len(points.xyz_m)
