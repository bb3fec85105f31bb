# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.renders import (
    LENSES,
    PHOTOGRAPHS,
    ROBOT_HEIGHT,
    SCALED,
    UNSCALED,
    RenderDataset,
    open_samples,
    train_and_held_out,
)
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.training.batches import Sampling
from tests.lab.evaluation.measured import sample, write_dataset
from tests.lab.evaluation.rendered import steps_m, write_shards


def test_a_render_is_depth_along_z_with_sky_and_without_mounting(tmp_path: Path) -> None:
    got = list(RenderDataset([write_shards(tmp_path / "renders")]))
    assert [(item.name, item.scene) for item in got] == [
        ("renders_000000", "room"),
        ("renders_000001", "room"),
        ("renders_000002", "street"),
        ("renders_000003", "street"),
    ]
    assert {item.domain for item in got} == {"renders"}
    first = got[0]
    assert first.exact
    assert first.sky is not None and first.sky[:10].all() and not first.sky[10:].any()
    assert np.isnan(first.depth_m[:10]).all()
    np.testing.assert_allclose(first.depth_m[10:], steps_m()[10:], rtol=1e-3)
    assert first.frame.camera.mounting is None


def test_the_robot_height_rule_leaves_out_high_cameras(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "renders")
    got = list(RenderDataset([folder], known_mounting=True).where(ROBOT_HEIGHT))
    assert [item.frame.camera.mounting.height_m for item in got if item.frame.camera.mounting] == [0.5, 0.5]
    assert len(RenderDataset([folder], known_mounting=True).where(ROBOT_HEIGHT, frames=1)) == 1
    assert len(RenderDataset([folder]).where(LENSES["fisheye"])) == 0


@pytest.mark.parametrize("world", SCALED)
def test_photographs_have_no_exact_edges_and_each_place_is_a_scene(tmp_path: Path, world: str) -> None:
    folder = write_shards(tmp_path / "r", ("room", world))
    got = list(RenderDataset([folder]))
    assert [item.exact for item in got] == [True, True, False, False]
    assert [item.scene for item in got] == ["room", "room", f"{world}_102", f"{world}_103"]
    # The numbers of places mean another place in another folder.
    both = list(RenderDataset([folder, write_shards(tmp_path / "s", (world,))]))
    assert [item.scene for item in both[1:5]] == ["room", f"0_r_{world}_102", f"0_r_{world}_103", f"1_s_{world}_100"]


@pytest.mark.parametrize("world", UNSCALED)
def test_places_without_scale_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture, world: str) -> None:
    got = list(RenderDataset([write_shards(tmp_path / "r", ("room", world))], frames=3))
    assert [item.scene for item in got] == ["room", "room"]
    assert "2 frames of" in caplog.text and "places without a metric scale" in caplog.text
    with pytest.raises(ValueError, match="got only places without a metric scale"):
        RenderDataset([write_shards(tmp_path / "only", (world,))])


@pytest.mark.parametrize(
    ("order", "held_out"),
    [
        (("room", "street", "shape_places", "metric_places"), "street"),
        (("shape_places", "metric_places", "room", "street"), "street"),
        (("metric_places", "recording", "shape_places", "places"), "recording"),
    ],
)
def test_renders_are_held_out_before_photographs_and_places_without_scale_never(
    tmp_path: Path, order: tuple[str, ...], held_out: str
) -> None:
    data = ShardDataset([write_shards(tmp_path / world, (world,)) for world in order])
    train, held = train_and_held_out(data, 2)
    assert held.frames_by_world.keys() == {held_out} and train.frames_by_world.keys() == {*order} - {held_out}
    with pytest.raises(ValueError, match="places"):
        train_and_held_out(data, len(held) * 2 + 1)


def test_training_and_evaluation_agree_on_what_is_rendered() -> None:
    assert Sampling().photographs == PHOTOGRAPHS


def test_frames_are_sorted_by_lens() -> None:
    def kinds(camera: Camera) -> set[str]:
        return {name for name, rule in LENSES.items() if rule.holds(camera)}

    assert kinds(Camera(320, 240, 300.0, 300.0, 159.5, 119.5)) == set()
    assert kinds(Camera(320, 240, 100.0, 100.0, 159.5, 119.5)) == {"wide"}
    assert kinds(Camera(320, 240, 300.0, 300.0, 159.5 - 64.0, 119.5)) == {"off_centre"}
    assert kinds(Camera(320, 240, 120.0, 120.0, 159.5, 119.5 + 48.0, "equidistant", (0.0,) * 4)) == {
        "fisheye",
        "off_centre",
    }


def test_frames_of_several_folders_have_names_of_their_own(tmp_path: Path) -> None:
    folders = [write_shards(tmp_path / "a" / "renders"), write_shards(tmp_path / "b" / "renders", ("unknown",))]
    samples = RenderDataset(folders, frames=3)
    assert len(samples) == 3
    got = list(samples)
    assert [item.name for item in got] == ["0_renders_000000", "0_renders_000002", "1_renders_000001"]
    assert [item.scene for item in got] == ["room", "street", "seed_101"]
    assert [item.name for item in samples] == [item.name for item in got]  # it can be iterated again


def test_the_index_decides_which_data_set_is_opened(tmp_path: Path) -> None:
    renders = write_shards(tmp_path / "renders")
    measured = write_dataset(tmp_path / "measured", [sample("a"), sample("b"), sample("c")])
    assert isinstance(open_samples([renders], frames=2), RenderDataset)
    assert [item.name for item in open_samples([measured], frames=2)] == ["a", "c"]
    with pytest.raises(
        ValueError, match="got folders of renders and of measured depth .*measured.; evaluate them separately"
    ):
        open_samples([renders, measured])
    other = write_dataset(tmp_path / "other", [sample("a")])
    both = list(open_samples([measured, other], frames=2))
    assert [item.name for item in both] == ["measured-a", "measured-c", "other-a"]
    assert [item.domain for item in both] == ["measured: indoor", "measured: indoor", "other: indoor"]
    with pytest.raises(ValueError, match="got sets called measured, measured, expected different names"):
        open_samples([measured, measured])
    with pytest.raises(ValueError, match="for renders, give --frames N"):
        open_samples([renders], limit=2)
    with pytest.raises(ValueError, match="frames: got 0, expected 1 or more"):
        open_samples([renders], frames=0)
    with pytest.raises(ValueError, match="give the folder of a data set"):
        open_samples([tmp_path / "nothing"])
