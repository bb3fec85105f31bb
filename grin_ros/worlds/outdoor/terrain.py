# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lie of the land: gentle slopes that everything follows, and paths along which roads and walls are swept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh, merge, surface

Floats = NDArray[np.float64]
STEP_M = 2.0  # of a path's points; a terrain's waves are long against it


@dataclass(frozen=True)
class Terrain:
    """Height over (x, y): a tilted plane and waves. slope: (2,) rise per metre; waves (n, 4): kx, ky in rad/m, phase,
    amplitude in metres."""

    slope: tuple[float, float]
    waves: Floats

    def height(self, x: Floats, y: Floats) -> Floats:
        """Metres, of the shape of x and y."""
        z = self.slope[0] * np.asarray(x, np.float64) + self.slope[1] * np.asarray(y, np.float64)
        for kx, ky, phase, amplitude in self.waves:
            z = z + amplitude * np.sin(kx * x + ky * y + phase)
        return np.asarray(z)

    def at(self, x: float, y: float) -> float:
        """Metres, at one place."""
        return float(self.height(np.array(x), np.array(y)))

    def drape(self, mesh: Mesh) -> Mesh:
        """The mesh with every vertex lifted by the height below it: what stood on z = 0 stands on the ground."""
        lifted = mesh.vertices.astype(np.float64)
        lifted[:, 2] += self.height(lifted[:, 0], lifted[:, 1])
        return replace(mesh, vertices=lifted.astype(np.float32))

    def sheet(self, low: Sequence[float], high: Sequence[float], cell_m: float, tile_m: float, under_m: float) -> Mesh:
        """The ground over a rectangle, lowered by under_m."""
        nx, ny = (max(2, round((b - a) / cell_m) + 1) for a, b in zip(low, high, strict=True))
        y, x = np.meshgrid(np.linspace(low[1], high[1], ny), np.linspace(low[0], high[0], nx), indexing="ij")
        z = self.height(x, y) - under_m
        gy, gx = np.gradient(z, y[:, 0], x[0])
        normals = np.stack([-gx, -gy, np.ones_like(z)], -1).reshape(-1, 3)
        i = (np.arange(ny - 1)[:, None] * nx + np.arange(nx - 1)[None]).ravel()
        faces = np.concatenate([np.stack([i, i + 1, i + nx + 1], 1), np.stack([i, i + nx + 1, i + nx], 1)])
        return surface(
            np.stack([x, y, z], -1).reshape(-1, 3), normals, np.stack([x, y], -1).reshape(-1, 2) / tile_m, faces
        )


def random_terrain(rng: Generator, steep: float) -> Terrain:
    """Random land; steep: slope of one sigma (0 is level)."""
    count = 3
    angle = rng.uniform(0, 2 * np.pi, count)
    k = 2 * np.pi / rng.uniform(90, 260, count)
    amplitude = np.minimum(np.abs(rng.normal(0, steep, count)) / k, 3.0)
    waves = np.stack([k * np.cos(angle), k * np.sin(angle), rng.uniform(0, 2 * np.pi, count), amplitude], 1)
    slope = rng.normal(0, steep / 2, 2)
    return Terrain((float(slope[0]), float(slope[1])), waves)


