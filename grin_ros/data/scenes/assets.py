# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a scene may be made of: furniture models and surface tiles found on the machine. All optional: without them scenes are built of
procedural bodies and textures only, which is logged.

Furniture: the .sh3f catalogues of Debian's ``sweethome3d-furniture`` (CC BY 3.0 and CC0; the package's copyright file names the authors).
Parsed models are cached under ``$XDG_CACHE_HOME/grin_ros/furniture``. Surface tiles: contact sheets of ambientCG textures (CC0) in
``<assets>/textures_ambientcg``, where ``assets`` is an argument or the environment variable GRIN_ASSETS.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.data.scenes.mesh import Mesh
from grin_ros.data.scenes.obj import TEXTURE_PX, read_obj

FURNITURE = Path("/usr/share/sweethome3d/furniture")
CACHE_VERSION = 1
MAX_OBJ_BYTES = 5_000_000
MAX_TRIANGLES = 30_000
MAX_TRIANGLES_SMALL = 7_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """A catalogue entry: role (see ROLES), size (width, depth, height) in metres, elevation of its foot, height of the surface that things
    may stand on (None: nothing may), and where its model lies."""

    name: str
    role: str
    size: tuple[float, float, float]
    elevation_m: float
    top_m: float | None
    archive: str
    model: str
    rotation: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """A mesh standing on z = 0, centred in x and y, front towards -y; its layers index textures, each (256, 256, 3) uint8."""

    mesh: Mesh
    textures: tuple[NDArray[np.uint8], ...]


# Role by the English name, first match wins. 'wall' stands with its back to a wall, 'floor' anywhere, 'small' is clutter.
_ROLES: tuple[tuple[str, str], ...] = (
    (
        r"^(horse|dress|jacket|socket|escalator|spiral|elevator|garage|shipping|smoke|hanging clothes|.*switch|.*plug|cctv|bill|curtain)",
        "",
    ),
    (
        r"(pool table|trampoline|fountain|swimming|jacuzzi|lying|contemporary living|spotlight|emergency|fence|railing|sitting)",
        "",
    ),
    (r"(rug|carpet|bathmat|doormat|tatami)", "rug"),
    (r"(chandelier|hanging light|ceiling lamp|ceiling fan|pendant|fluorescent light)", "ceiling"),
    (r"(office chair|armchair|^chair|chair$|chair with|class seat|stool|osaka|winchester arm)", "chair"),
    (r"(coffee table|puff|rattan table)", "low_table"),
    (r"(bedside)", "wall"),
    (r"(desk table|^desk$|wooden desk|dressing table|changing table|workbench)", "desk"),
    (
        r"^(lower cabinet|drawers cabinet|oven|sink|double sink|dishwasher|large stove|clothes washing|dryer machine|island|stove|cooker)$",
        "kitchen",
    ),
    (r"(kitchen sink|lower corner)", "kitchen"),
    (r"(upper cabinet|glass door cabinet|^hood|wall cabinet|upper corner)", "hung"),
    (r"(table fan|table tennis bat|tablet|toilet brush|^towel$)", "floor_or_small"),
    (r"(island bath|table tennis|football table|clock$)", "floor_or_small"),
    (r"(table|island)", "table"),
    (r"(lamp|lantern)", "floor_or_small"),
    (
        r"(sofa|couch|bed$|crib|futon|wardrobe|cupboard|bookcase|shelves|cabinet|dresser|chest$|fridge|freezer|tv stand)",
        "wall",
    ),
    (
        r"(television|piano|fireplace|vanity|toilets|washbasin|bidet|^bath$|shower stall|locker|safe|radiator|clothes rack|furnace)",
        "wall",
    ),
    (
        r"(door|window|frame|clock|air conditioning - i|white board|wall flat|dart|intercom|towel|hanger|heater|blind|screen|letters)",
        "hung",
    ),
)
_CATEGORY_ROLE = {"Characters": "floor", "Lights": "floor_or_small"}
_VEHICLES = r"(bicycle|bike|scooter|skateboard|stroller|tricycle|motorbike)"
_EXTERIOR = r"(chair|bench|table|bush|flower|plant|trash|can|hose|rock|wheelbarrow|dog house|spray|hydrant|mailbox|snowman|umbrella|swing)"


def _role(category: str, name: str, size: tuple[float, float, float], elevation_m: float) -> str:
    lower = name.lower()
    if category == "Vehicles" and not re.search(_VEHICLES, lower):
        return ""
    if category == "Exterior" and (not re.search(_EXTERIOR, lower) or max(size) > 2.2):
        return ""
    role = next((r for pattern, r in _ROLES if re.search(pattern, lower)), None)
    if role is None:
        role = _CATEGORY_ROLE.get(category, "floor_or_small")
    if role == "":
        return ""
    if role == "rug":
        return "rug" if size[2] < 0.06 and max(size) > 0.5 else ""
    if role in ("wall", "floor_or_small", "chair", "low_table", "table", "floor") and elevation_m > 0.15:
        role = "hung" if size[1] < 0.7 else ""
    if role == "hung" and (size[1] > 0.75 or size[0] > 2.3):
        return ""
    if max(size) < 0.025 or size[2] < 0.008:
        return ""
    if role in ("floor_or_small", "floor", "chair", "wall") and max(size) < 0.66:
        return "small"
    if role == "floor_or_small":
        role = "floor"
    if role == "floor" and (size[0] > 2.6 or size[1] > 2.6 or size[2] > 2.3 or size[2] < 0.05):
        return ""
    return role


