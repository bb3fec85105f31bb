# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Trees, bushes and hedges: rough bodies of foliage with loose leaves, which make the outlines irregular."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.outdoor.materials import Materials
from grin_ros.worlds.shapes.mesh import Mesh, grid_faces, merge, sphere, surface, tube
from grin_ros.worlds.surfaces.materials import Material

Floats = NDArray[np.float64]


def _tones(rng: Generator, colour: Floats, shade: Floats) -> NDArray[np.float32]:
    """Return colours (n, 3) for shades (n,) in [0, 1], where 0 is deep inside. Every vertex varies a little."""
    tone = (0.35 + 0.75 * shade) * rng.uniform(0.8, 1.2, len(shade))
    return np.asarray(np.clip(colour * tone[:, None], 0, 1), np.float32)


def blob(rng: Generator, centre: Floats, radius: Floats, colour: Floats, layer: int, sides: int) -> Mesh:
    """Return a rough ellipsoid of foliage."""
    ball = sphere(1.0, sides)
    unit = ball.vertices.astype(np.float64) - [0, 0, 1]
    bump = np.ones(len(unit))
    for k in (2.0, 4.5, 8.0):
        a = rng.normal(0, k, 3)
        bump += 0.16 / np.sqrt(k / 2) * np.sin(unit @ a + rng.uniform(0, 6.3))
    bump[unit[:, 2] < -0.99] = 0.8
    bump[unit[:, 2] > 0.99] = 1.0
    points = centre + unit * bump[:, None] * radius
    shade = np.clip(0.5 + 0.5 * unit[:, 2] + 0.3 * (bump - 1), 0, 1)
    uv = ball.uv * np.float32(max(2.0, round(float(radius.mean()) * 2)))
    mesh = replace(ball, vertices=points.astype(np.float32), uv=uv).painted((1, 1, 1), layer, 0.02)
    return replace(mesh, colour=_tones(rng, colour, shade))


def scattered(
    rng: Generator, places: Floats, outward: Floats, colour: Floats, layer: int, size_m: tuple[float, float]
) -> Mesh:
    """Return a cluster of leaves (one triangle) at each place (n, 3), with its normal near ``outward`` (n, 3)."""
    n = len(places)
    size = rng.uniform(*size_m, n)[:, None, None]
    corners = places[:, None] + rng.normal(0, 0.6, (n, 3, 3)) * size
    normals = np.repeat(outward + rng.normal(0, 0.3, (n, 3)), 3, axis=0)
    uv = rng.random((n, 1, 2)) + rng.normal(0, 0.12, (n, 3, 2))
    mesh = surface(corners.reshape(-1, 3), normals, uv.reshape(-1, 2), np.arange(3 * n).reshape(-1, 3))
    mesh = mesh.painted((1, 1, 1), layer, 0.02)
    shade = np.clip(0.5 + 0.45 * np.repeat(outward[:, 2], 3), 0, 1)
    return replace(mesh, colour=_tones(rng, colour, shade))


def _leafy(
    rng: Generator, blobs: list[tuple[Floats, Floats]], colour: Floats, layer: int, leaves: int, sides: int
) -> list[Mesh]:
    """Return blobs of foliage, given as (centre, radii), and loose leaves on their surfaces."""
    parts = [blob(rng, centre, radius * 0.92, colour, layer, sides) for centre, radius in blobs]
    if leaves:
        chosen = rng.integers(0, len(blobs), leaves)
        outward = rng.normal(0, 1, (leaves, 3))
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        centre = np.stack([blobs[k][0] for k in chosen])
        radius = np.stack([blobs[k][1] for k in chosen])
        places = centre + outward * radius * rng.normal(0.97, 0.1, (leaves, 1))
        places[:, 2] = np.maximum(places[:, 2], 0.05)
        wide = float(radius.mean())
        parts.append(scattered(rng, places, outward, colour, layer, (0.04 + 0.045 * wide, 0.08 + 0.13 * wide)))
    return parts


def _trunk(rng: Generator, bark: Material, height: float, radius: float) -> list[Mesh]:
    bend = rng.normal(0, 0.04 * height, 2)
    z = np.linspace(-0.3, height, 5)
    share = np.clip(z / height, 0, 1)
    line = np.stack([bend[0] * share**2, bend[1] * share**2, z], -1)
    lower = tube(line[:3], radius, 8)
    upper = tube(line[2:], radius * 0.75, 7)
    return [bark.on(part) for part in (lower, upper)]


