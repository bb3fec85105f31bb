# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A road along a path: lanes, markings, kerbs, pavements, verges, and the openings of side streets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from grin_ros.worlds.outdoor.materials import Materials
from grin_ros.worlds.outdoor.site import Site
from grin_ros.worlds.outdoor.terrain import Path, with_varied_tone
from grin_ros.worlds.shapes.mesh import quad
from grin_ros.worlds.surfaces.materials import Material

CHUNK_M = 40.0  # the largest length of one mesh
KERB_M = 0.12  # the height of kerbs
PAINT_M = 0.012  # the height of markings above the road


@dataclass(frozen=True)
class Section:
    """The cross section of a road. Lengths are in metres.

    Attributes:
        half_m: Half the width of the road.
        lane_m: The width of a lane.
        lanes: For each lane, its offset to the left and its heading along the path (1 or -1).
        parking_m: The width of the parking strips at both edges, 0 for none.
        walk_m: The width of the pavements, 0 for none.
        strip_m: The width of the grass between kerb and pavement, 0 for none.
    """

    half_m: float
    lane_m: float
    lanes: tuple[tuple[float, int], ...]
    parking_m: float
    walk_m: float
    strip_m: float

    @property
    def edge_m(self) -> float:
        """The distance from the middle of the road at which private land begins."""
        return self.half_m + (0.15 + self.strip_m + self.walk_m if self.walk_m else 0.8)

    @property
    def raise_m(self) -> float:
        """The height of pavements, and of the land beside them, above the road."""
        return KERB_M if self.walk_m else 0.0


def random_section(materials: Materials, kind: str) -> Section:
    """Return a random cross section for a kind of street."""
    rng = materials.rng
    lane = float(rng.uniform(2.7, 3.4) if kind != "highway" else rng.uniform(3.4, 3.8))
    count = 1 if kind == "rural" else int(rng.choice([1, 2, 3], p=[0.72, 0.2, 0.08]))
    count = int(rng.choice([2, 3])) if kind == "highway" else count
    keep_left = -1 if rng.random() < 0.2 else 1
    lanes = [(-keep_left * side * (k + 0.5) * lane, side) for side in (1, -1) for k in range(count)]
    if count == 1 and kind in ("urban", "suburban") and rng.random() < 0.2:  # one way
        lanes = [(0.0, 1)]
        lane *= 1.2
    used = max(abs(t) for t, _ in lanes) + lane / 2
    parking = float(rng.uniform(1.9, 2.3)) if kind in ("urban", "suburban", "works") and rng.random() < 0.6 else 0.0
    shoulder = float(rng.uniform(1.0, 3.0)) if kind == "highway" else float(rng.uniform(0.0, 0.6))
    paved = kind in ("urban", "suburban", "works") and (kind == "urban" or rng.random() < 0.85)
    walk = float(rng.uniform(1.3, 4.0)) if paved else 0.0
    strip = float(rng.uniform(0.8, 2.5)) if paved and rng.random() < 0.3 else 0.0
    return Section(used + parking + shoulder, lane, tuple(lanes), parking, walk, strip)


