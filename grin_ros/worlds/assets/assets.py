# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find the assets that scenes may use besides procedural shapes and textures. All of them are optional.

Furniture: a folder of .sh3f catalogues. The default is that of Debian's ``sweethome3d-furniture``.
Worlds: the folder ``worlds`` in the assets folder contains collections of Gazebo models, see gazebo.py.
Light: every folder ``light*`` in the assets folder contains equirectangular radiance maps (``.hdr`` pictures).
Textures: every folder ``textures*`` in the assets folder is a texture set. In a set, a subfolder is a category, and its
pictures are tiles (``textures_mine/Wood/oak.jpg``). A picture beside the subfolders is a contact sheet of the category
with its name (``textures_mine/Wood.webp``): its tiles have 128 px, the first is at (16, 16), and the next ones are 144
px to the right and 176 px below. The calls of ``Palette.tile`` show the categories that are asked for by name; other
categories are used where any texture fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.gazebo import COLLECTIONS, collada_missing
from grin_ros.worlds.assets.models import FURNITURE, Piece, catalogue_pieces, gazebo_pieces
from grin_ros.worlds.rendering.environment import Map, read_map
from grin_ros.worlds.surfaces.textures import SIDE, Image

PICTURES = (".webp", ".png", ".jpg", ".jpeg")  # the file types of tiles
LIGHTS = (".hdr", ".exr")  # the file types of radiance maps
PROCEDURAL_ONLY = "procedural only"  # the record of a data set that used no assets
_TILE_PX, _MARGIN_PX, _PITCH_PX = 128, 16, (144, 176)


@dataclass(frozen=True)
class Assets:
    """The assets that scenes may use.

    Attributes:
        pieces: The models: furniture, and models of Gazebo worlds.
        tiles: The surface tiles by category, each (n, n, 3) uint8 RGB with n at most 256.
        used: A description of the assets for index.json, a line each.
        licence: The licence of images that are rendered with these assets.
        notes: What was not found, and what the user can do about it; for the log.
        light_maps: The radiance maps, each (32, 64, 3) float32 with mean luminance 1, see environment.py.
    """

    pieces: tuple[Piece, ...] = ()
    tiles: dict[str, list[Image]] = field(default_factory=dict)
    used: tuple[str, ...] = (PROCEDURAL_ONLY,)
    licence: str = "Rendered by grin_ros"
    notes: tuple[str, ...] = ()
    light_maps: tuple[Map, ...] = ()

    def pieces_by_role(self) -> dict[str, list[Piece]]:
        """Return the models by their role (see roles.py)."""
        roles: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            roles.setdefault(piece.role, []).append(piece)
        return roles


@lru_cache(maxsize=1)
def find_assets(folder: Path | None, furniture: Path = FURNITURE) -> Assets:
    """Return the assets in ``folder`` (texture sets, worlds, light) and the .sh3f catalogues in ``furniture``.

    Raise ValueError if ``folder`` is neither None nor a folder, or if a catalogue cannot be read.
    """
    if folder is not None and not folder.is_dir():
        raise ValueError(f"assets: got {folder}, expected a folder that holds texture sets (textures*/)")
    used, licences, notes = [], ["Rendered by grin_ros"], []
    pieces = tuple(catalogue_pieces(furniture))
    if pieces:
        counts = Counter(Path(piece.archive).stem for piece in pieces)
        used.append("sweethome3d-furniture: " + ", ".join(f"{n} models of {name}" for name, n in counts.items()))
        licences.append("furniture models CC BY 3.0 and CC0 (sweethome3d-furniture)")
    else:
        notes.append(
            f"no furniture models in {furniture}: furniture is procedural bodies only "
            "(apt install sweethome3d-furniture, or --furniture DIR)"
        )
    found = _world_models(folder, used, licences, notes)
    pieces += found
    tiles: dict[str, list[Image]] = {}
    for path in sorted(folder.glob("textures*")) if folder is not None else []:
        counts = Counter()
        for category, tile in _tiles(path, notes):
            tiles.setdefault(category, []).append(tile)
            counts[category] += 1
        if counts:
            used.append(f"{path.name}: {counts.total()} tiles of {len(counts)} categories")
            licence = (
                "CC0 (ambientCG)" if path.name == "textures_ambientcg" else f"of {path.name} under their own licence"
            )
            licences.append(f"surface tiles {licence}")
    if not tiles:
        place = folder or "an assets folder"
        notes.append(f"no texture sets in {place}: textures are procedural only (--assets DIR, or GRIN_ASSETS)")
    maps = _light_maps(folder, used, licences, notes)
    return Assets(pieces, tiles, tuple(used) or (PROCEDURAL_ONLY,), "; ".join(licences), tuple(notes), maps)