@dataclass(frozen=True)
class Path:
    """A line over the land with a length coordinate s and an offset t to its left, both in metres.

    start_m: s of the first point; xy (n, 2) points STEP_M apart; heading_rad (n,).
    """

    terrain: Terrain
    start_m: float
    xy: Floats
    heading_rad: Floats

    @property
    def end_m(self) -> float:
        return self.start_m + STEP_M * (len(self.xy) - 1)

    def turn(self, s: float) -> float:
        """Heading at s in radians."""
        grid = self.start_m + STEP_M * np.arange(len(self.xy))
        return float(np.interp(s, grid, self.heading_rad))

    def place(self, s: Floats, t: Floats | float) -> Floats:
        """(..., 2): the point at s, off by t to the left."""
        grid = self.start_m + STEP_M * np.arange(len(self.xy))
        heading = np.interp(s, grid, self.heading_rad)
        x = np.interp(s, grid, self.xy[:, 0]) - t * np.sin(heading)
        y = np.interp(s, grid, self.xy[:, 1]) + t * np.cos(heading)
        return np.stack([x, y], -1)

    def point(self, s: float, t: float) -> tuple[float, float]:
        """x, y of one place."""
        x, y = self.place(np.array(s), t)
        return float(x), float(y)

    def sweep(
        self, s0: float, s1: float, profile: Sequence[tuple[float, float]], tile_m: float = 1.0, shift_m: float = 0.0
    ) -> Mesh:
        """A profile of (t, z) points drawn along the path from s0 to s1; uv in units of tile_m along s and the profile.

        z is above the land at the vertex's place; every strip of the profile is flat and has its own normal.
        """
        inner = self.start_m + STEP_M * np.arange(len(self.xy))
        s = np.concatenate([[s0], inner[(inner > s0 + 0.05) & (inner < s1 - 0.05)], [s1]])
        heading = np.interp(s, inner, self.heading_rad)
        left = np.stack([-np.sin(heading), np.cos(heading)], -1)
        parts, run = [], 0.0
        for (ta, za), (tb, zb) in pairwise(profile):
            wide = float(np.hypot(tb - ta, zb - za))
            a, b = self.place(s, ta), self.place(s, tb)
            top = np.concatenate([np.stack([*p.T, self.terrain.height(*p.T) + z], -1) for p, z in ((a, za), (b, zb))])
            normal = np.concatenate([left * (za - zb), np.full((len(s), 1), tb - ta)], 1)
            if abs(tb - ta) > abs(zb - za):
                normal *= np.sign(tb - ta)
            uv = [np.stack([(s + shift_m) / tile_m, np.full(len(s), v / tile_m)], -1) for v in (run, run + wide)]
            i, n = np.arange(len(s) - 1), len(s)
            faces = np.concatenate([np.stack([i, i + 1, i + n + 1], 1), np.stack([i, i + n + 1, i + n], 1)])
            parts.append(surface(top, np.concatenate([normal, normal]), np.concatenate(uv), faces))
            run += wide
        return merge(parts)


def winding_path(rng: Generator, terrain: Terrain, start_m: float, end_m: float, sharpest_m: float) -> Path:
    """A path through the origin along +x at s = 0 whose bends have radii of sharpest_m and more; inf for straight."""
    s = np.arange(start_m, end_m + STEP_M / 2, STEP_M)
    curvature = np.zeros(len(s))
    if np.isfinite(sharpest_m):
        knots = np.arange(start_m, end_m + 50, 50.0)
        curvature = np.interp(s, knots, rng.uniform(-1, 1, len(knots)) * (rng.random(len(knots)) < 0.7)) / sharpest_m
    heading = np.cumsum(curvature) * STEP_M
    origin = int(np.argmin(np.abs(s)))
    heading = heading - heading[origin]
    xy = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], -1), axis=0) * STEP_M
    return Path(terrain, float(s[0]), xy - xy[origin], heading)


def with_varied_tone(mesh: Mesh, rng: Generator, strength: float, wavelength_m: float = 9.0) -> Mesh:
    """The mesh with its colours varied by smooth waves over x and y: no tile looks the same twice."""
    x, y = mesh.vertices[:, 0].astype(np.float64), mesh.vertices[:, 1].astype(np.float64)
    tone = np.zeros(len(x))
    for k in (1.0, 2.3, 5.1):
        a, b = rng.uniform(0, 2 * np.pi, 2)
        turn = 2 * np.pi * k / wavelength_m
        tone += np.sin(turn * (x * np.cos(a) + y * np.sin(a)) + b) / (1 + k / 3)
    factor = (1 + strength * tone / 2)[:, None].clip(0.3, 1.6)
    return replace(mesh, colour=np.clip(mesh.colour * factor, 0, 1).astype(np.float32))
