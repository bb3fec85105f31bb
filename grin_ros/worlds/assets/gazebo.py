# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Models of Gazebo worlds (SDF with COLLADA or OBJ meshes) as pieces, for rooms and for streets.

A folder of collections: ``gazebo_outdoor`` holds model folders, ``small_house`` and ``bookstore`` hold ``models/``.
Reading COLLADA needs pycollada; without it those models are left out, which is noted.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.assets.obj import TEXTURE_PX, Material, ObjModel, read_obj

_log = logging.getLogger(__name__)
VERSION = 3  # of the table below and of reading: cached models of another are read anew
MAX_TRIANGLES = 60_000
COLLECTIONS = {
    "gazebo_outdoor": "CC BY 3.0 (Gazebo models, Copyright 2012 Nathan Koenig and contributors)",
    "small_house": "MIT-0 (AWS RoboMaker small house)",
    "bookstore": "MIT-0 (AWS RoboMaker bookstore)",
}
# Folder name, role, quarter turns about z that bring the front to -y, height in metres where the file's is wrong.
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
class Entry:
    """A model that may be used: its model.sdf, role, quarter turns, and its true height where the file's is wrong."""

    name: str
    collection: str
    sdf: Path
    role: str
    turns: int
    height_m: float | None


def collada_missing() -> bool:
    """Whether COLLADA meshes cannot be read here."""
    return importlib.util.find_spec("collada") is None


def entries(folder: Path) -> list[Entry]:
    """The models of the known collections in a folder, in a fixed order; empty where there are none."""
    found = []
    for collection in COLLECTIONS:
        root = folder / collection
        for sdf in sorted([*root.glob("*/model.sdf"), *root.glob("models/*/model.sdf")]):
            entry = entry_of(sdf, collection)
            if entry is not None:
                found.append(entry)
    return found


def entry_of(sdf: Path, collection: str = "") -> Entry | None:
    """The entry of a model.sdf; None when models of that name are not used."""
    name = re.sub(r"^aws_robomaker_(residential|retail)_", "", sdf.parent.name)
    for pattern, role, turns, height_m in _ROLES:
        if re.search(pattern, name):
            return Entry(name, collection, sdf, role, turns, height_m)
    return None


class _Folder:
    """Files of a model by the names that its files use: relative, ``model://``, or a bare picture name."""

    def __init__(self, model: Path) -> None:
        self.model = model

    def find(self, name: str) -> Path | None:
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
        """KeyError when there is no such file."""
        path = self.find(name)
        if path is None:
            raise KeyError(name)
        return path.read_bytes()

    def diffuse(self) -> Path | None:
        """The picture that a material script would name: of a model whose mesh names none."""
        pictures = sorted((self.model / "materials" / "textures").glob("*"))
        wanted = [p for p in pictures if re.search(r"diffuse.*\.(png|jpg)$", p.name.lower())]
        return wanted[0] if wanted else None


@lru_cache(maxsize=64)
def _picture(path: Path | None) -> NDArray[np.uint8] | None:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path is not None else None
    if image is None:
        return None
    small = cv2.resize(image, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1]).astype(np.uint8)


def read_model(entry: Entry) -> ObjModel:
    """The visuals of a model joined, z up, in metres.

    ValueError when nothing can be read.
    """
    folder = _Folder(entry.sdf.parent)
    parts: list[ObjModel] = []
    try:
        root = ET.parse(entry.sdf).getroot()
    except ET.ParseError as error:
        raise ValueError(f"{entry.sdf}: {error}") from error
    for visual in root.iter("visual"):
        uri = (visual.findtext("geometry/mesh/uri") or "").strip()
        path = folder.find(uri) if uri else None
        if path is None or path.suffix.lower() not in (".dae", ".obj"):
            _log.info("%s: no mesh %s, left out", entry.name, uri)
            continue
        part = read_obj(folder, uri) if path.suffix.lower() == ".obj" else read_collada(path, folder)
        scale = np.array((visual.findtext("geometry/mesh/scale") or "1 1 1").split(), np.float64)
        scale = np.broadcast_to(scale, (3,)) if scale.size in (1, 3) else np.ones(3)
        pose = np.array((visual.findtext("pose") or "0 0 0 0 0 0").split(), np.float64)
        turn = _rotation(*pose[3:6])
        vertices = (part.vertices * scale) @ turn.T + pose[:3]
        normals = (part.normals / scale) @ turn.T
        parts.append(_replaced(part, vertices, normals))
    if not parts:
        raise ValueError(f"{entry.name}: no mesh of it could be read")
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


def _replaced(part: ObjModel, vertices: NDArray[np.float64], normals: NDArray[np.float64]) -> ObjModel:
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return ObjModel(
        vertices.astype(np.float32), normals.astype(np.float32), part.uv, part.material, part.indices, part.materials
    )


def _joined(parts: list[ObjModel]) -> ObjModel:
    starts = np.cumsum([0, *[len(p.vertices) for p in parts]])
    firsts = np.cumsum([0, *[len(p.materials) for p in parts]])
    return ObjModel(
        np.concatenate([p.vertices for p in parts]),
        np.concatenate([p.normals for p in parts]),
        np.concatenate([p.uv for p in parts]),
        np.concatenate([p.material + np.int32(f) for p, f in zip(parts, firsts, strict=False)]),
        np.concatenate([p.indices + np.int32(s) for p, s in zip(parts, starts, strict=False)]),
        [m for p in parts for m in p.materials],
    )


def read_collada(path: Path, folder: _Folder) -> ObjModel:
    """A COLLADA file in metres, z up. ValueError when it has no triangles, or without pycollada."""
    if collada_missing():
        raise ValueError(f"{path}: pycollada is not installed, expected it for COLLADA (pip install pycollada)")
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
        part = ObjModel(
            np.zeros((0, 3), np.float32),
            np.zeros((0, 3), np.float32),
            uv.reshape(-1, 2).astype(np.float32),
            np.zeros(3 * count, np.int32),
            np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
            [_material(triangles.material, folder, fallback)],
        )
        parts.append(_replaced(part, corners.reshape(-1, 3) @ up.T * unit, normals.reshape(-1, 3) @ up.T))
    if not parts:
        raise ValueError(f"{path}: got no triangles, expected at least one")
    return _joined(parts)


def _triangle_sets(document: Any) -> Iterator[Any]:
    """What can be drawn, with its transformation applied."""
    for geometry in document.scene.objects("geometry"):
        for primitive in geometry.primitives():
            triangles = primitive.triangleset() if hasattr(primitive, "triangleset") else primitive
            if getattr(triangles, "vertex_index", None) is None or not len(triangles.vertex_index):
                continue
            if np.shape(triangles.vertex_index)[-1] == 3:
                yield triangles


def _material(material: Any, folder: _Folder, fallback: Path | None) -> Material:
    """Colour or picture of a COLLADA material."""
    effect = getattr(material, "effect", None)
    diffuse = getattr(effect, "diffuse", None)
    sampler = getattr(diffuse, "sampler", None)
    if sampler is not None:
        texture = _picture(folder.find(str(sampler.surface.image.path)))
        if texture is None:
            texture = _picture(fallback)
        if texture is not None:
            return Material((1.0, 1.0, 1.0), 0.1, texture)
        return Material()
    if fallback is not None:
        return Material((1.0, 1.0, 1.0), 0.1, _picture(fallback))
    if isinstance(diffuse, tuple) and len(diffuse) >= 3:
        red, green, blue = (min(max(float(v), 0.02), 0.95) ** 1.6 for v in diffuse[:3])
        return Material((red, green, blue), 0.1)
    return Material()
