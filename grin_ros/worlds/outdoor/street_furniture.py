# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Objects along streets and paths: lamps, signs, bins, benches, fences, people. They stand on z = 0 and face -y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from grin_ros.worlds.outdoor.materials import Materials, grey_material
from grin_ros.worlds.shapes.mesh import Mesh, box, cylinder, lathe, merge, quad, sphere, tube
from grin_ros.worlds.surfaces.materials import Material, albedo
from grin_ros.worlds.surfaces.textures import SIDE, Image, label, picture


def _metal(rng: Generator, low: float = 0.03, high: float = 0.4) -> Material:
    """Return painted or galvanised metal, with a grey value from low to high."""
    return grey_material(rng, low, high, 0.3)


def lamp_post(materials: Materials) -> Mesh:
    """Return a street lamp, with an arm towards -y or a lantern on top."""
    rng = materials.rng
    metal = _metal(rng)
    tall = float(rng.uniform(3.2, 4.5)) if rng.random() < 0.3 else float(rng.uniform(5.5, 10.0))
    parts = [metal.on(lathe([(0.0, 0), (0.11, 0), (0.09, 1.0), (0.045, tall), (0, tall)], 8))]
    if tall < 5:
        parts.append(metal.on(lathe([(0, 0), (0.12, 0.05), (0.2, 0.45), (0.05, 0.6)], 8)).moved((0, 0, tall)))
        return merge(parts)
    reach = float(rng.uniform(0.6, 2.2))
    for side in (-1, 1) if rng.random() < 0.2 else (-1,):
        arm = np.array([[0, 0, tall - 0.2], [0, side * reach * 0.5, tall + 0.15], [0, side * reach, tall + 0.2]])
        parts.append(metal.on(tube(arm, 0.04, 6)))
        parts.append(metal.on(box((0.22, 0.6, 0.1))).moved((0, side * (reach + 0.2), tall + 0.15)))
    return merge(parts)


def _plate(rng: Generator) -> Image:
    """Return the image on a traffic sign."""
    rim = [(0.75, 0.05, 0.08), (0.05, 0.2, 0.6), (0.85, 0.7, 0.05), (0.1, 0.4, 0.2)][int(rng.integers(4))]
    image = np.ones((SIDE, SIDE, 3)) * (0.93 if rng.random() < 0.6 else np.array(rim))
    cv2.rectangle(image, (0, 0), (SIDE - 1, SIDE - 1), rim, 56)
    ink = (0.05, 0.05, 0.05) if image[128, 128].mean() > 0.6 else (0.95, 0.95, 0.95)
    for _ in range(int(rng.integers(1, 4))):
        a, b = rng.integers(70, 186, 2), rng.integers(70, 186, 2)
        cv2.line(image, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), ink, int(rng.integers(8, 26)))
    return np.asarray(image * 255, np.uint8)


def sign(materials: Materials) -> Mesh:
    """Return a traffic or direction sign on a post, with its face towards -y."""
    rng = materials.rng
    tall = float(rng.uniform(2.0, 2.8))
    post = _metal(rng, 0.2, 0.5).on(cylinder(0.035, tall + 0.35, 8))
    kind = rng.random()
    layer = materials.palette.add(_plate(rng) if kind < 0.8 else label(rng))
    if kind < 0.5:
        radius = float(rng.uniform(0.28, 0.42))
        sides = int(rng.choice([3, 4, 8, 20]))
        disc = cylinder(radius, 0.02, sides).tilted(0, np.pi / 2)
        uv = (disc.vertices[:, [0, 2]] / (2 * radius) * [1, -1] + 0.5).astype(np.float32)
        plate = replace(disc, uv=uv)
    else:
        wide, high = float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.3, 0.7))
        plate = box((wide, 0.02, high), 0.0).moved((0, 0, -high / 2))
    return merge([post, plate.painted((1, 1, 1), layer, 0.3).moved((0, -0.06, tall))])


