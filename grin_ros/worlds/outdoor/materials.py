# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Materials of outdoor surfaces: tiles of the texture sets if there are any, otherwise procedural textures."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.worlds.surfaces.materials import Material
from grin_ros.worlds.surfaces.palette import Palette
from grin_ros.worlds.surfaces.textures import SIDE, Image, mottled, paint, value_noise, wood

Colour = Sequence[float]


def _speckled(rng: Generator, colour: Colour | NDArray[np.float64], coarse: float, fine: float) -> Image:
    """Return a colour (sRGB in [0, 1]) with stains and grain."""
    tone = 1 + coarse * value_noise(rng, (3, 3), 4) + fine * rng.normal(0, 1, (SIDE, SIDE))
    return np.asarray(np.clip(np.asarray(colour) * tone[..., None], 0, 1) * 255, np.uint8)


def asphalt(rng: Generator) -> Image:
    """Return asphalt: grey with grain, stains and sometimes cracks."""
    grey = rng.uniform(0.28, 0.6)
    image = _speckled(rng, grey * np.array([1, 1, rng.uniform(0.97, 1.05)]), 0.35, rng.uniform(0.03, 0.12))
    image = np.ascontiguousarray(image)
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.5 else 0):
        steps = np.cumsum(rng.normal(0, 9, (24, 2)) + rng.normal(0, 7, 2), axis=0) + rng.uniform(0, SIDE, 2)
        cv2.polylines(image, [steps.astype(np.int32)], False, (int(grey * 110),) * 3, 1, cv2.LINE_AA)
    return image


def grass(rng: Generator) -> Image:
    """Return lawn, meadow or dry grass."""
    hue, saturation, value = rng.uniform(0.13, 0.3), rng.uniform(0.3, 0.65), rng.uniform(0.3, 0.6)
    base = np.array(colorsys.hsv_to_rgb(hue, saturation, value))
    other = np.array(colorsys.hsv_to_rgb(hue - rng.uniform(0, 0.08), saturation * 0.8, value * rng.uniform(0.7, 1.3)))
    mix = np.clip(0.5 + 1.5 * value_noise(rng, (6, 6), 5, 0.7), 0, 1)[..., None]
    blades = 1 + rng.uniform(0.1, 0.3) * rng.normal(0, 1, (SIDE, SIDE, 1))
    return np.asarray(np.clip((base + (other - base) * mix) * blades, 0, 1) * 255, np.uint8)


def leaves(rng: Generator) -> Image:
    """Return foliage in grey: light leaves over dark gaps. The colour comes from the mesh."""
    image = np.full((SIDE, SIDE), 0.3)
    for _ in range(900):
        centre = (int(rng.integers(SIDE)), int(rng.integers(SIDE)))
        axes = (int(rng.integers(3, 11)), int(rng.integers(2, 6)))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.35, 1.0)), -1)
    return np.asarray(np.repeat(image[..., None] * 255, 3, axis=2), np.uint8)


def soil(rng: Generator) -> Image:
    """Return earth, sand or gravel."""
    colour = colorsys.hsv_to_rgb(rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.45), rng.uniform(0.3, 0.75))
    return _speckled(rng, colour, 0.6, rng.uniform(0.05, 0.2))


def bricks(rng: Generator) -> Image:
    """Return rows of bricks with joints, each row shifted by half a brick."""
    rows, cols = int(rng.integers(5, 13)) * 2, int(rng.integers(2, 6)) * 2
    v, u = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    y, x = v * rows, u * cols
    x = x + 0.5 * (y.astype(int) % 2)
    hue, saturation = rng.uniform(0.0, 0.1), rng.uniform(0.1, 0.65)
    base = np.array(colorsys.hsv_to_rgb(hue, saturation, rng.uniform(0.4, 0.85)))
    tone = rng.normal(1, rng.uniform(0.03, 0.15), (rows, cols + 1))[y.astype(int), x.astype(int) % (cols + 1)]
    image = base * tone[..., None] * (1 + 0.15 * value_noise(rng, (16, 16), 3))[..., None]
    joint = (y % 1 < 0.12) | (x % 1 < 0.06)
    image[joint] = rng.uniform(0.45, 0.8)
    return np.asarray(np.clip(image, 0, 1) * 255, np.uint8)


def slabs(rng: Generator) -> Image:
    """Return paving of grey or sand-coloured stones."""
    image = bricks(rng).astype(np.float64)
    grey = image.mean(axis=2, keepdims=True)
    return np.asarray(np.clip(grey + rng.uniform(0, 0.5) * (image - grey), 0, 255), np.uint8)


def clouds(rng: Generator) -> Image:
    """Return seamless clouds for the sky shader: the cover in [0, 255] in all channels."""
    noise = value_noise(rng, (int(rng.integers(2, 5)),) * 2, 6, rng.uniform(0.45, 0.65))
    return np.asarray(np.repeat(np.clip(0.5 + 0.8 * noise, 0, 1)[..., None] * 255, 3, axis=2), np.uint8)


