# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Dataclasses from YAML: an error names the wrong key and the expected one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grin_ros.core.config import from_mapping, load_yaml, nearest
from grin_ros.lab.network.config import ModelConfig

CONFIGS = Path(__file__).parents[2] / "config" / "model"


@dataclass(frozen=True)
class Lens:
    focal_px: float
    name: str = "plain"


@dataclass(frozen=True)
class Rig:
    lens: Lens
    count: int = 1
    wide: bool = False
    offsets: tuple[float, ...] = ()
    hashes: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def test_nested_mappings_become_nested_dataclasses() -> None:
    values = {"lens": {"focal_px": 500}, "count": 2, "offsets": [1, 2.5], "hashes": {"a": "b"}, "notes": {"x": [1]}}
    rig = from_mapping(Rig, values)
    assert rig == Rig(Lens(500.0), 2, False, (1.0, 2.5), {"a": "b"}, {"x": [1]})
    assert isinstance(rig.lens.focal_px, float)
    assert isinstance(rig.offsets[0], float)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"lens": {"focal_px": 1.0}, "cuont": 2}, "unknown key 'cuont'; did you mean 'count'"),
        ({"lens": {"focal": 1.0}}, r"config\.lens: unknown key 'focal'; did you mean 'focal_px'"),
        ({"lens": {"focal_px": 1.0}, "zzz": 2}, r"unknown key 'zzz' \(known keys: count, hashes, lens,"),
        ({}, "missing keys lens"),
        ({"lens": {}}, r"config\.lens: missing keys focal_px"),
        ({"lens": 3}, r"config\.lens: got int, expected a mapping"),
        ({"lens": {"focal_px": "5"}}, r"focal_px: got '5' \(str\), expected float"),
        ({"lens": {"focal_px": True}}, r"focal_px: got True \(bool\), expected float"),
        ({"lens": {"focal_px": 1.0}, "count": 1.5}, r"count: got 1.5 \(float\), expected int"),
        ({"lens": {"focal_px": 1.0}, "count": True}, r"count: got True \(bool\), expected int"),
        ({"lens": {"focal_px": 1.0}, "wide": 1}, r"wide: got 1 \(int\), expected bool"),
        ({"lens": {"focal_px": 1.0}, "offsets": 1}, "offsets: got 1, expected a list"),
        ({"lens": {"focal_px": 1.0}, "offsets": ["a"]}, "offsets: got 'a'"),
        ({"lens": {"focal_px": 1.0}, "hashes": ["a"]}, r"hashes: got \['a'\], expected a mapping"),
        ({"lens": {"focal_px": 1.0}, "hashes": {"f": 5}}, r"hashes\.f: got 5 \(int\), expected str"),
    ],
)
def test_an_error_names_the_key_and_what_was_expected(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        from_mapping(Rig, values)


def test_nearest_names_one_or_nothing() -> None:
    assert nearest("ortt", ["ort", "reference"]) == "; did you mean 'ort'?"
    assert nearest("xyz", ["ort", "reference"]) == ""


def test_yaml_file(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text("lens: {focal_px: 2}\ncount: 3\n")
    assert load_yaml(Rig, path) == Rig(Lens(2.0), 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lens: [", "not valid YAML"),
        ("- a\n- b\n", "got list, expected a mapping"),
        ("", "missing keys lens"),
        ("lens: {focal_px: 2}\nwdie: true\n", "did you mean 'wide'"),
    ],
)
def test_bad_yaml_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rig.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        load_yaml(Rig, path)
    assert str(path) in str(caught.value)


def test_missing_yaml_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none.yaml: cannot be read .*; check the path"):
        load_yaml(Rig, tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_model_sizes_load(path: Path) -> None:
    config = load_yaml(ModelConfig, path)
    assert config.image_height % 32 == 0
    assert config.scene_rows * 16 == config.image_height
