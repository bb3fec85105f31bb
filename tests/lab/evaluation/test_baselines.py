# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.shards import ShardWriter, TrainingSample
from grin_ros.lab.evaluation.baselines import (
    GRID,
    Baselines,
    ConstantSearch,
    constant,
    ground_plane,
    learn,
    main,
    mean_map,
)
from grin_ros.lab.evaluation.run import evaluate, evaluate_baselines
from tests.lab.evaluation.measured import random_depth, sample

CAMERA = Camera(64, 48, 50.0, 50.0, 31.5, 23.5)


def frame(camera: Camera = CAMERA) -> Frame:
    return Frame(np.zeros((camera.height, camera.width, 3), np.uint8), camera)


def training_sample(range_m: float, camera: Camera = CAMERA) -> TrainingSample:
    shape = (camera.height, camera.width)
    return TrainingSample(np.zeros((*shape, 3), np.uint8), np.full(shape, range_m, np.float16), camera)


def test_the_constant_is_the_same_everywhere() -> None:
    got = constant(2.5)(frame())
    assert got.depth_m.dtype == np.float32
    assert (got.depth_m == 2.5).all()
    assert np.isnan(got.sigma_m).all()


def test_the_mean_map_is_turned_into_depth_with_the_rays_of_the_camera() -> None:
    got = mean_map(np.full(GRID, np.log(3.0), np.float32))(frame()).depth_m
    np.testing.assert_allclose(got, 3.0 * CAMERA.rays()[..., 2], rtol=1e-5)


def test_mean_map_covers_the_whole_image() -> None:
    ln_range = np.zeros(GRID, np.float32)
    ln_range[:, GRID[1] // 2 :] = np.log(2.0)
    got = mean_map(ln_range)(frame()).depth_m / CAMERA.rays()[..., 2]
    np.testing.assert_allclose(got[:, :30], 1.0, rtol=1e-5)
    np.testing.assert_allclose(got[:, 34:], 2.0, rtol=1e-5)


def test_ground_plane_below_a_level_camera() -> None:
    got = ground_plane(far_m=20.0)(frame()).depth_m
    v = np.arange(48)[:, None]
    expected = np.where(v > 23.5, np.minimum(1.5 * 50.0 / np.maximum(v - 23.5, 1e-9), 20.0), 20.0)
    np.testing.assert_allclose(got, np.broadcast_to(expected, got.shape), rtol=1e-4)


def test_ground_plane_uses_the_mounting() -> None:
    mounting = Mounting(height_m=0.8, roll_rad=0.1, pitch_rad=0.3)
    camera = CAMERA.with_mounting(mounting)
    got = ground_plane(far_m=100.0)(frame(camera)).depth_m
    points = got[..., None] * camera.rays() / camera.rays()[..., 2:]
    heights = points @ mounting.up_optical()
    np.testing.assert_allclose(heights[got < 99.0], -0.8, rtol=1e-4)
    assert (got < 99.0).mean() > 0.5


def test_learn_takes_the_median_depth_and_the_mean_of_ln_range() -> None:
    got = learn([training_sample(1.0), training_sample(2.0), training_sample(16.0)])
    np.testing.assert_allclose(got.mean_ln_range, np.log(32.0) / 3.0, rtol=1e-5)
    z = CAMERA.rays()[..., 2]
    assert float(2.0 * z.min()) < got.constant_m < 2.0
    assert got.far_m > 10.0
    assert got.frames == 3


def test_learn_leaves_out_what_is_beyond_range_or_unmeasured() -> None:
    far = training_sample(4.0)
    far.range_m[:24], far.range_m[24:] = np.inf, np.nan
    np.testing.assert_allclose(learn([training_sample(4.0), far]).mean_ln_range, np.log(4.0), rtol=1e-5)
    with pytest.raises(ValueError, match="none of 1 samples has a range in 768 of 768 image cells; give more"):
        learn([far])


def test_statistics_are_written_and_read_back(tmp_path: Path) -> None:
    written = learn([training_sample(3.0)])
    written.save(tmp_path / "b.npz")
    read = Baselines.load(tmp_path / "b.npz")
    assert (read.constant_m, read.far_m, read.frames) == (written.constant_m, written.far_m, 1)
    np.testing.assert_array_equal(read.mean_ln_range, written.mean_ln_range)


def test_a_missing_statistics_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"b\.npz: not a statistics file .*--renders DIR"):
        Baselines.load(tmp_path / "b.npz")


