# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training import loop
from grin_ros.lab.training.batches import Batch, batch
from grin_ros.lab.training.config import TrainConfig
from grin_ros.lab.training.gate import Gate
from grin_ros.lab.training.loop import learning_rate, make_optimiser, train
from grin_ros.lab.training.loss import LossConfig, Objective
from tests.lab.network.tiny import TINY, fresh
from tests.lab.training.recordings import write_shards
from tests.lab.training.runs import RUN

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def unbroken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Gate]:
    """A run of twelve steps in one go, and its gate."""
    out = tmp_path_factory.mktemp("unbroken")
    torch.set_num_threads(1)
    return out, train(RUN, data, out, pretrained=False)


# The schedule of the learning rate


def test_learning_rate_warms_up_then_falls_to_a_fiftieth() -> None:
    config = TrainConfig(lr=1e-3, warmup_steps=10, steps=110)
    rates = [learning_rate(step, config) for step in range(111)]
    assert rates[0] == pytest.approx(1e-4)
    assert np.diff(rates[:10]) == pytest.approx(1e-4)
    assert rates[9] == rates[10] == pytest.approx(1e-3)
    assert (np.diff(rates[10:]) < 0.0).all()
    assert rates[60] == pytest.approx(0.51e-3)  # half way down the cosine
    assert rates[110] == pytest.approx(2e-5)
    assert learning_rate(500, config) == pytest.approx(2e-5)


@pytest.mark.parametrize(("warmup", "steps"), [(0, 5), (5, 5), (10, 5), (0, 1)])
def test_learning_rate_of_short_runs_is_sane(warmup: int, steps: int) -> None:
    config = TrainConfig(lr=1e-3, warmup_steps=warmup, steps=steps)
    assert all(0.0 < learning_rate(step, config) <= 1e-3 for step in range(steps + 1))


# What the optimiser trains


def test_optimiser_holds_every_trained_parameter_once() -> None:
    model = fresh()
    optimiser = make_optimiser(model, RUN)
    held = [id(p) for group in optimiser.param_groups for p in group["params"]]
    assert len(held) == len({*held})
    assert {*held} == {id(p) for p in model.parameters() if p.requires_grad}


def test_optimiser_freezes_what_it_says() -> None:
    model = fresh()
    make_optimiser(model, dataclasses.replace(RUN, frozen_stages=3))
    backbone = model.pyramid.backbone
    for frozen in (backbone.stem, *backbone.stages[:3]):
        assert not any(p.requires_grad for p in frozen.parameters())
    for stage in backbone.stages[3:]:
        for name, parameter in stage.named_parameters():
            assert parameter.requires_grad == ("depthwise" not in name), name
    outside = {n for n, p in model.named_parameters() if not n.startswith("pyramid.backbone") and not p.requires_grad}
    assert outside == set()  # the pyramid's own depthwise kernels too are trained


def test_optimiser_decays_matrices_and_slows_the_encoder() -> None:
    model = fresh()
    optimiser = make_optimiser(model, dataclasses.replace(RUN, weight_decay=0.03, encoder_lr=0.2))
    pretrained = {id(p) for p in model.pyramid.backbone.parameters()}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.03 if parameter.ndim > 1 else 0.0)
            assert group["scale"] == (0.2 if id(parameter) in pretrained else 1.0)


# Runs


def test_a_run_leaves_what_it_promises(unbroken: tuple[Path, Gate]) -> None:
    out, gate = unbroken
    snapshots = {"weights_000005.safetensors", "weights_000010.safetensors"}
    assert {p.name for p in out.iterdir()} == {"state.safetensors", "weights.safetensors", "tensorboard"} | snapshots
    assert int(load_file(out / "state.safetensors")["step"]) == 12
    for name in ("weights.safetensors", *snapshots):
        assert load_model(out / name).config == TINY
    assert np.isfinite([gate.rmse_ln, gate.matched_rmse_ln, gate.shape_rmse_ln, gate.abs_rel]).all()
    assert any((out / "tensorboard").iterdir())


def test_a_run_trains_what_it_should_and_nothing_else(unbroken: tuple[Path, Gate]) -> None:
    torch.manual_seed(RUN.seed)
    before = Grin(TINY)
    make_optimiser(before, RUN)
    after = load_file(unbroken[0] / "state.safetensors")
    for name, parameter in before.named_parameters():
        assert torch.equal(after[f"model.{name}"], parameter) == (not parameter.requires_grad), name