def _spans(start: float, end: float, gaps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return [start, end] without the gaps, in pieces of at most CHUNK_M."""
    pieces, at = [], start
    for a, b in [*sorted(gaps), (end, end)]:
        while at < a - 0.1:
            stop = min(at + CHUNK_M, a)
            pieces.append((at, stop))
            at = stop
        at = max(at, b)
    return pieces


def lay_road(site: Site, path: Path, road: Section, gaps: list[tuple[int, float, float]], around: Material) -> None:
    """Add the road with its markings, kerbs, pavements and verges.

    ``gaps`` are the openings (side, s0, s1) of side streets, ``around`` is the material of the land beside the road.
    """
    materials, rng = site.materials, site.materials.rng
    surface = materials.get("asphalt" if rng.random() < 0.93 else "paving")
    wet = 0.0 if rng.random() < 0.85 else float(rng.uniform(0.2, 0.6))
    surface = Material(surface.colour, surface.layer, surface.tile_m, max(wet, 0.04))
    for s0, s1 in _spans(path.start_m, path.end_m, []):
        profile = [(t, 0.0) for t in np.linspace(-road.half_m, road.half_m, 5)]
        site.add_ground(with_varied_tone(surface.on(path.sweep(s0, s1, profile, surface.tile_m)), rng, 0.12))
    for _ in range(int(rng.poisson(3))):  # repaired patches
        s, t = float(rng.uniform(path.start_m, path.end_m - 12)), float(rng.uniform(-1, 0.6)) * road.half_m
        wide = float(rng.uniform(0.4, 2.5))
        patch = path.sweep(s, s + float(rng.uniform(1, 12)), [(t, 0.006), (min(t + wide, road.half_m), 0.006)], 3.0)
        shade = float(rng.uniform(0.45, 1.25))
        site.add_ground(patch.painted([min(c * shade, 1.0) for c in surface.colour], surface.layer, 0.05))
    kerb, walk = materials.get("concrete"), materials.get("paving")
    for side in (1, -1):
        closed = [(a, b) for which, a, b in gaps if which == side]
        for s0, s1 in _spans(path.start_m, path.end_m, closed):
            edge = side * road.half_m
            if road.walk_m:
                top = edge + side * 0.15
                site.add_ground(
                    kerb.on(path.sweep(s0, s1, [(edge, -0.05), (edge, KERB_M), (top, KERB_M)], kerb.tile_m))
                )
                inner = top + side * road.strip_m
                if road.strip_m:
                    site.add_ground(around.on(path.sweep(s0, s1, [(top, KERB_M), (inner, KERB_M)], around.tile_m)))
                outer = inner + side * road.walk_m
                flat = path.sweep(s0, s1, [(inner, KERB_M), (outer, KERB_M)], walk.tile_m)
                site.add_ground(with_varied_tone(walk.on(flat), rng, 0.1))
                edge = outer
            verge = [(edge, road.raise_m), (edge + side * 9, road.raise_m), (edge + side * 24, road.raise_m - 0.1)]
            site.add_ground(with_varied_tone(around.on(path.sweep(s0, s1, verge, around.tile_m)), rng, 0.2))
    _mark(site, path, road)


def _mark(site: Site, path: Path, road: Section) -> None:
    """Add the markings of the road."""
    rng = site.materials.rng
    if rng.random() < 0.12 and len(road.lanes) <= 2:
        return
    white = [float(rng.uniform(0.45, 0.85))] * 3
    centre = [0.75, 0.5, 0.06] if rng.random() < 0.25 else white
    wide, dash, gap = float(rng.uniform(0.1, 0.18)), float(rng.uniform(2, 6)), float(rng.uniform(3, 9))
    starts = np.arange(path.start_m + 1, path.end_m - dash - 1, dash + gap)

    def line(t: float, colour: list[float], dashed: bool) -> None:
        spans = [(s, s + dash) for s in starts] if dashed else _spans(path.start_m, path.end_m, [])
        for s0, s1 in spans:
            strip = path.sweep(float(s0), float(s1), [(t - wide / 2, PAINT_M), (t + wide / 2, PAINT_M)])
            site.add_ground(strip.painted(colour, -1, 0.05))

    offsets = sorted({t for t, _ in road.lanes})
    for a, b in pairwise(offsets):
        opposed = {d for t, d in road.lanes if t == a} != {d for t, d in road.lanes if t == b}
        middle = (a + b) / 2
        if opposed and rng.random() < 0.3:
            for shift in (-0.12, 0.12):
                line(middle + shift, centre, False)
        else:
            line(middle, centre if opposed else white, bool(rng.random() < 0.8))
    if rng.random() < 0.55:
        edge = offsets[-1] + road.lane_m / 2
        for t in (-edge, edge):
            line(t, white, False)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.55, 0.35, 0.1]))):
        _crossing(site, path, road, float(rng.uniform(5, path.end_m - 20)), white)
    if rng.random() < 0.25:
        for t, heading in road.lanes:
            for s in np.arange(float(rng.uniform(0, 20)), path.end_m - 10, float(rng.uniform(25, 60))):
                _arrow(site, path, float(s), t, heading, white)


def _crossing(site: Site, path: Path, road: Section, s: float, colour: list[float]) -> None:
    """Add a zebra crossing with a stop line before it."""
    for t in np.arange(-road.half_m + 0.4, road.half_m - 0.5, 1.0):
        stripe = path.sweep(s, s + 3.2, [(float(t), PAINT_M), (float(t) + 0.5, PAINT_M)])
        site.add_ground(stripe.painted(colour, -1, 0.05))
    stop = path.sweep(s - 1.8, s - 1.4, [(-road.half_m + 0.3, PAINT_M), (0.0, PAINT_M)])
    site.add_ground(stop.painted(colour, -1, 0.05))


def _arrow(site: Site, path: Path, s: float, t: float, heading: int, colour: list[float]) -> None:
    shaft = quad((-1.6, -0.09, PAINT_M), (2.2, 0, 0), (0, 0.18, 0)).painted(colour, -1, 0.05)
    head = quad((0.6, -0.3, PAINT_M), (0.9, 0.3, 0), (-0.0001, 0.3, 0)).painted(colour, -1, 0.05)
    for part in (shaft, head):
        x, y = path.point(s, t)
        site.add_ground(site.terrain.drape(part.moved((x, y, 0.0), path.turn(s) + (np.pi if heading < 0 else 0.0))))
