# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of the models of Gazebo worlds: size, front and textures are right; unreadable models are reported."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.worlds.assets import gazebo
from grin_ros.worlds.assets.assets import find_assets
from grin_ros.worlds.assets.models import gazebo_pieces, load_model

SDF = """<sdf version="1.5"><model name="m"><link name="l"><visual name="v"><pose>{pose}</pose><geometry><mesh>
<uri>model://{name}/meshes/{mesh}</uri><scale>{scale} {scale} {scale}</scale></mesh></geometry></visual></link></model>
</sdf>
"""
# 2 long (x), 1 wide, 1 high, in units of 2 m; a point of its own marks the end at -x.
OBJ = """\
mtllib car.mtl
v -1 -0.5 0
v 1 -0.5 0
v 1 0.5 0
v -1 0.5 0
v -1 0 1
vt 0 0
vt 1 1
usemtl paint
f 1/1 2/2 3/1
f 1/1 3/2 4/1
f 1/1 2/2 5/1
"""
DAE = """<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit meter="0.01"/><up_axis>Z_UP</up_axis></asset>
<library_images><image id="i"><init_from>../materials/textures/Table.png</init_from></image></library_images>
<library_effects><effect id="e"><profile_COMMON>
<newparam sid="s"><surface type="2D"><init_from>i</init_from></surface></newparam>
<newparam sid="t"><sampler2D><source>s</source></sampler2D></newparam>
<technique sid="c"><lambert><diffuse><texture texture="t" texcoord="UV"/></diffuse></lambert></technique>
</profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="pa" count="9">0 0 0 70 0 0 0 180 80</float_array><technique_common>
<accessor source="#pa" count="3" stride="3"><param name="X" type="float"/><param name="Y" type="float"/>
<param name="Z" type="float"/></accessor></technique_common></source>
<source id="u"><float_array id="ua" count="6">0 0 1 0 0 1</float_array><technique_common>
<accessor source="#ua" count="3" stride="2"><param name="S" type="float"/><param name="T" type="float"/></accessor>
</technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="1" material="q"><input semantic="VERTEX" source="#v" offset="0"/>
<input semantic="TEXCOORD" source="#u" offset="1" set="0"/><p>0 0 1 1 2 2</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="vs"><node><instance_geometry url="#g"><bind_material><technique_common>
<instance_material symbol="q" target="#m"/></technique_common></bind_material></instance_geometry></node></visual_scene>
</library_visual_scenes><scene><instance_visual_scene url="#vs"/></scene></COLLADA>
"""


@pytest.fixture
def worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of collections with a car (OBJ) and a table (COLLADA)."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "assets" / "worlds"
    car = root / "gazebo_outdoor" / "hatchback"
    table = root / "small_house" / "models" / "aws_robomaker_residential_KitchenTable_01"
    for model, mesh, text, scale in ((car, "car.obj", OBJ, "2"), (table, "table.dae", DAE, "1")):
        (model / "meshes").mkdir(parents=True)
        (model / "materials" / "textures").mkdir(parents=True)
        (model / "meshes" / mesh).write_text(text)
        (model / "model.sdf").write_text(SDF.format(name=model.name, mesh=mesh, scale=scale, pose="0 0 0 0 0 0"))
    (car / "meshes" / "car.mtl").write_text("newmtl paint\nmap_Kd model://hatchback/materials/textures/car.png\n")
    for path, colour in ((car / "materials/textures/car.png", 200), (table / "materials/textures/table.png", 90)):
        assert cv2.imwrite(str(path), np.full((32, 32, 3), (10, 20, colour), np.uint8))
    return root


def test_a_car_in_obj_format_has_its_front_at_minus_y(worlds: Path) -> None:
    (car,) = [p for p in gazebo_pieces(worlds) if p.role == "car"]
    assert (car.name, car.size) == ("hatchback", (2.0, 4.0, 2.0))
    model = load_model(car)
    assert model is not None
    np.testing.assert_allclose(model.mesh.vertices[np.argmax(model.mesh.vertices[:, 2])], [0, -2, 2], atol=1e-6)
    assert model.textures[0][5, 5].tolist() == [200, 20, 10] and (model.mesh.layer == 0).all()


def test_collada_is_read_in_metres_with_its_texture(worlds: Path) -> None:
    pytest.importorskip("collada")
    (table,) = [p for p in gazebo_pieces(worlds) if p.role == "table"]
    np.testing.assert_allclose(table.size, (1.8, 0.7, 0.8), atol=1e-6)
    assert table.top_m == pytest.approx(0.8)
    model = load_model(table)
    assert model is not None and len(model.mesh.indices) == 1
    assert model.textures[0][5, 5].tolist() == [90, 20, 10], "the case of the file name must not matter"
    np.testing.assert_allclose(np.linalg.norm(model.mesh.normals, axis=1), 1.0, atol=1e-5)


def test_used_models_are_recorded(worlds: Path, tmp_path: Path) -> None:
    found = find_assets(worlds.parent, tmp_path / "none")
    assert "gazebo_outdoor: 1 models" in found.used
    assert "models of gazebo_outdoor CC BY 3.0" in found.licence
    assert not any("no worlds" in note for note in found.notes)


def test_without_pycollada_its_models_are_left_out_with_a_note(
    worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gazebo, "collada_missing", lambda: True)
    monkeypatch.setattr("grin_ros.worlds.assets.assets.collada_missing", lambda: True)
    find_assets.cache_clear()
    load_model.cache_clear()
    found = find_assets(worlds.parent, tmp_path / "none")
    assert [p.role for p in found.pieces] == ["car"]
    assert any("pip install pycollada" in note for note in found.notes)


def test_a_model_that_cannot_be_read_is_left_out_and_logged(worlds: Path, caplog: pytest.LogCaptureFixture) -> None:
    (worlds / "gazebo_outdoor" / "hatchback" / "meshes" / "car.obj").unlink()
    load_model.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert not [p for p in gazebo_pieces(worlds) if p.role == "car"]
    assert "hatchback" in caplog.text
