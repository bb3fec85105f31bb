# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Read models of Gazebo worlds (SDF files with COLLADA or OBJ meshes), for rooms and for streets.

The collection ``gazebo_outdoor`` is a folder of model folders; ``small_house`` and ``bookstore`` have them in a
subfolder ``models``. COLLADA files need pycollada. Without it their models are left out, with a note in the log.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.obj import FileMaterial, RawModel, albedo, as_texture, read_obj

_log = logging.getLogger(__name__)
VERSION = 3  # the version of the table and the code below; models that another version cached are read again
MAX_TRIANGLES = 60_000  # models with more triangles are left out
COLLECTIONS = {
    "gazebo_outdoor": "CC BY 3.0 (Gazebo models, Copyright 2012 Nathan Koenig and contributors)",
    "small_house": "MIT-0 (AWS RoboMaker small house)",
    "bookstore": "MIT-0 (AWS RoboMaker bookstore)",
}
# For each pattern of folder names: the role, the quarter turns about z that bring the front to -y, and the height in
# metres if that of the file is wrong.
_ROLES: tuple[tuple[str, str, int, float | None], ...] = (
    (r"ambulance|fire_truck|^bus$", "truck", 0, None),
    (r"hatchback|pickup", "car", 1, None),
    (r"^suv$", "car", 1, 1.8),
    (
        r"apartment|fire_station|grocery|law_office|office_building|police|post_office|salon|school|thrift",
        "building",
        0,
        None,
    ),
    (r"house_\d|fast_food|collapsed|osrf_first", "building", 0, None),
    (r"construction_cone", "prop", 0, 0.75),
    (r"construction_barrel", "prop", 0, 1.0),
    (r"stop_sign", "prop", 0, 2.2),
    (r"dumpster|hydrant|jersey|mailbox|telephone_pole|lamp_post", "prop", 0, None),
    (r"playground", "play", 0, None),
    (r"BalconyTable|CoffeeTable", "low_table", 0, None),
    (r"Bed_01|Wardrobe|Refrigerator|NightStand|ShoeRack|AirconditionerB", "wall", 0, None),
    (r"BookshelfB", "wall", 2, None),
    (r"TVCabinet|FitnessEquipment", "wall", 1, None),
    (r"KitchenTable", "table", 1, None),
    (r"ReadingDesk", "desk", 1, None),
    (r"ChairA|ChairB", "chair", 1, None),
    (r"ChairD|SofaB", "chair", 3, None),
    (r"Sofa_01|SofaC", "wall", 0, None),
    (r"Carpet", "rug", 0, None),
    (r"Chandelier", "ceiling", 0, None),
    (r"Tableware|Vase|Trash|BookE_|MagicCube|SmartSpeaker|Tablet|Computer|Horologe|LightC|Bicycle", "small", 0, None),
    (r"Dumbbell", "floor", 0, None),
)


@dataclass(frozen=True)
class ModelEntry:
    """A usable model: its model.sdf, its role, its quarter turns, and its height if that of the file is wrong."""

    name: str
    collection: str
    sdf: Path
    role: str
    turns: int
    height_m: float | None


def collada_missing() -> bool:
    """Return True if pycollada is not installed, so that COLLADA meshes cannot be read."""
    return importlib.util.find_spec("collada") is None


def entries(folder: Path) -> list[ModelEntry]:
    """Return the usable models of the known collections in a folder, in a fixed order."""
    found = []
    for collection in COLLECTIONS:
        root = folder / collection
        for sdf in sorted([*root.glob("*/model.sdf"), *root.glob("models/*/model.sdf")]):
            entry = entry_of(sdf, collection)
            if entry is not None:
                found.append(entry)
    return found


def entry_of(sdf: Path, collection: str = "") -> ModelEntry | None:
    """Return the entry of a model.sdf, or None if models with that folder name are not used."""
    name = re.sub(r"^aws_robomaker_(residential|retail)_", "", sdf.parent.name)
    for pattern, role, turns, height_m in _ROLES:
        if re.search(pattern, name):
            return ModelEntry(name, collection, sdf, role, turns, height_m)
    return None


