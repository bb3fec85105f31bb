# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes as flat arrays, and the primitive bodies that scenes are built of.

World frame: x, y horizontal, z up (REP 103), metres. Colours are linear RGB albedos in [0, 1]. ``layer`` is the texture
of a vertex (an index into the textures of its owner; -1 is none) and the texel multiplies the colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Mesh:
    """vertices, normals (n, 3); uv (n, 2); colour (n, 3); layer, gloss, glow (n,); indices (m, 3).

    gloss: 0 (matte) to 1. glow >= 0: emits.
    """

    vertices: Array
    normals: Array
    uv: Array
    colour: Array
    layer: NDArray[np.int32]
    gloss: Array
    glow: Array
    indices: NDArray[np.int32]

    def painted(
        self, colour: Sequence[float] = (1.0, 1.0, 1.0), layer: int = -1, gloss: float = 0.1, glow: float = 0.0
    ) -> Mesh:
        """The mesh in a single material."""
        n = len(self.vertices)
        return replace(
            self,
            colour=np.tile(np.asarray(colour, np.float32), (n, 1)),
            layer=np.full(n, layer, np.int32),
            gloss=np.full(n, gloss, np.float32),
            glow=np.full(n, glow, np.float32),
        )

    def moved(self, position: Sequence[float], yaw_rad: float = 0.0, scale: float | Sequence[float] = 1.0) -> Mesh:
        """Scaled, then turned about z, then moved."""
        c, s = np.cos(yaw_rad), np.sin(yaw_rad)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], np.float32)
        factor = np.broadcast_to(np.asarray(scale, np.float32), (3,))
        vertices = (self.vertices * factor) @ turn.T + np.asarray(position, np.float32)
        normals = (self.normals / factor) @ turn.T
        return replace(self, vertices=vertices.astype(np.float32), normals=_unit(normals))

    def tilted(self, axis: int, angle_rad: float) -> Mesh:
        """Turned about a coordinate axis through the origin."""
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3, dtype=np.float32)
        turn[a, a] = turn[b, b] = np.cos(angle_rad)
        turn[a, b], turn[b, a] = -np.sin(angle_rad), np.sin(angle_rad)
        return replace(self, vertices=self.vertices @ turn.T, normals=self.normals @ turn.T)

    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper corner, each (3,)."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)


def _unit(vectors: NDArray[np.floating[Any]]) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Array = (vectors / np.maximum(length, 1e-12)).astype(np.float32)
    return unit


