# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Devices, toys, tools and other small things in real sizes: screens, telephones, lamps, trays, frames, open books."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.indoor.goods import printed_layer
from grin_ros.worlds.shapes.bodies import Body
from grin_ros.worlds.shapes.mesh import Mesh, box, boxes, cylinder, lathe, merge, pillow, sheet, sphere, tube
from grin_ros.worlds.surfaces.materials import albedo, finish, made_of, muted, plain
from grin_ros.worlds.surfaces.palette import Palette


def screen(palette: Palette) -> Body:
    """Return a monitor on a foot, on or off."""
    rng = palette.rng
    w = float(rng.uniform(0.4, 0.62))
    h, foot = w * float(rng.uniform(0.56, 0.78)), float(rng.uniform(0.06, 0.16))
    shell = plain(palette, [float(rng.choice([0.01, 0.03, 0.4, 0.6]))] * 3, 0.3)
    face = box((w * 0.95, 0.004, h * 0.91), 0.0)
    lit = rng.random() < 0.55
    face = (
        face.painted((1, 1, 1), printed_layer(palette, "screen", 3), 0.4, 0.8)
        if lit
        else face.painted((0.012,) * 3, -1, 0.8)
    )
    parts = [
        shell(box((w, 0.035, h))).moved((0, 0, foot)),
        shell(pillow((w * 0.5, 0.06, h * 0.5), 0.4, 10)).moved((0, 0.035, foot + h * 0.25)),
        face.moved((0, -0.019, foot + h * 0.055)),
        shell(cylinder(0.022, foot + 0.08, 10)).moved((0, 0.035, 0)),
        shell(pillow((w * 0.42, 0.2, 0.02), 0.4, 14)).moved((0, 0.02, 0)),
    ]
    return Body(merge(parts))


def laptop(palette: Palette) -> Body:
    """Return an open laptop."""
    rng = palette.rng
    w, d = float(rng.uniform(0.3, 0.38)), float(rng.uniform(0.21, 0.26))
    shell = plain(palette, [float(rng.choice([0.02, 0.3, 0.55]))] * 3, 0.4)
    keys = boxes(
        np.array([[-w * 0.45, -d * 0.05, 0.016]]),
        np.array([[w * 0.45, d * 0.42, 0.0175]]),
        layer=printed_layer(palette, "keyboard", 2),
    )
    lid = merge(
        [
            shell(box((w, 0.008, d))).moved((0, 0, 0)),
            box((w * 0.94, 0.002, d * 0.9), 0.0)
            .painted((1, 1, 1), printed_layer(palette, "screen", 3), 0.4, 0.8)
            .moved((0, -0.006, d * 0.06)),
        ]
    )
    return Body(
        merge([shell(box((w, d, 0.016))), keys, lid.tilted(0, -float(rng.uniform(0.05, 0.6))).moved((0, d / 2, 0.014))])
    )


def keyboard(palette: Palette) -> Body:
    """Return a keyboard with a mouse beside it."""
    rng = palette.rng
    w, d = float(rng.uniform(0.3, 0.46)), float(rng.uniform(0.12, 0.18))
    layer = printed_layer(palette, "keyboard", 2)
    board = boxes(np.array([[-w / 2, -d / 2, 0]]), np.array([[w / 2, d / 2, rng.uniform(0.012, 0.03)]]), layer=layer)
    mouse = plain(palette, [float(rng.choice([0.02, 0.1, 0.6]))] * 3, 0.4)(pillow((0.06, 0.105, 0.035), 0.7, 14))
    return Body(
        merge([board, mouse.moved((w / 2 + float(rng.uniform(0.06, 0.12)), float(rng.normal(0, 0.02)), 0), 0.2)])
    )


def telephone(palette: Palette) -> Body:
    """Return a desk telephone, a remote control or a mobile phone."""
    rng = palette.rng
    shade = plain(palette, [float(rng.choice([0.015, 0.05, 0.4]))] * 3, 0.4)
    kind = rng.random()
    if kind < 0.35:
        base = shade(box((0.18, 0.2, 0.05)).tilted(0, 0.1))
        rest = shade(pillow((0.05, 0.21, 0.04), 0.4, 12)).moved((-0.06, 0, 0.05))
        keys = boxes(
            np.array([[-0.02, -0.08, 0.048]]),
            np.array([[0.08, 0.02, 0.056]]),
            layer=printed_layer(palette, "keyboard", 2),
        )
        return Body(merge([base, rest, keys.tilted(0, 0.1)]).moved((0, 0, 0.012)))
    size = (0.075, 0.15, 0.009) if kind < 0.7 else (0.05, 0.18, 0.022)
    face = box((size[0] * 0.92, size[1] * 0.92, 0.001), 0.0).painted(
        (1, 1, 1), printed_layer(palette, "screen", 3), 0.6, 0.4
    )
    return Body(merge([shade(pillow(size, 0.15, 12)), face.moved((0, 0, size[2]))]))


