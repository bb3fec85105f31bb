# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes: which small things stand on a surface, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator

from grin_ros.worlds.indoor import cloth, foliage, gadgets, goods
from grin_ros.worlds.shapes.bodies import Body, Top
from grin_ros.worlds.surfaces.palette import Palette

Make = Callable[[Palette], Body]

# For each kind of surface, the things on it and their relative frequencies. 'model' is a small furniture model.
RECIPES: dict[str, dict[Make | str, float]] = {
    "desk": {
        goods.papers: 4.0, gadgets.screen: 1.5, gadgets.keyboard: 1.5, gadgets.laptop: 0.8, goods.mug: 1.6,
        goods.books: 1.0, goods.book_pile: 2.0, gadgets.telephone: 1.4, goods.jar_of_tools: 1.0, gadgets.framed: 0.6,
        gadgets.ring: 0.5, goods.tin: 0.8, goods.bottle: 0.8, foliage.plant: 0.6, gadgets.lamp: 0.5, gadgets.cable: 1.2,
        gadgets.open_book: 0.6, gadgets.toy: 0.2, gadgets.tray: 0.5, goods.packet: 0.5, "model": 1.5,
    },
    "dining": {
        goods.dish: 3.0, goods.mug: 2.5, goods.papers: 1.6, goods.bottle: 1.4, foliage.flowers: 0.6, goods.fruit: 0.6,
        gadgets.open_book: 0.5, goods.book_pile: 0.7, goods.jar_of_tools: 0.4, goods.packet: 1.0,
        gadgets.telephone: 0.5, cloth.heap: 0.3, goods.tin: 0.5, gadgets.tray: 0.5, gadgets.laptop: 0.4, "model": 1.5,
    },
    "worktop": {
        goods.bottle: 3.0, goods.tin: 2.5, goods.packet: 3.0, goods.pot: 1.8, goods.dish: 1.6, goods.mug: 2.2,
        goods.jar_of_tools: 1.2, goods.fruit: 0.6, goods.papers: 0.8, gadgets.ring: 0.6, cloth.heap: 0.5,
        gadgets.tray: 0.8, foliage.plant: 0.4, gadgets.framed: 0.8, goods.vessel: 0.8, "model": 2.0,
    },
    "bench": {
        gadgets.tool: 4.0, goods.parcel: 0.8, goods.tin: 2.0, goods.bottle: 1.4, gadgets.ring: 1.4, gadgets.tray: 2.0,
        goods.jar_of_tools: 1.5, goods.papers: 0.8, goods.packet: 1.5, gadgets.cable: 1.5, goods.mug: 0.6,
        goods.vessel: 0.8, cloth.heap: 0.5, "model": 1.0,
    },
    "shelf": {
        goods.books: 4.0, goods.book_pile: 1.4, gadgets.framed: 1.0, goods.packet: 1.5, gadgets.tray: 0.9,
        goods.tin: 0.7, foliage.plant: 0.6, gadgets.toy: 0.6, goods.vessel: 1.4, goods.bottle: 0.7, cloth.folded: 0.6,
        goods.parcel: 0.6, goods.mug: 0.6, gadgets.ball: 0.3, "model": 2.0,
    },
    "stock": {
        goods.packet: 5.0, goods.tin: 2.0, goods.bottle: 2.0, goods.parcel: 3.0, gadgets.tray: 1.0,
        goods.book_pile: 0.5,
    },
    "toys": {
        gadgets.toy: 3.0, gadgets.blocks: 3.0, gadgets.ball: 2.0, goods.packet: 1.5, gadgets.open_book: 1.0,
        gadgets.tray: 1.0, cloth.heap: 0.8, cloth.cushion: 0.6, foliage.plant: 0.5, "model": 2.0,
    },
    "seat": {
        cloth.cushion: 3.0, cloth.heap: 1.5, gadgets.open_book: 0.5, gadgets.toy: 0.4, cloth.bag: 0.6,
        goods.papers: 0.6,
    },
    "floor": {
        goods.parcel: 2.0, cloth.bag: 2.0, cloth.basket: 1.2, goods.book_pile: 1.0, cloth.heap: 0.8, gadgets.toy: 0.6,
        gadgets.cable: 1.2, goods.papers: 0.4, goods.packet: 0.6, cloth.cushion: 0.6, gadgets.ball: 0.5,
        gadgets.tray: 0.6, "model": 2.0,
    },
}  # fmt: skip


def recipe_for(theme: str, top: Top, rng: Generator) -> str:
    """Return a random recipe for a surface in a room with this theme."""
    if top.z < 0.3:
        return "floor"
    choices: Sequence[str] = {
        "office": ("desk",) * 5 + ("shelf",),
        "kitchen": ("worktop", "dining", "dining"),
        "living": ("dining", "desk", "shelf", "toys"),
        "bedroom": ("desk", "shelf", "toys", "worktop"),
        "basement": ("bench", "bench", "worktop", "stock"),
    }.get(theme, ("desk", "dining", "worktop", "bench", "shelf", "toys"))
    return choices[int(rng.integers(len(choices)))]
