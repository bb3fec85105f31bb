# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The types that flow through the estimator: a camera frame and a depth estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

MAX_PIXELS = 64_000_000
"""The largest number of pixels. A larger image is refused before memory is allocated for it."""


@dataclass(frozen=True)
class Frame:
    """An image with the camera that took it. If the two do not fit, it is refused here.

    image: (H, W, 3) uint8 RGB. camera: of the size of the image. stamp_ns: time of exposure, nanoseconds.
    Raises ValueError with what was got, what was expected and what to do.
    """

    image: NDArray[np.uint8]
    camera: Camera
    stamp_ns: int = 0

    def __post_init__(self) -> None:
        image = self.image
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            got = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"image: got {got}, expected (H, W, 3) uint8 RGB; convert it to 'rgb8' first")
        height, width = image.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            raise ValueError(f"image: got {width}x{height}, expected 1 to {MAX_PIXELS} pixels; check the camera driver")
        if (width, height) != (self.camera.width, self.camera.height):
            raise ValueError(
                f"camera: calibrated for {self.camera.width}x{self.camera.height}, but the image is {width}x{height}; "
                "use the calibration of this resolution, or say how it was cropped or binned (CameraInfo roi, binning)"
            )


@dataclass(frozen=True)
class DepthEstimate:
    """Metric depth with its uncertainty, pixel for pixel with the frame it came from.

    depth_m: (H, W) float32, metres along the camera's z axis (REP 118); NaN = invalid, +inf = beyond range (REP 117).
    sigma_m: (H, W) float32, one standard deviation in metres; NaN wherever depth_m is not finite.
    stamp_ns: that of the frame. timings_ms: milliseconds by stage.
    """

    depth_m: NDArray[np.float32]
    sigma_m: NDArray[np.float32]
    stamp_ns: int = 0
    timings_ms: Mapping[str, float] = field(default_factory=dict)
