# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Materials for furniture models. Many models have one flat colour per part, which no photograph shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.models import Piece
from grin_ros.worlds.shapes.mesh import Mesh
from grin_ros.worlds.surfaces.materials import grain_layer, material
from grin_ros.worlds.surfaces.palette import Palette

# For patterns of model names, the kinds of materials that suit them.
_KINDS = (
    (r"sofa|couch|armchair|bed|puff|ottoman|cushion|futon|towel|office chair", ("cloth",)),
    (
        r"fridge|oven|stove|sink|dish|washing|dryer|lamp|fan|microwave|freezer|radiator|locker|safe",
        ("metal", "plastic"),
    ),
    (
        r"table|desk|shel|cabinet|wardrobe|chest|dresser|book|cupboard|chair|stool|bench|piano",
        ("wood", "wood", "plastic"),
    ),
)


def box_mapped(mesh: Mesh, layer: int, tile_m: float, colour: Sequence[float], mix: float = 0.75) -> Mesh:
    """Return the mesh with a texture on its untextured part, projected along the main axis of each normal.

    The texture covers ``tile_m`` metres once. ``mix`` is the share of ``colour`` in the new colour.
    """
    bare = mesh.layer < 0
    axis = np.abs(mesh.normals).argmax(axis=1)
    pairs = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    uv = np.take_along_axis(mesh.vertices, pairs, axis=1) / np.float32(tile_m)
    mixed = (1 - mix) * mesh.colour + mix * np.asarray(colour)
    return replace(
        mesh,
        uv=np.where(bare[:, None], uv, mesh.uv).astype(np.float32),
        layer=np.where(bare, np.int32(layer), mesh.layer).astype(np.int32),
        colour=np.where(bare[:, None], mixed, mesh.colour).astype(np.float32),
    )


def desaturated(colour: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Return colours (n, 3) of the same luminance with this share of their saturation."""
    grey = colour @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(grey[:, None] + share * (colour - grey[:, None]), np.float32)


def with_room_material(mesh: Mesh, piece: Piece, palette: Palette) -> Mesh:
    """Return a model in a material of the room that suits its name, or in its own colours with less saturation.

    In the second case, parts without a texture get grain.
    """
    rng = palette.rng
    kind = rng.random()
    tile_m = float(rng.uniform(0.25, 1.0))
    if kind < 0.38:
        named = [kinds for names, kinds in _KINDS if re.search(names, piece.name.lower())]
        colour, layer, gloss = material(palette, *(named[0] if named else ("plastic", "wood", "metal")))
        if layer >= 0:
            bare = mesh.layer < 0
            mesh = replace(mesh, gloss=np.where(bare, np.float32(gloss), mesh.gloss).astype(np.float32))
            return box_mapped(mesh, layer, tile_m, colour, 0.9)
    tone = np.float32(rng.uniform(0.55, 1.0) if kind < 0.7 else 1.0)
    mesh = replace(mesh, colour=desaturated(mesh.colour, float(rng.uniform(0.25, 0.85))) * tone)
    return box_mapped(mesh, grain_layer(palette), tile_m, (1.0, 1.0, 1.0), 0.0)
