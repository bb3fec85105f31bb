# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Colours of an image, and the values of images and grids at single pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.covariance import Array

COLOUR_WIDTH_PX = 160
"""Colours are compared on the image reduced to this width, which averages texture and noise away."""
_LAB_ZERO, _LAB_UNIT = np.array([0, 128, 128], np.float32), np.array([1 / 255, 0.01, 0.01], np.float32)


def small_lab(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) uint8 RGB as CIELAB of 8 bits, reduced to COLOUR_WIDTH_PX columns."""
    height, width = image.shape[:2]
    while width > COLOUR_WIDTH_PX:  # by halves, which takes a third of the time of one step
        smaller = max(COLOUR_WIDTH_PX, width // 2)
        height, width = max(1, round(height * smaller / width)), smaller
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), np.uint8)


def colours(lab: NDArray[Any]) -> Array:
    """Return CIELAB of 8 bits (..., 3), as OpenCV stores it, in units of 100, float32."""
    return np.asarray((lab - _LAB_ZERO) * _LAB_UNIT, np.float32)


def sampled(values: NDArray[Any], pixels: NDArray[np.floating], width: int, height: int) -> Array:
    """Return `values` (h, w[, c]), float32 or uint8, at `pixels` (N, 2) of the image of width x height that they cover,
    bilinearly."""
    rows, cols = values.shape[:2]
    u = ((pixels[:, 0] + 0.5) * (cols / width) - 0.5).astype(np.float32)
    v = ((pixels[:, 1] + 0.5) * (rows / height) - 0.5).astype(np.float32)
    found = cv2.remap(values, u[:, None], v[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0] if values.ndim == 3 else found.reshape(-1), np.float32)
