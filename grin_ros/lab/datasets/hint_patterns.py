# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints that are drawn from measured depth, for evaluation: which pixels a robot's sensor would have measured.

A pattern is a text: 'uniform:32', 'corners:100', 'line', 'beams:16', 'zones:8' or 'none', with options after commas:
'uniform:32,outliers=0.05,noise=0.03', 'line,below=0.3', 'zones:8,reach=0.5'. Draws follow from the seed, the sample's
name and the pattern alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.config import nearest
from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import depth_to_range
from grin_ros.core.types import Hints, Unreached
from grin_ros.lab.datasets.measured import EvalSample

LINE_RAYS = 80
BEAM_RAYS = 200
"""Rays of each beam across the image."""
MOST_SILENT = 300
LEVEL_CAMERA = Mounting(1.0, 0.0, 0.0)
WITHOUT_NUMBER = ("line", "none")
"""The kinds that take no number."""
OPTIONS = ("outliers", "noise", "below", "reach")
SIGMA_LN = 0.01
"""The sigma of ln(range) that an exact hint claims. A noisy one claims its noise as well."""

Pixels = NDArray[np.intp]
"""(N, 2): u, v."""
Drawn = tuple[Pixels, NDArray[np.float32]]
"""Pixels and their ranges in metres."""


@dataclass(frozen=True)
class HintPattern:
    """kind: one of KINDS. count: of pixels, beams or zones a side. outliers: the share of hints that are replaced by
    ranges drawn log-uniformly from half the nearest to twice the farthest. noise: one sigma of ln(range) that is added
    to all of them. below: of a line, metres from the camera down to its lidar. reach: the sensor
    reaches so far that this share of the measured pixels is within, and is silent about the rest; 0 for all."""

    kind: str
    count: int = 0
    outliers: float = 0.0
    noise: float = 0.0
    below: float = 0.0
    reach: float = 0.0

    @classmethod
    def parse(cls, text: str) -> HintPattern:
        """Read a pattern. Raises ValueError with what was got and what was expected."""
        head, *options = text.split(",")
        kind, separator, number = head.partition(":")
        if kind not in KINDS:
            raise ValueError(f"hints: got '{text}', expected one of {', '.join(KINDS)}{nearest(kind, KINDS)}")
        counted = kind not in WITHOUT_NUMBER
        if counted != bool(separator) or (counted and not (number.isdecimal() and int(number) > 0)):
            expected = f"{kind}:N with a whole number N above 0" if counted else f"'{kind}' without a number"
            raise ValueError(f"hints: got '{text}', expected {expected}")
        if options and kind == "none":
            raise ValueError(f"hints: got '{text}', expected 'none' without options")
        values: dict[str, float] = {}
        for option in options:
            name, _, value = option.partition("=")
            if name in values:
                raise ValueError(f"hints: got '{name}' twice in '{text}', expected it once")
            if name not in OPTIONS:
                expected = " or ".join(OPTIONS)
                raise ValueError(f"hints: got '{option}' in '{text}', expected {expected}{nearest(name, OPTIONS)}")
            try:
                values[name] = float(value)
            except ValueError:
                raise ValueError(f"hints: got '{option}' in '{text}', expected a number, as {name}=0.05") from None
            if not 0.0 <= values[name] < 1.0:
                raise ValueError(f"hints: got '{option}' in '{text}', expected 0 or more and below 1")
        if "below" in values and kind != "line":
            raise ValueError(f"hints: got 'below' in '{text}', expected it with 'line' only")
        return cls(kind, int(number) if counted else 0, **values)

    def draw(self, sample: EvalSample, seed: int = 0) -> Hints | None:
        """Return the hints of a sample, at whole pixels; None where the pattern gives none there.

        'zones' gives the centres of areas with the median range of each.
        """
        rng = np.random.default_rng([seed, zlib.crc32(f"{sample.name} {self.kind}:{self.count}".encode())])
        range_m = depth_to_range(sample.depth_m, sample.frame.camera.rays())
        scene = Scene(sample.frame.image, range_m, np.isfinite(range_m), self.count, rng)
        if self.below:
            rows = range_m / sample.frame.camera.fy
            above_m = heights_m(sample.frame.camera, range_m) + np.float32(self.below)
            scene = replace(scene, plane_px=np.asarray(above_m / rows, np.float32))
        pixels, ranges = KINDS[self.kind](scene)
        if not len(pixels):
            return None
        if self.noise:
            ranges = ranges * np.exp(rng.normal(0.0, self.noise, len(ranges)))
        silent = None
        if self.reach:
            reach_m = float(np.quantile(range_m[scene.measured], self.reach))
            near = ranges <= reach_m
            pixels, ranges, silent = pixels[near], ranges[near], self._silent(range_m, reach_m)
            if not len(pixels):
                return None
        if self.outliers:
            wrong = rng.random(len(ranges)) < self.outliers
            low, high = np.log(0.5 * np.nanmin(range_m)), np.log(2.0 * np.nanmax(range_m))
            ranges = np.where(wrong, np.exp(rng.uniform(low, high, len(ranges))), ranges)
        hints = Hints.measured(pixels, ranges, float(np.hypot(SIGMA_LN, self.noise)), self.kind)
        return replace(hints, unreached=silent)

    def _silent(self, range_m: NDArray[np.float32], reach_m: float) -> Unreached:
        """Return at most MOST_SILENT of the pixels beyond the reach, within the field of view of the sensor."""
        v, u = np.nonzero(range_m > reach_m)
        if self.kind == "zones":
            side, first_v, first_u = _square(range_m.shape)
            seen = (u >= first_u) & (u < first_u + side) & (v >= first_v) & (v < first_v + side)
            u, v = u[seen], v[seen]
        some = evenly(len(u), MOST_SILENT)
        return Unreached(np.stack([u, v], 1)[some].astype(np.float32), np.full(len(some), reach_m, np.float32))