def ring(palette: Palette) -> Body:
    """Return a roll of tape, a coil or a kitchen roll."""
    rng = palette.rng
    r, h = float(rng.uniform(0.03, 0.07)), float(rng.choice([0.02, 0.05, 0.24]))
    inner = r * float(rng.uniform(0.4, 0.8))
    paint = made_of(palette, "plastic", "cloth")
    return Body(paint(lathe([(inner, 0), (r, 0), (r, h), (inner, h), (inner, 0)], 22)))


def toy(palette: Palette) -> Body:
    """Return a soft toy with a body, a head, ears and limbs."""
    rng = palette.rng
    s = float(rng.uniform(0.12, 0.35))
    paint, second = made_of(palette, "cloth"), made_of(palette, "cloth")
    parts = [
        paint(pillow((0.5 * s, 0.42 * s, 0.55 * s), 0.9)),
        paint(pillow((0.42 * s, 0.4 * s, 0.4 * s), 0.95)).moved((0, -0.03 * s, 0.5 * s)),
    ]
    parts.append(second(pillow((0.18 * s, 0.16 * s, 0.14 * s), 0.9, 10)).moved((0, -0.2 * s, 0.58 * s)))
    for side in (-1, 1):
        parts.append(
            paint(pillow((0.14 * s, 0.08 * s, 0.16 * s * rng.uniform(0.6, 2.5)), 0.9, 10)).moved(
                (side * 0.16 * s, 0, 0.82 * s)
            )
        )
        arm = paint(pillow((0.14 * s, 0.16 * s, 0.36 * s), 0.9, 10)).tilted(1, side * float(rng.uniform(0.3, 1.4)))
        parts.append(arm.moved((side * 0.2 * s, -0.06 * s, 0.2 * s)))
        parts.append(
            paint(pillow((0.16 * s, 0.4 * s, 0.16 * s), 0.9, 10)).moved((side * 0.18 * s, -0.25 * s, 0), side * 0.3)
        )
        parts.append(
            plain(palette, (0.01,) * 3, 0.9)(sphere(0.022 * s, 8)).moved((side * 0.09 * s, -0.22 * s, 0.7 * s))
        )
    return Body(merge(parts))


def blocks(palette: Palette) -> Body:
    """Return a heap of building blocks, dice or small boxes."""
    rng = palette.rng
    n, edge = int(rng.integers(3, 14)), float(rng.uniform(0.02, 0.06))
    half = rng.uniform(0.6, 1.4, (n, 3)) * edge / 2
    centre = np.concatenate([rng.normal(0, edge * 1.4, (n, 2)), half[:, 2:]], 1)
    centre[:, 2] += (rng.random(n) < 0.3) * edge
    colour = np.array([muted(rng, 0.7) for _ in range(n)])
    return Body(boxes(centre - half, centre + half, colour, printed_layer(palette, "grain", 5), gloss=0.3))


def tool(palette: Palette) -> Body:
    """Return a hammer, screwdriver, brush or knife that lies flat."""
    rng = palette.rng
    long = float(rng.uniform(0.12, 0.36))
    grip = made_of(palette, "plastic", "wood")(tube(np.array([[-long / 2, 0, 0.014], [0, 0, 0.014]]), 0.013, 8))
    shaft = made_of(palette, "metal")(
        tube(np.array([[0, 0, 0.014], [long / 2, 0, 0.014]]), float(rng.uniform(0.003, 0.01)), 6)
    )
    parts = [grip, shaft]
    if rng.random() < 0.6:
        head = (float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.03, 0.14)), float(rng.uniform(0.015, 0.05)))
        parts.append(made_of(palette, "metal", "plastic")(pillow(head, 0.3, 10)).moved((long / 2, 0, 0)))
    return Body(merge(parts))