def traffic_light(materials: Materials) -> Mesh:
    """Return a traffic light on a post, sometimes with an arm over the road towards -y."""
    rng = materials.rng
    metal = _metal(rng, 0.02, 0.3)
    tall = float(rng.uniform(5.5, 6.5))
    arm_m = float(rng.uniform(3, 9)) if rng.random() < 0.6 else 0.0
    head = box((0.28, 0.24, 0.9)).painted((0.015,) * 3, -1, 0.2)
    lamps = [
        box((0.02, 0.16, 0.16)).moved((-0.15, 0, 0.1 + 0.27 * k)).painted(c, -1, 0.3, 1.5 * (k == lit))
        for lit in [int(rng.integers(3))]
        for k, c in enumerate([(0.02, 0.5, 0.2), (0.7, 0.4, 0.02), (0.7, 0.03, 0.02)])
    ]
    light = merge([head, *lamps])
    parts = [metal.on(cylinder(0.09, tall if arm_m else 3.4, 8)), light.moved((-0.15, 0, 2.3))]
    if arm_m:
        parts.append(metal.on(tube(np.array([[0, 0, tall - 0.1], [0, -arm_m, tall + 0.1]]), 0.07, 6)))
        parts.append(light.moved((-0.1, -arm_m * 0.9, tall - 0.9)))
    return merge(parts)


def bollard(materials: Materials) -> Mesh:
    """Return a bollard."""
    rng = materials.rng
    radius, tall = float(rng.uniform(0.04, 0.14)), float(rng.uniform(0.6, 1.1))
    body = lathe([(0, 0), (radius, 0), (radius, tall * 0.9), (radius * 0.7, tall), (0, tall)], 10)
    return _metal(rng, 0.02, 0.5).on(body)


def litter_bin(materials: Materials) -> Mesh:
    """Return a litter bin or a wheeled bin."""
    rng = materials.rng
    colour = albedo(rng, 0.9)
    if rng.random() < 0.5:
        w, d, h = 0.58, 0.7, float(rng.uniform(0.95, 1.1))
        parts = [
            box((w, d, h)).painted(colour, -1, 0.3),
            box((w + 0.05, d + 0.06, 0.06)).moved((0, 0, h)).painted([c * 0.7 for c in colour], -1, 0.3),
        ]
        return merge(parts)
    radius = float(rng.uniform(0.2, 0.32))
    return lathe([(0, 0), (radius * 0.8, 0), (radius, 0.85), (radius * 0.5, 0.95), (0, 0.95)], 12).painted(
        colour, -1, 0.2
    )


def cabinet(materials: Materials) -> Mesh:
    """Return an electrical or telephone cabinet."""
    rng = materials.rng
    size = (float(rng.uniform(0.5, 1.8)), float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.8, 1.7)))
    return grey_material(rng, 0.2, 0.6, 0.2).on(box(size))


def bench(materials: Materials) -> Mesh:
    """Return a park bench, mostly with a back."""
    rng = materials.rng
    wood, metal = materials.get("timber"), _metal(rng)
    wide = float(rng.uniform(1.2, 2.2))
    parts = [wood.on(box((wide, 0.1, 0.045), wood.tile_m)).moved((0, y, 0.42)) for y in (-0.16, -0.03, 0.1)]
    if rng.random() < 0.7:
        parts += [wood.on(box((wide, 0.04, 0.1), wood.tile_m)).moved((0, 0.24, z)) for z in (0.58, 0.73)]
    for x in (-wide * 0.4, wide * 0.4):
        parts.append(metal.on(box((0.06, 0.45, 0.42))).moved((x, 0, 0)))
        parts.append(metal.on(box((0.05, 0.05, 0.45))).moved((x, 0.22, 0.4)))
    return merge(parts)


def planter(materials: Materials) -> Mesh:
    """Return a flower box of concrete or stone."""
    rng = materials.rng
    size = (float(rng.uniform(0.5, 1.6)), float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.35, 0.7)))
    stone = materials.get("concrete")
    return stone.on(box(size, stone.tile_m))


def shelter(materials: Materials) -> Mesh:
    """Return the shelter of a bus stop, open towards -y."""
    rng = materials.rng
    metal, wide = _metal(rng), float(rng.uniform(2.5, 4.5))
    parts = [metal.on(box((wide + 0.3, 1.6, 0.1))).moved((0, 0.1, 2.4))]
    post = metal.on(box((0.07, 0.07, 2.4)))
    parts += [post.moved((x, 0.7, 0)) for x in (-wide / 2, 0.0, wide / 2)]
    layer = materials.palette.add(picture(rng))
    parts.append(materials.glass().on(box((wide, 0.02, 1.7))).moved((0, 0.7, 0.4)))
    parts.append(box((0.08, 1.25, 1.8), 0.0).painted((1, 1, 1), layer, 0.3).moved((wide / 2, 0.1, 0.3)))
    parts.append(metal.on(box((wide * 0.7, 0.35, 0.06))).moved((0, 0.45, 0.45)))
    return merge(parts)


