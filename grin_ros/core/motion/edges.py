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
from grin_ros.core.motion.pictures import Picture, best_per_cell, free_cells

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WIDTH_PX = 320
"""Edges are searched in images that are reduced to this width."""
COLUMNS = 32
"""The image is divided into cells of a COLUMNS-th of its width. A cell without a corner gives one edge at most."""
LEAST_GRADIENT = 3.0
"""The least gradient along the epipolar line, in grey values a pixel; the noise of a camera makes 1."""
LEAST_COSINE = 0.5
"""The least cosine of the angle between the gradient and the epipolar line. An edge along the line cannot be found."""
REACH = 2
"""Squares of 2 REACH + 1 pixels are compared, without their means. Their sides follow the epipolar lines."""
STEPS, MARGIN = 32, 2
"""At most STEPS places of a line are compared in a view, a pixel apart, MARGIN of them beyond each end."""
NOISE = 4.0
"""The mean square difference of a match is less than the square of this, in grey values, and a part for its square."""
MOST_SHARE = 0.2
"""That part is this share of the variance in the square."""
MOST_DIFFERENCE = 12.0
"""In no case is the mean square difference more than the square of this, in grey values."""
DISTINCT = 1.5
"""The squared difference must be larger than that of the best place by this factor everywhere else on the line."""
MATCH_PX = 0.5
"""One standard deviation of a match along the gradient."""
FEWEST_VIEWS = 2
"""An edge counts if so many views agree."""
_NOWHERE = np.float32(1e6)
_SIDE = np.arange(-REACH, REACH + 1, dtype=np.float32)


class Past(NamedTuple):
    """An earlier view. picture: (h, w) of at most WIDTH_PX columns. rotation (3, 3), translation_m (3,): they take
    points of the present view to it."""

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


def found_edges(
    picture: Picture, past: Sequence[Past], camera: Camera, taken: Array, largest_inverse: float, most: int
) -> Edges:
    """Return the edges of the present picture (h, w), which has at most WIDTH_PX columns.

    past: at least one earlier view, those with short baselines first. taken (N, 2): pixels of the whole image whose
    cells need no edge. largest_inverse: in 1/m. most: so many are searched, the strongest ones.
    """
    small = camera.resized(picture.shape[1], picture.shape[0])
    scale = picture.shape[1] / camera.width
    pixels, cosine = _candidates(picture, small, past[-1], (taken + 0.5) * scale - 0.5, most)
    u, v = pixels.astype(np.intp).T
    rays = small.rays()[v, u].astype(np.float64)
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


def _candidates(picture: Picture, camera: Camera, past: Past, taken: Array, most: int) -> tuple[Array, Array]:
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
    along, total = (each.reshape(rows * size, cols * size) for each in (along, total))
    found = best_per_cell(along, size, free_cells(picture.shape, size, taken), LEAST_GRADIENT, most)
    u, v = found.T
    return found.astype(np.float64), (along[v, u] / total[v, u]).astype(np.float64)


