# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Carry the answers before into the present view, where the poses of the camera are known: less flicker.

Each pixel of the answer is looked up in the answer before, at the place where its point was seen then. The two are
averaged in ln(range), weighted by the inverse of their variances, and answers lose weight with age. Errors of
successive answers are alike, so sigma does not become smaller by it. Where the two contradict each other, something
moved or was hidden, and the present answer stands by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.lookup import sampled
from grin_ros.core.types import Frame, Placed

Array = NDArray[np.float32]

MEMORY_S = 0.3
"""An answer loses 63 % of its weight in this time."""
LONGEST_S = 1.0
"""Older answers are forgotten."""
CONTRADICTS = 2.0
"""Two answers that differ by more than this many sigmas, those of the surer one, contradict each other."""
MOST_LN = 0.25
"""Two answers that differ by more than this in ln(range) contradict each other too, however unsure they are."""
LEAST_AGREEING = 0.5
"""If a smaller share of the pixels that both views see agrees, nothing is carried: a pose is wrong."""
LEAST_Z = 0.1
"""Points are looked up whose direction has at least this z component."""


@dataclass(frozen=True)
class _Before:
    camera: Camera
    stamp_ns: int
    placed: Placed
    ln_range: Array  # (N,)
    variance: Array  # (N,) of ln(range)
    weight: Array  # (N,) the sum of inverse variances that the answer stands for


class Carrying:
    """Remembers the last answer of one camera. Not thread safe."""

    def __init__(self, rows: int, cols: int) -> None:
        """rows, cols: of the query grid."""
        self._grid = (rows, cols)
        self._before: _Before | None = None

    def forget(self) -> None:
        """Forget the last answer."""
        self._before = None

    def __call__(
        self, frame: Frame, placed: Placed, rays: NDArray[np.floating], ln_range: Array, variance: Array
    ) -> tuple[Array, Array]:
        """Return ln(range) and its variance (N,) with what is left of the answers before.

        rays (N, 3): unit rays of the query grid. ln_range, variance (N,): the answer for the frame.
        """
        before, weight = self._before, 1.0 / variance
        camera = frame.camera.with_mounting(None)
        if before is not None and before.camera == camera and before.placed.since == placed.since:
            age_s = (frame.stamp_ns - before.stamp_ns) / 1e9
            if 0.0 < age_s <= LONGEST_S:
                rest = np.float32(math.exp(-age_s / MEMORY_S))
                differs_ln, variance_then, weight_then = self._looked_up(before, placed, rays, ln_range, variance)
                carried = rest * weight_then
                share = carried / (carried + weight)
                ln_range = np.asarray(ln_range + share * differs_ln, np.float32)
                variance = np.asarray((1.0 - share) * variance + share * variance_then, np.float32)
                weight = weight + carried
        self._before = _Before(camera, frame.stamp_ns, placed, ln_range, variance, weight)
        return ln_range, variance

    def _looked_up(
        self, before: _Before, placed: Placed, rays: NDArray[np.floating], ln_range: Array, variance: Array
    ) -> tuple[Array, Array, Array]:
        """Return how much farther the points (N,) were before in ln(range), and variance and weight then; the weight is
        0 where the two answers contradict each other."""
        then, camera = before.placed.fixed_from_optical, before.camera
        points = placed.fixed_from_optical(rays * np.exp(ln_range.astype(np.float64))[:, None])
        local = (points - then.translation_m) @ then.rotation
        range_m = np.maximum(np.linalg.norm(local, axis=1), 1e-6)
        pixels = camera.project(local)
        inside = (local[:, 2] > LEAST_Z * range_m) & camera.contains(pixels)
        pixels = np.where(inside[:, None], pixels, 0.0)
        stacked = np.stack([before.ln_range, np.log(before.variance), np.log(before.weight)], axis=-1)
        found = sampled(stacked.reshape(*self._grid, 3), pixels, camera.width, camera.height)
        differs_ln = np.asarray(found[:, 0] - np.log(range_m), np.float32)
        variance_then, weight_then = np.exp(found[:, 1]), np.exp(found[:, 2])
        limit_ln = np.minimum(CONTRADICTS * np.sqrt(np.minimum(variance, variance_then)), np.float32(MOST_LN))
        agrees = inside & (np.abs(differs_ln) <= limit_ln)
        if agrees.sum() < LEAST_AGREEING * inside.sum():
            agrees[:] = False
        return (
            np.where(agrees, differs_ln, np.float32(0.0)),
            np.where(agrees, variance_then, variance),
            np.where(agrees, weight_then, np.float32(0.0)),
        )
