# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Real places as shards: packing, places that are kept back, and how often a place is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.places import main
from grin_ros.lab.datasets.recordings import fitted
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.training.batches import sample_probabilities
from grin_ros.lab.training.calibrate import real_samples

W, H = 320, 240
K = [[300.0, 0.0, 159.5], [0.0, 300.0, 119.5], [0.0, 0.0, 1.0]]


def write_places(folder: Path, frames: dict[str, int], metric: bool = True) -> Path:
    """Write a folder of places with the given numbers of frames, 1 m away except for a corner at 5 m."""
    folder.mkdir()
    depth = np.full((H, W), 1000, np.uint16)
    depth[:40, :40] = 5000
    depth[-40:] = 0
    places = []
    for name, count in frames.items():
        files = []
        for k in range(count):
            cv2.imwrite(str(folder / f"{name}_{k}.png"), np.full((H, W, 3), (10, 20, 200), np.uint8))
            cv2.imwrite(str(folder / f"{name}_{k}_depth.png"), depth)
            files.append({"image": f"{name}_{k}.png", "depth": f"{name}_{k}_depth.png", "K": K})
        places.append(
            {
                "place": name,
                "frames": files,
                "depth_scale": 1000.0,
                "metric": metric and name != "shape",
                "trust_max_m": 3.0,
                "licence": "CC0",
                "repository": "a/b",
            }
        )
    (folder / "index.json").write_text(json.dumps({"format": 1, "places": places}))
    return folder


def test_places_are_packed_with_their_scale_and_licence(tmp_path: Path) -> None:
    places = write_places(tmp_path / "in", {"desk": 2, "shape": 1, "aerial_1": 1})
    assert main([str(places), "--out", str(tmp_path / "out"), "--leave-out", "aerial_*"]) == 0
    packed = ShardDataset(tmp_path / "out")
    assert [packed.world(i) for i in range(len(packed))] == ["metric_places", "metric_places", "shape_places"]
    sample = packed.sample(0)
    range_m = sample.range_m.astype(np.float32)
    assert sample.image.shape == (300, 400, 3) and tuple(sample.image[0, 0]) == (200, 20, 10)
    assert range_m[150, 200] == pytest.approx(1.0, abs=2e-3)
    assert np.isnan(range_m[0, 0]), "beyond what the sensor is trusted for"
    assert np.isnan(range_m[-1, 0]), "not measured"
    assert sample.camera.fx == pytest.approx(375.0)
    listed = json.loads((tmp_path / "out" / "index.json").read_text())["shards"]
    assert [(shard["place"], shard["licence"], shard["repository"]) for shard in listed] == [
        ("desk", "CC0", "a/b"),
        ("shape", "CC0", "a/b"),
    ]


def test_a_place_is_either_trained_on_or_kept_back(tmp_path: Path) -> None:
    places = write_places(tmp_path / "in", {f"place_{k}": 1 for k in range(6)})
    arguments = [str(places), "--out", str(tmp_path / "out"), "--kept-back", str(tmp_path / "kept"), "--every", "3"]
    assert main(arguments) == 0
    learnt, kept = ShardDataset(tmp_path / "out"), ShardDataset(tmp_path / "kept")
    seeds = [{data.origin(i)[0] for i in range(len(data))} for data in (learnt, kept)]
    assert seeds == [{0, 2, 3, 5}, {1, 4}]


def test_a_folder_that_holds_a_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = write_places(tmp_path / "in", {f"place_{k}": 1 for k in range(4)})

    def pack(out: str, kept_back: str) -> int:
        folders = ["--out", str(tmp_path / out), "--kept-back", str(tmp_path / kept_back)]
        return main([str(places), *folders, "--every", "2"])

    assert pack("out", "kept") == 0
    before = (tmp_path / "out" / "index.json").read_bytes()
    assert pack("out", "other") == 2
    assert "out: it is a data set already; give another folder by --out, or remove" in capsys.readouterr().err
    assert pack("other", "kept") == 2
    assert "kept: it is a data set already; give another folder by --kept-back" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
    assert (tmp_path / "out" / "index.json").read_bytes() == before


def test_frames_without_trusted_depth_are_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = write_places(tmp_path / "in", {"desk": 2, "far": 1})
    cv2.imwrite(str(places / "desk_0_depth.png"), np.zeros((H, W), np.uint16))
    cv2.imwrite(str(places / "far_0_depth.png"), np.full((H, W), 4000, np.uint16))
    assert main([str(places), "--out", str(tmp_path / "out")]) == 0
    packed = ShardDataset(tmp_path / "out")
    assert [packed.origin(index) for index in range(len(packed))] == [(0, 1)]
    said = capsys.readouterr()
    assert "WARN: 2 frames are left out, because they have no measured depth: desk_0.png, far_0.png" in said.err
    assert "holds 1 frames" in said.out