def _lines(camera: Camera, past: Past, size: int, rows: int, cols: int) -> NDArray[np.float32]:
    """Return the direction of the epipolar line (rows, cols, 2) near the middle of each cell: to the earlier camera."""
    u, v = (
        each.ravel() for each in np.meshgrid(size // 2 + size * np.arange(cols), size // 2 + size * np.arange(rows))
    )
    there = -past.rotation.T @ past.translation_m
    line = camera.project(camera.rays()[v, u] + 0.01 * there / np.linalg.norm(there)) - np.stack([u, v], axis=-1)
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
    """Search pixels (M, 2) in an earlier view, at inverse ranges around `inverse` (M,) that are up to `spread` away.

    The line is sampled once, as a strip with a column a pixel; a square is cut out of it at every place.
    """
    line = _line(past, camera, rays @ past.rotation.T, np.maximum(inverse - spread, 0.0), inverse + spread)
    along = _unit(camera.project(rays + 0.01 * _unit(past.translation_m @ past.rotation)) - pixels)
    count = int(line.steps.max(initial=2 * MARGIN + 1))
    centre, along = pixels.astype(np.float32)[..., None], along.astype(np.float32)
    here = _strips(picture, centre[:, 0] + along[:, :1] * _SIDE, centre[:, 1] + along[:, 1:] * _SIDE, along)
    here -= here.mean(axis=(1, 2), keepdims=True)
    u, v = line.places(np.arange(-REACH, count + REACH) - MARGIN)
    there = _strips(past.picture, u, v, line.direction)
    size = np.float32(_SIDE.size**2)
    # The mean square of (there - its mean) - here, from sums over the columns of the strip.
    products = here.transpose(0, 2, 1) @ there
    columns, squares = there.sum(axis=1), np.einsum("mpk,mpk->mk", there, there)
    contrast = np.einsum("mpa,mpa->m", here, here) / size
    total, cost = np.zeros((2, len(pixels), count), np.float32)
    for by in range(_SIDE.size):
        part = slice(by, by + count)
        cost += squares[:, part] - 2.0 * products[:, by, part]
        total += columns[:, part]
    cost = cost / size - (total / size) ** 2 + contrast[:, None]
    height, width = picture.shape
    u, v = u[:, REACH : REACH + count], v[:, REACH : REACH + count]
    inside = (u >= REACH) & (u <= width - 1 - REACH) & (v >= REACH) & (v <= height - 1 - REACH)  # NaN is outside
    cost[~inside | (np.arange(count) >= line.steps[:, None])] = _NOWHERE
    best, each = cost.argmin(axis=1), np.arange(len(pixels))
    before, lowest, after = (cost[each, np.clip(best + by, 0, count - 1)] for by in (-1, 0, 1))
    elsewhere = np.where(np.abs(np.arange(count) - best[:, None]) > 2, cost, _NOWHERE).min(axis=1)
    found = line.shifted & (best > 0) & (best < count - 1) & (before < _NOWHERE) & (after < _NOWHERE)
    found &= lowest < np.minimum(NOISE**2 + MOST_SHARE * contrast, MOST_DIFFERENCE**2)
    found &= elsewhere > DISTINCT * lowest
    part = 0.5 * (before - after) / np.maximum(before + after - 2.0 * lowest, 1e-6)
    at = best - MARGIN + np.clip(part, -0.5, 0.5)
    return _Match(line.inverse(at), np.abs(line.inverse(at + 0.5) - line.inverse(at - 0.5)), found, line.shifted)


class _Line(NamedTuple):
    """M parts of epipolar lines. ends (M, 2): inverse ranges. depth (M, 2): z there. corners (3, M, 2): pixels of the
    ends and of the middle between these. length_px (M,), direction (M, 2): of the chord. shifted (M,): whether it is
    long enough to be searched. steps (M,): how many places are compared."""

    ends: Array
    depth: Array
    corners: Array
    length_px: Array
    direction: Array
    shifted: Mask
    steps: NDArray[np.intp]

    def inverse(self, at_px: Array) -> Array:
        """Return the inverse ranges (M,) at the pixels (M,) along the line; exact without distortion."""
        share = _share(at_px / self.length_px, self.depth)
        return np.asarray(self.ends[:, 0] + share * (self.ends[:, 1] - self.ends[:, 0]))

    def places(self, at_px: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return u and v (2, M, S) at the distances (S,) along each line: on the parabola through its corners."""
        first, middle, last = self.corners.transpose(0, 2, 1).astype(np.float32)
        at = (at_px / self.length_px[:, None]).astype(np.float32)
        bent = 2.0 * (2.0 * middle - first - last)
        return np.asarray(first[..., None] + at * ((last - first + bent)[..., None] - at * bent[..., None]))


def _line(past: Past, camera: Camera, turned: Array, low: Array, high: Array) -> _Line:
    """Return the lines of rays (M, 3), turned to the earlier view, between two inverse ranges (M,). They are shortened
    to STEPS places."""

    def at(*inverse: Array) -> Array:
        return np.asarray(camera.project(turned + np.stack(inverse)[..., None] * past.translation_m))

    def depth(inverse: Array) -> Array:
        return np.asarray(np.maximum(turned[:, 2] + inverse * past.translation_m[2], 0.1))

    first, last = at(low, high)
    length = np.nan_to_num(np.linalg.norm(last - first, axis=1))
    shifted = length > 2.0
    z = np.stack([depth(low), depth(high)], axis=1)
    part = np.minimum(1.0, (STEPS - 2 * MARGIN - 1) / np.maximum(length, 1e-6))
    middle, high = (low + _share(share * part, z) * (high - low) for share in (0.5, 1.0))
    corners = np.stack([first, *at(middle, high)])
    z[:, 1] = depth(high)
    chord = corners[2] - first
    length = np.maximum(np.nan_to_num(np.linalg.norm(chord, axis=1)), 1e-6)
    # A line that leaves the view sideways, after a turn, is longer in spite of that.
    steps = np.where(shifted, np.minimum(np.ceil(length) + 2 * MARGIN + 1, 2 * STEPS), 0).astype(np.intp)
    return _Line(np.stack([low, high], axis=1), z, corners, length, chord / length[:, None], shifted, steps)


def _share(at: Array, depth: Array) -> Array:
    """Return at which share of an interval of inverse range a share (M,) of its image lies. depth (M, 2): z at the
    ends."""
    near, far = at * depth[:, 0], (1.0 - at) * depth[:, 1]
    return np.asarray(np.clip(near / np.maximum(near + far, 1e-3), -1.0, 2.0))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _strips(picture: Picture, u: Array, v: Array, along: Array) -> NDArray[np.float32]:
    """Return the grey values (M, side, S) at places (M, S) and on both sides of them, across `along` (M, 2)."""
    if not len(u):
        return np.zeros((0, _SIDE.size, u.shape[1]), np.float32)
    side = along.astype(np.float32)[:, :, None, None] * _SIDE[:, None]
    across, down = ((u[:, None] - side[:, 1]), (v[:, None] + side[:, 0]))
    shape = across.shape
    across, down = (np.nan_to_num(each.astype(np.float32)).reshape(shape[0], -1) for each in (across, down))
    found = cv2.remap(picture.astype(np.float32), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(shape)