def tray(palette: Palette) -> Body:
    """Return a shallow crate, basket or drawer filled with small things."""
    rng = palette.rng
    x, y, z = float(rng.uniform(0.18, 0.45)), float(rng.uniform(0.14, 0.35)), float(rng.uniform(0.05, 0.22))
    paint = made_of(palette, "plastic", "wood", "metal")
    walls = [paint(box((x, y, 0.006)))]
    walls += [paint(box((x, 0.006, z))).moved((0, s * y / 2, 0)) for s in (-1, 1)]
    walls += [paint(box((0.006, y, z))).moved((s * x / 2, 0, 0)) for s in (-1, 1)]
    n = int(rng.integers(4, 16))
    half = np.exp(rng.normal(-3.5, 0.4, (n, 3)))
    spread = np.maximum(np.array([x, y]) / 2 - half[:, :2] - 0.01, 0)
    centre = np.concatenate([rng.uniform(-1, 1, (n, 2)) * spread, half[:, 2:] + rng.uniform(0, 0.6 * z, (n, 1))], 1)
    layers = np.array([printed_layer(palette, ("package", "grain", "cover")[int(rng.integers(3))]) for _ in range(n)])
    colour = np.array([muted(rng, 0.4) for _ in range(n)])
    return Body(merge([*walls, boxes(centre - half, centre + half, colour**0.5, layers)]))


def framed(palette: Palette) -> Body:
    """Return a framed photograph or a calendar that stands on a table."""
    rng = palette.rng
    w, h = float(rng.uniform(0.08, 0.26)), float(rng.uniform(0.1, 0.3))
    frame = made_of(palette, "wood", "metal", "plastic")(box((w, 0.012, h)))
    sight = box((w * 0.86, 0.002, h * 0.86), 0.0).painted((1, 1, 1), printed_layer(palette, "poster", 6), 0.4)
    mesh: Mesh = merge([frame, sight.moved((0, -0.008, h * 0.07))])
    return Body(mesh.tilted(0, -float(rng.uniform(0.1, 0.3))).moved((0, 0, 0.0)))


def open_book(palette: Palette) -> Body:
    """Return an open book or newspaper."""
    rng = palette.rng
    w, d, rise = float(rng.uniform(0.13, 0.3)), float(rng.uniform(0.19, 0.4)), float(rng.uniform(0.005, 0.03))
    halves = []
    for side in (-1, 1):
        t = np.linspace(0, 1, 7)
        arch = rise * np.sin(np.pi * np.clip(t * 1.1, 0, 1)) + 0.003
        x, y = np.meshgrid(t * w, np.linspace(-d / 2, d / 2, 2))
        points = np.stack([x, y, np.broadcast_to(arch, x.shape)], -1)
        leaf = sheet(points[:, ::side] * [side, 1, 1])
        halves.append(leaf.painted((1, 1, 1), printed_layer(palette, "page", 5), 0.05))
    return Body(merge(halves))


def ball(palette: Palette) -> Body:
    """Return a ball or fruit."""
    return Body(finish(sphere(float(palette.rng.uniform(0.03, 0.13))), palette))


def lamp(palette: Palette) -> Body:
    """Return a table lamp, on or off."""
    rng = palette.rng
    height, radius = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.08, 0.18))
    shade = lathe([(radius, height * 0.6), (radius * rng.uniform(0.4, 1), height)], 20).painted(
        (0.9, 0.85, 0.7), -1, 0.0, float(rng.choice([0.0, 2.5]))
    )
    return Body(
        merge(
            [
                cylinder(radius * 0.7, 0.02).painted(albedo(rng)),
                cylinder(0.012, height * 0.7, 8).painted(albedo(rng)),
                shade,
            ]
        )
    )


def cable(palette: Palette) -> Body:
    """Return a cable or cord in loops."""
    rng = palette.rng
    steps = rng.normal(0, 0.09, (8, 3)) * [1, 1, 0.2]
    path = np.cumsum(steps, axis=0)
    fine = np.stack(
        [
            np.interp(np.linspace(0, 7, 40), np.arange(8), np.convolve(path[:, i], [0.25, 0.5, 0.25], "same"))
            for i in range(3)
        ],
        1,
    )
    fine[:, 2] = np.abs(fine[:, 2]) + 0.006
    fine[:, :2] -= fine[:, :2].mean(axis=0)
    return Body(tube(fine, float(rng.uniform(0.002, 0.006)), 5).painted(albedo(rng)))
