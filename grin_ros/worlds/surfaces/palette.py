# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The textures and materials that one scene uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from grin_ros.worlds.surfaces.textures import PATTERNS, SIDE, Image

# Of a surface: linear colour, texture layer (-1: none), gloss.
Paint = tuple[tuple[float, float, float], int, float]


@dataclass
class Palette:
    """The textures that one scene uses, collected while it is built; tiles: surface tiles by category, may be empty.

    layers, paints: what the scene has made of a kind and may use again, so that its things match and memory is bounded.
    """

    rng: Generator
    tiles: dict[str, list[Image]]
    images: list[Image] = field(default_factory=list)
    layers: dict[str, list[int]] = field(default_factory=dict)
    paints: dict[str, list[Paint]] = field(default_factory=dict)

    def add(self, image: Image) -> int:
        """Layer of the image, (256, 256, 3) or smaller uint8."""
        if image.shape[:2] != (SIDE, SIDE):
            image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        self.images.append(image)
        return len(self.images) - 1

    def tile(self, *categories: str) -> int | None:
        """A surface tile of one of the categories (any when none is named); None when the machine has none."""
        names = [n for n in (categories or tuple(self.tiles)) if self.tiles.get(n)]
        if not names:
            return None
        name = names[int(self.rng.integers(len(names)))]
        return self.add(self.tiles[name][int(self.rng.integers(len(self.tiles[name])))])

    def shared(self, kind: str, make: Callable[[Generator], Image], most: int = 6) -> int:
        """Layer of one of at most ``most`` images of a kind in this scene; a new one until there are so many."""
        made = self.layers.setdefault(kind, [])
        if len(made) < most:
            made.append(self.add(make(self.rng)))
            return made[-1]
        return made[int(self.rng.integers(len(made)))]

    def relief(self, *categories: str) -> int | None:
        """Layer of a surface tile as grey light and shade of mean about 0.85, to be coloured; None without tiles."""
        layer = self.tile(*categories)
        if layer is None:
            return None
        grey = self.images[layer].astype(np.float32).mean(axis=2)
        scaled = np.clip(grey * (0.85 * 255 / max(float(grey.mean()), 8.0)), 40, 255)
        self.images[layer] = np.repeat(scaled[..., None], 3, axis=2).astype(np.uint8)
        return layer

    def any(self) -> int:
        """Any texture: half surface tiles, half procedural."""
        if self.rng.random() < 0.5:
            layer = self.tile()
            if layer is not None:
                return layer
        return self.add(PATTERNS[int(self.rng.integers(len(PATTERNS)))](self.rng))
