# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Terrain with gentle slopes that everything stands on, and paths along which roads and walls are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh, grid_faces, merge, surface

Floats = NDArray[np.float64]
STEP_M = 2.0  # the distance between the points of a path; the waves of a terrain are much longer


@dataclass(frozen=True)
class Terrain:
    """A height over (x, y): the sum of a tilted plane and waves.

    Attributes:
        slope: The rise per metre in x and y.
        waves: The waves, (n, 4): kx and ky in rad/m, the phase, and the amplitude in metres.
    """

    slope: tuple[float, float]
    waves: Floats

    def height(self, x: Floats, y: Floats) -> Floats:
        """Return the heights in metres at x and y, in the same shape."""
        z = self.slope[0] * np.asarray(x, np.float64) + self.slope[1] * np.asarray(y, np.float64)
        for kx, ky, phase, amplitude in self.waves:
            z = z + amplitude * np.sin(kx * x + ky * y + phase)
        return np.asarray(z)

    def at(self, x: float, y: float) -> float:
        """Return the height in metres at one place."""
        return float(self.height(np.array(x), np.array(y)))

    def drape(self, mesh: Mesh) -> Mesh:
        """Return the mesh with every vertex raised by the height below it, so that it stands on the ground."""
        lifted = mesh.vertices.astype(np.float64)
        lifted[:, 2] += self.height(lifted[:, 0], lifted[:, 1])
        return replace(mesh, vertices=lifted.astype(np.float32))

    def sheet(self, low: Sequence[float], high: Sequence[float], cell_m: float, tile_m: float, under_m: float) -> Mesh:
        """Return the ground over the rectangle from ``low`` to ``high`` (x, y), lowered by ``under_m``.

        It has cells of ``cell_m``, and its uv counts units of ``tile_m``.
        """
        nx, ny = (max(2, round((b - a) / cell_m) + 1) for a, b in zip(low, high, strict=True))
        y, x = np.meshgrid(np.linspace(low[1], high[1], ny), np.linspace(low[0], high[0], nx), indexing="ij")
        z = self.height(x, y) - under_m
        gy, gx = np.gradient(z, y[:, 0], x[0])
        normals = np.stack([-gx, -gy, np.ones_like(z)], -1).reshape(-1, 3)
        uv = np.stack([x, y], -1).reshape(-1, 2) / tile_m
        return surface(np.stack([x, y, z], -1).reshape(-1, 3), normals, uv, grid_faces(ny, nx))


def random_terrain(rng: Generator, steep: float) -> Terrain:
    """Return a random terrain. ``steep`` is the standard deviation of its slopes; 0 gives level ground."""
    count = 3
    angle = rng.uniform(0, 2 * np.pi, count)
    k = 2 * np.pi / rng.uniform(90, 260, count)
    amplitude = np.minimum(np.abs(rng.normal(0, steep, count)) / k, 3.0)
    waves = np.stack([k * np.cos(angle), k * np.sin(angle), rng.uniform(0, 2 * np.pi, count), amplitude], 1)
    slope = rng.normal(0, steep / 2, 2)
    return Terrain((float(slope[0]), float(slope[1])), waves)


@dataclass(frozen=True)
class Path:
    """A line over the terrain. Places are given by the length s along it and the offset t to its left, in metres.

    Attributes:
        terrain: The terrain.
        start_m: The s of the first point.
        xy: Points that are STEP_M apart, (n, 2).
        heading_rad: The heading at these points, (n,).
    """

    terrain: Terrain
    start_m: float
    xy: Floats
    heading_rad: Floats

    @property
    def end_m(self) -> float:
        """The s of the last point."""
        return self.start_m + STEP_M * (len(self.xy) - 1)

    def moved(self, heading_rad: float, origin: Sequence[float] | Floats) -> Path:
        """Return the path turned about the world's origin by a heading, and then moved by ``origin`` (2,)."""
        c, s = np.cos(heading_rad), np.sin(heading_rad)
        return replace(
            self, xy=self.xy @ np.array([[c, s], [-s, c]]) + origin, heading_rad=self.heading_rad + heading_rad
        )

    def turn(self, s: float) -> float:
        """Return the heading at s in radians."""
        grid = self.start_m + STEP_M * np.arange(len(self.xy))
        return float(np.interp(s, grid, self.heading_rad))

    def place(self, s: Floats, t: Floats | float) -> Floats:
        """Return the points (..., 2) at s with the offset t to the left."""
        grid = self.start_m + STEP_M * np.arange(len(self.xy))
        heading = np.interp(s, grid, self.heading_rad)
        x = np.interp(s, grid, self.xy[:, 0]) - t * np.sin(heading)
        y = np.interp(s, grid, self.xy[:, 1]) + t * np.cos(heading)
        return np.stack([x, y], -1)

    def point(self, s: float, t: float) -> tuple[float, float]:
        """Return x and y of one place."""
        x, y = self.place(np.array(s), t)
        return float(x), float(y)

    def sweep(
        self, s0: float, s1: float, profile: Sequence[tuple[float, float]], tile_m: float = 1.0, shift_m: float = 0.0
    ) -> Mesh:
        """Return the surface that a profile of (t, z) points sweeps along the path from s0 to s1.

        z is the height above the terrain. Every segment of the profile is flat and has a normal of its own. The uv
        counts units of ``tile_m`` along the path, shifted by ``shift_m``, and along the profile.
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
            parts.append(surface(top, np.concatenate([normal, normal]), np.concatenate(uv), grid_faces(2, len(s))))
            run += wide
        return merge(parts)


def winding_path(rng: Generator, terrain: Terrain, start_m: float, end_m: float, sharpest_m: float) -> Path:
    """Return a random path that passes the origin along +x at s = 0.

    The radii of its bends are at least ``sharpest_m``; inf gives a straight path.
    """
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
    """Return the mesh with colours that vary smoothly over x and y, so that no two tiles look alike."""
    x, y = mesh.vertices[:, 0].astype(np.float64), mesh.vertices[:, 1].astype(np.float64)
    tone = np.zeros(len(x))
    for k in (1.0, 2.3, 5.1):
        a, b = rng.uniform(0, 2 * np.pi, 2)
        turn = 2 * np.pi * k / wavelength_m
        tone += np.sin(turn * (x * np.cos(a) + y * np.sin(a)) + b) / (1 + k / 3)
    factor = (1 + strength * tone / 2)[:, None].clip(0.3, 1.6)
    return replace(mesh, colour=np.clip(mesh.colour * factor, 0, 1).astype(np.float32))
