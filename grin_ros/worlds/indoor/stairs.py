# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Straight flights of stairs with a landing, and railings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh, boxes, merge, tube
from grin_ros.worlds.surfaces.materials import made_of, timber
from grin_ros.worlds.surfaces.palette import Palette

_RAIL_M = 0.95  # the height of a hand rail above the steps


@dataclass(frozen=True)
class Stairs:
    """A flight of stairs that rises towards +y from y = 0, centred in x, with a landing at its end.

    ``steps`` (n, 2, 3) are the lower and upper corners of the solid below each step; the last one is the landing.
    """

    mesh: Mesh
    steps: NDArray[np.float64]

    @property
    def landing(self) -> NDArray[np.float64]:
        """The lower and upper corner of the landing, (2, 3)."""
        return np.asarray(self.steps[-1])


def railing(palette: Palette, path: NDArray[np.float64]) -> Mesh:
    """Return a railing with a hand rail and bars along the points ``path`` (n, 3) at its foot."""
    rng = palette.rng
    post, rail = made_of(palette, "metal", "wood"), timber(palette)
    up = np.array([0, 0, _RAIL_M])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.arange(0.03, along[-1], float(rng.choice([0.12, 0.25, 0.9])))
    feet = np.stack([np.interp(at, along, path[:, k]) for k in range(3)], 1)
    half = float(rng.uniform(0.008, 0.02))
    bars = boxes(feet - np.array([half, half, 0]), feet + np.array([half, half, _RAIL_M]))
    return merge([post(bars), rail(tube(path + up, float(rng.uniform(0.018, 0.035)), 8))])


def flight(palette: Palette, count: int, wide_m: float, landing_m: float) -> Stairs:
    """Return a flight of ``count`` steps. Raise ValueError for fewer than two."""
    if count < 2:
        raise ValueError(f"flight: got {count} steps, expected 2 or more")
    rng = palette.rng
    rise, going = float(rng.uniform(0.15, 0.19)), float(rng.uniform(0.25, 0.31))
    k = np.arange(count)
    y1 = np.where(k == count - 1, count * going + landing_m, (k + 1) * going)
    low = np.stack([np.full(count, -wide_m / 2), k * going, np.zeros(count)], 1)
    high = np.stack([np.full(count, wide_m / 2), y1, (k + 1) * rise], 1)
    side, tread = made_of(palette, "wood", "stone", "plastic"), made_of(palette, "wood", "stone", "cloth")
    lip = float(rng.uniform(0, 0.03))
    plates = boxes(np.stack([low[:, 0], low[:, 1] - lip, high[:, 2] - 0.03], 1), high + np.array([0, 0, 0.002]))
    parts = [side(boxes(low, high)), tread(plates)]
    for s in (-1, 1):
        if rng.random() < 0.7:
            x = s * (wide_m / 2 - 0.04)
            path = np.array([[x, 0.1, rise], [x, (count - 1) * going, count * rise], [x, float(y1[-1]), count * rise]])
            parts.append(railing(palette, path))
    return Stairs(merge(parts), np.stack([low, high], 1))
