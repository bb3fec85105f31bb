# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes as flat arrays, and the basic shapes that scenes are built from.

The world frame has x and y horizontal and z up (REP 103). Lengths are in metres. Colours are linear RGB albedos in
[0, 1]. ``layer`` is the index of a vertex's texture among the textures of the scene or model (-1 for none). The texture
multiplies the colour.
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
    """A triangle mesh with one material per vertex.

    Attributes:
        vertices: Positions, (n, 3) metres.
        normals: Unit normals, (n, 3).
        uv: Texture coordinates, (n, 2).
        colour: Linear RGB albedos, (n, 3).
        layer: Texture layers, (n,), -1 for none.
        gloss: Gloss, (n,), from 0 (matte) to 1.
        glow: Emitted light as a multiple of the colour, (n,), 0 for none.
        indices: The vertices of the triangles, (m, 3).
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
        """Return the mesh in a single material."""
        n = len(self.vertices)
        return replace(
            self,
            colour=np.tile(np.asarray(colour, np.float32), (n, 1)),
            layer=np.full(n, layer, np.int32),
            gloss=np.full(n, gloss, np.float32),
            glow=np.full(n, glow, np.float32),
        )

    def moved(self, position: Sequence[float], yaw_rad: float = 0.0, scale: float | Sequence[float] = 1.0) -> Mesh:
        """Return the mesh scaled, then rotated about z, then moved to ``position``."""
        c, s = np.cos(yaw_rad), np.sin(yaw_rad)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], np.float32)
        factor = np.broadcast_to(np.asarray(scale, np.float32), (3,))
        vertices = (self.vertices * factor) @ turn.T + np.asarray(position, np.float32)
        normals = (self.normals / factor) @ turn.T
        return replace(self, vertices=vertices.astype(np.float32), normals=_unit(normals))

    def tilted(self, axis: int, angle_rad: float) -> Mesh:
        """Return the mesh rotated about a coordinate axis (0: x, 1: y, 2: z)."""
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3, dtype=np.float32)
        turn[a, a] = turn[b, b] = np.cos(angle_rad)
        turn[a, b], turn[b, a] = -np.sin(angle_rad), np.sin(angle_rad)
        return replace(self, vertices=self.vertices @ turn.T, normals=self.normals @ turn.T)

    def bounds(self) -> tuple[Array, Array]:
        """Return the lower and upper corner of the bounding box, each (3,)."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    def with_layers_from(self, first: int) -> Mesh:
        """Return the mesh with ``first`` added to its texture layers; -1 (no texture) stays."""
        return replace(self, layer=np.where(self.layer >= 0, self.layer + first, -1).astype(np.int32))


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
    """Return a white matte mesh made of these arrays. The normals need not have unit length."""
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
    """Join meshes into one. Raise ValueError for an empty sequence."""
    if not meshes:
        raise ValueError("merge: got no mesh, expected at least one")
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    names = ("vertices", "normals", "uv", "colour", "layer", "gloss", "glow")
    joined = {name: np.concatenate([getattr(m, name) for m in meshes]) for name in names}
    indices = np.concatenate([m.indices + np.int32(s) for m, s in zip(meshes, starts, strict=True)])
    return Mesh(**joined, indices=indices)


def grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    """Return the triangles of a grid of vertices that are stored row by row, (m, 3)."""
    i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    return np.concatenate([np.stack([i, i + 1, i + columns + 1], 1), np.stack([i, i + columns + 1, i + columns], 1)])


def quad_faces(count: int) -> NDArray[np.int64]:
    """Return the triangles of quadrilaterals that are stored as four vertices each, (2 * count, 3)."""
    i = 4 * np.arange(count)
    return np.concatenate([np.stack([i, i + 1, i + 2], 1), np.stack([i, i + 2, i + 3], 1)])


def quad(origin: Sequence[float], along: Sequence[float], up: Sequence[float], uv_m: float = 1.0) -> Mesh:
    """Return a parallelogram. Its uv counts units of uv_m metres; uv_m = 0 maps the texture once over the whole."""
    o, a, b = (np.asarray(v, np.float64) for v in (origin, along, up))
    corners = np.stack([o, o + a, o + a + b, o + b])
    size = np.array([np.linalg.norm(a), np.linalg.norm(b)]) / uv_m if uv_m > 0 else np.ones(2)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]]) * size
    normals = np.tile(np.cross(a, b), (4, 1))
    return surface(corners, normals, uv, np.array([[0, 1, 2], [0, 2, 3]], np.int32))


def box(size: Sequence[float], uv_m: float = 1.0) -> Mesh:
    """Return a box of size (x, y, z) that stands on z = 0, centred in x and y. For uv_m see ``quad``."""
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
    """Return a body of revolution about z through the (radius, height) points of ``profile``.

    It is shaded flat along the profile and smooth around the axis.
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
        faces = grid_faces(2, sides + 1)
        parts.append(surface(np.concatenate([low, high]), np.concatenate([normal, normal]), uv, faces))
    return merge(parts)


def cylinder(radius_m: float, height_m: float, sides: int = 20) -> Mesh:
    """Return a closed cylinder that stands on z = 0."""
    return lathe([(0, 0), (radius_m, 0), (radius_m, height_m), (0, height_m)], sides)


def sphere(radius_m: float, sides: int = 20) -> Mesh:
    """Return a smooth sphere that rests on z = 0."""
    lat, lon = np.meshgrid(np.linspace(0, np.pi, sides // 2 + 1), np.linspace(0, 2 * np.pi, sides + 1), indexing="ij")
    normals = np.stack([np.sin(lat) * np.cos(lon), np.sin(lat) * np.sin(lon), -np.cos(lat)], -1).reshape(-1, 3)
    uv = np.stack([lon / (2 * np.pi), 1 - lat / np.pi], -1).reshape(-1, 2)
    faces = grid_faces(sides // 2 + 1, sides + 1)
    return surface(normals * radius_m + np.array([0, 0, radius_m]), normals, uv, faces)


def tube(path: NDArray[np.float64], radius_m: float, sides: int = 6) -> Mesh:
    """Return a round bar along the points of ``path`` (k, 3), for cables, poles, rails and legs."""
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
    faces = grid_faces(len(points), sides + 1)
    return surface(vertices.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), faces)


def sheet(points: NDArray[np.float64], uv_m: float = 0.0) -> Mesh:
    """Return a smooth surface through a grid of points (rows, columns, 3), for cloth, leaves and terrain.

    The normals are the cross product of the direction along a row and the direction along a column. The uv covers the
    texture once, or counts units of uv_m metres if uv_m > 0.
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
    return surface(p.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), grid_faces(rows, columns))


def pillow(size: Sequence[float], squareness: float = 0.5, sides: int = 16) -> Mesh:
    """Return a superellipsoid that stands on z = 0: an ellipsoid at squareness 1, nearly a box at 0.1."""
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
    """Return a mesh of many boxes. Every face shows the texture once.

    Args:
        low: The lower corners, (n, 3).
        high: The upper corners, (n, 3).
        colour: The colours, (n, 3); white by default.
        layer: The texture layers, (n,) or one for all boxes.
        window: The part u0, v0, u1, v1 of the texture that each box shows, (n, 4); all of it by default.
        gloss: The gloss of all boxes.
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


# The corners of the six faces of a unit box. Each face seen from outside: lower left, lower right, upper right, upper
# left. The faces are front (-y), right, back, left, top and bottom.
_CORNERS = np.array(
    [
        *[(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],
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
