# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Materials of built things. A room has a few woods, cloths, lacquers and metals, so that its things match.

Most real surfaces are white, grey, black or brown; few are bright. Every flat colour has a texture: fine grain with
smudges and wear, or the light and shade of a photographed tile.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from grin_ros.worlds.shapes.mesh import Mesh
from grin_ros.worlds.surfaces.palette import Paint, Palette
from grin_ros.worlds.surfaces.prints import grain, weave
from grin_ros.worlds.surfaces.textures import wood

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """The material of a large surface.

    Attributes:
        colour: The linear RGB colour.
        layer: The texture layer, -1 for none.
        tile_m: The length in metres that the texture covers once.
        gloss: The gloss from 0 to 1.
    """

    colour: Sequence[float]
    layer: int
    tile_m: float
    gloss: float = 0.05

    def on(self, mesh: Mesh) -> Mesh:
        """Return the mesh in this material. The uv of the mesh must already count units of tile_m."""
        return mesh.painted(self.colour, self.layer, self.gloss)


def muted(rng: Generator, bright: float = 0.18) -> Colour:
    """Return a linear RGB albedo: white, grey, black, brownish, or saturated with the probability ``bright``."""
    kind = rng.random()
    hue = float(rng.normal(0.08, 0.05) % 1 if rng.random() < 0.6 else rng.random())
    if kind < bright:
        # Dyes and lacquers are red, blue, ochre and dark green far more often than violet or turquoise.
        hue = float((rng.choice([0.0, 0.02, 0.09, 0.13, 0.36, 0.6, 0.63]) + rng.normal(0, 0.02)) % 1)
        hue = float(rng.random()) if rng.random() < 0.15 else hue
        hsv = (hue, float(rng.uniform(0.45, 0.9)), float(rng.uniform(0.25, 0.8)))
    elif kind < 0.5:  # white, grey, black
        hsv = (hue, float(rng.uniform(0, 0.1)), float(rng.choice([0.16, 0.3, 0.5, 0.8, 0.9]) * rng.uniform(0.85, 1.08)))
    else:
        hsv = (hue, float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.2, 0.9)))
    r, g, b = colorsys.hsv_to_rgb(*hsv)
    return (r * r, g * g, b * b)


def grain_layer(palette: Palette) -> int:
    """Return a texture layer with the grain of flat colours."""
    return palette.shared("grain", grain, 5)


def _wood(palette: Palette) -> Paint:
    rng = palette.rng
    gloss = float(rng.uniform(0.0, 0.45))
    kind = rng.random()
    if kind < 0.28:  # lacquer, white more often than not
        shade = float(rng.uniform(0.55, 0.88))
        return ((shade, shade, shade * 0.97) if rng.random() < 0.6 else muted(rng)), grain_layer(palette), gloss
    layer = palette.tile("Wood", "Wood", "Planks", "Chipboard", "Bamboo") if kind < 0.85 else None
    tone = float(rng.uniform(0.45, 1.0))
    return (tone, tone * 0.97, tone * 0.93), palette.add(wood(rng)) if layer is None else layer, gloss


def _cloth(palette: Palette) -> Paint:
    rng = palette.rng
    kind = rng.random()
    if kind < 0.35:
        layer = palette.tile("Fabric", "Fabric", "Carpet")
        if layer is not None:
            tone = float(rng.uniform(0.6, 1.0))
            return (tone, tone, tone), layer, 0.0
    relief = palette.relief("Fabric", "Carpet") if kind < 0.7 else None
    return muted(rng, 0.25), palette.shared("weave", weave, 3) if relief is None else relief, 0.0


def _metal(palette: Palette) -> Paint:
    rng = palette.rng
    layer = palette.relief("Metal", "Foil") if rng.random() < 0.4 else None
    shade = float(rng.choice([0.06, 0.25, 0.45, 0.6]) * rng.uniform(0.7, 1.2))
    return (shade, shade, shade), grain_layer(palette) if layer is None else layer, float(rng.uniform(0.4, 0.9))


def _plastic(palette: Palette) -> Paint:
    rng = palette.rng
    return muted(rng, 0.3), grain_layer(palette), float(rng.uniform(0.1, 0.6))


def _stone(palette: Palette) -> Paint:
    rng = palette.rng
    layer = palette.tile("Marble", "Granite", "Terrazzo", "Onyx", "Travertine") if rng.random() < 0.7 else None
    tone = float(rng.uniform(0.4, 1.0))
    if layer is None:
        return muted(rng, 0.02), grain_layer(palette), float(rng.uniform(0.2, 0.7))
    return (tone, tone, tone), layer, float(rng.uniform(0.2, 0.7))


# The maker of each kind of material, and the largest number of different ones in a scene.
_KINDS: dict[str, tuple[Callable[[Palette], Paint], int]] = {
    "wood": (_wood, 3),
    "cloth": (_cloth, 6),
    "metal": (_metal, 3),
    "plastic": (_plastic, 8),
    "stone": (_stone, 2),
}


def material(palette: Palette, *kinds: str) -> Paint:
    """Return a paint of one of the kinds (of any kind, if none is given).

    New paints are made until the scene has its number of them; then they are used again.
    """
    names = kinds or tuple(_KINDS)
    kind = names[int(palette.rng.integers(len(names)))]
    make, most = _KINDS[kind]
    made = palette.paints.setdefault(kind, [])
    # The first paint of a kind is used most: the wood of a room, the metal of its handles.
    if made and palette.rng.random() < (0.6 if kind == "wood" else 0.25):
        return made[0]
    if len(made) < most:
        made.append(make(palette))
        return made[-1]
    return made[int(palette.rng.integers(len(made)))]


def made_of(palette: Palette, *kinds: str) -> Callable[[Mesh], Mesh]:
    """Return a function that paints meshes in one material of these kinds, so that several parts match."""
    colour, layer, gloss = material(palette, *kinds)
    return lambda mesh: mesh.painted(colour, layer, gloss)


def plain(palette: Palette, colour: Sequence[float], gloss: float = 0.1) -> Callable[[Mesh], Mesh]:
    """Return a function that paints meshes in a colour with grain."""
    layer = grain_layer(palette)
    return lambda mesh: mesh.painted(colour, layer, gloss)


def albedo(rng: Generator, saturation: float = 0.7) -> Sequence[float]:
    """Return a linear colour, mostly white, grey, black or brownish; saturated with a quarter of the given chance."""
    return muted(rng, 0.25 * saturation)


def finish(mesh: Mesh, palette: Palette, textured: float = 0.6) -> Mesh:
    """Return the mesh in one material of the scene, or in any texture with a fifth of the chance ``textured``."""
    if palette.rng.random() < 0.2 * textured:
        return mesh.painted((1, 1, 1), palette.any(), float(palette.rng.beta(0.7, 2.5)))
    return made_of(palette)(mesh)


def timber(palette: Palette) -> Callable[[Mesh], Mesh]:
    """Return a function that paints meshes in one wood, board or lacquer of the scene."""
    return made_of(palette, "wood")