def catalogue(folder: Path = FURNITURE) -> list[Piece]:
    """All usable pieces in a fixed order; empty where the package is missing."""
    pieces = []
    for path in sorted(folder.glob("*.sh3f")):
        with zipfile.ZipFile(path) as archive:
            text = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
            sizes = {info.filename: info.file_size for info in archive.infolist()}
        entries: dict[int, dict[str, str]] = {}
        for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*)$", text, re.M):
            entries.setdefault(int(number), {})[key] = value.strip()
        for _, entry in sorted(entries.items()):
            model = entry["model"].lstrip("/")
            if not 0 < sizes.get(model, 0) < MAX_OBJ_BYTES:
                continue
            width, depth, height = (float(entry[k]) / 100 for k in ("width", "depth", "height"))
            elevation_m = float(entry.get("elevation", "0")) / 100
            role = _role(entry["category"], entry["name"], (width, depth, height), elevation_m)
            if not role:
                continue
            drop = float(entry.get("dropOnTopElevation", str(height * 100)))
            top_m = drop / 100 if drop > 0 else None
            rotation = tuple(float(x) for x in entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split())
            pieces.append(
                Piece(entry["name"], role, (width, depth, height), elevation_m, top_m, str(path), model, rotation)
            )
    if not pieces:
        _log.warning(
            "no furniture models in %s: scenes use procedural bodies only (apt install sweethome3d-furniture)", folder
        )
    return pieces


def _cache_file(piece: Piece) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(f"{CACHE_VERSION} {Path(piece.archive).name} {piece.model}".encode()).hexdigest()[:20]
    return root / "grin_ros" / "furniture" / f"{name}.npz"


def _parse(piece: Piece) -> dict[str, NDArray[np.generic]]:
    with zipfile.ZipFile(piece.archive) as archive:
        model = read_obj(archive, piece.model)
    turn = np.array(piece.rotation, np.float32).reshape(3, 3)
    axes = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32) @ turn  # y up, front +z  ->  z up, front -y
    vertices, normals = model.vertices @ axes.T, model.normals @ axes.T
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = np.array(piece.size, np.float32) / np.maximum(high - low, 1e-9)
    vertices = (vertices - np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]], np.float32)) * scale
    normals = normals / scale
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    textures = [m.texture for m in model.materials if m.texture is not None]
    layers, count = [], 0
    for m in model.materials:
        layers.append(count if m.texture is not None else -1)
        count += m.texture is not None
    used = model.material
    return {
        "vertices": vertices.astype(np.float32),
        "normals": normals.astype(np.float32),
        "uv": model.uv,
        "colour": np.array([m.colour for m in model.materials], np.float32)[used],
        "gloss": np.array([m.gloss for m in model.materials], np.float32)[used],
        "layer": np.array(layers, np.int32)[used],
        "indices": model.indices,
        "textures": np.array(textures, np.uint8).reshape(-1, TEXTURE_PX, TEXTURE_PX, 3),
    }


@lru_cache(maxsize=1024)
def load(piece: Piece) -> Model | None:
    """The model of a piece from the cache (parsed into it at first use); None when it cannot be read or is too detailed."""
    path = _cache_file(piece)
    if not path.exists():
        try:
            arrays = _parse(piece)
        except (ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
            _log.warning("skipping model %s: %s", piece.model, error)
            arrays = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    with np.load(path) as data:
        if "indices" not in data:
            return None
        limit = MAX_TRIANGLES_SMALL if piece.role == "small" else MAX_TRIANGLES
        if len(data["indices"]) > limit:
            return None
        gloss = data["gloss"]
        mesh = Mesh(
            data["vertices"],
            data["normals"],
            data["uv"],
            data["colour"],
            data["layer"],
            gloss,
            np.zeros_like(gloss),
            data["indices"],
        )
        return Model(mesh, tuple(data["textures"]))


def surface_tiles(assets: Path | None) -> dict[str, list[NDArray[np.uint8]]]:
    """Texture tiles, (128, 128, 3) uint8 RGB, by category (Wood, Fabric, ...), cut from the contact sheets. Empty where there are none."""
    folder = assets / "textures_ambientcg" if assets is not None else None
    tiles: dict[str, list[NDArray[np.uint8]]] = {}
    for path in sorted(folder.glob("*.webp")) if folder is not None else []:
        sheet = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if sheet is None:
            _log.warning("cannot decode the contact sheet %s", path)
            continue
        found = []
        for y in range(16, sheet.shape[0] - 127, 176):
            for x in range(16, sheet.shape[1] - 127, 144):
                tile = sheet[y : y + 128, x : x + 128, ::-1]
                border = np.concatenate([tile[0], tile[-1], tile[:, 0], tile[:, -1]])
                if (
                    tile.std() > 1 and np.ptp(border.astype(int), axis=0).max() > 2
                ):  # not an empty cell, not a letterboxed tile
                    found.append(np.ascontiguousarray(tile))
        tiles[path.stem] = found
    if not tiles:
        _log.warning("no surface tiles under %s: textures are procedural only (set GRIN_ASSETS or --assets)", assets)
    return tiles
