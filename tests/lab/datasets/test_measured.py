# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalDataset, EvalSample, EvalSets
from tests.lab.datasets.turned import write_turned
from tests.lab.evaluation.measured import HEIGHT, WIDTH, random_depth, sample, write_dataset


def test_image_and_sparse_depth_are_read_pixel_by_pixel(tmp_path: Path) -> None:
    depth_m = random_depth()
    depth_m[np.random.default_rng(1).random(depth_m.shape) < 0.9] = np.nan
    written = sample(depth_m=depth_m)
    read = EvalDataset.open(write_dataset(tmp_path, [written]))[0]
    assert (read.name, read.scene, read.domain) == ("frame", "room", "indoor")
    assert read.depth_m.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(read.depth_m), np.isnan(depth_m))
    np.testing.assert_allclose(read.depth_m, depth_m, atol=0.5 / 256 + 1e-6)
    np.testing.assert_array_equal(read.frame.image, written.frame.image)  # RGB, not BGR
    assert read.frame.camera == written.frame.camera


def test_the_camera_has_the_distortion_of_the_index(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample()], D=[0.1, -0.2, 0.001, 0.002, 0.0], distortion_model="plumb_bob")
    camera = EvalDataset.open(root)[0].frame.camera
    assert (camera.distortion_model, camera.distortion[:2]) == ("plumb_bob", (0.1, -0.2))


def test_an_exif_rotation_is_not_applied(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample()], image="turned.jpg")
    write_turned(root / "turned.jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8), 6)
    assert EvalDataset.open(root)[0].frame.image.shape[:2] == (HEIGHT, WIDTH)


def test_samples_are_selected_by_domain_every_and_limit(tmp_path: Path) -> None:
    samples = [sample(f"f{i}", domain="indoor" if i % 2 == 0 else "outdoor") for i in range(10)]
    dataset = EvalDataset.open(write_dataset(tmp_path, samples))
    assert dataset.domains == ("indoor", "outdoor")
    assert [s.name for s in dataset.select("outdoor", every=2, limit=2)] == ["f1", "f5"]
    assert len(dataset.select()) == 10
    with pytest.raises(ValueError, match=r"got 'indor'.*holds indoor, outdoor.*did you mean 'indoor'"):
        dataset.select("indor")
    with pytest.raises(ValueError, match="every: got 0, expected 1 or more"):
        dataset.select(every=0)
    with pytest.raises(ValueError, match="limit: got 0, expected 1 or more"):
        dataset.select(limit=0)


def test_a_data_set_can_be_iterated_twice(tmp_path: Path) -> None:
    dataset = EvalDataset.open(write_dataset(tmp_path, [sample("a"), sample("b")]))
    assert [s.name for s in dataset] == [s.name for s in dataset] == ["a", "b"]


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (None, "cannot be read.*the one with index.json"),
        ("{", "not valid JSON"),
        ('{"format": 2, "samples": []}', "format 2, this version reads 1"),
        ("[]", "format None, this version reads 1"),
        ('{"format": 1, "samples": []}', "lists no samples"),
        ('{"format": 1, "samples": [{"name": "a"}]}', "sample 0: missing keys .*depth_scale"),
        ('{"format": 1, "samples": [{"nam": "a"}]}', "unknown key 'nam'; did you mean 'name'"),
    ],
)
def test_a_bad_index_is_explained(tmp_path: Path, index: str | None, text: str) -> None:
    if index is not None:
        (tmp_path / "index.json").write_text(index)
    with pytest.raises(ValueError, match=text):
        EvalDataset.open(tmp_path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "../up"}, "name is '../up', expected a word that can name a file"),
        ({"scene": ""}, "scene is ''"),
        ({"image": "/etc/passwd"}, "expected a path inside the data set's folder"),
        ({"depth": "../depth.png"}, "expected a path inside the data set's folder"),
        ({"depth_scale": 0}, "depth_scale is 0"),
        ({"name": "second"}, "'second' occurs more than once"),
        ({"image": "no.png"}, "no.png: cannot be read: there is no such file; fetch the data set again"),
        ({"depth": "no.png"}, "no.png: cannot be read: there is no such file"),
        ({"K": [[0, 0, 0], [0, 0, 0], [0, 0, 1]]}, "sample 'first': uncalibrated"),
        ({"K": [[1, 0], [0, 1]]}, "sample 'first': camera matrix K: got 4 numbers"),
        ({"K": [[40, 0.5, 23.5], [0, 40, 17.5], [0, 0, 1]]}, "sample 'first': camera matrix K: .*no skew"),
        ({"D": [0.1] * 8, "distortion_model": "plumb_bob"}, "sample 'first': distortion coefficients D of plumb_bob"),
        ({"width": 0}, "sample 'first': image width: got 0"),
    ],
)
def test_a_bad_entry_is_refused_when_opened(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    root = write_dataset(tmp_path, [sample("first"), sample("second")], **changes)
    with pytest.raises(ValueError, match=text):
        EvalDataset.open(root)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"image": "index.json"}, "index.json: cannot be read: it is not an image"),
        ({"width": WIDTH + 1}, r"sample 'frame': got an image of \(36, 48\), expected \(36, 49\)"),
        ({"depth": "frame.image.png"}, r"depth of shape \(36, 48, 3\) uint8, expected \(36, 48\) uint16"),
    ],
)
def test_a_bad_file_is_refused_when_read(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    dataset = EvalDataset.open(write_dataset(tmp_path, [sample(), sample("other")], **changes))
    with pytest.raises(ValueError, match=text):
        dataset[0]
    with pytest.raises(ValueError, match=text):
        dataset.check()
    with pytest.raises(ValueError, match=text):
        EvalSets([dataset]).check()


def test_a_skew_of_rounding_size_does_not_end_an_evaluation(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample()], K=[[40.0, 2e-5, 23.5], [0.0, 40.0, 17.5], [0.0, 0.0, 1.0]])
    assert EvalDataset.open(root)[0].frame.camera == sample().frame.camera