def surface(
    vertices: NDArray[np.floating[Any]],
    normals: NDArray[np.floating[Any]],
    uv: NDArray[np.floating[Any]],
    indices: NDArray[np.integer[Any]],
) -> Mesh:
    """A white matte mesh of the given arrays; normals need not be unit."""
    n = len(vertices)
    blank = np.zeros(n, np.float32)
    return Mesh(
        np.asarray(vertices, np.float32),
        _unit(np.asarray(normals, np.float32)),
        np.asarray(uv, np.float32),
        np.ones((n, 3), np.float32),
        np.full(n, -1, np.int32),
        blank + np.float32(0.1),
        blank,
        np.asarray(indices, np.int32),
    )


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of many; indices are shifted. ValueError when there is none."""
    if not meshes:
        raise ValueError("merge: got no mesh, expected at least one")
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    names = ("vertices", "normals", "uv", "colour", "layer", "gloss", "glow")
    joined = {name: np.concatenate([getattr(m, name) for m in meshes]) for name in names}
    indices = np.concatenate([m.indices + np.int32(s) for m, s in zip(meshes, starts, strict=True)])
    return Mesh(**joined, indices=indices)


def quad(origin: Sequence[float], along: Sequence[float], up: Sequence[float], uv_m: float = 1.0) -> Mesh:
    """A parallelogram; uv runs in units of uv_m metres along its sides (uv_m = 0: once over the whole)."""
    o, a, b = (np.asarray(v, np.float64) for v in (origin, along, up))
    corners = np.stack([o, o + a, o + a + b, o + b])
    size = np.array([np.linalg.norm(a), np.linalg.norm(b)]) / uv_m if uv_m > 0 else np.ones(2)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]]) * size
    normals = np.tile(np.cross(a, b), (4, 1))
    return surface(corners, normals, uv, np.array([[0, 1, 2], [0, 2, 3]], np.int32))


def box(size: Sequence[float], uv_m: float = 1.0) -> Mesh:
    """A box standing on z = 0, centred in x and y."""
    x, y, z = (float(v) for v in size)
    h, k = x / 2, y / 2
    return merge(
        [
            quad((-h, -k, 0), (x, 0, 0), (0, 0, z), uv_m),
            quad((h, -k, 0), (0, y, 0), (0, 0, z), uv_m),
            quad((h, k, 0), (-x, 0, 0), (0, 0, z), uv_m),
            quad((-h, k, 0), (0, -y, 0), (0, 0, z), uv_m),
            quad((-h, -k, z), (x, 0, 0), (0, y, 0), uv_m),
            quad((-h, k, 0), (x, 0, 0), (0, -y, 0), uv_m),
        ]
    )


def lathe(profile: Sequence[tuple[float, float]], sides: int = 20) -> Mesh:
    """A body of revolution about z through the (radius, height) points of profile.

    Flat shaded along the profile and smooth around.
    """
    points = np.asarray(profile, np.float64)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1)
    parts = []
    for (r0, z0), (r1, z1) in pairwise(points):
        low = np.concatenate([ring * r0, np.full((sides + 1, 1), z0)], 1)
        high = np.concatenate([ring * r1, np.full((sides + 1, 1), z1)], 1)
        normal = np.concatenate([ring * (z1 - z0), np.full((sides + 1, 1), r0 - r1)], 1)
        span = max(points[:, 1].max() - points[:, 1].min(), 1e-6)
        u = angle / (2 * np.pi)
        uv = np.concatenate([np.stack([u, np.full_like(u, 1 - z / span)], 1) for z in (z0, z1)])
        i = np.arange(sides)
        j = i + sides + 1
        faces = np.concatenate([np.stack([i, i + 1, j + 1], 1), np.stack([i, j + 1, j], 1)])
        parts.append(surface(np.concatenate([low, high]), np.concatenate([normal, normal]), uv, faces))
    return merge(parts)


def cylinder(radius_m: float, height_m: float, sides: int = 20) -> Mesh:
    """A closed cylinder standing on z = 0."""
    return lathe([(0, 0), (radius_m, 0), (radius_m, height_m), (0, height_m)], sides)


def sphere(radius_m: float, sides: int = 20) -> Mesh:
    """A smooth sphere resting on z = 0."""
    lat, lon = np.meshgrid(np.linspace(0, np.pi, sides // 2 + 1), np.linspace(0, 2 * np.pi, sides + 1), indexing="ij")
    normals = np.stack([np.sin(lat) * np.cos(lon), np.sin(lat) * np.sin(lon), -np.cos(lat)], -1).reshape(-1, 3)
    uv = np.stack([lon / (2 * np.pi), 1 - lat / np.pi], -1).reshape(-1, 2)
    row = sides + 1
    i = (np.arange(sides // 2)[:, None] * row + np.arange(sides)[None]).ravel()
    faces = np.concatenate([np.stack([i, i + 1, i + row + 1], 1), np.stack([i, i + row + 1, i + row], 1)])
    return surface(normals * radius_m + np.array([0, 0, radius_m]), normals, uv, faces)


def tube(path: NDArray[np.float64], radius_m: float, sides: int = 6) -> Mesh:
    """A round bar along the points of path (k, 3): cables, poles, rails, legs."""
    points = np.asarray(path, np.float64)
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    helper = np.where(np.abs(tangent[:, 2:]) > 0.9, [[1.0, 0, 0]], [[0.0, 0, 1]])
    side = np.cross(tangent, helper)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    other = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    normals = side[:, None] * np.cos(angle)[None, :, None] + other[:, None] * np.sin(angle)[None, :, None]
    vertices = points[:, None] + radius_m * normals
    along = np.arange(len(points)) / max(len(points) - 1, 1)
    uv = np.stack(np.meshgrid(along, angle / (2 * np.pi), indexing="ij"), -1)
    row = sides + 1
    i = (np.arange(len(points) - 1)[:, None] * row + np.arange(sides)[None]).ravel()
    faces = np.concatenate([np.stack([i, i + 1, i + row + 1], 1), np.stack([i, i + row + 1, i + row], 1)])
    return surface(vertices.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), faces)


def sheet(points: NDArray[np.float64], uv_m: float = 0.0) -> Mesh:
    """A smooth surface through a grid of points (rows, columns, 3): cloth, hangings, leaves, terrain.

    Normals are right-handed: along columns x along rows. uv is once over the whole, or in units of uv_m metres.
    """
    p = np.asarray(points, np.float64)
    rows, columns = p.shape[:2]
    normals = np.cross(np.gradient(p, axis=1), np.gradient(p, axis=0))
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(1, 0, rows))
    uv = np.stack([u, v], -1)
    if uv_m > 0:
        across = np.linalg.norm(np.diff(p, axis=1), axis=2).sum(axis=1).mean()
        along = np.linalg.norm(np.diff(p, axis=0), axis=2).sum(axis=0).mean()
        uv = uv * np.array([across, along]) / uv_m
    i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    faces = np.concatenate([np.stack([i, i + 1, i + columns + 1], 1), np.stack([i, i + columns + 1, i + columns], 1)])
    return surface(p.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), faces)


def pillow(size: Sequence[float], squareness: float = 0.5, sides: int = 16) -> Mesh:
    """A rounded body standing on z = 0: a superellipsoid, from a ball (squareness 1) to nearly a box (0.1)."""
    ball = sphere(1.0, sides)
    n = ball.normals.astype(np.float64)
    bent = np.sign(n) * np.abs(n) ** squareness
    half = np.asarray(size, np.float64) / 2
    normals = np.sign(n) * np.abs(n) ** max(2 - squareness, 0.3) / half
    return replace(
        ball,
        vertices=(bent * half + np.array([0, 0, half[2]])).astype(np.float32),
        normals=_unit(normals),
    )


def boxes(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colour: NDArray[np.float64] | None = None,
    layer: NDArray[np.int64] | int = -1,
    window: NDArray[np.float64] | None = None,
    gloss: float = 0.15,
) -> Mesh:
    """Many boxes at once, between corners (n, 3), each face with its texture once.

    colour (n, 3); layer (n,) or one; window (n, 4): the part u0, v0, u1, v1 of the texture that each box shows.
    """
    low, high = np.atleast_2d(np.asarray(low, np.float64)), np.atleast_2d(np.asarray(high, np.float64))
    n = len(low)
    vertices = np.where(_CORNERS[None] > 0.5, high[:, None], low[:, None])  # (n, 24, 3)
    uv = np.tile(_FACE_UV, (n, 1, 1))
    if window is not None:
        w = np.asarray(window, np.float64)[:, None]
        uv = w[..., :2] + uv * (w[..., 2:] - w[..., :2])
    faces = (np.arange(6)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])[None]).reshape(-1, 3)
    indices = (np.arange(n)[:, None, None] * 24 + faces[None]).reshape(-1, 3)
    mesh = surface(vertices.reshape(-1, 3), np.tile(_FACE_NORMALS, (n, 1)), uv.reshape(-1, 2), indices)
    tint = np.ones((n, 3)) if colour is None else np.asarray(colour, np.float64)
    layers = np.broadcast_to(np.asarray(layer), (n,))
    return replace(
        mesh,
        colour=np.repeat(tint, 24, axis=0).astype(np.float32),
        layer=np.repeat(layers, 24).astype(np.int32),
        gloss=np.full(n * 24, gloss, np.float32),
    )


# Of the six faces of a unit box, seen from outside: lower left, lower right, upper right, upper left.
_CORNERS = np.array(
    [
        *[(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],  # front, -y
        *[(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)],
        *[(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)],
        *[(0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)],
        *[(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
        *[(0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0)],
    ],
    np.float64,
)
_FACE_NORMALS = np.repeat(
    np.array([(0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1)], np.float64), 4, axis=0
)
_FACE_UV = np.tile(np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float64), (6, 1))