def tree(materials: Materials, height_m: float, detail: float = 1.0) -> Mesh:
    """Return a broad-leaved tree, a conifer, a poplar or a bare tree, on z = 0 at the origin."""
    rng = materials.rng
    bark = materials.get("bark")
    value, warm = float(rng.uniform(0.12, 0.6)), float(rng.uniform(0.65, 0.95))
    bark = replace(bark, colour=[value, value * (0.5 + warm / 2), value * warm])
    colour, layer = materials.foliage()
    kind = rng.choice(4, p=[0.68, 0.12, 0.1, 0.1])
    h = height_m
    if kind == 3:
        return merge(_bare(rng, bark, h))
    leaves, sides = int(480 * detail), 10 if detail >= 0.6 else 8
    blobs: list[tuple[Floats, Floats]] = []
    if kind == 1:  # conifer: tiers
        tiers, wide = 6, h * rng.uniform(0.16, 0.26)
        colour, leaves = colour * np.array([0.6, 0.75, 0.8]), leaves * 2
        for k in range(tiers):
            share = k / tiers
            centre = np.array([0, 0, h * (0.14 + 0.82 * share)])
            blobs.append((centre, np.array([wide, wide, h * 0.14]) * [1.02 - share, 1.02 - share, 1.0]))
        trunk = _trunk(rng, bark, h * 0.6, h * 0.018 + 0.05)
    elif kind == 2:  # poplar
        wide = h * rng.uniform(0.1, 0.15)
        for k in range(4):
            centre = np.append(rng.normal(0, wide * 0.15, 2), h * (0.25 + 0.2 * k))
            blobs.append((centre, np.array([wide, wide, h * 0.17]) * (1.0 - 0.12 * k)))
        trunk = _trunk(rng, bark, h * 0.5, h * 0.015 + 0.06)
    else:
        clear = h * rng.uniform(0.12, 0.36)
        wide = h * rng.uniform(0.28, 0.45)
        middle = (clear + h) / 2
        for _ in range(int(rng.integers(8, 14)) if detail >= 0.6 else 6):
            way = rng.normal(0, 1, 3)
            offset = way / np.linalg.norm(way) * rng.uniform(0.35, 0.72) * [wide, wide, (h - clear) / 2]
            radius = np.array([wide, wide, (h - clear) / 2]) * rng.uniform(0.3, 0.55) * rng.uniform(0.8, 1.2, 3)
            blobs.append((np.array([0, 0, middle]) + offset, radius))
        trunk = _trunk(rng, bark, middle, h * rng.uniform(0.012, 0.025) + 0.05)
    return merge([*trunk, *_leafy(rng, blobs, colour, layer, leaves, sides)])


def _bare(rng: Generator, bark: Material, h: float) -> list[Mesh]:
    """Return a trunk with branches and twigs but without leaves."""
    parts = _trunk(rng, bark, h * 0.55, h * 0.014 + 0.05)
    for _ in range(14):
        z, bearing, rise = rng.uniform(0.25, 0.6) * h, rng.uniform(0, 6.3), rng.uniform(0.4, 1.2)
        reach = rng.uniform(0.18, 0.36) * h
        way = np.array([np.cos(bearing) * np.cos(rise), np.sin(bearing) * np.cos(rise), np.sin(rise)])
        foot = np.array([0, 0, z])
        middle = foot + way * reach * 0.5 + rng.normal(0, 0.02 * h, 3)
        tip = foot + way * reach + rng.normal(0, 0.03 * h, 3) + [0, 0, 0.05 * h]
        parts.append(bark.on(tube(np.stack([foot, middle, tip]), 0.006 * h, 4)))
        for _ in range(4):
            end = tip + rng.normal(0, 0.07, 3) * h + [0, 0, 0.06 * h]
            parts.append(bark.on(tube(np.stack([(middle + tip) / 2, end]), 0.002 * h + 0.008, 3)))
    return parts


def bush(materials: Materials, width_m: float, height_m: float) -> Mesh:
    """Return a bush or a flower bed."""
    rng = materials.rng
    colour, layer = materials.foliage()
    blobs = []
    for _ in range(int(rng.integers(1, 4))):
        offset = np.append(rng.uniform(-0.25, 0.25, 2) * width_m, height_m * rng.uniform(0.3, 0.55))
        blobs.append((offset, np.array([width_m / 2, width_m / 2, height_m / 2]) * rng.uniform(0.6, 1.0)))
    return merge(_leafy(rng, blobs, colour, layer, 260, 10))