class _Folder:
    """The files of a model, found by the names in its files: relative, with ``model://``, or a bare picture name."""

    def __init__(self, model: Path) -> None:
        self.model = model

    def find(self, name: str) -> Path | None:
        """Return the path of a file, or None if there is none. The case of a bare picture name is ignored."""
        plain = name.split("model://")[-1].removeprefix("file://models/").removeprefix("file://")
        bare = Path(plain.replace("\\", "/")).name.lower()
        for path in (self.model.parent / plain, self.model / plain, self.model / "meshes" / plain):
            if path.is_file():
                return path
        for path in sorted((self.model / "materials" / "textures").glob("*")):
            if path.name.lower() == bare:
                return path
        return None

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raise KeyError if there is no such file."""
        path = self.find(name)
        if path is None:
            raise KeyError(name)
        return path.read_bytes()

    def diffuse(self) -> Path | None:
        """Return the path of the diffuse picture, for models whose mesh names no picture."""
        pictures = sorted((self.model / "materials" / "textures").glob("*"))
        wanted = [p for p in pictures if re.search(r"diffuse.*\.(png|jpg)$", p.name.lower())]
        return wanted[0] if wanted else None


@lru_cache(maxsize=64)
def _texture(path: Path | None) -> NDArray[np.uint8] | None:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path is not None else None
    return None if image is None else as_texture(image)


def read_model(entry: ModelEntry) -> RawModel:
    """Return the visuals of a model as one mesh in metres, z up. Raise ValueError if nothing can be read."""
    folder = _Folder(entry.sdf.parent)
    parts: list[RawModel] = []
    try:
        root = ET.parse(entry.sdf).getroot()
    except ET.ParseError as error:
        raise ValueError(f"{entry.sdf}: {error}") from error
    for visual in root.iter("visual"):
        uri = (visual.findtext("geometry/mesh/uri") or "").strip()
        path = folder.find(uri) if uri else None
        if path is None or path.suffix.lower() not in (".dae", ".obj"):
            _log.info("%s: no COLLADA or OBJ mesh %r was found; this part is left out", entry.name, uri)
            continue
        part = read_obj(folder, uri) if path.suffix.lower() == ".obj" else _read_collada(path, folder)
        scale = np.array((visual.findtext("geometry/mesh/scale") or "1 1 1").split(), np.float64)
        scale = np.broadcast_to(scale, (3,)) if scale.size in (1, 3) else np.ones(3)
        pose = np.array((visual.findtext("pose") or "0 0 0 0 0 0").split(), np.float64)
        turn = _rotation(*pose[3:6])
        vertices = (part.vertices * scale) @ turn.T + pose[:3]
        normals = (part.normals / scale) @ turn.T
        parts.append(_with_geometry(part, vertices, normals))
    if not parts:
        raise ValueError(f"{entry.sdf}: got no readable mesh, expected at least one in COLLADA or OBJ format")
    model = _joined(parts)
    if len(model.indices) > MAX_TRIANGLES:
        raise ValueError(f"{entry.name}: got {len(model.indices)} triangles, expected at most {MAX_TRIANGLES}")
    return model


def _rotation(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    (cr, sr), (cp, sp), (cy, sy) = ((np.cos(a), np.sin(a)) for a in (roll, pitch, yaw))
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def _with_geometry(part: RawModel, vertices: NDArray[np.float64], normals: NDArray[np.float64]) -> RawModel:
    """Return the model with other vertices and normals. The normals need not have unit length."""
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return replace(part, vertices=vertices.astype(np.float32), normals=normals.astype(np.float32))


def _joined(parts: list[RawModel]) -> RawModel:
    starts = np.cumsum([0, *[len(p.vertices) for p in parts]])
    firsts = np.cumsum([0, *[len(p.materials) for p in parts]])
    return RawModel(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.normals for p in parts]),
        np.concatenate([p.uv for p in parts]),
        np.concatenate([p.material + np.int32(f) for p, f in zip(parts, firsts, strict=False)]),
        np.concatenate([p.indices + np.int32(s) for p, s in zip(parts, starts, strict=False)]),
        [m for p in parts for m in p.materials],
    )


def _read_collada(path: Path, folder: _Folder) -> RawModel:
    """Return a COLLADA model in metres, z up. Raise ValueError if it has no triangles or pycollada is missing."""
    if collada_missing():
        raise ValueError(f"{path}: COLLADA needs pycollada, which is not installed (pip install pycollada)")
    import collada

    try:
        document = collada.Collada(str(path), ignore=[collada.DaeError])
    except collada.DaeError as error:
        raise ValueError(f"{path}: got {error}, expected COLLADA") from error
    unit = float(document.assetInfo.unitmeter or 1.0)
    up = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) if document.assetInfo.upaxis == "Y_UP" else np.eye(3)
    parts = []
    fallback = folder.diffuse()
    for triangles in _triangle_sets(document):
        corners = triangles.vertex[triangles.vertex_index].astype(np.float64)  # (m, 3, 3)
        count = len(corners)
        if triangles.normal is not None and triangles.normal_index is not None and len(triangles.normal):
            normals = triangles.normal[triangles.normal_index].astype(np.float64)
        else:
            flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normals = np.repeat(flat[:, None], 3, axis=1)
        uv = np.zeros((count, 3, 2))
        if triangles.texcoordset:
            uv = triangles.texcoordset[0][triangles.texcoord_indexset[0]][..., :2].astype(np.float64)
            uv = np.stack([uv[..., 0], 1 - uv[..., 1]], -1)
        part = RawModel(
            np.zeros((0, 3), np.float32),
            np.zeros((0, 3), np.float32),
            uv.reshape(-1, 2).astype(np.float32),
            np.zeros(3 * count, np.int32),
            np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
            [_material(triangles.material, folder, fallback)],
        )
        parts.append(_with_geometry(part, corners.reshape(-1, 3) @ up.T * unit, normals.reshape(-1, 3) @ up.T))
    if not parts:
        raise ValueError(f"{path}: got no triangles, expected at least one")
    return _joined(parts)


def _triangle_sets(document: Any) -> Iterator[Any]:
    """Yield the triangles of a document, with the transformations of the scene applied."""
    for geometry in document.scene.objects("geometry"):
        for primitive in geometry.primitives():
            triangles = primitive.triangleset() if hasattr(primitive, "triangleset") else primitive
            if getattr(triangles, "vertex_index", None) is None or not len(triangles.vertex_index):
                continue
            if np.shape(triangles.vertex_index)[-1] == 3:
                yield triangles


def _material(material: Any, folder: _Folder, fallback: Path | None) -> FileMaterial:
    """Return a COLLADA material. ``fallback`` is the picture of materials that name none."""
    effect = getattr(material, "effect", None)
    diffuse = getattr(effect, "diffuse", None)
    sampler = getattr(diffuse, "sampler", None)
    if sampler is not None:
        texture = _texture(folder.find(str(sampler.surface.image.path)))
        if texture is None:
            texture = _texture(fallback)
        return FileMaterial() if texture is None else FileMaterial((1.0, 1.0, 1.0), 0.1, texture)
    if fallback is not None:
        return FileMaterial((1.0, 1.0, 1.0), 0.1, _texture(fallback))
    if isinstance(diffuse, tuple) and len(diffuse) >= 3:
        return FileMaterial(albedo(diffuse[:3]), 0.1)
    return FileMaterial()
