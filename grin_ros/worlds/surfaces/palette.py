# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The textures and materials that one scene uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from grin_ros.worlds.surfaces.textures import PATTERNS, SIDE, Image

Paint = tuple[tuple[float, float, float], int, float]  # linear colour, texture layer (-1 for none), gloss


@dataclass
class Palette:
    """The textures and paints of one scene, collected while the scene is built.

    Things of one scene share textures and paints, so that they match and memory is bounded.

    Attributes:
        rng: The random generator of the scene.
        tiles: The surface tiles of the assets by category; may be empty.
        images: The textures of the scene. The index of an image is its layer.
        layers: The layers made so far for each kind of texture.
        paints: The paints made so far for each kind of material.
        models: The first layer of each furniture model whose textures were added.
    """

    rng: Generator
    tiles: dict[str, list[Image]]
    images: list[Image] = field(default_factory=list)
    layers: dict[str, list[int]] = field(default_factory=dict)
    paints: dict[str, list[Paint]] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)

    def add(self, image: Image) -> int:
        """Add an image, (256, 256, 3) uint8 or of another size, and return its layer."""
        if image.shape[:2] != (SIDE, SIDE):
            image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        self.images.append(image)
        return len(self.images) - 1

    def add_model(self, name: str, textures: Sequence[Image]) -> int:
        """Return the first layer of a model's textures, each (256, 256, 3) uint8. They are added at the first call."""
        if name not in self.models:
            self.models[name] = len(self.images)
            self.images.extend(textures)
        return self.models[name]

    def tile(self, *categories: str) -> int | None:
        """Add a random surface tile of these categories (of any, if none is given) and return its layer.

        Return None if the assets have no such tile.
        """
        names = [n for n in (categories or tuple(self.tiles)) if self.tiles.get(n)]
        if not names:
            return None
        name = names[int(self.rng.integers(len(names)))]
        return self.add(self.tiles[name][int(self.rng.integers(len(self.tiles[name])))])

    def shared(self, kind: str, make: Callable[[Generator], Image], most: int = 6) -> int:
        """Return the layer of an image of a kind, of which the scene has at most ``most``.

        The image is made new until there are that many, and then chosen from them.
        """
        made = self.layers.setdefault(kind, [])
        if len(made) < most:
            made.append(self.add(make(self.rng)))
            return made[-1]
        return made[int(self.rng.integers(len(made)))]

    def relief(self, *categories: str) -> int | None:
        """Add a surface tile in grey, with a mean of about 0.85, and return its layer. Return None without tiles.

        The colour of the surface then comes from its mesh.
        """
        layer = self.tile(*categories)
        if layer is None:
            return None
        grey = self.images[layer].astype(np.float32).mean(axis=2)
        scaled = np.clip(grey * (0.85 * 255 / max(float(grey.mean()), 8.0)), 40, 255)
        self.images[layer] = np.repeat(scaled[..., None], 3, axis=2).astype(np.uint8)
        return layer

    def any(self) -> int:
        """Add any texture, a surface tile or a procedural one with equal chance, and return its layer."""
        if self.rng.random() < 0.5:
            layer = self.tile()
            if layer is not None:
                return layer
        return self.add(PATTERNS[int(self.rng.integers(len(PATTERNS)))](self.rng))