def billboard(materials: Materials) -> Mesh:
    """Return a poster on posts or a round advertising pillar."""
    rng = materials.rng
    layer = materials.palette.add(picture(rng) if rng.random() < 0.5 else label(rng))
    if rng.random() < 0.3:
        pillar = cylinder(0.6, 2.8, 20).painted((1, 1, 1), layer, 0.1)
        return merge([pillar, grey_material(rng).on(cylinder(0.75, 0.2, 20)).moved((0, 0, 2.8))])
    wide, foot = float(rng.uniform(1.2, 3.6)), float(rng.uniform(0.4, 2.0))
    board = box((wide, 0.15, wide * 0.6), 0.0).painted((1, 1, 1), layer, 0.2).moved((0, 0, foot))
    posts = [grey_material(rng).on(box((0.12, 0.12, foot))).moved((x, 0, 0)) for x in (-wide * 0.4, wide * 0.4)]
    return merge([board, *posts])


def rock(materials: Materials) -> Mesh:
    """Return a rock of 0.15 to 0.7 m."""
    rng = materials.rng
    stone = materials.get("stone")
    ball = sphere(1.0, 12)
    bump = 1 + 0.2 * np.sin(ball.vertices @ rng.normal(0, 3, 3))[:, None]
    size = rng.uniform(0.15, 0.7) * rng.uniform(0.6, 1.3, 3)
    vertices = ((ball.vertices - [0, 0, 0.7]) * bump * size).astype(np.float32)
    return stone.on(replace(ball, vertices=vertices, uv=ball.uv * 3))


def person(materials: Materials) -> Mesh:
    """Return a standing or walking person, 1.05 to 1.95 m tall."""
    rng = materials.rng
    tall = float(np.clip(rng.normal(1.71, 0.1), 1.5, 1.95)) if rng.random() < 0.88 else float(rng.uniform(1.05, 1.45))
    coat, legs, shoes = (albedo(rng, 0.8) for _ in range(3))
    coat, legs = ([c * 0.7 for c in coat], [c * 0.4 for c in legs])
    skin = [float(v) for v in np.array([0.62, 0.36, 0.25]) * rng.uniform(0.25, 1.0)]
    hair = [float(v) for v in np.array([0.12, 0.07, 0.04]) * rng.uniform(0.1, 2.5)]
    stride = float(rng.uniform(0.0, 0.28))
    parts = []
    for side in (-1, 1):
        hip = np.array([0.0, side * 0.09, 0.92])
        foot = np.array([side * stride, side * 0.1, 0.06])
        knee = (hip + foot) / 2 + [0.05 * stride * 3, 0, 0]
        parts.append(tube(np.stack([hip, knee]), 0.085, 7).painted(legs, -1, 0.05))
        parts.append(tube(np.stack([knee, foot]), 0.06, 7).painted(legs, -1, 0.05))
        parts.append(
            box((0.27, 0.09, 0.08)).moved((foot[0] + 0.06, foot[1], 0)).painted([c * 0.3 for c in shoes], -1, 0.2)
        )
        shoulder = np.array([0.0, side * 0.2, 1.42])
        hand = np.array([-side * stride * 0.8, side * 0.27, 0.82])
        elbow = (shoulder + hand) / 2 + [-0.05, side * 0.03, 0]
        parts.append(tube(np.stack([shoulder, elbow]), 0.055, 6).painted(coat, -1, 0.05))
        parts.append(tube(np.stack([elbow, hand]), 0.045, 6).painted(coat, -1, 0.05))
        parts.append(sphere(0.05, 8).moved((hand[0], hand[1], 0.74)).painted(skin, -1, 0.05))
    torso = lathe([(0, 0), (0.17, 0.0), (0.15, 0.2), (0.2, 0.48), (0.16, 0.6), (0.06, 0.66), (0, 0.66)], 10)
    low = 0.55 if rng.random() < 0.25 else 0.86
    parts.append(torso.moved((0, 0, low), 0.0, (0.75, 1.15, (1.5 - low) / 0.66)).painted(coat, -1, 0.05))
    parts.append(cylinder(0.05, 0.12, 8).moved((0, 0, 1.45)).painted(skin, -1, 0.05))
    parts.append(sphere(0.105, 12).moved((0, 0, 1.52), 0.0, (1, 0.9, 1.12)).painted(skin, -1, 0.05))
    parts.append(sphere(0.11, 10).moved((-0.02, 0, 1.57), 0.0, (1, 0.95, 1.0)).painted(hair, -1, 0.1))
    if rng.random() < 0.3:
        parts.append(box((0.18, 0.3, 0.42)).moved((-0.2, 0, 1.0)).painted(albedo(rng), -1, 0.1))
    return merge(parts).moved((0, 0, 0), 0.0, tall / 1.78)


