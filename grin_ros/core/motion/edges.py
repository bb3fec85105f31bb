# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Edges between the corners: pixels with a strong gradient, searched along their epipolar lines in earlier views.

A straight edge, such as the leg of a chair, has no corner that can be followed. With known poses it is found in an
earlier view all the same, because it must lie on a line there. It is searched in views with ever longer baselines,
each time near where the view before has found it. Engel, Sturm and Cremers, "Semi-Dense Visual Odometry for a Monocular
Camera" (ICCV 2013); Okutani and Kanade, "A Multiple-Baseline Stereo" (PAMI 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]

WIDTH_PX = 320
"""Edges are searched in images that are reduced to this width."""
COLUMNS = 32
"""The image is divided into cells of a COLUMNS-th of its width. A cell without a corner gives one edge at most."""
MOST = 300
"""The most edges that are searched, the strongest ones."""
LEAST_GRADIENT = 3.0
"""The least gradient along the epipolar line, in grey values a pixel; the noise of a camera makes 1."""
LEAST_COSINE = 0.5
"""The least cosine of the angle between the gradient and the epipolar line. An edge along the line cannot be found."""
REACH = 2
"""Squares of 2 REACH + 1 pixels are compared, without their means."""
STEPS, MARGIN = 32, 2
"""At most STEPS places of a line are compared in a view, a pixel apart, MARGIN of them beyond each end."""
NOISE, MOST_SHARE, MOST_DIFFERENCE = 4.0, 0.2, 12.0
"""The mean square difference of a match is at most the square of the first, in grey values, and the second of the
variance in the square, and in no case more than the square of the third."""
DISTINCT = 1.5
"""The squared difference must be larger than that of the best place by this factor everywhere else on the line."""
MATCH_PX = 0.5
"""One standard deviation of a match along the gradient."""
FEWEST_VIEWS = 2
"""An edge counts if so many views agree."""
_NOWHERE = np.float32(1e6)
_DOWN, _ACROSS = (each.ravel().astype(np.float32) for each in np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1])


class Past(NamedTuple):
    """An earlier view. picture: (h, w) as `reduced` returns it. rotation (3, 3), translation_m (3,): they take points
    of the present view to it."""

    picture: Picture
    rotation: Array
    translation_m: Array


class Edges(NamedTuple):
    """M edges: pixels (M, 2) of the whole image, unit rays (M, 3), inverse ranges (M,) in 1/m, one sigma of them (M,)
    from the noise of the images alone, and the index (M,) of the last view that has found each."""

    pixels: Array
    rays: Array
    inverse: Array
    sigma: Array
    view: NDArray[np.intp]


def reduced(grey: Picture) -> Picture:
    """Return the image (H, W) with at most WIDTH_PX columns."""
    height, width = grey.shape
    if width <= WIDTH_PX:
        return grey
    size = WIDTH_PX, max(1, round(height * WIDTH_PX / width))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def found_edges(picture: Picture, past: Sequence[Past], camera: Camera, taken: Array, largest_inverse: float) -> Edges:
    """Return the edges of the present picture.

    past: at least one earlier view, those with short baselines first. taken (N, 2): pixels of the whole image whose
    cells need no edge. largest_inverse: in 1/m.
    """
    small = camera.resized(picture.shape[1], picture.shape[0])
    scale = picture.shape[1] / camera.width
    pixels, cosine = _candidates(picture, small, past[-1], (taken + 0.5) * scale - 0.5)
    rays = small.unproject(pixels)
    inverse = np.full(len(rays), 0.5 * largest_inverse)
    spread, sigma = inverse.copy(), np.full(len(rays), np.inf)
    times, view = np.zeros(len(rays), np.intp), np.zeros(len(rays), np.intp)
    left = np.flatnonzero(np.isfinite(rays[:, 0]))
    for index, one in enumerate(past):
        match = _searched(picture, one, small, pixels[left], rays[left], inverse[left], spread[left])
        found = left[match.found]
        inverse[found] = match.inverse[match.found]
        spread[found] = 2.0 * match.per_px[match.found]
        sigma[found] = MATCH_PX * match.per_px[match.found] / cosine[found]
        times[found] += 1
        view[found] = index
        left = left[match.found | ~match.shifted]
    good = times >= min(FEWEST_VIEWS, len(past))
    whole = (pixels[good] + 0.5) / scale - 0.5
    return Edges(whole, rays[good], inverse[good], sigma[good], view[good])