def _world_models(folder: Path | None, used: list[str], licences: list[str], notes: list[str]) -> tuple[Piece, ...]:
    """Return the models of Gazebo worlds, and add their record, licence and notes to the lists."""
    worlds = folder / "worlds" if folder is not None else None
    if worlds is None or not worlds.is_dir():
        notes.append(
            f"no worlds in {folder or 'an assets folder'}: streets are procedural bodies only (worlds/ below it)"
        )
        return ()
    if collada_missing():
        notes.append("pycollada is not installed: COLLADA models are left out (pip install pycollada)")
    pieces = tuple(gazebo_pieces(worlds))
    for collection, licence in COLLECTIONS.items():
        count = sum(piece.model.startswith(f"{collection}/") for piece in pieces)
        if count:
            used.append(f"{collection}: {count} models")
            licences.append(f"models of {collection} {licence}")
    return pieces


def _light_maps(folder: Path | None, used: list[str], licences: list[str], notes: list[str]) -> tuple[Map, ...]:
    """Return the radiance maps in a fixed order, and add their record, licence and notes to the lists."""
    maps: list[Map] = []
    for path in sorted(p for p in folder.glob("light*") if p.is_dir()) if folder is not None else []:
        before = len(maps)
        for picture in sorted(p for p in path.iterdir() if p.suffix.lower() in LIGHTS):
            radiance = read_map(picture)
            if radiance is None:
                # The wheels of OpenCV cannot read OpenEXR.
                notes.append(f"cannot decode {picture} as a map of light: left out; convert it to .hdr (Radiance)")
            else:
                maps.append(radiance)
        if len(maps) > before:
            used.append(f"{path.name}: {len(maps) - before} maps of light")
            licence = (
                "CC0 (@pmndrs/assets)" if path.name == "light_pmndrs" else f"of {path.name} under their own licence"
            )
            licences.append(f"maps of light {licence}")
    return tuple(maps)


def _tiles(texture_set: Path, notes: list[str]) -> Iterator[tuple[str, Image]]:
    """Yield (category, tile) for all tiles of a texture set, in a fixed order."""
    for path in sorted(texture_set.iterdir()) if texture_set.is_dir() else []:
        pictures = sorted(path.iterdir()) if path.is_dir() else [path]
        for picture in pictures:
            if picture.suffix.lower() not in PICTURES:
                continue
            image = cv2.imread(str(picture), cv2.IMREAD_COLOR)
            if image is None:
                notes.append(f"cannot decode {picture}: left out")
            elif path.is_dir():
                yield path.name, _square(np.asarray(image[:, :, ::-1], np.uint8))
            else:
                for tile in _cut(np.asarray(image[:, :, ::-1], np.uint8)):
                    yield path.stem, tile


def _square(image: Image) -> Image:
    """Return the square middle part of a picture, at most (256, 256, 3)."""
    side = min(image.shape[:2])
    y, x = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    middle = np.ascontiguousarray(image[y : y + side, x : x + side])
    if side <= SIDE:
        return middle
    return np.asarray(cv2.resize(middle, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _cut(sheet: Image) -> Iterator[Image]:
    """Yield the tiles of a contact sheet, without empty cells and pictures with plain borders."""
    for y in range(_MARGIN_PX, sheet.shape[0] - _TILE_PX + 1, _PITCH_PX[1]):
        for x in range(_MARGIN_PX, sheet.shape[1] - _TILE_PX + 1, _PITCH_PX[0]):
            tile = sheet[y : y + _TILE_PX, x : x + _TILE_PX]
            border: NDArray[np.int64] = np.concatenate([tile[0], tile[-1], tile[:, 0], tile[:, -1]]).astype(np.int64)
            if tile.std() > 1 and np.ptp(border, axis=0).max() > 2:
                yield np.ascontiguousarray(tile)
