# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints from an image of depth: `hints/depth`, Image 16UC1 (millimetres) or 32FC1 (metres), with its camera_info.

The image may be that of an 8x8 time-of-flight sensor or of a depth camera with holes, aligned with the colour image or
not. A pixel is an area: its depth is a mean over it, and counts for its centre with a sigma that grows with its angle.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.evidence.reach import Reach
from grin_ros.core.hints.sensors.gates import ALL_EQUAL, AT_EDGE, NO_RETURN, all_equal
from grin_ros.core.hints.sensors.returns import end_of_range
from grin_ros.core.input_error import InputError
from grin_ros.core.types import MAX_PIXELS
from grin_ros.ros.inputs.hints.kept import nothing_has_come
from grin_ros.ros.inputs.hints.measured import Points, given_by
from grin_ros.ros.inputs.hints.sensors import MOST_SENSORS, SensorsSource
from grin_ros.ros.inputs.hints.source import Given, View
from grin_ros.ros.inputs.messages import camera_from_info, stamp_ns

TOPIC, INFO = "hints/depth", "hints/depth/camera_info"
RECTIFIED = "depth_rectified"
KINDS = {"16uc1": ("u2", 1e-3), "mono16": ("u2", 1e-3), "32fc1": ("f4", 1.0)}
"""Encoding in small letters -> (NumPy type, metres of one unit)."""
MOST_PIXELS = 30_000
"""The largest number of pixels that are used. They are a random sample, the same for every image of that size."""
MOST_SEARCHED = 640 * 480
"""A larger image is read at every second, third or n-th row and column, because all of them would take too long."""
EDGE_COLUMNS = 64
"""From this width on, pixels at edges are left out: depth cameras put them between the two surfaces."""
EDGE_RATIO = 1.1
"""A pixel is at an edge if the depths around it differ by more than this factor."""
SLOPE = 1.0
"""The usual change of ln(depth) per radian of direction; it makes the mean over a pixel uncertain for its centre."""


class DepthSource(SensorsSource):
    """The depth images that are nearest in time to the image, one of each sensor."""

    name, topic = "depth", TOPIC

    def __init__(self) -> None:
        super().__init__()
        self._infos: dict[str, CameraInfo] = {}
        self._reaches: dict[str, Reach] = {}
        """Frame -> what its sensor has measured so far."""

    def take(self, topic: str, message: Any) -> None:
        """Keep a depth image or its camera_info."""
        if topic == TOPIC:
            super().take(topic, message)
            return
        frame_id = message.header.frame_id.lstrip("/")
        if len(self._infos) >= MOST_SENSORS and frame_id not in self._infos:
            del self._infos[next(iter(self._infos))]
        self._infos[frame_id] = message

    def _forget(self, frame_id: str) -> None:
        super()._forget(frame_id)
        self._infos.pop(frame_id.lstrip("/"), None)
        self._reaches.pop(frame_id, None)

    def _info(self, frame_id: str) -> CameraInfo:
        """Return the camera_info of a frame. Raises InputError if there is none."""
        infos, frame_id = dict(self._infos), frame_id.lstrip("/")
        if len(infos) == 1 and ("" in infos or not frame_id):  # some drivers leave one of them empty
            (frame_id,) = infos
        if frame_id not in infos:
            if not infos:
                raise nothing_has_come(INFO)
            raise InputError(
                f"{INFO} has no camera_info of the frame '{frame_id}', that of the depth image, but of "
                f"{', '.join(sorted(infos))}",
                f"remap {INFO} to the camera_info of every depth image",
            )
        return infos[frame_id]

    def given(self, view: View, message: Image) -> Given:
        """Return the hints of the pixels that hold depth. Raises InputError if they cannot be read or tf is missing."""
        image, config = message, view.config
        aligned = image.header.frame_id.lstrip("/") == view.frame_id.lstrip("/")
        rectified = bool(config.values[RECTIFIED]) or (aligned and config.rectified)
        camera = camera_from_info(self._info(image.header.frame_id), rectified)
        every = max(1, math.ceil(math.sqrt(image.width * image.height / MOST_SEARCHED)))
        depth_m = depth_from(image, every)
        if (image.width, image.height) != (camera.width, camera.height):
            raise InputError(
                f"depth image: got {image.width}x{image.height}, but its camera_info describes "
                f"{camera.width}x{camera.height}",
                f"remap {INFO} to the camera_info of the depth image",
            )
        valid = has_depth(depth_m)
        pixels, rejected = _chosen(depth_m, valid)
        points = _points(camera, every * pixels, depth_m[pixels[:, 0], pixels[:, 1]])
        reach = self._reaches.setdefault(message.header.frame_id, Reach())
        holes = reach.silent(depth_m, valid)
        times_ns = np.full(len(points), stamp_ns(image.header), np.int64)
        sigma_ln = pixel_sigma_ln(camera)
        return given_by(
            view,
            Points(
                "depth", image.header, points, times_ns, sigma_ln, rejected=rejected, optical=True,
                silent=_points(camera, every * holes, reach.reach_m),
            ),
        )  # fmt: skip

    def forget(self) -> None:
        """Forget where the sensors look and how far they reach."""
        self._reaches.clear()