def cone(materials: Materials) -> Mesh:
    """Return a traffic cone or a construction barrel."""
    rng = materials.rng
    orange, white = (0.85, 0.17, 0.02), (0.8, 0.8, 0.8)
    if rng.random() < 0.6:
        h = float(rng.uniform(0.45, 0.9))
        rings = [(0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0), (0.0, 0.2)]
        parts = [box((0.36, 0.36, 0.04)).painted(orange, -1, 0.1)]
        for k, (a, b) in enumerate(rings):
            span = lathe([(0.15 * (1 - a) + 0.02, 0.04 + a * h), (0.15 * (1 - b) + 0.02, 0.04 + b * h)], 10)
            parts.append(span.painted(white if k in (1, 3) else orange, -1, 0.1))
        return merge(parts)
    parts = [
        cylinder(0.28 - 0.02 * k, 0.2, 14).moved((0, 0, 0.2 * k)).painted(white if k % 2 else orange, -1, 0.1)
        for k in range(5)
    ]
    return merge(parts)


def railings(materials: Materials, length_m: float) -> Mesh:
    """Return railings along x from 0 to length_m: bars between two rails."""
    rng = materials.rng
    metal, tall = _metal(rng, 0.01, 0.5), float(rng.uniform(0.8, 1.6))
    step = float(rng.uniform(0.11, 0.3))
    wide = float(rng.uniform(0.012, 0.03))
    parts = [quad((float(x), 0, 0.08), (wide, 0, 0), (0, 0, tall)) for x in np.arange(0, length_m, step)]
    parts += [box((length_m, 0.04, 0.05)).moved((length_m / 2, 0, z)) for z in (0.15, tall)]
    parts += [box((0.07, 0.07, tall + 0.1)).moved((float(x), 0, 0)) for x in np.arange(0, length_m, 2.4)]
    return metal.on(merge(parts))


def fence(materials: Materials, length_m: float) -> Mesh:
    """Return a wooden fence along x from 0 to length_m: boards with or without gaps, or two rails between posts."""
    rng = materials.rng
    wood = materials.get("timber")
    tall = float(rng.choice([0.9, 1.2, 1.8])) * float(rng.uniform(0.9, 1.1))
    kind = rng.random()
    if kind < 0.3:
        parts = [
            box((length_m, 0.05, 0.12), wood.tile_m).moved((length_m / 2, 0, z)) for z in (tall * 0.4, tall * 0.85)
        ]
    else:
        step = 0.14
        wide = step * (0.98 if kind < 0.65 else 0.6)
        parts = []
        for x in np.arange(0, length_m, step):
            board = quad((float(x), 0, 0.05), (wide, 0, 0), (0, 0, tall * float(rng.uniform(0.97, 1.0))), wood.tile_m)
            shade = float(rng.uniform(0.75, 1.05))
            parts.append(board.painted([min(c * shade, 1.0) for c in wood.colour], wood.layer, 0.03))
        return merge(parts)
    parts += [box((0.1, 0.1, tall), wood.tile_m).moved((float(x), 0, 0)) for x in np.arange(0, length_m, 2.0)]
    return wood.on(merge(parts))


# What stands on pavements, with the relative frequencies.
_PAVEMENT: tuple[tuple[float, Callable[[Materials], Mesh]], ...] = (
    (0.2, sign),
    (0.16, litter_bin),
    (0.2, bollard),
    (0.1, cabinet),
    (0.12, planter),
    (0.08, bench),
    (0.06, billboard),
    (0.04, shelter),
    (0.04, cone),
)


def any_pavement_object(materials: Materials) -> Mesh:
    """Return a random object that stands on pavements."""
    chances = np.array([chance for chance, _ in _PAVEMENT])
    return _PAVEMENT[int(materials.rng.choice(len(_PAVEMENT), p=chances / chances.sum()))][1](materials)
