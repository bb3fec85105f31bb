# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The demo's scene: a photograph with dense metric ground truth, seen through a window that moves smoothly over it.

The photograph is the left image of "Motorcycle" of the Middlebury stereo benchmark 2014 (Scharstein et al., GCPR 2014),
reduced by 4, as the scikit-image wheel carries it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

# Middlebury's calibration of the full image, which scikit-image repeats divided by 4: focal length and principal point
# in pixels, the distance of the two cameras in metres, and the difference of their principal points in pixels.
REDUCTION = 4
FULL_F_PX, FULL_CX, FULL_CY = 3979.911, 1244.772, 1019.507
BASELINE_M = 0.193001
FULL_DOFFS_PX = 124.343

WIDTH, HEIGHT = 640, 480
"""The size of the window, in pixels."""
PERIOD_S = 12.0
"""The window is back where it was after this time, in seconds."""


@dataclass(frozen=True)
class CameraView:
    """The image of a camera, with its ground truth.

    image: (H, W, 3) uint8 RGB. depth_m: (H, W) float32, metres along z, NaN where it was not measured.
    """

    image: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    camera: Camera


def motorcycle() -> CameraView:
    """Return the whole photograph, 741 x 500 px. Imports scikit-image."""
    from skimage import data

    image, _, disparity_px = data.stereo_motorcycle()
    height, width = disparity_px.shape
    # Blocks of 4 x 4 px were averaged, and integers are pixel centres: `binned` moves the principal point accordingly.
    full = Camera(REDUCTION * width, REDUCTION * height, FULL_F_PX, FULL_F_PX, FULL_CX, FULL_CY)
    camera = full.binned(REDUCTION, REDUCTION)
    depth_m = depth_from_disparity(disparity_px, camera.fx, BASELINE_M, FULL_DOFFS_PX / REDUCTION)
    return CameraView(np.ascontiguousarray(image), depth_m, camera)


def depth_from_disparity(
    disparity_px: NDArray[np.floating], f_px: float, baseline_m: float, doffs_px: float
) -> NDArray[np.float32]:
    """Return z = f B / (d + doffs) in metres, NaN where the disparity is not finite."""
    with np.errstate(invalid="ignore"):
        depth_m = f_px * baseline_m / (disparity_px.astype(np.float64) + doffs_px)
    return np.where(np.isfinite(disparity_px), depth_m, np.nan).astype(np.float32)


def window(view: CameraView, time_s: float) -> CameraView:
    """Return a window of `view`, with the camera that sees it. It moves in a slow figure of eight with time."""
    room_x, room_y = view.camera.width - WIDTH, view.camera.height - HEIGHT
    phase = 2.0 * math.pi * time_s / PERIOD_S
    x = round(room_x * (0.5 + 0.5 * math.sin(phase)))
    y = round(room_y * (0.5 + 0.5 * math.sin(2.0 * phase)))
    rows, columns = slice(y, y + HEIGHT), slice(x, x + WIDTH)
    return CameraView(
        np.ascontiguousarray(view.image[rows, columns]),
        np.ascontiguousarray(view.depth_m[rows, columns]),
        view.camera.cropped(x, y, WIDTH, HEIGHT),
    )