def _points(camera: Camera, pixels: NDArray[np.intp], depth_m: NDArray[np.float32] | float) -> NDArray[np.float64]:
    """Return the points (N, 3) in the optical frame at pixels (N, 2), row and column. depth_m: (N,), or one for all."""
    rays = camera.unproject(pixels[:, ::-1])
    return np.asarray(rays * (depth_m / rays[:, 2])[:, None])


def depth_from(image: Image, every: int) -> NDArray[np.float32]:
    """Return the depth (H, W) in metres, NaN or 0 where there is none. Raises InputError for another layout.

    every: n to read the first of n rows and of n columns only. The largest integer, 65535, is no depth: it is where a
    sensor counts no further.
    """
    encoding = image.encoding.lower()
    if encoding not in KINDS:
        raise InputError(
            f"depth image: got the encoding '{image.encoding[:64]}', expected 16UC1 (millimetres) or 32FC1 (metres)",
            f"remap {TOPIC} to a depth image",
        )
    kind, metres = KINDS[encoding]
    dtype = np.dtype((">" if image.is_bigendian else "<") + kind)
    width, height, step = image.width, image.height, image.step
    _check_size(image, width * dtype.itemsize)
    values = np.ndarray((height, width), dtype, memoryview(image.data), strides=(step, dtype.itemsize))
    values = values[::every, ::every]
    depth_m = values.astype(np.float32) * np.float32(metres)
    if kind == "u2":
        depth_m[values == np.iinfo(np.uint16).max] = np.nan
    return depth_m


def _check_size(image: Image, row_bytes: int) -> None:
    """Raise InputError if the image, whose rows have row_bytes bytes without padding, does not fit into its data."""
    width, height, step = image.width, image.height, image.step
    needed = (height - 1) * step + row_bytes  # some drivers leave out the padding of the last row
    if not 0 < width * height <= MAX_PIXELS:
        text = f"{width}x{height}, expected 1 to {MAX_PIXELS} pixels"
    elif step < row_bytes:
        text = f"step {step}, expected at least {row_bytes} bytes a row ({width} pixels of {image.encoding})"
    elif len(image.data) < needed:
        text = (
            f"{len(image.data)} bytes, expected {needed} for {width}x{height} pixels of {image.encoding}, step {step}"
        )
    else:
        return
    raise InputError(f"depth image: got {text}", "correct the node that publishes it")


def pixel_sigma_ln(camera: Camera) -> float:
    """Return one sigma of ln(depth) at the centre of a pixel, whose mean is known, of a usual scene."""
    return SLOPE / math.sqrt(12.0) / min(camera.fx, camera.fy)


def has_depth(depth_m: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pixels (H, W) hold depth; the end of the range, which many pixels share, is none."""
    with np.errstate(invalid="ignore"):
        valid = np.isfinite(depth_m) & (depth_m > 0.0)
    known_m = depth_m[valid]
    return valid if all_equal(known_m) else valid & (depth_m != end_of_range(known_m))


def _chosen(depth_m: NDArray[np.float32], valid: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Counter[str]]:
    """Return the pixels (N, 2), row and column, that are used, and how many are not, by reason.

    valid: which pixels (H, W) hold depth.
    """
    rejected = Counter({NO_RETURN: int((~valid).sum())})
    known_m = depth_m[valid]
    if all_equal(known_m):
        return np.empty((0, 2), np.intp), rejected + Counter({ALL_EQUAL: len(known_m)})
    if depth_m.shape[1] >= EDGE_COLUMNS:
        near, far = np.where(valid, depth_m, np.float32(np.inf)), np.where(valid, depth_m, np.float32(0.0))
        window = np.ones((3, 3), np.uint8)
        edge = valid & (cv2.dilate(far, window) / EDGE_RATIO > cv2.erode(near, window))
        rejected[AT_EDGE] = int(edge.sum())
        valid = valid & ~edge
    pixels = np.argwhere(valid)
    if len(pixels) > MOST_PIXELS:
        pixels = pixels[np.unique(np.random.default_rng(0).integers(0, len(pixels), MOST_PIXELS))]
    return pixels, rejected
