# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's point clouds as NumPy arrays and as PLY files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from grin_ros.core.inspection import ply

_NUMPY: Mapping[int, str] = {PointField.FLOAT32: "f4", PointField.FLOAT64: "f8", PointField.UINT32: "u4"}


def points_of(cloud: PointCloud2) -> NDArray[Any]:
    """Return the points of a cloud that have a depth, as a structured array with the fields of the cloud.

    Raises ValueError if the cloud lacks one of x, y, z, rgb and sigma.
    """
    order = ">" if cloud.is_bigendian else "<"
    fields = {item.name: item for item in cloud.fields}
    missing = {"x", "y", "z", "rgb", "sigma"} - fields.keys()
    if missing:
        raise ValueError(f"points: the cloud has {', '.join(fields)}, but lacks {', '.join(sorted(missing))}")
    layout = np.dtype(
        {
            "names": list(fields),
            "formats": [order + _NUMPY[item.datatype] for item in fields.values()],
            "offsets": [item.offset for item in fields.values()],
            "itemsize": cloud.point_step,
        }
    )
    points: NDArray[Any] = np.frombuffer(cloud.data, layout)
    valid: NDArray[Any] = points[np.isfinite(points["z"])]
    return valid


def write_ply(path: Path, cloud: PointCloud2) -> int:
    """Write the points that have a depth as binary PLY, and return their number.

    The properties are x, y, z in metres, red, green, blue, and sigma in metres. Raises ValueError if the cloud lacks
    one of them.
    """
    points = points_of(cloud)
    order = ">" if cloud.is_bigendian else "<"
    colour = np.ascontiguousarray(points["rgb"]).view(f"{order}u4")  # packed into the bits of a float, as PCL does
    xyz_m = np.stack([points["x"], points["y"], points["z"]], axis=-1)
    rgb = (np.stack([colour >> 16, colour >> 8, colour], axis=-1) & 0xFF).astype(np.uint8)
    ply.write_ply(path, xyz_m, rgb, points["sigma"])
    return len(points)
