# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.teaching.lessons import Lessons
from grin_ros.lab.teaching.lora import add_adapters, merge_adapters
from grin_ros.lab.teaching.tune import Progress, TuneConfig, Tuned, draw, tune
from grin_ros.lab.training.batches import Sampling
from tests.lab.network.tiny import TINY, awake
from tests.lab.teaching import runs
from tests.lab.teaching.site import site, write_site
from tests.lab.training.recordings import write_shards

ROOT = Path(__file__).resolve().parents[3]
CONFIG = TuneConfig(
    steps=6, batch=3, replay=1, warmup_steps=2, save_every=2,
    sampling=Sampling(queries=16, pattern_share=0.0), old_sampling=Sampling(queries=16, pattern_share=0.0),
)  # fmt: skip


@pytest.fixture
def lessons(tmp_path: Path) -> Lessons:
    return Lessons(site(tmp_path / "site"), range(20), tmp_path / "cache", None)


def weights(model: Grin) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_everything_but_the_encoder_learns(lessons: Lessons, tmp_path: Path) -> None:
    model = awake()
    before = weights(model)
    assert tune(model, lessons, None, CONFIG, tmp_path / "run") == Tuned(6, pytest.approx(0.0, abs=1.0), True)
    changed = {name for name, tensor in weights(model).items() if not torch.equal(tensor, before[name])}
    assert not any(name.startswith("pyramid.backbone") for name in changed)
    assert any(name.startswith("blocks.0") for name in changed)


def test_an_interrupted_tuning_resumes_to_the_same_weights(lessons: Lessons, tmp_path: Path) -> None:
    whole, halves = awake(), awake()
    tune(whole, lessons, None, CONFIG, tmp_path / "whole")

    def interrupt(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    stopped = tune(halves, lessons, None, CONFIG, tmp_path / "halves", interrupt)
    assert (stopped.steps, stopped.finished) == (3, False)
    again = awake()
    assert tune(again, lessons, None, CONFIG, tmp_path / "halves").finished
    for name, tensor in whole.state_dict().items():
        assert torch.allclose(tensor, again.state_dict()[name], atol=1e-6), name


def test_the_minutes_end_it(lessons: Lessons, tmp_path: Path) -> None:
    done = tune(awake(), lessons, None, replace(CONFIG, steps=10_000, minutes=1e-6), tmp_path / "run")
    assert done.steps == 1
    assert done.finished


def test_progress_tells_what_is_left(lessons: Lessons, tmp_path: Path) -> None:
    told: list[Progress] = []
    tune(awake(), lessons, None, CONFIG, tmp_path / "run", told.append)
    assert [one.step for one in told] == list(range(1, 7))
    assert told[0].eta_s > told[-1].eta_s == 0.0


def test_a_batch_holds_old_frames_after_the_robots(lessons: Lessons, tmp_path: Path) -> None:
    drawn = draw(lessons, ShardDataset(write_shards(tmp_path / "old")), TINY, CONFIG, (0, 0))
    assert drawn.image.shape[0] == 3
    assert drawn.noise.shape[:2] == (2, 3)
    assert drawn.rendered.tolist()[-1] is True
    assert draw(lessons, None, TINY, CONFIG, (0, 0)).image.shape[0] == 3


def test_adapters_change_nothing_before_training_and_can_be_merged() -> None:
    model = awake()
    before = weights(model)
    add_adapters(model, rank=2, seed=0)
    learnt = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert learnt
    assert all("parametrizations" in name and name.startswith("blocks") for name in learnt)
    merge_adapters(model)
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_adapters_are_where_the_weights_are() -> None:
    model = awake().to("meta", torch.float64)  # a device that every machine has, and that is not the CPU
    add_adapters(model, rank=2, seed=0)
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert learnt
    assert {(parameter.device.type, parameter.dtype) for parameter in learnt} == {("meta", torch.float64)}


def test_tuned_adapters_change_the_blocks_only(lessons: Lessons, tmp_path: Path) -> None:
    model = awake()
    before = weights(model)
    tune(model, lessons, None, replace(CONFIG, adapters=2), tmp_path / "run")
    merge_adapters(model)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(name.startswith("blocks") for name in changed)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"minutes": 0.0}, {"batch": 2, "replay": 2}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected at least 1 step"):
        TuneConfig(**wrong)  # type: ignore[arg-type]


def test_the_loss_falls_on_a_site_that_can_be_learnt(lessons: Lessons, tmp_path: Path) -> None:
    told: list[float] = []
    tune(
        awake(),
        lessons,
        None,
        replace(CONFIG, steps=30, batch=4, lr=5e-3),
        tmp_path / "r",
        lambda p: told.append(p.loss),
    )
    assert np.mean(told[-6:]) < 0.8 * np.mean(told[:6])


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch without gloo")
def test_two_processes_follow_the_clock_of_the_first(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*command, "-m", runs.__name__, str(write_site(tmp_path / "site")), str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first["steps"] == runs.RUN.steps
    assert first["ways"][0] == runs.BEFORE_S[0] / 60.0 / runs.RUN.minutes