@pytest.mark.parametrize("step", [2, 7], ids=["low", "full"])
def test_a_resumed_run_is_the_unbroken_one(data: Path, unbroken: tuple[Path, Gate], tmp_path: Path, step: int) -> None:
    train(RUN, data, tmp_path, stop_after=step, pretrained=False)
    assert int(load_file(tmp_path / "state.safetensors")["step"]) == step
    torch.manual_seed(99)  # nothing may hang on torch's own generator
    np.random.seed(99)  # noqa: NPY002
    gate = train(RUN, data, tmp_path, pretrained=False)
    expected, got = load_file(unbroken[0] / "state.safetensors"), load_file(tmp_path / "state.safetensors")
    assert got.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(got[name], tensor), name
    assert gate == unbroken[1]
    name = "weights_000010.safetensors"
    assert (tmp_path / name).read_bytes() == (unbroken[0] / name).read_bytes()


class Drawn:
    """Stands before `batch`: what the loop asked for, step by step."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.indices: list[int] = []

    def __call__(self, dataset: ShardDataset, indices: NDArray[np.int64], *arguments: Any) -> Batch:
        drawn = batch(dataset, indices, *arguments)
        self.sizes.append(tuple(drawn.image.shape[1:3]))
        self.indices += indices.tolist()
        return drawn


def test_the_first_steps_see_smaller_images(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, sizes = Drawn(), []

    class Watched(Objective):
        def forward(self, *arguments: Any) -> dict[str, torch.Tensor]:
            sizes.append(self.model.pyramid.size)
            return super().forward(*arguments)

    monkeypatch.setattr(loop, "batch", drawn)
    monkeypatch.setattr(loop, "Objective", Watched)
    train(RUN, data, tmp_path, stop_after=6, pretrained=False)
    assert drawn.sizes == sizes == [(32, 32)] * 4 + [(64, 64)] * 2
    assert load_model(tmp_path / "weights.safetensors").config == TINY  # what is shipped is of the full size


def test_features_are_disturbed_as_the_run_says(data: Path, tmp_path: Path) -> None:
    heads = []
    for share in (0.0, 1.0):
        config = dataclasses.replace(RUN, style_share=share)
        train(config, data, tmp_path / str(share), stop_after=2, pretrained=False)
        heads.append(load_file(tmp_path / str(share) / "state.safetensors")["model.scene_project.weight"])
    assert not torch.equal(*heads)


@pytest.mark.parametrize(
    ("worlds", "share"),
    [({}, 1 / 3), ({"street": 0.0}, 0.0), ({"room": 0.0, "street": 2.0}, 1.0), ({"street": 6.0}, 0.75)],
)
def test_worlds_are_drawn_as_often_as_wanted(data: Path, worlds: dict[str, float], share: float) -> None:
    dataset = ShardDataset(data)
    chances = loop._chances(dataset, worlds)
    assert chances.sum() == pytest.approx(1.0)
    assert chances[dataset.indices_of("street")].sum() == pytest.approx(share)
    for world in ("street", "room"):
        assert np.ptp(chances[dataset.indices_of(world)]) == 0.0


@pytest.mark.parametrize(
    ("worlds", "message"),
    [
        ({"streets": 2.0}, "worlds: got streets, the training data shows room, street"),
        ({"street": 0.0, "room": 0.0}, "worlds: got .*more than 0 for a world that is there"),
        ({"street": -1.0}, "worlds: got .*expected numbers from 0 on"),
        ({"street": float("nan")}, "worlds: got .*expected numbers from 0 on"),
    ],
)
def test_worlds_that_cannot_be_drawn_are_refused(data: Path, worlds: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loop._chances(ShardDataset(data), worlds)


def test_a_run_draws_only_what_is_wanted(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn()
    monkeypatch.setattr(loop, "batch", drawn)
    config = dataclasses.replace(RUN, worlds={"room": 0.0}, batch=8)
    train(config, data, tmp_path, stop_after=3, pretrained=False)
    # The last of the three shards is held out.
    assert {*drawn.indices} == {i for i in range(12) if ShardDataset(data).world(i) == "street"}


def test_rollouts_are_as_many_and_as_far_as_wanted() -> None:
    count = 4000
    t, kept, latents, rolled = loop._draws(
        TINY, LossConfig(rollout=0.3, keep_latents=0.8), count, np.random.default_rng(0), torch.device("cpu")
    )
    out = rolled[rolled > 0.0]
    assert len(out) / count == pytest.approx(0.3, abs=0.03)
    assert float(out.mean()) == pytest.approx(0.75, abs=0.03)
    assert float(out.max()) == 1.0
    assert float((out == 1.0).float().mean()) == pytest.approx(0.5, abs=0.05)
    assert float(latents.mean()) == pytest.approx(0.8, abs=0.03)
    assert np.ptp(np.histogram(t, bins=20, range=(0.0, 1.0))[0]) < 0.5 * count / 20  # stratified
    assert (torch.diff(kept) > 0).all() and 8 <= len(kept) <= 16
    none = loop._draws(TINY, LossConfig(rollout=0.0), count, np.random.default_rng(0), torch.device("cpu"))[3]
    assert (none == 0.0).all()


def test_a_finished_run_is_only_measured(data: Path, unbroken: tuple[Path, Gate]) -> None:
    before = (unbroken[0] / "state.safetensors").read_bytes()
    assert train(RUN, data, unbroken[0], pretrained=False) == unbroken[1]
    assert (unbroken[0] / "state.safetensors").read_bytes() == before


def test_a_run_starts_from_given_weights(data: Path, unbroken: tuple[Path, Gate], tmp_path: Path) -> None:
    folder, gate = unbroken
    started = loop.train(RUN, data, tmp_path / "tuned", stop_after=0, start_from=folder / "weights.safetensors")
    assert str(started) == str(gate)
    fresh = loop.train(RUN, data, tmp_path / "fresh", stop_after=0, pretrained=False)
    assert str(fresh) != str(gate)


def test_a_run_reads_several_folders(data: Path, tmp_path: Path) -> None:
    other = write_shards(tmp_path / "other", shards=1, seed=1)
    gate = train(RUN, [data, other], tmp_path / "out", stop_after=1, pretrained=False)
    alone = train(RUN, data, tmp_path / "alone", stop_after=1, pretrained=False)
    assert gate != alone  # other rooms are held out


def test_a_step_with_gradients_that_are_not_numbers_is_skipped(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Poisoned(Objective):
        steps = 0

        def forward(self, *arguments: Any) -> dict[str, torch.Tensor]:
            losses = super().forward(*arguments)
            Poisoned.steps += 1
            return losses | {"total": losses["total"] * (torch.nan if Poisoned.steps == 1 else 1.0)}

    monkeypatch.setattr(loop, "Objective", Poisoned)
    train(RUN, data, tmp_path, stop_after=1, pretrained=False)
    torch.manual_seed(RUN.seed)
    state = load_file(tmp_path / "state.safetensors")
    for name, tensor in Grin(TINY).state_dict().items():
        assert torch.equal(state[f"model.{name}"], tensor), name
    assert "step 0: gradient norm nan, step skipped" in caplog.text
    train(RUN, data, tmp_path, stop_after=2, pretrained=False)
    assert all(torch.isfinite(tensor).all() for tensor in load_file(tmp_path / "state.safetensors").values())


def test_the_loss_falls(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []

    class Watched(Objective):
        def forward(self, *arguments: Any) -> dict[str, torch.Tensor]:
            losses = super().forward(*arguments)
            seen.append(float(losses["first"].detach()))
            return losses

    monkeypatch.setattr(loop, "Objective", Watched)
    # A wall at 2.5 m, always: the network has only to learn one number.
    config = dataclasses.replace(RUN, steps=20, low_steps=0, lr=4e-3)
    train(config, one_wall(data, tmp_path / "shards"), tmp_path / "out", pretrained=False)
    assert np.mean(seen[-5:]) < 0.5 * np.mean(seen[:5])


def one_wall(data: Path, folder: Path) -> Path:
    """The shards of `data` with all ranges at 2.5 m."""
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for path in folder.glob("*.range.npy"):
        np.save(path, np.full_like(np.load(path), 2.5))
    return folder


def test_the_command_reports_a_mistake(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("stepz: 3")
    assert loop.main([str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "did you mean 'steps'" in caplog.text
    path.write_text("steps: 3")
    assert loop.main([str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "no index.json" in caplog.text


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch without gloo")
def test_two_processes_train_one_model(data: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*command, "-m", "tests.lab.training.runs", str(data), str(tmp_path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    assert first["weights"] == second["weights"]
    assert first["average"] == second["average"]
    assert first["gate"] == second["gate"]
    # Each drew its own half of the batch, and together they moved away from the start.
    assert [shape for shape, _ in first["batches"]] == [[RUN.batch // 2, RUN.sampling.queries, 2]] * 2
    assert [total for _, total in first["batches"]] != [total for _, total in second["batches"]]
    torch.manual_seed(RUN.seed)
    start: nn.Module = Grin(TINY)
    head = dict(start.named_parameters())["head.weight"].detach().double()
    assert first["weights"]["head.weight"][0] != float(head.sum())
    saved = load_file(tmp_path / "state.safetensors")
    assert int(saved["step"]) == 2
    assert float(saved["model.head.weight"].double().sum()) == first["weights"]["head.weight"][0]
