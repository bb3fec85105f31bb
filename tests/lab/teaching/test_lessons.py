# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.teaching.lessons import LABEL_SHARE, Lessons, targets
from grin_ros.lab.teaching.replay import OldAnswers
from grin_ros.lab.training.batches import Sampling, batch
from tests.lab.network.tiny import TINY
from tests.lab.teaching.site import site
from tests.lab.training.recordings import write_shards


def one_metre(frame: Frame, labels: Hints) -> DepthEstimate:
    del labels
    shape = (frame.camera.height, frame.camera.width)
    sigma_m = np.full(shape, 0.1, np.float32)
    sigma_m[:, :20] = 0.4
    return DepthEstimate(np.ones(shape, np.float32), sigma_m)


def test_labels_stand_at_their_pixels_and_the_answer_between_them(tmp_path: Path) -> None:
    labelled = site(tmp_path)[0]
    range_m, weight = targets(labelled, one_metre).astype(np.float32)
    u, v = labelled.labels.pixels.astype(int).T
    assert np.allclose(range_m[v, u], labelled.labels.range_m, rtol=1e-3)
    assert np.isclose(range_m[5, 40], 1.0 / labelled.frame.camera.rays()[5, 40, 2], rtol=1e-3)
    assert np.isclose(weight[v, u].sum() / weight.sum(), LABEL_SHARE, atol=0.01)


def test_a_surer_answer_is_learnt_more(tmp_path: Path) -> None:
    _, weight = targets(site(tmp_path)[0], one_metre).astype(np.float32)
    assert weight[5, 40] > 5.0 * weight[5, 5] > 0.0


def test_without_an_answer_only_labels_are_learnt(tmp_path: Path) -> None:
    labelled = site(tmp_path)[0]
    range_m, _ = targets(labelled, None)
    assert np.isfinite(range_m).sum() == len(labelled.labels)


def test_of_labels_at_one_pixel_the_nearest_is_learnt(tmp_path: Path) -> None:
    labelled = site(tmp_path)[0]
    both = Hints.measured([[10.0, 10.0], [10.2, 9.9], [9.8, 10.0]], [2.0, 1.0, 3.0])
    range_m, _ = targets(type(labelled)("x", "x", labelled.frame, both), None)
    assert range_m[10, 10] == 1.0


def test_batches_supervise_the_targets(tmp_path: Path) -> None:
    frames = site(tmp_path / "site")
    lessons = Lessons(frames, range(8), tmp_path / "cache", None)
    sampling = Sampling(queries=32, augment=False, pattern_share=0.0)
    drawn = batch(lessons, np.arange(2), TINY, sampling, np.random.default_rng(0))
    learnt_m = TINY.depth_encoding.decode(drawn.x_0[0].numpy() * TINY.data_std)
    assert np.isclose(learnt_m.min(), frames[0].labels.range_m.min(), rtol=2e-3)
    assert np.isclose(learnt_m.max(), frames[0].labels.range_m.max(), rtol=2e-3)


def test_targets_are_made_once(tmp_path: Path) -> None:
    frames = site(tmp_path / "site")
    calls = []

    def counted(frame: Frame, labels: Hints) -> DepthEstimate:
        calls.append(frame)
        return one_metre(frame, labels)

    for _ in range(2):
        assert list(Lessons(frames, range(8), tmp_path / "cache", counted).prepare()) == list(range(1, 9))
    assert len(calls) == 8


def test_old_frames_are_learnt_with_the_old_answers(tmp_path: Path) -> None:
    calls = []

    def two_metres(frame: Frame) -> DepthEstimate:
        calls.append(frame)
        shape = (frame.camera.height, frame.camera.width)
        return DepthEstimate(np.full(shape, 2.0, np.float32), np.ones(shape, np.float32))

    shards = ShardDataset(write_shards(tmp_path / "old"))
    replay = OldAnswers(shards, two_metres, tmp_path / "answers")
    for _ in range(2):
        sample = replay.sample(3)
    assert len(replay) == len(shards)
    assert replay.world(3) == shards.world(3)
    assert np.array_equal(sample.image, shards.sample(3).image)
    assert np.allclose(sample.range_m * sample.camera.rays()[..., 2], 2.0, rtol=1e-3)
    assert len(calls) == 1


def test_old_answers_have_no_scale_of_the_floor(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the old frames are learnt without their mounting, where a network knows no floor."""
    shards = ShardDataset(write_shards(tmp_path / "old"))
    mounted = next(index for index in range(len(shards)) if shards.sample(index).camera.mounting is not None)
    engine = open_engine("ort", load_artifact(tiny_artifact), 1)
    found = []
    for floor_ln in (0.0, 0.5):
        monkeypatch.setattr("grin_ros.core.estimator.floor_scale_ln", lambda *_, ln=floor_ln: ln)
        replay = OldAnswers.of_network(shards, engine, tmp_path / f"answers_{floor_ln}")
        found.append(replay.sample(mounted).range_m)
    assert np.array_equal(*found)
