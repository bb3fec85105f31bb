# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An artifact is used whole and unchanged, or refused with a reason and a remedy."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import find_artifact, load_artifact
from grin_ros.core.artifact.manifest import FORMAT, GRAPHS, ArtifactError, Calibration, SigmaFactor, write_manifest

FILES = (*(f"{graph}.onnx" for graph in GRAPHS), "weights.safetensors", "golden.npz")


@pytest.fixture
def copy(tiny_artifact: Path, tmp_path: Path) -> Path:
    """A copy of the artifact that the test may change."""
    return Path(shutil.copytree(tiny_artifact, tmp_path / "tiny"))


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    values = json.loads((folder / "manifest.json").read_text())
    change(values)
    (folder / "manifest.json").write_text(json.dumps(values))


def test_a_folder_does_not_hide_a_shipped_model_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_artifact("nano")
    assert not caplog.text
    Path("nano").mkdir()
    assert find_artifact("nano") == shipped
    assert "give './nano'" in caplog.text
    assert find_artifact("./nano") == Path("nano")


def test_a_good_artifact_loads(tiny_artifact: Path) -> None:
    artifact = load_artifact(tiny_artifact)
    assert artifact.manifest.name == "tiny"
    assert artifact.manifest.calibration == Calibration()
    assert set(artifact.manifest.sha256) == set(FILES)
    assert len(artifact.digest) == 12
    for graph in GRAPHS:
        assert artifact.graph(graph).is_file()
        assert {"inputs", "outputs"} == set(artifact.manifest.tensors[graph])


def test_the_calibration_of_the_nearest_settings_counts() -> None:
    one, many = SigmaFactor(1, 1, 1.2), SigmaFactor(4, 10, 3.0, 0.1)
    calibration = Calibration((one, many), "a test")
    assert calibration.factor(1, 1) == calibration.factor(2, 1) == calibration.factor(1, 2) == one
    assert calibration.factor(4, 10) == calibration.factor(10, 32) == calibration.factor(3, 8) == many
    assert Calibration().factor(3, 5).scale == 1.0
    assert Calibration().factor(3, 5).floor_ln == 0.0


def test_a_calibration_survives_the_manifest(copy: Path) -> None:
    manifest = load_artifact(copy).manifest
    calibration = Calibration((SigmaFactor(2, 4, 1.3, 0.05),), "a test")
    write_manifest(copy, dataclasses.replace(manifest, calibration=calibration))
    assert load_artifact(copy).manifest.calibration == calibration


def test_the_digest_changes_with_any_file(copy: Path) -> None:
    before = load_artifact(copy).digest
    (copy / "golden.npz").write_bytes((copy / "golden.npz").read_bytes() + b"x")
    edit(copy, lambda values: values["sha256"].update({"golden.npz": file_sha256(copy / "golden.npz")}))
    assert load_artifact(copy).digest != before


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_found(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ArtifactError, match=f"{name}: got SHA-256 .* as in the manifest.*export the model again"):
        load_artifact(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_found(copy: Path, name: str) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ArtifactError, match=f"{name}: got SHA-256 .*corrupt or was changed"):
        load_artifact(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_found(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name}: missing; export the model again, or reinstall"):
        load_artifact(copy)


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/hostname", "sub/file"])
def test_a_path_outside_the_folder_is_refused(copy: Path, name: str) -> None:
    (copy.parent / "outside.bin").write_bytes(b"")
    edit(copy, lambda values: values["sha256"].update({name: "0" * 64}))
    with pytest.raises(ArtifactError, match="outside the folder; do not use this artifact"):
        load_artifact(copy)


@pytest.mark.parametrize("got", [0, FORMAT - 1, FORMAT + 1, str(FORMAT), None])
def test_another_format_is_refused(copy: Path, got: Any) -> None:
    edit(copy, lambda values: values.update(format=got))
    with pytest.raises(ArtifactError, match=f"got format {got!r}, expected {FORMAT}; export the model again"):
        load_artifact(copy)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda values: values.update(licenze="x"), "unknown key 'licenze'; did you mean 'licence'"),
        (lambda values: values["depth"].update(min=1.0), "depth: unknown key 'min'; did you mean 'min_m'"),
        (lambda values: values.pop("network"), "missing keys network"),
        (lambda values: values["network"].update(grid_rows="12"), "grid_rows: got '12'"),
        (lambda values: values.update(sha256=5), "sha256: got 5, expected a mapping"),
        (lambda values: values["sha256"].update({"decode.onnx": 5}), "decode.onnx: got 5"),
        (lambda values: values["sha256"].pop("decode.onnx"), "lists no hash of decode.onnx"),
        (lambda values: values["sha256"].pop("golden.npz"), "lists no hash of golden.npz"),
        (lambda values: values.update(parameterisation="eps"), "got parameterisation 'eps', expected 'v'; export the"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(copy: Path, change: Callable[[Any], Any], text: str) -> None:
    edit(copy, change)
    with pytest.raises(ArtifactError, match=text):
        load_artifact(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "\x00"])
def test_a_manifest_that_is_no_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match="export the model again"):
        load_artifact(copy)


def test_a_manifest_that_is_no_text_is_refused(copy: Path) -> None:
    (copy / "manifest.json").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ArtifactError, match="not valid JSON"):
        load_artifact(copy)


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="manifest.json: cannot be read .*export the model again, or reinstall"):
        load_artifact(tmp_path)


def test_an_unknown_name_lists_what_is_shipped(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "artifacts"
    shutil.copytree(tiny_artifact, shipped / "nano")
    monkeypatch.setattr("grin_ros.core.artifact.loading.SHIPPED", shipped)
    assert find_artifact("nano") == shipped / "nano"
    with pytest.raises(ArtifactError, match=r"got 'nanno'.*did you mean 'nano'\? Shipped models: nano"):
        find_artifact("nanno")


def test_a_file_too_large_is_not_read(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grin_ros.core.artifact.files.MAX_FILE_BYTES", 1000)
    with pytest.raises(ArtifactError, match="bytes, expected at most 1000; do not use"):
        load_artifact(copy)


def test_a_model_without_calibration_says_so() -> None:
    shipped = load_artifact("nano").manifest
    assert shipped.sigma_caveat() == ""
    bare = dataclasses.replace(shipped, calibration=Calibration())
    assert "sigma of the model nano is not calibrated" in bare.sigma_caveat()
    assert "grin calibrate" in bare.sigma_caveat()
