# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the search for assets: found ones are recorded, missing ones are noted, unreadable ones are named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.worlds.assets.assets import PROCEDURAL_ONLY, find_assets
from grin_ros.worlds.assets.models import catalogue_pieces, load_model
from grin_ros.worlds.assets.roles import role_of

CATALOGUE = """\
name#1=Wooden chest
category#1=Furniture
model#1=/chest.obj
width#1=120
depth#1=50
height#1=80
name#2=Moon
category#2=Furniture
model#2=/missing.obj
width#2=10
depth#2=10
height#2=10
"""
# 2 wide, 4 high, 1 deep, y up; the front, towards +z, is red.
MODEL = """\
mtllib chest.mtl
v 0 0 0
v 2 0 0
v 2 4 0
v 0 4 0
v 0 0 1
v 2 0 1
v 2 4 1
v 0 4 1
usemtl wood
f 1 4 3 2
f 1 2 6 5
f 4 8 7 3
f 1 5 8 4
f 2 3 7 6
usemtl front
f 5 6 7 8
"""
MATERIALS = "newmtl wood\nKd 0.2 0.2 0.2\nnewmtl front\nKd 0.9 0.1 0.1\n"


@pytest.fixture
def furniture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue of one usable model. Models are cached in the temporary folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "furniture"
    folder.mkdir()
    with zipfile.ZipFile(folder / "Mine.sh3f", "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", CATALOGUE)
        archive.writestr("chest.obj", MODEL)
        archive.writestr("chest.mtl", MATERIALS)
    return folder


def picture(path: Path, width: int, height: int, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)
    assert cv2.imwrite(str(path), image)


def test_without_assets_everything_is_procedural(tmp_path: Path) -> None:
    found = find_assets(None, tmp_path)
    assert (found.used, found.licence) == ((PROCEDURAL_ONLY,), "Rendered by grin_ros")
    assert not found.pieces and not found.tiles
    furniture, worlds, textures = found.notes
    assert "no furniture models" in furniture and "apt install sweethome3d-furniture" in furniture
    assert "no worlds" in worlds and "procedural bodies only" in worlds
    assert "no texture sets" in textures and "GRIN_ASSETS" in textures


def test_a_model_stands_in_metres_with_its_front_towards_the_room(furniture: Path) -> None:
    (piece,) = catalogue_pieces(furniture)
    assert (piece.name, piece.role, piece.size, piece.top_m) == ("Wooden chest", "wall", (1.2, 0.5, 0.8), 0.8)
    model = load_model(piece)
    assert model is not None and len(model.mesh.indices) == 12 and not model.textures
    low, high = model.mesh.bounds()
    np.testing.assert_allclose([low, high], [[-0.6, -0.25, 0.0], [0.6, 0.25, 0.8]], atol=1e-6)
    red = model.mesh.colour[:, 0] > 0.5
    np.testing.assert_allclose(model.mesh.vertices[red, 1], -0.25, atol=1e-6)
    np.testing.assert_allclose(model.mesh.normals[red], np.tile([0.0, -1.0, 0.0], (red.sum(), 1)), atol=1e-6)


def test_furniture_is_recorded(furniture: Path, tmp_path: Path) -> None:
    found = find_assets(tmp_path, furniture)
    assert found.used == ("sweethome3d-furniture: 1 models of Mine",)
    assert found.licence == "Rendered by grin_ros; furniture models CC BY 3.0 and CC0 (sweethome3d-furniture)"
    assert len(found.notes) == 2 and "no worlds" in found.notes[0] and "no texture sets" in found.notes[1]


def test_a_texture_set_is_any_folder_of_tile_pictures(tmp_path: Path) -> None:
    mine = tmp_path / "textures_mine"
    picture(mine / "Wood" / "oak.jpg", 400, 300)
    picture(mine / "Wood" / "ash.png", 64, 90)
    picture(mine / "Carpet" / "red.webp", 128, 128)
    (mine / "Carpet" / "README.md").write_text("mine")
    (mine / "Carpet" / "torn.png").write_bytes(b"not a picture")
    sheet = np.full((16 + 176 + 128, 16 + 144 + 128 + 16, 3), 255, np.uint8)  # 2 x 2 cells, one of them empty
    rng = np.random.default_rng(1)
    for x, y in ((16, 16), (160, 16), (16, 192)):
        sheet[y : y + 128, x : x + 128] = rng.integers(0, 255, (128, 128, 3))
    (tmp_path / "textures_sheets").mkdir()
    cv2.imwrite(str(tmp_path / "textures_sheets" / "Tiles.png"), sheet)
    picture(tmp_path / "photographs" / "Wood" / "holiday.png", 64, 64)
    found = find_assets(tmp_path, tmp_path / "none")
    shapes = {name: [tile.shape for tile in tiles] for name, tiles in found.tiles.items()}
    assert shapes == {"Carpet": [(128, 128, 3)], "Wood": [(64, 64, 3), (256, 256, 3)], "Tiles": [(128, 128, 3)] * 3}
    np.testing.assert_array_equal(found.tiles["Tiles"][1], sheet[16:144, 160:288, ::-1])
    assert found.used == ("textures_mine: 3 tiles of 2 categories", "textures_sheets: 3 tiles of 1 categories")
    assert "tiles of textures_mine under their own licence" in found.licence
    assert any("cannot decode" in note and "torn.png" in note for note in found.notes)


def test_unusable_folders_and_catalogues_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="assets: got .*nowhere, expected a folder"):
        find_assets(tmp_path / "nowhere")
    (tmp_path / "Broken.sh3f").write_bytes(b"not a zip")
    with pytest.raises(ValueError, match=r"Broken\.sh3f: .*expected a furniture catalogue"):
        find_assets(None, tmp_path)


@pytest.mark.parametrize(
    ("category", "name", "size", "elevation_m", "role"),
    [
        ("Living room", "Sofa", (2.0, 0.9, 0.8), 0.0, "wall"),
        ("Living room", "Coffee table", (1.0, 0.6, 0.4), 0.0, "low_table"),
        ("Office", "Office chair", (0.7, 0.7, 1.1), 0.0, "chair"),
        ("Kitchen", "Upper cabinet", (0.6, 0.35, 0.7), 1.4, "hung"),
        ("Lights", "Pendant lamp", (0.3, 0.3, 0.9), 1.5, "ceiling"),
        ("Lights", "Desk lamp", (0.2, 0.2, 0.4), 0.0, "small"),
        ("Miscellaneous", "Wall frame", (0.5, 0.03, 0.4), 1.3, "hung"),
        ("Miscellaneous", "Carpet", (2.0, 1.4, 0.01), 0.0, "rug"),
        ("Vehicles", "Bicycle", (0.6, 1.7, 1.0), 0.0, "floor"),
        ("Vehicles", "Lorry", (2.5, 7.0, 3.0), 0.0, ""),
        ("Exterior", "Fountain", (2.0, 2.0, 1.0), 0.0, ""),
    ],
)
def test_name_category_and_size_give_the_role(
    category: str, name: str, size: tuple[float, float, float], elevation_m: float, role: str
) -> None:
    assert role_of(category, name, size, elevation_m) == role