def _square(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the side of the middle square of an image, and its first row and column."""
    height, width = shape
    side = min(height, width)
    return side, (height - side) // 2, (width - side) // 2


@dataclass(frozen=True)
class Scene:
    """The sample that a pattern draws from, with the number of pixels to draw and the random numbers."""

    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    measured: NDArray[np.bool_]
    count: int
    rng: np.random.Generator
    plane_px: NDArray[np.float32] | None = None
    """(H, W) how many rows above the plane of a 2D lidar each pixel is; None for a lidar at the camera's height."""

    def at(self, pixels: Pixels) -> Drawn:
        """Return those of `pixels` where range was measured, and their ranges."""
        pixels = pixels[self.measured[pixels[:, 1], pixels[:, 0]]]
        return pixels, self.range_m[pixels[:, 1], pixels[:, 0]]

    def rows(self, rows: NDArray[np.intp], rays: int) -> Drawn:
        """Return `rays` evenly spread pixels of each row."""
        columns = np.linspace(0, self.measured.shape[1] - 1, rays).round().astype(np.intp)
        return self.at(np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2))


def _none(scene: Scene) -> Drawn:
    return scene.at(np.empty((0, 2), np.intp))


def _uniform(scene: Scene) -> Drawn:
    """Pixels anywhere where depth was measured."""
    pixels = np.argwhere(scene.measured)[:, ::-1]
    return scene.at(scene.rng.choice(pixels, min(scene.count, len(pixels)), replace=False))


def _corners(scene: Scene) -> Drawn:
    """The strongest corners of the image (Shi and Tomasi, CVPR 1994), which tracking by a moving camera finds."""
    grey = cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY)
    apart_px = max(3.0, grey.shape[1] / 100)
    found = cv2.goodFeaturesToTrack(grey, scene.count, 0.01, apart_px, mask=scene.measured.astype(np.uint8))
    return scene.at(np.empty((0, 2), np.intp) if found is None else np.rint(found.reshape(-1, 2)).astype(np.intp))


def heights_m(camera: Camera, range_m: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each point is above the camera (H, W); a camera without a mounting counts as level."""
    up = (camera.mounting or LEVEL_CAMERA).up_optical().astype(np.float32)
    return np.asarray((camera.rays() @ up) * range_m, np.float32)


def _line(scene: Scene) -> Drawn:
    """A level 2D lidar: LINE_RAYS rays, at the height of the camera's centre along the row in the middle, and below it
    where the plane of the lidar first meets what each column shows."""
    if scene.plane_px is not None:
        columns = np.linspace(0, scene.measured.shape[1] - 1, LINE_RAYS).round().astype(np.intp)
        hit = np.where(np.abs(scene.plane_px) < 0.5, scene.range_m, np.float32(np.inf))[:, columns]
        rows = hit.argmin(axis=0)
        return scene.at(np.stack([columns, rows], 1)[np.isfinite(hit.min(axis=0))])
    return scene.rows(np.array([scene.measured.shape[0] // 2]), LINE_RAYS)


def _beams(scene: Scene) -> Drawn:
    """A 3D lidar: rows that are evenly spread over the image."""
    height = scene.measured.shape[0]
    return scene.rows(((np.arange(scene.count) + 0.5) * height / scene.count).astype(np.intp), BEAM_RAYS)


def _zones(scene: Scene) -> Drawn:
    """A time-of-flight sensor with count x count zones over the middle square of the image: the median of each zone."""
    side, first_v, first_u = _square(scene.measured.shape)
    edges = np.linspace(0, side, scene.count + 1).astype(int)
    pixels, ranges = [], []
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            zone = slice(first_v + top, first_v + bottom), slice(first_u + left, first_u + right)
            inside = scene.range_m[zone][scene.measured[zone]]
            if len(inside):
                pixels.append((first_u + (left + right - 1) // 2, first_v + (top + bottom - 1) // 2))
                ranges.append(np.median(inside))
    return np.array(pixels, np.intp).reshape(-1, 2), np.array(ranges, np.float32)


KINDS: Mapping[str, Callable[[Scene], Drawn]] = {
    "none": _none,
    "uniform": _uniform,
    "corners": _corners,
    "line": _line,
    "beams": _beams,
    "zones": _zones,
}
"""Kind -> how its pixels are drawn. A new pattern is one function and one line; without a number, it also has its name
in WITHOUT_NUMBER."""
