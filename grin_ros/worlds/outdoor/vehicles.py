# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cars, vans, lorries, buses and bicycles in real sizes. They stand on z = 0 at the origin with their front to +x."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.outdoor.materials import Materials, car_colour
from grin_ros.worlds.shapes.mesh import Mesh, box, cylinder, merge, quad_faces, surface, tube
from grin_ros.worlds.surfaces.textures import label


@dataclass(frozen=True)
class Shape:
    """The outline of a kind of car.

    Attributes:
        length: The lowest and highest length in metres.
        width: The lowest and highest width in metres.
        height: The lowest and highest height in metres.
        stations: Points along the car from its tail: the position as a share of the length, and the heights of the
            lower edge of the windows and of the roof as shares of the height. Where both are equal, there is no cabin.
        axles: The positions of the axles as shares of the length.
        wheel_m: The radius of the wheels.
    """

    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    stations: tuple[tuple[float, float, float], ...]
    axles: tuple[float, float]
    wheel_m: float = 0.32


CARS = {
    "sedan": Shape(
        (4.4, 4.9), (1.75, 1.88), (1.38, 1.5),
        ((0.0, 0.60, 0.60), (0.03, 0.70, 0.70), (0.17, 0.69, 0.71), (0.30, 0.65, 0.97), (0.48, 0.64, 1.0),
         (0.60, 0.63, 0.95), (0.75, 0.62, 0.64), (0.96, 0.52, 0.52), (1.0, 0.40, 0.40)),
        (0.19, 0.81),
    ),
    "hatchback": Shape(
        (3.6, 4.3), (1.65, 1.8), (1.42, 1.58),
        ((0.0, 0.55, 0.56), (0.03, 0.64, 0.74), (0.12, 0.64, 0.96), (0.38, 0.62, 1.0), (0.58, 0.60, 0.95),
         (0.77, 0.60, 0.62), (0.96, 0.50, 0.50), (1.0, 0.38, 0.38)),
        (0.17, 0.81),
    ),
    "estate": Shape(
        (4.4, 5.0), (1.75, 1.95), (1.45, 1.78),
        ((0.0, 0.55, 0.56), (0.02, 0.62, 0.70), (0.08, 0.62, 0.95), (0.35, 0.61, 1.0), (0.60, 0.60, 0.96),
         (0.76, 0.60, 0.62), (0.96, 0.53, 0.53), (1.0, 0.40, 0.40)),
        (0.18, 0.81), 0.35,
    ),
    "van": Shape(
        (4.8, 6.0), (1.9, 2.05), (1.95, 2.65),
        ((0.0, 0.52, 0.94), (0.02, 0.52, 0.98), (0.35, 0.52, 1.0), (0.70, 0.52, 0.98), (0.76, 0.50, 0.92),
         (0.90, 0.48, 0.52), (0.98, 0.42, 0.42), (1.0, 0.30, 0.30)),
        (0.20, 0.82), 0.34,
    ),
}  # fmt: skip


def _strip(a: NDArray[np.float64], b: NDArray[np.float64]) -> Mesh:
    """Return flat quadrilaterals between two lines of points, each (n, 3)."""
    p = np.stack([a[:-1], a[1:], b[1:], b[:-1]], 1)
    normals = np.repeat(np.cross(p[:, 1] - p[:, 0], p[:, 3] - p[:, 0])[:, None], 4, axis=1)
    return surface(p.reshape(-1, 3), normals.reshape(-1, 3), np.zeros((4 * len(p), 2)), quad_faces(len(p)))


def _wheel(radius: float, wide: float, rim: float) -> Mesh:
    tyre = cylinder(radius, wide, 14).painted((0.012,) * 3, -1, 0.05)
    hub = cylinder(radius * 0.62, wide + 0.02, 10).moved((0, 0, -0.01)).painted((rim,) * 3, -1, 0.4)
    wheel = merge([tyre, hub]).moved((0, 0, -wide / 2)).tilted(0, np.pi / 2)
    return wheel.moved((0, 0, radius))


