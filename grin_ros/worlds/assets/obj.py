# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Read Wavefront OBJ models with their materials from an archive, such as a .sh3f catalogue of Sweet Home 3D."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

TEXTURE_PX = 256  # the width and height of textures


class Archive(Protocol):
    """A source of files, such as a zip file or a folder."""

    def read(self, name: str, /) -> bytes:
        """Return the content of a file. Raise KeyError if there is no file with this name."""
        ...


@dataclass(frozen=True)
class FileMaterial:
    """A material: the diffuse colour in linear RGB, the gloss in [0, 1], and a texture (256, 256, 3) uint8 RGB."""

    colour: tuple[float, float, float] = (0.7, 0.7, 0.7)
    gloss: float = 0.1
    texture: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class RawModel:
    """A model as it was read from a file.

    Attributes:
        vertices: Positions, (n, 3).
        normals: Unit normals, (n, 3).
        uv: Texture coordinates, (n, 2); v runs downwards.
        material: The index of each vertex's material, (n,).
        indices: The vertices of the triangles, (m, 3).
        materials: The materials.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    material: NDArray[np.int32]
    indices: NDArray[np.int32]
    materials: list[FileMaterial] = field(default_factory=list)


def read_texture(archive: Archive, path: str) -> NDArray[np.uint8] | None:
    """Return an image as a texture (256, 256, 3) uint8 RGB, or None if the archive has no such image."""
    try:
        data = np.frombuffer(archive.read(path), np.uint8)
    except KeyError:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return None if image is None else as_texture(image)


def as_texture(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a BGR image, as OpenCV reads it, as a texture (256, 256, 3) uint8 RGB."""
    small = cv2.resize(image, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1]).astype(np.uint8)


def albedo(diffuse: Sequence[float]) -> tuple[float, float, float]:
    """Return the linear albedo of a diffuse sRGB colour from a file, neither black nor white."""
    red, green, blue = (min(max(float(v), 0.02), 0.95) ** 1.6 for v in diffuse)
    return red, green, blue


def read_materials(archive: Archive, path: str) -> dict[str, FileMaterial]:
    """Return the materials of an MTL file by name. The result is empty if the file does not exist."""
    try:
        lines = archive.read(path).decode("latin-1").splitlines()
    except KeyError:
        return {}
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in lines:
        key, _, value = line.strip().partition(" ")
        if key == "newmtl":
            current = found.setdefault(value.strip(), {})
        elif key:
            current[key] = value.strip()
    materials = {}
    for name, entry in found.items():
        texture = None
        if entry.get("map_Kd"):
            texture = read_texture(archive, posixpath.join(posixpath.dirname(path), entry["map_Kd"].replace("\\", "/")))
        kd = [float(v) for v in entry.get("Kd", "0.7 0.7 0.7").split()[:3]]
        ks = [float(v) for v in entry.get("Ks", "0 0 0").split()[:3]]
        colour = (1.0, 1.0, 1.0) if texture is not None else albedo(kd)
        materials[name] = FileMaterial(colour, min(float(np.mean(ks)) * 0.8, 0.8), texture)
    return materials


def _numbers(rows: list[list[str]], width: int) -> NDArray[np.float64]:
    full = [row[:width] + ["0"] * (width - len(row)) for row in rows]
    return np.array(full, np.float64).reshape(-1, width)


def _corner(token: str, counts: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the indices of position, texture coordinate and normal of a corner such as 3/1/2; -1 for a missing one.

    counts: how many of each were read so far. Negative numbers in the file count back from there.
    """
    position, *others = (token + "//").split("/")[:3]
    numbers = (int(position), *(int(part or 0) for part in others))
    a, b, c = (
        number - 1 if number > 0 else (count + number if number else -1)
        for number, count in zip(numbers, counts, strict=True)
    )
    return a, b, c


def read_obj(archive: Archive, path: str) -> RawModel:
    """Return the model of an OBJ file in the axes and units of the file. Raise ValueError if it has no face.

    Faces without normals get that of their plane. Polygons are split into triangles around their first corner.
    """
    rows: dict[str, list[list[str]]] = {"v": [], "vt": [], "vn": []}
    materials: dict[str, FileMaterial] = {}
    names: dict[str, int] = {"": 0}
    current = 0
    corners: list[tuple[int, int, int, int]] = []
    for line in archive.read(path).decode("latin-1").replace("\\\n", " ").splitlines():
        keyword, _, value = line.partition(" ")
        if keyword in rows:
            rows[keyword].append(value.split())
        elif keyword == "f":
            counts = len(rows["v"]), len(rows["vt"]), len(rows["vn"])
            polygon = [(*_corner(token, counts), current) for token in value.split()]
            for k in range(1, len(polygon) - 1):
                corners += (polygon[0], polygon[k], polygon[k + 1])
        elif keyword == "usemtl":
            current = names.setdefault(value.strip(), len(names))
        elif keyword == "mtllib":
            materials.update(read_materials(archive, posixpath.join(posixpath.dirname(path), value.strip())))
    v, vt, vn = _numbers(rows["v"], 3), _numbers(rows["vt"], 2), _numbers(rows["vn"], 3)
    if not corners:
        raise ValueError(f"{path}: got an OBJ without faces, expected at least one")
    table = np.array(corners, np.int64)
    positions = v[table[:, 0]]
    first, second, third = positions[0::3], positions[1::3], positions[2::3]
    flat = np.repeat(np.cross(second - first, third - first), 3, axis=0)
    has_normal = table[:, 2] >= 0
    normals = np.where(has_normal[:, None], vn[np.maximum(table[:, 2], 0)], flat) if len(vn) else flat
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    uv = vt[np.maximum(table[:, 1], 0)] * (table[:, 1:2] >= 0) if len(vt) else np.zeros((len(table), 2))
    uv = np.stack([uv[:, 0], 1 - uv[:, 1]], 1)
    key = np.concatenate([table[:, :2], np.round(normals * 50).astype(np.int64), table[:, 3:]], axis=1)
    _, kept, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return RawModel(
        positions[kept].astype(np.float32),
        normals[kept].astype(np.float32),
        uv[kept].astype(np.float32),
        table[kept, 3].astype(np.int32),
        inverse.reshape(-1, 3).astype(np.int32),
        [materials.get(name, FileMaterial()) for name in names],
    )
