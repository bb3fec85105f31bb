# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth edges of the ground truth, and the points of an estimate that float between the two surfaces there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

JUMP = 1.1
"""Neighbouring pixels whose measured depths differ by more than this factor are an edge."""
MARGIN = 0.15
"""A point nearer to a surface than this share of the gap counts as on the surface."""
DENSE_SHARE = 0.5
"""Depth that is measured on a smaller share of the pixels shows no edges, because neighbours are missing."""
_MISSED = 1.0 + 0.5 * (JUMP - 1.0)
_MIN_SIDE = 5  # the fewest pixels of each surface in the window that show where the estimate has it
_CHUNK = 2048  # windows at a time: about 1.4 MB an array at 640 px


@dataclass(frozen=True)
class Boundary:
    """The figures of the pixels near depth edges.

    pixels: how many were judged. missed: the share of them at edges that the estimate does not have at all. floating:
    the share of the others that floats between the surfaces. NaN if there are none.
    """

    pixels: int
    floating: float
    missed: float


def near_edges(truth_m: NDArray[Any]) -> NDArray[np.bool_]:
    """Return True (H, W) for measured pixels within `radius` of an edge (a square window).

    truth_m: (H, W) metres, NaN where not measured. All are False if depth is too sparse to show edges (DENSE_SHARE).
    """
    known = np.isfinite(truth_m) & (np.nan_to_num(truth_m) > 0.0)
    if not known.any() or known.mean() < DENSE_SHARE:
        return np.zeros(truth_m.shape, np.bool_)
    depth = np.where(known, truth_m, np.nan)
    jump = np.zeros(truth_m.shape, np.uint8)
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        a, b = depth[here], depth[there]
        with np.errstate(invalid="ignore"):
            apart = np.maximum(a, b) > JUMP * np.minimum(a, b)
        jump[here] |= apart
        jump[there] |= apart
    size = 2 * radius(truth_m.shape[1]) + 1
    return np.asarray((cv2.dilate(jump, np.ones((size, size), np.uint8)) > 0) & known)


def radius(width: int) -> int:
    """Return how many pixels around an edge belong to it: 2 at 320 px of width, and at least 1."""
    return max(1, round(width / 160))


def boundary(depth_m: NDArray[Any], truth_m: NDArray[Any]) -> Boundary:
    """Return how many points near depth edges float between surfaces. depth_m, truth_m: (H, W) metres, NaN unknown.

    Every pixel of `near_edges` with an estimate is judged. In the window of three radii around it, the geometric mean
    of the smallest and the largest measured depth divides the pixels into a near and a far side. The estimate's own two
    surfaces are the measured ones, each times the median of estimate / measured of its side. So an estimate with a
    surface in the wrong place but with a sharp edge has no floating points. A pixel floats if its estimate
    (1) lies between the medians of these two surfaces, farther than MARGIN of the gap from both, and
    (2) is that far from every point of the surfaces in the window, so that slopes and third surfaces do not float.
    An edge that is moved by less than the window does not float either. If the far surface is less than 5 % (half of
    what makes an edge) farther than the near one, the estimate misses the edge. Such pixels cannot float and are
    counted separately; otherwise a flat estimate would look sharp.
    """
    r = 3 * radius(truth_m.shape[1])
    known = np.isfinite(truth_m) & np.isfinite(depth_m) & (np.nan_to_num(depth_m) > 0.0)
    v, u = np.nonzero(near_edges(truth_m) & known)
    truth = np.pad(np.where(known, truth_m, np.nan).astype(np.float32), r, constant_values=np.nan)
    depth = np.pad(np.where(known, depth_m, np.nan).astype(np.float32), r, constant_values=np.nan)
    size = (2 * r + 1, 2 * r + 1)
    truths, depths = sliding_window_view(truth, size), sliding_window_view(depth, size)
    judged = floating = missed = 0
    for start in range(0, len(v), _CHUNK):
        at = (v[start : start + _CHUNK], u[start : start + _CHUNK])
        counts = _judge(
            depth_m[at].astype(np.float32), depths[at].reshape(len(at[0]), -1), truths[at].reshape(len(at[0]), -1)
        )
        judged, floating, missed = judged + counts[0], floating + counts[1], missed + counts[2]
    if not judged:
        return Boundary(0, float("nan"), float("nan"))
    return Boundary(judged, floating / (judged - missed) if judged > missed else float("nan"), missed / judged)


def _judge(here: NDArray[np.float32], depth: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[int, int, int]:
    """Count pixels judged, floating and missed.

    here: (E,) estimates. depth, truth: (E, K) values of their windows, NaN unknown.
    """
    middle = np.sqrt(np.nanmin(truth, 1) * np.nanmax(truth, 1))[:, None]
    with np.errstate(invalid="ignore"):
        near, far = truth <= middle, truth > middle
    enough = (near.sum(1) >= _MIN_SIDE) & (far.sum(1) >= _MIN_SIDE)
    here, depth, truth, near, far = (values[enough] for values in (here, depth, truth, near, far))
    if not len(here):
        return 0, 0, 0
    factor_near, factor_far = _median(depth / truth, near), _median(depth / truth, far)
    surface = truth * np.where(near, factor_near[:, None], factor_far[:, None])
    low, high = _median(surface, near), _median(surface, far)
    missed = high < _MISSED * low
    margin = np.float32(MARGIN) * (high - low)
    with np.errstate(invalid="ignore"):
        apart = np.abs(here[:, None] - surface)
    between = (here > low + margin) & (here < high - margin)
    floats = ~missed & between & (np.nanmin(apart, 1) > margin)
    return len(here), int(floats.sum()), int(missed.sum())


def _median(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the lower median of each row (E, K) over its mask: (E,). Every row must have a value."""
    ordered = np.sort(np.where(mask, values, np.float32(np.inf)), axis=1)
    middle = (mask.sum(1) - 1) // 2
    return np.asarray(np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0], np.float32)
