# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""DepthEstimate -> organized PointCloud2: x y z [rgb] sigma, row for row with the image.

sigma is the standard deviation of depth along z, the number of depth/sigma, in metres. An error of depth moves the
point along its ray: multiply by |x y z| / z for the standard deviation along the ray.
"""

from __future__ import annotations

import array
import sys

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from grin_ros.data.frames import DepthEstimate, Frame
from grin_ros.geometry.rays import points_from_depth

FLOAT_BYTES = 4


def cloud_message(
    frame: Frame, estimate: DepthEstimate, header: Header, stride: int = 1, rgb: bool = True
) -> PointCloud2:
    """Every `stride`-th pixel in both directions, from pixel (0, 0) on: ceil(H / stride) x ceil(W / stride) points.

    All FLOAT32: x, y, z in metres in the optical frame, NaN where depth is invalid or infinite; rgb, if wanted, packed
    as 0x00RRGGBB in a float's bits, as PCL does; sigma in metres, NaN where depth is not finite.
    """
    depth_m, sigma_m = estimate.depth_m[::stride, ::stride], estimate.sigma_m[::stride, ::stride]
    height, width = depth_m.shape
    fields = point_fields(rgb)
    values_a_point = len(fields)
    # rclpy takes an array.array as it is: writing the points into its memory saves two copies of the whole cloud.
    data = array.array("B", bytes(height * width * values_a_point * FLOAT_BYTES))
    values = np.frombuffer(data, np.float32).reshape(height, width, values_a_point)
    values[..., :3] = points_from_depth(depth_m, frame.camera.rays()[::stride, ::stride])
    values[..., -1] = sigma_m
    if rgb:
        values.view(np.uint32)[..., 3] = packed_rgb(frame.image[::stride, ::stride])
    return PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=fields,
        is_bigendian=sys.byteorder == "big",
        point_step=values_a_point * FLOAT_BYTES,
        row_step=width * values_a_point * FLOAT_BYTES,
        data=data,
        is_dense=False,
    )


def point_fields(rgb: bool) -> list[PointField]:
    """x, y, z at 0, 4, 8; rgb, if wanted, at 12; sigma last."""
    names = ("x", "y", "z", "rgb", "sigma") if rgb else ("x", "y", "z", "sigma")
    return [
        PointField(name=name, offset=index * FLOAT_BYTES, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(names)
    ]


def packed_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(H, W, 3) uint8 RGB -> (H, W) uint32 0x00RRGGBB."""
    wide = image.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)