def leaf_colour(rng: Generator) -> NDArray[np.float64]:
    """Return a linear albedo of foliage (3,), mostly green, sometimes yellow, red or brown."""
    hue = float(np.clip(rng.normal(0.24, 0.035), 0.15, 0.36)) if rng.random() < 0.85 else float(rng.uniform(0.02, 0.15))
    return np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.35, 0.75), rng.uniform(0.25, 0.62))) ** 2


def car_colour(rng: Generator) -> list[float]:
    """Return a linear albedo of cars: mostly white, grey or black."""
    kind = rng.random()
    if kind < 0.7:
        value = float(rng.choice([0.9, 0.65, 0.4, 0.15, 0.06])) * float(rng.uniform(0.8, 1.1))
        return [min(value**2 * float(f), 0.95) for f in rng.uniform(0.95, 1.05, 3)]
    hue = float(rng.choice([0.0, 0.6, 0.62, 0.35, 0.1, 0.15])) + float(rng.normal(0, 0.02))
    rgb = colorsys.hsv_to_rgb(hue % 1, float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.25, 0.85)))
    return [c**2 for c in rgb]


# For each kind: the categories of tiles, the procedural texture, and the length of a tile in metres (lowest, highest).
_KINDS: dict[str, tuple[tuple[str, ...], Callable[[Generator], Image], tuple[float, float]]] = {
    "asphalt": (("Asphalt",), asphalt, (2.0, 5.0)),
    "grass": (("Grass", "Grass", "Moss", "Ground"), grass, (1.5, 4.0)),
    "soil": (("Ground", "Gravel", "WoodChips", "Ground", "ScatteredLeaves"), soil, (1.5, 3.5)),
    "paving": (("PavingStones", "PavingStones", "Concrete", "Gravel"), slabs, (1.2, 3.0)),
    "brick": (("Bricks",), bricks, (1.2, 2.5)),
    "render": (("Plaster", "Concrete"), paint, (2.0, 6.0)),
    "stone": (("Rock", "Rocks", "Bricks", "Travertine", "Granite"), mottled, (1.5, 3.0)),
    "boards": (("WoodSiding", "Planks"), wood, (1.2, 2.5)),
    "concrete": (("Concrete",), asphalt, (2.0, 5.0)),
    "roof": (("RoofingTiles", "RoofingTiles", "ThatchedRoof", "CorrugatedSteel"), bricks, (2.0, 4.0)),
    "metal": (("CorrugatedSteel", "Metal", "Rust"), paint, (1.0, 3.0)),
    "timber": (("Planks", "Wood", "Bark"), wood, (0.8, 2.0)),
    "bark": (("Bark",), wood, (0.7, 1.5)),
    "foliage": (("Moss",), leaves, (0.8, 2.0)),
}


@dataclass
class Materials:
    """The materials of one scene. The same kind often gives the same material, so that there are few textures.

    ``most`` is the largest number of materials of a kind.
    """

    palette: Palette
    most: int = 3
    _found: dict[str, list[Material]] = field(default_factory=dict)

    @property
    def rng(self) -> Generator:
        """The random generator of the scene."""
        return self.palette.rng

    def get(self, kind: str, new: bool = False) -> Material:
        """Return a material of a kind in the table above; with ``new``, one that was not used before.

        Raise KeyError for an unknown kind.
        """
        rng, made = self.rng, self._found.setdefault(kind, [])
        if made and not new and (len(made) >= self.most or rng.random() < 0.5):
            return made[int(rng.integers(len(made)))]
        names, fallback, (low, high) = _KINDS[kind]
        layer = self.palette.tile(*names) if rng.random() < 0.75 and kind != "bark" else None
        if kind == "bark":
            layer = self.palette.relief(*names)
        if layer is None or not any(self.palette.tiles.get(n) for n in names):
            layer = self.palette.add(fallback(rng))
        tint = [float(v) for v in rng.uniform(0.75, 1.0) * (1 - 0.12 * rng.random(3))]
        if kind in ("render", "boards") and rng.random() < 0.7:  # painted walls
            hue, value = rng.normal(0.09, 0.07) % 1, rng.uniform(0.5, 1.0)
            tint = [c**1.6 for c in colorsys.hsv_to_rgb(hue, rng.beta(1.2, 3.0), value)]
        found = Material(tint, layer, float(rng.uniform(low, high)), float(rng.uniform(0, 0.08)))
        made.append(found)
        return found

    def glass(self) -> Material:
        """Return the material of window panes, which are dark and reflect the sky."""
        dark = float(self.rng.uniform(0.005, 0.06))
        return Material([dark, dark * 1.1, dark * 1.2], -1, 1.0, 0.9)

    def foliage(self) -> tuple[NDArray[np.float64], int]:
        """Return a leaf colour, and the texture layer of foliage."""
        made = self._found.setdefault("leaves", [])
        if not made:
            made.append(Material((1, 1, 1), self.palette.add(leaves(self.rng)), 1.0))
        return leaf_colour(self.rng), made[0].layer


def grey_material(rng: Generator, low: float = 0.05, high: float = 0.6, gloss: float = 0.2) -> Material:
    """Return a grey of metal, plastic or concrete, with a value from low to high."""
    value = float(rng.uniform(low, high))
    return Material([value * float(f) for f in rng.uniform(0.92, 1.05, 3)], -1, 1.0, gloss)