def test_depth_of_another_size_than_the_image_is_refused() -> None:
    frame = Frame(np.zeros((4, 6, 3), np.uint8), Camera(6, 4, 5.0, 5.0, 2.5, 1.5))
    with pytest.raises(ValueError, match=r"depth of shape \(4, 5\), expected the image's \(4, 6\)"):
        EvalSample("a", "b", "c", frame, np.ones((4, 5), np.float32))


def test_the_keys_source_and_licence_are_accepted(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample()], source="owner/name:path", licence="CC0")
    assert EvalDataset.open(root).entries[0].licence == "CC0"
    assert json.loads((root / "index.json").read_text())["format"] == 1


def test_a_sample_without_k_takes_the_camera_that_is_told(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample("a"), sample("b")])
    index = json.loads((root / "index.json").read_text())
    for key in ("K", "D", "distortion_model", "width", "height"):
        del index["samples"][1][key]
    (root / "index.json").write_text(json.dumps(index))
    with pytest.raises(
        ValueError, match="1 of 2 samples have no K, the first is 'b'; give --calibration FILE or --fov"
    ):
        EvalDataset.open(root)
    told = Camera(2 * WIDTH, 2 * HEIGHT, 100.0, 100.0, WIDTH - 0.5, HEIGHT - 0.5)
    own, other = EvalDataset.open(root, CameraChoice(told)).select()
    assert own.frame.camera == sample().frame.camera
    assert other.frame.camera == told.resized(WIDTH, HEIGHT)
    with pytest.raises(ValueError, match="sample 'b': the picture is 48x36 px, but .* another ratio"):
        list(EvalDataset.open(root, CameraChoice(Camera(48, 48, 50.0, 50.0, 23.5, 23.5))))


def test_a_told_camera_that_no_sample_needs_is_refused(tmp_path: Path) -> None:
    root = write_dataset(tmp_path, [sample()])
    with pytest.raises(ValueError, match="every sample has its own K; leave --calibration and --fov out"):
        EvalDataset.open(root, CameraChoice(fov_deg=60.0))
