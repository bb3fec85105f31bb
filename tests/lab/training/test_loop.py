# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
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
from grin_ros.lab.training.diffusion_check import DiffusionCheck
from grin_ros.lab.training.loop import train
from grin_ros.lab.training.loss import Objective
from grin_ros.lab.training.optimiser import make_optimiser
from tests.lab.network.tiny import TINY
from tests.lab.training.recordings import write_shards
from tests.lab.training.runs import RUN

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def unbroken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DiffusionCheck]:
    """Train twelve steps without a break; return the folder and the diffusion check."""
    out = tmp_path_factory.mktemp("unbroken")
    torch.set_num_threads(1)
    return out, train(RUN, data, out, pretrained=False)


def test_a_run_writes_state_weights_snapshots_and_logs(unbroken: tuple[Path, DiffusionCheck]) -> None:
    out, check = unbroken
    snapshots = {"weights_000005.safetensors", "weights_000010.safetensors"}
    assert {p.name for p in out.iterdir()} == {"state.safetensors", "weights.safetensors", "tensorboard"} | snapshots
    assert int(load_file(out / "state.safetensors")["step"]) == 12
    for name in ("weights.safetensors", *snapshots):
        assert load_model(out / name).config == TINY
    assert np.isfinite([check.rmse_ln, check.matched_rmse_ln, check.shape_rmse_ln, check.abs_rel]).all()
    assert any((out / "tensorboard").iterdir())


def test_a_run_changes_trained_parameters_and_no_others(unbroken: tuple[Path, DiffusionCheck]) -> None:
    torch.manual_seed(RUN.seed)
    before = Grin(TINY)
    make_optimiser(before, RUN)
    after = load_file(unbroken[0] / "state.safetensors")
    for name, parameter in before.named_parameters():
        assert torch.equal(after[f"model.{name}"], parameter) == (not parameter.requires_grad), name


@pytest.mark.parametrize("step", [2, 7], ids=["low", "full"])
def test_a_resumed_run_equals_an_unbroken_one(
    data: Path, unbroken: tuple[Path, DiffusionCheck], tmp_path: Path, step: int
) -> None:
    train(RUN, data, tmp_path, stop_after=step, pretrained=False)
    assert int(load_file(tmp_path / "state.safetensors")["step"]) == step
    torch.manual_seed(99)  # the state of the global generators must not matter
    np.random.seed(99)  # noqa: NPY002
    check = train(RUN, data, tmp_path, pretrained=False)
    expected, got = load_file(unbroken[0] / "state.safetensors"), load_file(tmp_path / "state.safetensors")
    assert got.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(got[name], tensor), name
    assert check == unbroken[1]
    name = "weights_000010.safetensors"
    assert (tmp_path / name).read_bytes() == (unbroken[0] / name).read_bytes()