def test_places_without_any_depth_or_with_a_wrong_scale_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = write_places(tmp_path / "in", {"desk": 1})
    index = json.loads((places / "index.json").read_text())
    index["places"][0]["depth_scale"] = 0
    (places / "index.json").write_text(json.dumps(index))
    assert main([str(places), "--out", str(tmp_path / "out")]) == 2
    assert "place 'desk': got depth_scale 0.0, expected values per metre, above 0" in capsys.readouterr().err
    index["places"][0].update(depth_scale=1000.0, trust_max_m=0.5)
    (places / "index.json").write_text(json.dumps(index))
    assert main([str(places), "--out", str(tmp_path / "out")]) == 2
    assert "got no measured depth in 1 frames (desk_0.png)" in capsys.readouterr().err
    assert main([str(places), "--out", str(tmp_path / "out"), "--leave-out", "d*"]) == 2
    assert "got no place that is not left out; give --leave-out fewer names" in capsys.readouterr().err


def test_k_of_another_resolution_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = write_places(tmp_path / "in", {"desk": 2, "table": 1})
    index = json.loads((places / "index.json").read_text())
    for frame in index["places"][0]["frames"]:
        frame["K"] = [[600.0, 0.0, 319.5], [0.0, 600.0, 239.5], [0.0, 0.0, 1.0]]
    (places / "index.json").write_text(json.dumps(index))
    assert main([str(places), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "WARN: place 'desk': the principal point (320, 240) is far from the middle" in said
    assert said.count("WARN") == 1


def test_packing_that_failed_can_be_called_again(tmp_path: Path) -> None:
    places = write_places(tmp_path / "in", {f"place_{k}": 1 for k in range(4)})
    arguments = [str(places), "--out", str(tmp_path / "out"), "--kept-back", str(tmp_path / "kept"), "--every", "2"]
    damaged = places / "place_3_0.png"
    image = damaged.read_bytes()
    damaged.write_bytes(b"")
    assert main(arguments) == 2
    assert not [*(tmp_path / "out").glob("index.json"), *(tmp_path / "kept").glob("index.json")], (
        "a part of the places is no data set"
    )
    damaged.write_bytes(image)
    assert main(arguments) == 0
    assert (len(ShardDataset(tmp_path / "out")), len(ShardDataset(tmp_path / "kept"))) == (2, 2)


def test_places_that_are_kept_back_need_a_folder_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = write_places(tmp_path / "in", {f"place_{k}": 1 for k in range(6)})
    same = str(tmp_path / "in" / ".." / "out")
    assert main([str(places), "--out", str(tmp_path / "out"), "--kept-back", same]) == 2
    assert "got one folder for --out and --kept-back" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_every_place_is_drawn_equally_often(tmp_path: Path) -> None:
    places = write_places(tmp_path / "in", {"desk": 5, "table": 1, "shape": 2})
    assert main([str(places), "--out", str(tmp_path / "out")]) == 0
    probabilities = sample_probabilities(ShardDataset(tmp_path / "out"), {"shape_places": 0.5}, ("metric_places",))
    assert probabilities[:5].sum() == pytest.approx(probabilities[5])
    assert probabilities[6] == pytest.approx(0.5 * probabilities[5])


def test_places_of_two_folders_are_two_places(tmp_path: Path) -> None:
    folders = []
    for name, count in (("lab", 3), ("office", 1)):
        places = write_places(tmp_path / name, {name: count})
        folders.append(tmp_path / f"packed_{name}")
        assert main([str(places), "--out", str(folders[-1])]) == 0
    probabilities = sample_probabilities(ShardDataset(folders), {}, ("metric_places",))
    assert probabilities[:3].sum() == pytest.approx(probabilities[3]) == pytest.approx(0.5)


def test_no_point_of_sparse_depth_is_lost() -> None:
    depth_m = np.full((H, W), np.nan, np.float32)
    rows, columns = np.mgrid[10:230:20, 40:280:20]
    depth_m[rows, columns] = 2.0
    camera = Camera(W, H, 300.0, 300.0, 159.5, 119.5)
    image, range_m, small = fitted(np.zeros((H, W, 3), np.uint8), depth_m, camera, 100, 75)
    assert image.shape == (75, 100, 3)
    assert np.isfinite(range_m).sum() == rows.size
    np.testing.assert_allclose(np.nanmedian(range_m * small.rays()[..., 2]), 2.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"), [(None, "cannot be read"), ("{", "cannot be read"), ('{"format": 2}', "got format 2")]
)
def test_a_folder_without_a_valid_index_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "index.json").write_text(text)
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_a_fit_of_sigma_takes_each_metric_place_as_often_as_any_other(tmp_path: Path) -> None:
    main([str(write_places(tmp_path / "in", {"desk": 9, "shape": 5, "shelf": 1})), "--out", str(tmp_path / "out")])
    packed = ShardDataset(tmp_path / "out")
    drawn = [int(sample.name.removeprefix("place_")) for sample in real_samples(packed, 8)]
    assert [packed.world(index) for index in drawn] == ["metric_places"] * 8
    assert [packed.origin(index)[0] for index in drawn].count(packed.origin(drawn[0])[0]) == 4
    assert len(set(drawn)) > 2, "several frames of the place that has several"


def test_a_fit_of_sigma_refuses_places_without_a_scale(tmp_path: Path) -> None:
    main([str(write_places(tmp_path / "in", {"shape": 2})), "--out", str(tmp_path / "out")])
    with pytest.raises(ValueError, match="expected places with a scale"):
        list(real_samples(ShardDataset(tmp_path / "out"), 4))