def thicket(materials: Materials, length_m: float, height_m: float, depth_m: float) -> Mesh:
    """Return the edge of a wood or a row of dense bushes, along x from 0 to length_m, facing -y."""
    rng = materials.rng
    first, layer = materials.foliage()
    second, _ = materials.foliage()
    parts: list[Mesh] = []
    for colour, share in ((first, 0.6), (second, 0.4)):
        blobs: list[tuple[Floats, Floats]] = []
        for _ in range(max(3, int(length_m / height_m * 4 * share))):
            z = float(rng.uniform(0.12, 0.8)) * height_m
            centre = np.array([rng.uniform(0, length_m), rng.uniform(-0.2, 0.8) * depth_m, z])
            radius = height_m * rng.uniform(0.16, 0.34) * np.array([1.2, 1.0, 1.0])
            blobs.append((centre, radius))
        parts += _leafy(rng, blobs, colour * rng.uniform(0.7, 1.0), layer, int(45 * len(blobs)), 10)
    return merge(parts)


def hedge(materials: Materials, length_m: float, width_m: float, height_m: float) -> Mesh:
    """Return a trimmed hedge along x from 0 to length_m, centred on y = 0."""
    rng = materials.rng
    colour, layer = materials.foliage()
    columns = max(2, int(length_m / 0.7))
    ring = np.array([(-1, 0), (-1, 0.5), (-0.9, 1), (0, 1), (0.9, 1), (1, 0.5), (1, 0)], np.float64)
    rough = rng.uniform(0.03, 0.12)
    x = np.linspace(0, length_m, columns + 1)
    points = np.empty((len(x), len(ring), 3))
    points[..., 0] = x[:, None] + rng.normal(0, rough / 2, (len(x), len(ring)))
    points[..., 1] = ring[:, 0] * width_m / 2 + rng.normal(0, rough, (len(x), len(ring)))
    points[..., 2] = ring[:, 1] * height_m + rng.normal(0, rough, (len(x), len(ring))) * (ring[:, 1] > 0)
    outward = np.stack([np.zeros(len(ring)), ring[:, 0], np.maximum(ring[:, 1] * 1.2 - 0.4, 0)], -1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    normals = np.broadcast_to(outward, points.shape)
    run = np.cumsum([0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    uv = np.stack(np.broadcast_arrays(x[:, None] / 1.2, run[None]), -1)
    n = len(ring)
    skin = surface(points.reshape(-1, 3), normals.reshape(-1, 3), uv.reshape(-1, 2), grid_faces(columns + 1, n))
    skin = skin.painted((1, 1, 1), layer, 0.02)
    shade = np.clip(0.25 + 0.6 * np.tile(ring[:, 1], columns + 1), 0, 1)
    skin = replace(skin, colour=_tones(rng, colour, shade))
    count = int(min(length_m * (2 * height_m + width_m) * 9, 500))
    chosen = rng.integers(0, len(x) * n, count)
    places = points.reshape(-1, 3)[chosen] + rng.normal(0, [0.3, 0.06, 0.2], (count, 3))
    places[:, 2] = np.clip(places[:, 2], 0.05, height_m * 1.05)
    loose = scattered(rng, places, normals.reshape(-1, 3)[chosen], colour, layer, (0.07, 0.16))
    ends = [
        blob(rng, np.array([end, 0, height_m / 2]), np.array([0.15, width_m / 2, height_m / 2]), colour, layer, 8)
        for end in (0.0, length_m)
    ]
    return merge([skin, loose, *ends])


def tufts(materials: Materials, places: Floats, height_m: float) -> Mesh:
    """Return blades of grass at places (n, 3), each a narrow triangle."""
    rng = materials.rng
    colour, _ = materials.foliage()
    n = len(places)
    lean = np.concatenate([rng.normal(0, 0.25, (n, 2)), rng.uniform(0.5, 1.2, (n, 1))], 1) * height_m
    side = np.concatenate([rng.normal(0, 1, (n, 2)), np.zeros((n, 1))], 1)
    side *= 0.1 * height_m / np.linalg.norm(side, axis=1, keepdims=True)
    corners = np.stack([places - side, places + side, places + lean], 1)
    normals = np.tile([0.0, 0.0, 1.0], (3 * n, 1))
    mesh = surface(corners.reshape(-1, 3), normals, np.zeros((3 * n, 2)), np.arange(3 * n).reshape(-1, 3))
    shade = np.tile([0.2, 0.2, 0.9], n)
    return replace(mesh.painted((1, 1, 1), -1, 0.02), colour=_tones(rng, colour, shade))