def car(materials: Materials, kind: str) -> Mesh:
    """Return a car of a kind in CARS."""
    rng, shape = materials.rng, CARS[kind]
    length, width, height = (float(rng.uniform(*span)) for span in (shape.length, shape.width, shape.height))
    paint, glass = car_colour(rng), materials.glass()
    gloss = float(rng.uniform(0.3, 0.8))
    station = np.array(shape.stations)
    x = (station[:, 0] - 0.5) * length
    belt, roof = station[:, 1] * height, station[:, 2] * height
    sill = np.full(len(x), 0.16 * height)
    sill[[0, -1]] = 0.26 * height
    half = width / 2 * np.array([0.86, *[1.0] * (len(x) - 2), 0.82])
    top = width / 2 * float(rng.uniform(0.68, 0.8)) if kind != "van" else width / 2 * 0.9
    upper = half + (top - half) * np.clip((roof - belt) / (0.36 * height), 0, 1)
    cabin = roof - belt > 0.05 * height
    parts = []

    def line(y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([x, y, z], -1)

    waist = 0.5 * sill + 0.5 * belt
    windowed = cabin[:-1] | cabin[1:]
    if kind == "van" and rng.random() < 0.6:  # a delivery van without windows behind the driver
        windowed &= x[:-1] > 0.1 * length
    for side in (-1, 1):
        low, mid = line(side * half * 0.95, sill), line(side * half, waist)
        edge, eaves = line(side * half * 0.97, belt), line(side * upper, roof)
        parts += [_strip(low, mid).painted(paint, -1, gloss), _strip(mid, edge).painted(paint, -1, gloss)]
        for k in range(len(x) - 1):
            if roof[k] - belt[k] + roof[k + 1] - belt[k + 1] < 1e-6:
                continue
            pane = _strip(edge[k : k + 2], eaves[k : k + 2])
            parts.append(glass.on(pane) if windowed[k] else pane.painted(paint, -1, gloss))
        for k in np.flatnonzero(cabin).tolist():  # pillars
            width_m = float(rng.uniform(0.05, 0.1))
            foot, head = edge[k] + [0, side * 0.012, 0], eaves[k] + [0, side * 0.012, 0]
            shift = np.array([width_m / 2, 0, 0])
            parts.append(
                _strip(np.stack([foot - shift, foot + shift]), np.stack([head - shift, head + shift])).painted(
                    paint, -1, gloss
                )
            )
    left, right = line(upper, roof), line(-upper, roof)
    for k in range(len(x) - 1):
        rising = abs(roof[k + 1] - roof[k]) / max(x[k + 1] - x[k], 1e-6)
        pane = _strip(left[k : k + 2], right[k : k + 2])
        see = bool(windowed[k]) and rising > 0.35
        parts.append(glass.on(pane) if see else pane.painted(paint, -1, gloss))
    for end in (0, -1):  # bumpers and the flat ends
        a, b = line(half * 0.95, sill)[end], line(-half * 0.95, sill)[end]
        c, d = line(upper, roof)[end], line(-upper, roof)[end]
        parts.append(_strip(np.stack([a, b]), np.stack([c, d])).painted(paint, -1, gloss))
    parts.append(_underside(length, width, height))
    parts += _fittings(materials, length, width, height, belt)
    for share in shape.axles:
        for side in (-1, 1):
            wheel = _wheel(shape.wheel_m, 0.22, float(rng.uniform(0.1, 0.6)))
            parts.append(wheel.moved(((share - 0.5) * length, side * (width / 2 - 0.1), 0)))
    return merge(parts)


def _underside(length: float, width: float, height: float) -> Mesh:
    body = box((length * 0.94, width * 0.86, height * 0.2)).moved((0, 0, 0.14 * height))
    return body.painted((0.01,) * 3, -1, 0.0)


def _fittings(
    materials: Materials, length: float, width: float, height: float, belt: NDArray[np.float64]
) -> list[Mesh]:
    """Return lamps, number plates, bumper strips and mirrors."""
    rng = materials.rng
    parts = []
    glow = float(rng.random() < 0.3)
    for end, colour in ((1, (0.8, 0.8, 0.75)), (-1, (0.45, 0.01, 0.01))):
        x = end * (length / 2 - 0.07)
        z = height * (0.33 if end > 0 else 0.47)
        for side in (-1, 1):
            lamp = box((0.16, 0.3, 0.14)).moved((x, side * width * 0.32, z))
            parts.append(lamp.painted(colour, -1, 0.6, glow * float(rng.uniform(0, 2))))
        plate = box((0.04, 0.5, 0.11)).moved((end * (length / 2 + 0.005), 0, height * (0.24 if end > 0 else 0.36)))
        parts.append(plate.painted((0.75, 0.75, 0.7), -1, 0.2))
        parts.append(box((0.1, width * 0.8, 0.1)).moved((x, 0, height * 0.18)).painted((0.02,) * 3, -1, 0.1))
    for side in (-1, 1):
        mirror = box((0.1, 0.2, 0.14)).moved((length * 0.21, side * (width / 2 + 0.07), float(belt[len(belt) // 2])))
        parts.append(mirror.painted((0.03,) * 3, -1, 0.4))
    return parts


def lorry(materials: Materials) -> Mesh:
    """Return a lorry: a cab with a box, a tipper or a flat bed behind it."""
    rng = materials.rng
    paint, length = car_colour(rng), float(rng.uniform(6.0, 12.0))
    width, cab = 2.4, 2.0
    tall = float(rng.uniform(2.4, 3.0))
    front = length / 2 - cab / 2
    parts = [
        box((cab, width, tall - 0.6)).moved((front, 0, 0.6)).painted(paint, -1, 0.4),
        materials.glass().on(box((0.04, width * 0.88, tall * 0.3))).moved((length / 2, 0, tall * 0.58)),
        box((length - 0.4, width * 0.8, 0.4)).moved((0, 0, 0.55)).painted((0.02,) * 3, -1, 0.1),
        box((0.12, width, 0.35)).moved((length / 2, 0, 0.4)).painted((0.05,) * 3, -1, 0.2),
    ]
    for side in (-1, 1):
        pane = materials.glass().on(box((cab * 0.5, 0.03, tall * 0.28)))
        parts.append(pane.moved((front + 0.2, side * width / 2, tall * 0.58)))
    bed = length - cab - 0.3
    middle = -length / 2 + bed / 2
    kind = rng.random()
    body = float(rng.uniform(1.9, 2.7)) if kind < 0.7 else float(rng.uniform(0.4, 1.2))
    colour = car_colour(rng)
    load = box((bed, width + 0.1, body)).moved((middle, 0, 0.95)).painted(colour, -1, 0.2)
    parts.append(load)
    if rng.random() < 0.4:
        layer = materials.palette.add(label(rng))
        sign = box((bed * 0.6, width + 0.14, body * 0.5), 0.0).painted((1, 1, 1), layer, 0.2)
        parts.append(sign.moved((middle, 0, 0.95 + body * 0.25)))
    for x in (front, -length / 2 + 1.0, -length / 2 + 2.1):
        parts += [_wheel(0.5, 0.35, 0.2).moved((x, side * (width / 2 - 0.18), 0)) for side in (-1, 1)]
    lamp = box((0.05, 0.25, 0.14)).painted((0.5, 0.01, 0.01), -1, 0.4)
    parts += [lamp.moved((-length / 2 - 0.03, y, 0.75)) for y in (-0.9, 0.9)]
    return merge(parts)


def bus(materials: Materials) -> Mesh:
    """Return a city bus."""
    rng = materials.rng
    length, width, height = float(rng.uniform(9, 12.5)), 2.5, float(rng.uniform(2.9, 3.3))
    paint, glass = car_colour(rng), materials.glass()
    parts = [
        box((length, width, height - 0.35)).moved((0, 0, 0.35)).painted(paint, -1, 0.4),
        glass.on(box((length * 0.94, width + 0.03, height * 0.34))).moved((-0.1, 0, height * 0.48)),
        glass.on(box((0.04, width * 0.92, height * 0.5))).moved((length / 2, 0, height * 0.36)),
        glass.on(box((0.04, width * 0.8, height * 0.26))).moved((-length / 2, 0, height * 0.5)),
    ]
    pillar = box((0.1, width + 0.05, height * 0.36)).painted(paint, -1, 0.3)
    parts += [pillar.moved((float(x), 0, height * 0.47)) for x in np.arange(-length / 2 + 1, length / 2, 1.4)]
    for x in (-length * 0.28, length * 0.3):
        parts += [_wheel(0.48, 0.3, 0.15).moved((x, side * (width / 2 - 0.14), 0)) for side in (-1, 1)]
    return merge(parts)


def bicycle(materials: Materials) -> Mesh:
    """Return a bicycle that stands upright along x."""
    rng = materials.rng
    colour, radius = car_colour(rng), float(rng.uniform(0.3, 0.36))
    parts = []
    angle = np.linspace(0, 2 * np.pi, 15)
    for x in (-0.52, 0.52):
        ring = np.stack([x + radius * np.cos(angle), np.zeros(15), radius + radius * np.sin(angle)], -1)
        parts.append(tube(ring, 0.022, 5).painted((0.02,) * 3, -1, 0.1))
        for k in range(0, 14, 3):
            spoke = np.stack([ring[k], ring[(k + 7) % 14]])
            parts.append(tube(spoke, 0.004, 3).painted((0.3,) * 3, -1, 0.3))
    joints = {"rear": (-0.52, radius), "pedal": (-0.08, 0.28), "seat": (-0.2, 0.86), "head": (0.38, 0.82)}
    joints |= {"fork": (0.52, radius), "bar": (0.36, 1.0)}
    for a, b in (("rear", "pedal"), ("rear", "seat"), ("pedal", "seat"), ("seat", "head"), ("pedal", "head")):
        parts.append(_bar(joints[a], joints[b]).painted(colour, -1, 0.5))
    parts.append(_bar(joints["head"], joints["fork"]).painted(colour, -1, 0.5))
    parts.append(_bar(joints["head"], joints["bar"]).painted((0.2,) * 3, -1, 0.5))
    parts.append(tube(np.array([[0.34, -0.28, 1.0], [0.34, 0.28, 1.0]]), 0.014, 5).painted((0.03,) * 3, -1, 0.2))
    parts.append(box((0.25, 0.13, 0.05)).moved((-0.22, 0, 0.9)).painted((0.02,) * 3, -1, 0.1))
    return merge(parts)


def _bar(a: tuple[float, float], b: tuple[float, float]) -> Mesh:
    return tube(np.array([[a[0], 0, a[1]], [b[0], 0, b[1]]]), 0.017, 5)


def any_vehicle(materials: Materials, heavy: float = 0.1) -> Mesh:
    """Return a random car, or a lorry or bus with the probability ``heavy``."""
    rng = materials.rng
    if rng.random() < heavy:
        return lorry(materials) if rng.random() < 0.65 else bus(materials)
    return car(materials, str(rng.choice(list(CARS), p=[0.3, 0.32, 0.23, 0.15])))
