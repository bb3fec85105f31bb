# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fill surfaces with small things, as people leave them on desks, tables, worktops and shelves.

The things of a surface come from a recipe (see recipes.py). They do not overlap, and they are joined into one mesh.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from grin_ros.worlds.indoor import goods
from grin_ros.worlds.indoor.recipes import RECIPES
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.shapes.mesh import Mesh, merge
from grin_ros.worlds.surfaces.palette import Palette

_MADE = 22  # the largest number of different things of a recipe in a scene; after that, copies are used


class SurfaceFiller:
    """A maker of small things for surfaces.

    ``models`` returns a small furniture model as a body, or None if there is none.
    """

    def __init__(self, rng: Generator, palette: Palette, models: Callable[[], Body | None]) -> None:
        self.rng, self.palette, self.models = rng, palette, models
        self._made: dict[str, list[Body]] = {}

    def thing(self, recipe: str) -> Body:
        """Return a thing of a recipe, either a new one or one that was made before."""
        made, rng = self._made.setdefault(recipe, []), self.rng
        if len(made) >= _MADE or (len(made) > 8 and rng.random() < 0.5):
            return made[int(rng.integers(len(made)))]
        choices = RECIPES[recipe]
        weights = np.array(list(choices.values()))
        make = list(choices)[int(rng.choice(len(choices), p=weights / weights.sum()))]
        found = self.models() if isinstance(make, str) else make(self.palette)
        body = goods.packet(self.palette) if found is None else found
        made.append(body)
        return body

    def scatter(self, top: Top, recipe: str, density: float) -> Mesh | None:
        """Return things scattered over a surface, in the frame of its body, or None if nothing fits.

        There are about ``density`` things per square metre, at most 40. Tall things mostly stand at the back, +y.
        """
        rng = self.rng
        area = 4 * top.half_x * top.half_y
        parts: list[Mesh] = []
        taken = np.zeros((0, 4))
        for _ in range(min(int(rng.poisson(density * area)) + 1, 40)):
            body = self.thing(recipe)
            yaw = float(rng.normal(0, 0.25) if rng.random() < 0.65 else rng.uniform(0, 6.28))
            mesh = body.mesh.moved((0, 0, 0), yaw, float(rng.uniform(0.9, 1.1)))
            low, high = mesh.bounds()
            size = high - low
            room = np.array([2 * top.half_x, 2 * top.half_y, top.clearance_m])
            fit = float(np.min(room / np.maximum(size, 1e-3)))
            if fit < 1.0:
                if fit < 0.7:
                    continue
                mesh = mesh.moved((0, 0, 0), 0.0, 0.97 * fit)
                low, high = mesh.bounds()
                size = high - low
            spare = np.maximum(room[:2] - size[:2], 0) / 2
            for _ in range(6):
                centre = rng.uniform(-1, 1, 2) * spare
                if size[2] > 0.25 and rng.random() < 0.7:
                    centre[1] = spare[1] * rng.uniform(0.3, 1.0)
                rect = np.concatenate([centre - size[:2] / 2 + 0.004, centre + size[:2] / 2 - 0.004])
                if size[2] < 0.012 and rng.random() < 0.5:
                    break  # paper can lie under other things
                hit = (rect[:2] < taken[:, 2:]).all(axis=1) & (rect[2:] > taken[:, :2]).all(axis=1)
                if not hit.any():
                    taken = np.concatenate([taken, rect[None]])
                    break
            else:
                continue
            middle = (low + high)[:2] / 2
            lift = top.z + 0.0006 - min(float(low[2]), 0.0)
            parts.append(mesh.moved((top.x + centre[0] - middle[0], top.y + centre[1] - middle[1], lift)))
        return merge(parts) if parts else None

    def line_up(self, top: Top, recipe: str = "shelf", full: float = 0.85) -> Mesh | None:
        """Return things side by side on a shelf board: rows of books, packages, single things and gaps.

        ``full`` is the probability of a thing rather than a gap. Return None if nothing fits.
        """
        rng = self.rng
        x, parts = -top.half_x, []
        tall = float(np.clip(top.clearance_m - 0.01, 0.08, 0.32))
        while x < top.half_x - 0.04:
            if rng.random() > full:
                x += float(rng.uniform(0.05, 0.3))
                continue
            space = top.half_x - x
            if recipe == "shelf" and rng.random() < 0.55 and tall > 0.14:
                long = min(float(rng.uniform(0.12, 0.6)), space)
                mesh = goods.books(self.palette, long, tall, min(2 * top.half_y, 0.26)).mesh
            else:
                mesh = self.thing(recipe).mesh
                if rng.random() < 0.3 and recipe == "stock":  # a row of equal things
                    step = float(np.ptp(mesh.vertices[:, 0])) + 0.004
                    mesh = merge([mesh.moved((k * step, 0, 0)) for k in range(int(rng.integers(2, 6)))])
            low, high = mesh.bounds()
            size = high - low
            fit = float(np.min(np.array([space, 2 * top.half_y, top.clearance_m]) / np.maximum(size, 1e-3)))
            if fit < 0.6:
                x += 0.03
                continue
            scale = min(1.0, 0.97 * fit)
            mesh = mesh.moved((0, 0, 0), 0.0, scale)
            low, high = mesh.bounds()
            slack = max(top.half_y - float(high[1] - low[1]) / 2, 0.0)
            y = top.y - float(low[1] + high[1]) / 2 + slack * float(rng.uniform(-0.8, 0.6))
            parts.append(mesh.moved((top.x + x - float(low[0]), y, top.z + 0.0006 - min(float(low[2]), 0.0))))
            x += float(high[0] - low[0]) + float(rng.exponential(0.012)) + 0.003
        return merge(parts) if parts else None
