# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth as an organized PointCloud2 with x, y, z, [rgb,] sigma, in the rows and columns of the image.

sigma is the standard deviation of depth along z in metres, as in depth/sigma. An error of depth moves a point along its
ray, so the standard deviation along the ray is sigma * |(x, y, z)| / z.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.inputs.payload import filled

FLOAT_BYTES = 4
_POINTS_AT_ONCE = 65536
"""The cloud is written in parts of this size, which stay in the processor's cache until all their numbers are there."""


def cloud_message(
    frame: Frame, estimate: DepthEstimate, header: Header, stride: int = 1, rgb: bool = True
) -> PointCloud2:
    """Return the points of every `stride`-th pixel in both directions: ceil(H / stride) x ceil(W / stride) points.

    All fields are FLOAT32. x, y, z are metres in the optical frame, NaN where depth is invalid or infinite. rgb, if it
    is wanted, is packed as 0x00RRGGBB into the bits of a float, as PCL does. sigma is in metres, NaN where depth is not
    finite.
    """
    depth_m, sigma_m = estimate.depth_m[::stride, ::stride], estimate.sigma_m[::stride, ::stride]
    height, width = depth_m.shape
    fields = point_fields(("x", "y", "z", "rgb", "sigma") if rgb else ("x", "y", "z", "sigma"))
    values_a_point = len(fields)
    # rclpy takes an array.array without a copy, so writing into its memory saves two copies of the whole cloud.
    data = array.array("B", b"\0") * (height * width * values_a_point * FLOAT_BYTES)
    values = np.frombuffer(data, np.float32).reshape(height, width, values_a_point)
    slopes = _slopes(replace(frame.camera, mounting=None), stride)
    image = frame.image[::stride, ::stride]
    rows_at_once = max(1, _POINTS_AT_ONCE // width)
    for top in range(0, height, rows_at_once):
        rows = slice(top, top + rows_at_once)
        points = values[rows]
        with np.errstate(invalid="ignore"):
            z_m = depth_m[rows] * slopes.forward[rows]  # NaN where there is no depth
        z_m += depth_m[rows]
        np.multiply(slopes.x[rows], z_m, out=points[..., 0])
        np.multiply(slopes.y[rows], z_m, out=points[..., 1])
        points[..., 2] = z_m
        points[..., -1] = sigma_m[rows]
        if rgb:
            points.view(np.uint32)[..., 3] = packed_rgb(image[rows])
    return filled(
        PointCloud2,
        data,
        header=header,
        height=height,
        width=width,
        fields=fields,
        is_bigendian=sys.byteorder == "big",
        point_step=values_a_point * FLOAT_BYTES,
        row_step=width * values_a_point * FLOAT_BYTES,
        is_dense=False,
    )


def list_message(values: NDArray[np.float32], names: Sequence[str], header: Header) -> PointCloud2:
    """Return N points in one row. values: (N, len(names)) FLOAT32 without NaN. names: the fields."""
    count, values_a_point = values.shape
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).tobytes())
    return PointCloud2(
        header=header,
        height=1,
        width=count,
        fields=point_fields(names),
        is_bigendian=sys.byteorder == "big",
        point_step=values_a_point * FLOAT_BYTES,
        row_step=count * values_a_point * FLOAT_BYTES,
        data=data,
        is_dense=True,
    )


def point_fields(names: Sequence[str]) -> list[PointField]:
    """Return fields of FLOAT32, one after the other without gaps."""
    return [
        PointField(name=name, offset=index * FLOAT_BYTES, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(names)
    ]


def packed_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return (H, W) uint32 0x00RRGGBB of an (H, W, 3) uint8 RGB image."""
    if sys.byteorder == "big":
        wide = image.astype(np.uint32)
        return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)
    # OpenCV's vectorised reordering gives the same bytes, but fills the fourth with 255.
    packed = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGRA).view(np.uint32)[..., 0]
    packed &= np.uint32(0x00FFFFFF)
    return np.asarray(packed, np.uint32)


@dataclass(frozen=True)
class _Slopes:
    """The rays of every `stride`-th pixel, each (h, w) float32.

    x, y: x / z and y / z. forward: 0 where the ray looks forward, else NaN.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    forward: NDArray[np.float32]


@KeptMaps
def _slopes(camera: Camera, stride: int) -> _Slopes:
    """Return the slopes by which depth is multiplied to get points; computed once for each camera and stride."""
    x, y, z = (np.array(camera.rays()[::stride, ::stride, axis]) for axis in range(3))
    z[~(z > 0.0)] = np.nan
    return _Slopes(x / z, y / z, 0.0 * z)
