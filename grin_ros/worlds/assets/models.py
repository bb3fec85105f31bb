# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Models from the .sh3f catalogues of Sweet Home 3D and from Gazebo worlds, and a cache of parsed meshes.

The cache is the folder ``$XDG_CACHE_HOME/grin_ros/furniture`` (``~/.cache/grin_ros/furniture`` by default).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import zipfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets import gazebo
from grin_ros.worlds.assets.obj import TEXTURE_PX, RawModel, read_obj
from grin_ros.worlds.assets.roles import role_of
from grin_ros.worlds.shapes.mesh import Mesh

# The folder of Debian's package sweethome3d-furniture: CC BY 3.0 and CC0; its copyright file names the authors.
FURNITURE = Path("/usr/share/sweethome3d/furniture")
CACHE_VERSION = 1  # a change makes all cached models be read again
# Larger models are left out: the size of an OBJ file, the triangles of a model, and those of a small thing.
MAX_OBJ_BYTES = 5_000_000
MAX_TRIANGLES = 30_000
MAX_TRIANGLES_SMALL = 7_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """A model that scenes may use.

    Attributes:
        name: The English name.
        role: Where the model is placed, see roles.py.
        size: Its width, depth and height in metres.
        top_m: The height of the surface that things may stand on, or None.
        archive: The path of the .sh3f catalogue or of the model.sdf.
        model: The name of the model in it.
        rotation: The rotation matrix of a catalogue's model, row by row, (9,).
    """

    name: str
    role: str
    size: tuple[float, float, float]
    top_m: float | None
    archive: str
    model: str
    rotation: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """A mesh that stands on z = 0, centred in x and y, with its front towards -y.

    Its texture layers are indices of ``textures``, each (256, 256, 3) uint8 RGB.
    """

    mesh: Mesh
    textures: tuple[NDArray[np.uint8], ...]


def catalogue_pieces(folder: Path = FURNITURE) -> list[Piece]:
    """Return the usable models of all .sh3f files in a folder, in a fixed order.

    Raise ValueError if such a file is not a catalogue.
    """
    pieces = []
    for path in sorted(folder.glob("*.sh3f")):
        try:
            with zipfile.ZipFile(path) as archive:
                text = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
                sizes = {info.filename: info.file_size for info in archive.infolist()}
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f"{path}: got {error}, expected a furniture catalogue of Sweet Home 3D") from error
        entries: dict[int, dict[str, str]] = {}
        for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*)$", text, re.M):
            entries.setdefault(int(number), {})[key] = value.strip()
        for _, entry in sorted(entries.items()):
            model = entry["model"].lstrip("/")
            if not 0 < sizes.get(model, 0) < MAX_OBJ_BYTES:
                continue
            width, depth, height = (float(entry[k]) / 100 for k in ("width", "depth", "height"))
            elevation_m = float(entry.get("elevation", "0")) / 100
            role = role_of(entry["category"], entry["name"], (width, depth, height), elevation_m)
            if not role:
                continue
            drop = float(entry.get("dropOnTopElevation", str(height * 100)))
            top_m = drop / 100 if drop > 0 else None
            rotation = tuple(float(x) for x in entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split())
            pieces.append(Piece(entry["name"], role, (width, depth, height), top_m, str(path), model, rotation))
    return pieces


def gazebo_pieces(folder: Path) -> list[Piece]:
    """Return the usable models of the Gazebo worlds in a folder. They are read into the cache to find their sizes.

    Models that cannot be read are left out, with a warning in the log.
    """
    pieces = []
    for entry in gazebo.entries(folder):
        name = f"{entry.collection}/{entry.sdf.parent.name}"
        piece = Piece(entry.name, entry.role, (0.0, 0.0, 0.0), None, str(entry.sdf), name, ())
        model = load_model(piece)
        if model is None:
            continue
        low, high = model.mesh.bounds()
        size = (float(high[0] - low[0]), float(high[1] - low[1]), float(high[2]))
        top = {"table": 1.0, "low_table": 1.0, "desk": 1.0, "chair": 0.5}.get(entry.role)
        pieces.append(replace(piece, size=size, top_m=None if top is None else top * size[2]))
    return pieces


def _cache_file(piece: Piece) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    reader = f" {gazebo.VERSION} {gazebo.collada_missing()}" if piece.archive.endswith(".sdf") else ""
    key = f"{CACHE_VERSION} {Path(piece.archive).name} {piece.model}{reader}"
    name = hashlib.sha256(key.encode()).hexdigest()[:20]
    return root / "grin_ros" / "furniture" / f"{name}.npz"


def _parse(piece: Piece) -> dict[str, NDArray[np.generic]]:
    """Read a model and return the arrays that the cache stores."""
    if piece.archive.endswith(".sdf"):
        return _parse_world_model(piece)
    with zipfile.ZipFile(piece.archive) as archive:
        model = read_obj(archive, piece.model)
    turn = np.array(piece.rotation, np.float32).reshape(3, 3)
    axes = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32) @ turn  # y up, front +z  ->  z up, front -y
    vertices, normals = model.vertices @ axes.T, model.normals @ axes.T
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = np.array(piece.size, np.float32) / np.maximum(high - low, 1e-9)
    vertices = (vertices - np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]], np.float32)) * scale
    normals = normals / scale
    return _arrays(model, vertices, normals)


def _parse_world_model(piece: Piece) -> dict[str, NDArray[np.generic]]:
    """Read a Gazebo model. Buildings and props keep their own z = 0, because parts below it are foundations."""
    entry = gazebo.entry_of(Path(piece.archive))
    if entry is None:
        raise ValueError(f"{piece.archive}: models of this name are not used")
    model = gazebo.read_model(entry)
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[entry.turns % 4]
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    vertices, normals = model.vertices @ turn.T, model.normals @ turn.T
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    foot = 0.0 if entry.role in ("building", "prop") else float(low[2])
    scale = 1.0 if entry.height_m is None else entry.height_m / float(high[2] - foot)
    vertices = (vertices - np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, foot], np.float32)) * scale
    return _arrays(model, vertices, normals)


def _arrays(
    model: RawModel, vertices: NDArray[np.float32], normals: NDArray[np.float32]
) -> dict[str, NDArray[np.generic]]:
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    textures: list[NDArray[np.uint8]] = []
    layers, known = [], {}
    for m in model.materials:
        if m.texture is not None and id(m.texture) not in known:
            known[id(m.texture)] = len(textures)
            textures.append(m.texture)
        layers.append(known[id(m.texture)] if m.texture is not None else -1)
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
def load_model(piece: Piece) -> Model | None:
    """Return the model of a piece from the cache, into which it is read at the first call.

    Return None if the model has too many triangles, or if it cannot be read, with a warning in the log.
    """
    path = _cache_file(piece)
    if not path.exists():
        try:
            arrays = _parse(piece)
        except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile) as error:
            _log.warning("model %s cannot be read and is left out: %s", piece.model, error)
            arrays = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    with np.load(path, allow_pickle=False) as data:
        if "indices" not in data:
            return None
        limit = MAX_TRIANGLES_SMALL if piece.role == "small" else MAX_TRIANGLES
        if len(data["indices"]) > limit:
            return None
        kept = {name: data[name] for name in ("vertices", "normals", "uv", "colour", "layer", "gloss", "indices")}
        return Model(Mesh(**kept, glow=np.zeros_like(kept["gloss"])), tuple(data["textures"]))
