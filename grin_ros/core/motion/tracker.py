# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The part of motion that sees every image: it follows corners, without camera and poses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.motion import edges
from grin_ros.core.motion.corners import Corners
from grin_ros.core.motion.pictures import reduced, resized
from grin_ros.core.motion.point_map import COARSE_PX

TRACKS = 400
"""The largest number of corners that are followed."""
WIDTH_PX = 640
"""Wider images are reduced to this width before they are tracked."""
LARGEST_GAP_S = 1.0
"""After a longer time between two images everything starts again."""
MEAN_GREY = 110.0
"""Every image is brightened or darkened to this mean."""


@dataclass(frozen=True)
class Sighting:
    """The corners of one image.

    width, height: of the image in pixels. kept: which corners of the sighting before are left, in their order; `added`
    new ones follow them. pixels: (N, 2) float64 of all of them, of the whole image. picture: the image with
    point_map.COARSE_PX columns. view: the image with at most edges.WIDTH_PX columns. began: why the corners began again
    with this image; empty if they did not.
    """

    stamp_ns: int
    width: int
    height: int
    kept: NDArray[np.intp]
    added: int
    pixels: NDArray[np.float64]
    picture: NDArray[np.uint8]
    view: NDArray[np.uint8]
    began: str = ""


class Tracker:
    """Follows the corners from image to image. It takes a few milliseconds an image."""

    def __init__(self, tracks: int = TRACKS) -> None:
        """tracks: the largest number of corners that are followed."""
        self._corners = Corners(tracks)
        self._last: tuple[int, int, int] | None = None  # stamp, width and height

    def follow(self, image: NDArray[np.uint8], stamp_ns: int) -> Sighting:
        """Take the next image, (H, W, 3) RGB or (H, W) grey, uint8."""
        height, width = image.shape[:2]
        began = self._why_again(stamp_ns, width, height)
        if began:
            self._corners.clear()
        self._last = stamp_ns, width, height
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image, np.uint8)
        grey = reduced(grey, WIDTH_PX)
        factor = np.array([width / grey.shape[1], height / grey.shape[0]])
        # Lucas-Kanade takes the brightness of a point for constant; the exposure of cameras is not.
        grey = np.asarray(cv2.convertScaleAbs(grey, alpha=MEAN_GREY / max(1.0, float(cv2.mean(grey)[0]))), np.uint8)
        kept = self._corners.follow(grey)
        added = self._corners.add(grey)
        pixels = (self._corners.pixels + 0.5) * factor - 0.5
        picture, view = resized(grey, COARSE_PX), reduced(grey, edges.WIDTH_PX)
        return Sighting(stamp_ns, width, height, kept, added, pixels, picture, view, began)

    def clear(self) -> None:
        """Forget all corners."""
        self._corners.clear()
        self._last = None

    def _why_again(self, stamp_ns: int, width: int, height: int) -> str:
        if self._last is None:
            return ""
        before_ns, *size = self._last
        elapsed_s = (stamp_ns - before_ns) / 1e9
        if size != [width, height]:
            return "The size of the images changed, so motion began again."
        if elapsed_s < 0.0:
            return f"Time went back by {-elapsed_s:.1f} s, so motion began again."
        if elapsed_s > LARGEST_GAP_S:
            return f"No image came for {elapsed_s:.1f} s, so motion began again."
        return ""


def folded(first: Sighting, second: Sighting) -> Sighting:
    """Return two sightings that follow each other as one that follows the sighting before them."""
    old = second.kept < len(first.kept)
    began = second.began or first.began
    return replace(second, kept=first.kept[second.kept[old]], added=int((~old).sum()) + second.added, began=began)
