# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A central camera as ROS describes it: K, D, distortion model, image size, and optionally how it is mounted.

Pixels are [u, v] with integer coordinates at pixel centres (ROS, OpenCV): the image spans -0.5 to width - 0.5.
Optical frame (REP 103): x right, y down, z forward.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grin_ros.core.geometry.distortion import check_distortion, plane_to_rays, points_to_plane
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.input_error import InputError

MAX_SIZE_PX = 16384
"""The largest width and height that are accepted."""
_ROUNDING_PX = 0.01  # a smaller skew comes from the rounding of a calibration, and moves pixels by about as much
_ROUNDING = 1e-9  # the same for the last row of K, which is 0 0 1
_PIXELS_AT_ONCE = 1 << 16  # bounds the float64 intermediates of a ray map to a few MB


@dataclass(frozen=True)
class Camera:
    """The intrinsics of the image as it is delivered: sizes, focal lengths and principal point in pixels.

    Immutable and hashable. Raises InputError for sizes outside 1..16384, values that are not
    finite, focal lengths that are not positive, and the distortion errors of `check_distortion`.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = "none"
    distortion: tuple[float, ...] = ()
    mounting: Mounting | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            object.__setattr__(self, name, _size(name, getattr(self, name)))
        for name in ("fx", "fy", "cx", "cy"):
            object.__setattr__(self, name, float(getattr(self, name)))
        values = (self.fx, self.fy, self.cx, self.cy)
        if not all(math.isfinite(value) for value in values):
            raise InputError(
                f"camera matrix K: got fx, fy, cx, cy = {values}, expected finite numbers",
                "calibrate the camera again, or correct K in its calibration file",
            )
        if self.fx == 0.0:
            raise InputError(
                "uncalibrated camera: got K[0] = 0, expected the focal length in pixels",
                "calibrate the camera with camera_calibration and set its driver's camera_info_url to the result",
            )
        if self.fx < 0.0 or self.fy <= 0.0:
            raise InputError(
                f"camera matrix K: got focal lengths fx = {self.fx}, fy = {self.fy}, expected positive pixels",
                "correct K in the camera's calibration file, or calibrate again",
            )
        model, distortion = check_distortion(self.distortion_model, self.distortion)
        object.__setattr__(self, "distortion_model", model)
        object.__setattr__(self, "distortion", distortion)

    @property
    def K(self) -> NDArray[np.float64]:  # noqa: N802 - the usual name of it
        """The camera matrix (3, 3) in pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @classmethod
    def from_k(
        cls,
        k: Sequence[float] | NDArray[Any],
        d: Sequence[float] | NDArray[Any],
        distortion_model: str,
        width: int,
        height: int,
        mounting: Mounting | None = None,
    ) -> Camera:
        """Build a camera from K (9 numbers row by row, or 3x3) and D; an empty model without D is "none".

        A skew below a hundredth of a pixel is taken for rounding and left out. Raises InputError as the constructor
        does, and for a K of another size, with a larger skew or with another last row.
        """
        matrix = np.asarray(k, dtype=np.float64).reshape(-1)
        if matrix.size != 9:
            raise InputError(
                f"camera matrix K: got {matrix.size} numbers, expected 9 (row by row) or 3x3",
                "pass CameraInfo.k, not CameraInfo.p",
            )
        fx, skew, cx, row_1, fy, cy, *last_row = (float(value) for value in matrix)
        camera = cls(width, height, fx, fy, cx, cy, distortion_model, tuple(np.ravel(d).tolist()), mounting)
        exact = all(abs(got - wanted) <= _ROUNDING for got, wanted in zip(last_row, (0.0, 0.0, 1.0), strict=True))
        if not (abs(skew) < _ROUNDING_PX and abs(row_1) < _ROUNDING_PX and exact):  # NaN is refused too
            raise InputError(
                f"camera matrix K: got {matrix.tolist()}, expected [fx, 0, cx, 0, fy, cy, 0, 0, 1]",
                "ROS cameras have no skew: calibrate without it, and scale K so that K[8] is 1",
            )
        return camera

    @classmethod
    def from_camera_info(
        cls,
        width: int,
        height: int,
        k: Sequence[float] | NDArray[Any],
        d: Sequence[float] | NDArray[Any],
        distortion_model: str,
        *,
        binning_x: int = 0,
        binning_y: int = 0,
        roi: tuple[int, int, int, int] | None = None,
        mounting: Mounting | None = None,
    ) -> Camera:
        """Build the camera of the delivered image from the fields of sensor_msgs/CameraInfo.

        width, height, K, D and roi (x_offset, y_offset, width, height) refer to the full, unbinned image; the image is
        the ROI, then binned. Binning 0 means 1; a ROI of zeros (or None) means the full image. Raises as `from_k`,
        `cropped` and `binned` do.
        """
        camera = cls.from_k(k, d, distortion_model, width, height, mounting)
        if roi is not None and any(roi):
            camera = camera.cropped(*roi)
        return camera.binned(binning_x or 1, binning_y or 1)

    def resized(self, width: int, height: int) -> Camera:
        """Return the camera of this image resampled to width x height px; the two factors may differ."""
        width, height = _size("width", width), _size("height", height)
        return self._scaled(width, height, width / self.width, height / self.height)

    def cropped(self, x: int, y: int, width: int, height: int) -> Camera:
        """Return the camera of a window with top left pixel (x, y). Raises InputError if it leaves the image."""
        if min(x, y) < 0 or min(width, height) < 1 or x + width > self.width or y + height > self.height:
            raise InputError(
                f"region of interest: got {width}x{height} px at ({x}, {y}), expected a window inside the "
                f"{self.width}x{self.height} px image",
                "correct the ROI; in CameraInfo it counts full, unbinned pixels",
            )
        return replace(self, width=width, height=height, cx=self.cx - x, cy=self.cy - y)

    def binned(self, bx: int, by: int) -> Camera:
        """Return the camera whose pixels are bx x by blocks of this one's; an incomplete last block is left out.

        The centre of a block, not its first pixel, becomes the new pixel centre. That is up to half a pixel away from
        image_geometry, which scales cx by 1 / bx only. Raises InputError for bins below 1 or above the image size.
        """
        if not (1 <= bx <= self.width and 1 <= by <= self.height):
            raise InputError(
                f"binning: got {bx}x{by}, expected at least 1x1 and at most the {self.width}x{self.height} px image",
                "correct binning_x and binning_y in CameraInfo (0 or 1 for none)",
            )
        return self._scaled(self.width // bx, self.height // by, 1.0 / bx, 1.0 / by)

    def mirrored(self) -> Camera:
        """Return the camera of the image flipped left to right, in the mirrored world: roll changes its sign too.

        Only the tangential p2 is odd in x, so the lens model stays the same.
        """
        distortion = self.distortion
        if self.distortion_model in ("plumb_bob", "rational_polynomial"):
            distortion = (*distortion[:3], -distortion[3], *distortion[4:])
        mounting = self.mounting and replace(self.mounting, roll_rad=-self.mounting.roll_rad)
        return replace(self, cx=self.width - 1 - self.cx, distortion=distortion, mounting=mounting)

    def with_mounting(self, mounting: Mounting | None) -> Camera:
        """Return the same camera with another mounting."""
        return replace(self, mounting=mounting)

    def unproject(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """Return the unit rays (..., 3) of pixels (..., 2) [u, v], also outside the image.

        They are NaN outside the lens's domain.
        """
        uv = _last_axis("pixels", pixels, 2)
        plane = (uv.reshape(-1, 2) - (self.cx, self.cy)) / (self.fx, self.fy)
        return plane_to_rays(self.distortion_model, self.distortion, plane).reshape(*uv.shape[:-1], 3)

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return the pixels (..., 2) [u, v], also outside the image, of points (..., 3) in the optical frame.

        They are NaN behind the camera and outside the lens's domain. An equidistant lens may see points beside and
        behind the camera.
        """
        xyz = _last_axis("points", points, 3)
        plane = points_to_plane(self.distortion_model, self.distortion, xyz.reshape(-1, 3))
        return (plane * (self.fx, self.fy) + (self.cx, self.cy)).reshape(*xyz.shape[:-1], 2)

    def contains(self, pixels: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return True (N,) for the pixels (N, 2) that lie in the image; NaN lies outside."""
        with np.errstate(invalid="ignore"):
            inside = (pixels >= -0.5) & (pixels < np.array([self.width - 0.5, self.height - 0.5]))
        return np.asarray(inside.all(axis=1))

    def rays(self) -> NDArray[np.float32]:
        """Return the unit ray of every pixel (H, W, 3) float32, NaN outside the lens's domain. Cached and read-only."""
        return _ray_map(replace(self, mounting=None))  # rays in the optical frame do not depend on the mounting

    def fov_deg(self) -> tuple[float, float]:
        """Return the horizontal and vertical field of view in degrees through the principal point, border to border.

        If the border lies outside the lens's domain, the last pixel inside counts; NaN if there is none.
        """
        u = np.concatenate([[-0.5], np.arange(self.width), [self.width - 0.5]])
        v = np.concatenate([[-0.5], np.arange(self.height), [self.height - 0.5]])
        row = self.unproject(np.stack([u, np.full_like(u, np.clip(self.cy, v[0], v[-1]))], axis=-1))
        column = self.unproject(np.stack([np.full_like(v, np.clip(self.cx, u[0], u[-1])), v], axis=-1))
        return _spread_deg(np.arctan2(row[:, 0], row[:, 2])), _spread_deg(np.arctan2(column[:, 1], column[:, 2]))

    def _scaled(self, width: int, height: int, sx: float, sy: float) -> Camera:
        cx, cy = (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5  # pixel centres, not corners
        return replace(self, width=width, height=height, fx=self.fx * sx, fy=self.fy * sy, cx=cx, cy=cy)


@KeptMaps
def _ray_map(camera: Camera) -> NDArray[np.float32]:
    rays = np.empty((camera.height, camera.width, 3), dtype=np.float32)
    u = np.arange(camera.width, dtype=np.float64)
    rows_at_once = max(1, _PIXELS_AT_ONCE // camera.width)
    for top in range(0, camera.height, rows_at_once):
        v = np.arange(top, min(top + rows_at_once, camera.height), dtype=np.float64)
        rays[top : top + rows_at_once] = camera.unproject(np.stack(np.meshgrid(u, v), axis=-1))
    rays.flags.writeable = False  # all callers share it
    return rays


def _size(name: str, value: Any) -> int:
    try:
        size = operator.index(value)
    except TypeError:
        size = 0
    if not 1 <= size <= MAX_SIZE_PX:
        raise InputError(
            f"image {name}: got {value!r}, expected a whole number of pixels from 1 to {MAX_SIZE_PX}",
            "check that the driver fills width and height in CameraInfo",
        )
    return size


def _last_axis(name: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected (..., {size}). Put the {size} coordinates on the last axis."
        )
    return array


def _spread_deg(angles_rad: NDArray[np.float64]) -> float:
    inside = angles_rad[np.isfinite(angles_rad)]
    return math.degrees(float(inside.max() - inside.min())) if len(inside) else math.nan