class Drawn:
    """A replacement of `batch` that records what the loop asks for."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.indices: list[int] = []

    def __call__(self, dataset: ShardDataset, indices: NDArray[np.int64], *arguments: Any) -> Batch:
        drawn = batch(dataset, indices, *arguments)
        self.sizes.append(tuple(drawn.image.shape[1:3]))
        self.indices += indices.tolist()
        return drawn


def test_the_first_steps_use_smaller_images(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, sizes = Drawn(), []

    class Watched(Objective):
        def forward(self, *arguments: Any) -> dict[str, torch.Tensor]:
            sizes.append(self.model.pyramid.size)
            return super().forward(*arguments)

    monkeypatch.setattr(loop, "batch", drawn)
    monkeypatch.setattr(loop, "Objective", Watched)
    train(RUN, data, tmp_path, stop_after=6, pretrained=False)
    assert drawn.sizes == sizes == [(32, 32)] * 4 + [(64, 64)] * 2
    assert load_model(tmp_path / "weights.safetensors").config == TINY  # the result has the full image size


def test_the_style_share_of_the_run_disturbs_features(data: Path, tmp_path: Path) -> None:
    heads = []
    for share in (0.0, 1.0):
        config = dataclasses.replace(RUN, style_share=share)
        train(config, data, tmp_path / str(share), stop_after=2, pretrained=False)
        heads.append(load_file(tmp_path / str(share) / "state.safetensors")["model.scene_project.weight"])
    assert not torch.equal(*heads)


def test_a_run_does_not_draw_worlds_of_weight_zero(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn()
    monkeypatch.setattr(loop, "batch", drawn)
    config = dataclasses.replace(RUN, worlds={"room": 0.0}, batch=8)
    train(config, data, tmp_path, stop_after=3, pretrained=False)
    # The last of the three shards is held out.
    assert {*drawn.indices} == {i for i in range(12) if ShardDataset(data).world(i) == "street"}


def test_a_finished_run_is_only_checked(data: Path, unbroken: tuple[Path, DiffusionCheck]) -> None:
    before = (unbroken[0] / "state.safetensors").read_bytes()
    assert train(RUN, data, unbroken[0], pretrained=False) == unbroken[1]
    assert (unbroken[0] / "state.safetensors").read_bytes() == before


def test_a_finished_run_without_its_weights_gets_them_again(
    data: Path, unbroken: tuple[Path, DiffusionCheck], tmp_path: Path
) -> None:
    (tmp_path / "state.safetensors").write_bytes((unbroken[0] / "state.safetensors").read_bytes())
    train(RUN, data, tmp_path, pretrained=False)
    name = "weights.safetensors"
    assert (tmp_path / name).read_bytes() == (unbroken[0] / name).read_bytes()


def test_a_resumed_run_says_so_and_warns_if_it_is_another(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    train(RUN, data, tmp_path, stop_after=1, pretrained=False)
    told = ["held out of the training, for checks: frames 4 of 12 room, 2 of 6 street"]
    assert caplog.messages == told
    caplog.clear()
    train(RUN, data, tmp_path, stop_after=1, pretrained=False)
    assert caplog.messages == [*told, f"{tmp_path}: resumes at step 1 of 12"]
    caplog.clear()
    other = write_shards(tmp_path / "other", shards=1, seed=1)
    train(dataclasses.replace(RUN, lr=0.5, seed=7), [data, other], tmp_path, stop_after=1, pretrained=False)
    warning = caplog.records[2]
    assert warning.levelname == "WARNING"
    assert f"the run was saved with lr = {RUN.lr}, seed = 0, data = ['{data}']" in warning.getMessage()
    assert f"Now it has lr = 0.5, seed = 7, data = ['{data}', '{other}']" in warning.getMessage()
    start = tmp_path / "weights.safetensors"
    train(RUN, data, tmp_path, stop_after=1, start_from=start)
    assert f"Now it has start_from = {start}" in caplog.text


@pytest.mark.parametrize(("factor", "now"), [(1.0, "0.00124"), (0.01, "1.24e-05")])
def test_a_run_that_is_trained_for_longer_warns_of_its_learning_rate(
    data: Path,
    unbroken: tuple[Path, DiffusionCheck],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    factor: float,
    now: str,
) -> None:
    """The other rate is that of the run, also if the peak of the rate is another one now."""
    out = shutil.copytree(unbroken[0], tmp_path / "run")
    train(dataclasses.replace(RUN, steps=24, lr=factor * RUN.lr), data, out, stop_after=12, pretrained=False)
    warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings[0] == (
        f"{out}: the run was saved with steps = 12. With 24 its learning rate goes on with {now} instead of 4e-05"
    )
    assert len(warnings) == (1 if factor == 1.0 else 2)


def test_a_run_of_another_model_is_not_resumed(data: Path, tmp_path: Path) -> None:
    train(RUN, data, tmp_path, stop_after=1, pretrained=False)
    for change in ({"latent_count": 4}, {"max_range_m": 50.0}):
        config = dataclasses.replace(RUN, model=dataclasses.replace(TINY, **change))
        with pytest.raises(ValueError, match=f"got model.{next(iter(change))} = .*; give another --out"):
            train(config, data, tmp_path, pretrained=False)


def test_a_run_starts_from_given_weights(data: Path, unbroken: tuple[Path, DiffusionCheck], tmp_path: Path) -> None:
    folder, check = unbroken
    started = loop.train(RUN, data, tmp_path / "tuned", stop_after=0, start_from=folder / "weights.safetensors")
    assert str(started) == str(check)
    fresh = loop.train(RUN, data, tmp_path / "fresh", stop_after=0, pretrained=False)
    assert str(fresh) != str(check)


def test_a_run_reads_several_folders(data: Path, tmp_path: Path) -> None:
    other = write_shards(tmp_path / "other", shards=1, seed=1)
    check = train(RUN, [data, other], tmp_path / "out", stop_after=1, pretrained=False)
    alone = train(RUN, data, tmp_path / "alone", stop_after=1, pretrained=False)
    assert check != alone  # other rooms are held out


def test_a_run_says_which_worlds_are_held_out_whole(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hall = write_shards(tmp_path / "hall", shards=1)
    index = hall / "index.json"
    index.write_text(index.read_text().replace('"room"', '"hall"'))
    train(RUN, [data, hall], tmp_path / "out", stop_after=0, pretrained=False)
    assert "all frames of hall are held out, so that nothing is learnt from them" in caplog.text
    with pytest.raises(ValueError, match="worlds: got hall, of which all frames are held out"):
        train(dataclasses.replace(RUN, worlds={"hall": 2.0}), [data, hall], tmp_path / "out", pretrained=False)


def test_a_step_with_nan_gradients_is_skipped(
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
    assert "step 0 was skipped: the gradient norm is nan" in caplog.text
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
    # Every sample shows a wall at 2.5 m, so that the network has to learn one number.
    config = dataclasses.replace(RUN, steps=20, low_steps=0, lr=4e-3)
    train(config, one_wall(data, tmp_path / "shards"), tmp_path / "out", pretrained=False)
    assert np.mean(seen[-5:]) < 0.5 * np.mean(seen[:5])


def one_wall(data: Path, folder: Path) -> Path:
    """Copy the shards of `data` with all ranges at 2.5 m."""
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for path in folder.glob("*.range.npy"):
        np.save(path, np.full_like(np.load(path), 2.5))
    return folder


def test_the_command_reports_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("stepz: 3")
    assert loop.main([str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "did you mean 'steps'" in capsys.readouterr().err
    path.write_text("steps: 3")
    assert loop.main([str(path), "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no index.json" in capsys.readouterr().err


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
    assert first["check"] == second["check"]
    # Each process drew its own half of the batch, and the weights changed.
    assert [shape for shape, _ in first["batches"]] == [[RUN.batch // 2, RUN.sampling.queries, 2]] * 2
    assert [total for _, total in first["batches"]] != [total for _, total in second["batches"]]
    torch.manual_seed(RUN.seed)
    start: nn.Module = Grin(TINY)
    head = dict(start.named_parameters())["head.weight"].detach().double()
    assert first["weights"]["head.weight"][0] != float(head.sum())
    saved = load_file(tmp_path / "state.safetensors")
    assert int(saved["step"]) == 2
    assert float(saved["model.head.weight"].double().sum()) == first["weights"]["head.weight"][0]