def _candidates(picture: Picture, camera: Camera, past: Past, taken: Array) -> tuple[Array, Array]:
    """Return the pixels (M, 2) with the strongest gradient along their epipolar line, and the cosine (M,) between the
    two."""
    height, width = picture.shape
    size = max(4, width // COLUMNS)
    rows, cols = height // size, width // size
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    edge = REACH + 1
    slopes = []
    for axes in ((1, 0), (0, 1)):
        slope = cv2.Sobel(smooth, cv2.CV_32F, *axes, scale=0.125)
        slope[:edge], slope[height - edge :], slope[:, :edge], slope[:, width - edge :] = 0.0, 0.0, 0.0, 0.0
        slopes.append(slope[: rows * size, : cols * size].reshape(rows, size, cols, size))
    across, down = slopes
    line = _lines(camera, past, size, rows, cols)[:, None, :, None]
    along = np.abs(across * line[..., 0] + down * line[..., 1])
    total = np.sqrt(across * across + down * down)
    along *= along >= LEAST_COSINE * total
    free = np.ones((rows, cols), np.bool_)
    at = np.clip((taken // size).astype(np.intp), 0, (cols - 1, rows - 1))
    free[at[:, 1], at[:, 0]] = False
    blocks = along.transpose(0, 2, 1, 3).reshape(rows, cols, size * size)
    best = blocks.argmax(axis=2)
    value = np.take_along_axis(blocks, best[..., None], axis=2)[..., 0]
    row, col = np.nonzero(free & (value > LEAST_GRADIENT))
    order = np.argsort(-value[row, col], kind="stable")[:MOST]
    row, col = row[order], col[order]
    down_by, right_by = np.divmod(best[row, col], size)
    pixels = np.stack([col * size + right_by, row * size + down_by], axis=-1).astype(np.float64)
    return pixels, (value[row, col] / total[row, down_by, col, right_by]).astype(np.float64)


def _lines(camera: Camera, past: Past, size: int, rows: int, cols: int) -> NDArray[np.float32]:
    """Return the direction of the epipolar line (rows, cols, 2) in the middle of each cell: to the earlier camera."""
    u, v = np.meshgrid((np.arange(cols) + 0.5) * size - 0.5, (np.arange(rows) + 0.5) * size - 0.5)
    middle = np.stack([u.ravel(), v.ravel()], axis=-1)
    there = -past.rotation.T @ past.translation_m
    line = camera.project(camera.unproject(middle) + 0.01 * there / np.linalg.norm(there)) - middle
    length = np.linalg.norm(line, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        line = np.where(length > 0.0, line / np.maximum(length, 1e-9), 0.0)  # NaN outside a lens becomes 0
    return line.astype(np.float32).reshape(rows, cols, 2)


class _Match(NamedTuple):
    """inverse (M,): the best inverse range. per_px (M,): how much of it a pixel of the line is. found (M,): whether it
    is a match. shifted (M,): whether the line is long enough to be searched."""

    inverse: Array
    per_px: Array
    found: Mask
    shifted: Mask


def _searched(
    picture: Picture, past: Past, camera: Camera, pixels: Array, rays: Array, inverse: Array, spread: Array
) -> _Match:
    """Search pixels (M, 2) in an earlier view, at inverse ranges around `inverse` (M,) that are up to `spread` away."""
    turned = rays @ past.rotation.T
    ends = np.stack([np.maximum(inverse - spread, 0.0), inverse + spread], axis=1)
    first, last = camera.project(turned[:, None] + ends[..., None] * past.translation_m).transpose(1, 0, 2)
    shift_px = np.nan_to_num(np.linalg.norm(last - first, axis=1))
    shifted = shift_px > 2.0
    per_px = (ends[:, 1] - ends[:, 0]) / np.maximum(shift_px, 1e-6)
    steps = np.minimum(np.ceil(shift_px) + 2 * MARGIN + 1, STEPS)
    count = int(steps[shifted].max(initial=2 * MARGIN + 1))
    trial = ends[:, :1] + per_px[:, None] * (np.arange(count) - MARGIN)
    places = camera.project(turned[:, None] + trial[..., None] * past.translation_m)
    height, width = picture.shape
    inside = ((places >= REACH) & (places <= (width - 1 - REACH, height - 1 - REACH))).all(axis=-1)  # NaN is outside
    inside &= np.arange(count) < steps[:, None]
    here = _squares(picture, pixels)
    here -= here.mean(axis=1, keepdims=True)
    there = _squares(past.picture, np.where(inside[..., None], places, 0.0).reshape(-1, 2))
    there = there.reshape(len(pixels), count, here.shape[1])
    # The sum of squares of (there - its mean) - here, without passes over the large array.
    products = there @ np.stack([here, np.ones_like(here)], axis=-1)
    contrast = np.einsum("ms,ms->m", here, here) / here.shape[1]
    squared = np.einsum("mks,mks->mk", there, there) - 2.0 * products[..., 0]
    difference = squared / here.shape[1] - (products[..., 1] / here.shape[1]) ** 2 + contrast[:, None]
    cost = np.where(inside, difference, _NOWHERE)
    best, each = cost.argmin(axis=1), np.arange(len(pixels))
    before, lowest, after = (cost[each, np.clip(best + by, 0, count - 1)] for by in (-1, 0, 1))
    elsewhere = np.where(np.abs(np.arange(count) - best[:, None]) > 2, cost, _NOWHERE).min(axis=1)
    found = shifted & (best > 0) & (best < count - 1) & (before < _NOWHERE) & (after < _NOWHERE)
    found &= lowest < np.minimum(NOISE**2 + MOST_SHARE * contrast, MOST_DIFFERENCE**2)
    found &= elsewhere > DISTINCT * lowest
    part = 0.5 * (before - after) / np.maximum(before + after - 2.0 * lowest, 1e-6)
    finer = ends[:, 0] + per_px * (best - MARGIN + np.clip(part, -0.5, 0.5))
    return _Match(finer, per_px, found, shifted)


def _squares(picture: Picture, pixels: Array) -> NDArray[np.float32]:
    """Return the grey values (M, side * side) of the squares around pixels (M, 2)."""
    if not len(pixels):
        return np.zeros((0, len(_ACROSS)), np.float32)
    centre = pixels.astype(np.float32)
    u, v = centre[:, :1] + _ACROSS, centre[:, 1:] + _DOWN
    return np.asarray(
        cv2.remap(picture.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