def test_the_shipped_statistics_can_be_loaded() -> None:
    got = Baselines.load()
    assert 0.5 < got.constant_m < 10.0
    assert got.constant_m < got.far_m < 80.0
    assert got.mean_ln_range.shape == GRID
    assert np.isfinite(got.mean_ln_range).all()
    assert got.frames >= 1000


def test_the_command_learns_from_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = ShardWriter(tmp_path / "renders", 64, 48, "CC0")
    cameras = [Camera(64, 48, 50.0, 50.0, 31.5, 23.5)] * 2
    ranges = np.stack([np.full((48, 64), 2.0), np.full((48, 64), 8.0)])
    writer.write("s0", np.zeros((2, 48, 64, 3), np.uint8), ranges, cameras, np.zeros((2, 3), np.int64))
    out = tmp_path / "b.npz"
    assert main(["--renders", str(tmp_path / "renders"), "--out", str(out)]) == 0
    np.testing.assert_allclose(Baselines.load(out).mean_ln_range, np.log(4.0), rtol=1e-5)
    assert "from 2 samples" in capsys.readouterr().out
    assert main(["--renders", *[str(tmp_path / "renders")] * 2, "--out", str(out), "--every", "2"]) == 0
    assert Baselines.load(out).frames == 2
    assert main(["--renders", str(tmp_path / "nothing"), "--out", str(out)]) == 2
    assert "got no index.json" in capsys.readouterr().err


def test_no_constant_beats_the_oracle_constant() -> None:
    samples = [sample(f"a{i}", "a", depth_m=random_depth(i)) for i in range(3)]
    samples.append(sample("b", "b", depth_m=random_depth(9, 4.0, 30.0)))
    search = ConstantSearch()
    for item in samples:
        search.add(item.domain, item.scene, item.depth_m.ravel())
    best_m = search.best_m("indoor")

    def abs_rel(depth_m: float) -> float:
        return evaluate(samples, constant(depth_m)).domain("indoor")["abs_rel"]

    tried = [abs_rel(c) for c in np.geomspace(0.5, 20.0, 60)]
    assert abs_rel(best_m) <= min(tried) + 1e-4
    assert min(abs(c / best_m - 1.0) for c in np.geomspace(0.5, 20.0, 60)) < 0.1  # the minimum is inside


def test_all_baselines_are_evaluated_on_each_domain() -> None:
    known = learn([training_sample(3.0)])
    samples = [sample("a", "a", "indoor", 2.0), sample("b", "b", "outdoor", 12.0)]
    got = evaluate_baselines(samples, known)
    assert list(got) == ["constant", "mean_map", "ground_plane", "constant_oracle"]
    assert got["constant"].domain("indoor")["abs_rel"] == pytest.approx(known.constant_m / 2.0 - 1.0, rel=1e-4)
    assert got["constant_oracle"].settings["constant_m"] == pytest.approx({"indoor": 2.0, "outdoor": 12.0}, rel=1e-3)
    for domain in ("indoor", "outdoor"):
        assert got["constant_oracle"].domain(domain)["abs_rel"] < 1e-3
        assert got["ground_plane"].domain(domain)["missing"] == 0.0


def test_the_oracle_ignores_depth_beyond_the_limits() -> None:
    depth_m = np.full((36, 48), 2.0, np.float32)
    depth_m[:30] = 200.0
    item = replace(sample(), depth_m=depth_m)
    got = evaluate_baselines([item], learn([training_sample(3.0)]))["constant_oracle"]
    assert got.settings["constant_m"]["indoor"] == pytest.approx(2.0, rel=1e-3)
