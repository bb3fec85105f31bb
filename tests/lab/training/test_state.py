# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.loop import make_optimiser
from grin_ros.lab.training.state import Average, differences, load_state, save_state
from tests.lab.network.full_disk import full_disk
from tests.lab.network.tiny import TINY, fresh
from tests.lab.training.runs import RUN


def stepped(model: Grin, optimiser: torch.optim.AdamW, seed: int) -> None:
    """Take one step with random gradients."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimiser.step()


def started() -> tuple[Grin, Average, torch.optim.AdamW]:
    model = fresh().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model, Average(model, 0.9), make_optimiser(model, RUN)


def test_a_saved_state_is_loaded_completely(tmp_path: Path) -> None:
    model, average, optimiser = started()
    for step in range(3):
        stepped(model, optimiser, step)
        average.update(model, step)
    save_state(tmp_path, model, average, optimiser, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state.safetensors", "weights.safetensors"]

    other, other_average, other_optimiser = started()
    assert load_state(tmp_path, other, other_average, other_optimiser) == 3
    for _ in range(2):  # equal after loading, and equal after the same further step
        for name, tensor in model.state_dict().items():
            assert torch.equal(other.state_dict()[name], tensor), name
            assert torch.equal(other_average.weights[name], average.weights[name]), name
        for m, o in ((model, optimiser), (other, other_optimiser)):
            stepped(m, o, 7)
        for a, m in ((average, model), (other_average, other)):
            a.update(m, 3)


def test_shipped_weights_are_the_average(tmp_path: Path) -> None:
    model, average, optimiser = started()
    stepped(model, optimiser, 0)
    average.update(model, 0)
    save_state(tmp_path, model, average, optimiser, 1)
    loaded = load_model(tmp_path / "weights.safetensors").state_dict()
    for name, tensor in average.weights.items():
        assert torch.equal(loaded[name], tensor), name
    assert not torch.equal(loaded["head.weight"], model.head.weight)


def test_without_a_state_training_starts_at_step_0(tmp_path: Path) -> None:
    model, average, optimiser = started()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert load_state(tmp_path, model, average, optimiser) == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter:UserWarning")
def test_the_state_is_loaded_to_the_device_of_the_model(tmp_path: Path) -> None:
    # The file is read to the CPU. 'meta' stands for a GPU, which would refuse mixed devices in the next step.
    model, average, optimiser = started()
    stepped(model, optimiser, 0)
    save_state(tmp_path, model, average, optimiser, 1)
    there = fresh().to("meta")
    average, optimiser = Average(there, 0.9), make_optimiser(there, RUN)
    load_state(tmp_path, there, average, optimiser)
    assert {tensor.device.type for tensor in average.weights.values()} == {"meta"}
    for state in optimiser.state.values():
        assert state["exp_avg"].device.type == state["exp_avg_sq"].device.type == "meta"


def test_a_full_disk_never_leaves_a_state_that_is_further_than_its_weights(tmp_path: Path) -> None:
    model, average, optimiser = started()
    weights = len(save({name: tensor.contiguous() for name, tensor in average.weights.items()}))
    stepped(model, optimiser, 0)
    for kilobytes in (4, weights // 1024 + 64):  # no room for both files, then for the smaller one
        with full_disk(kilobytes), pytest.raises(OSError, match=r"safetensors: cannot be written"):
            save_state(tmp_path, model, average, optimiser, 1)
        assert {path.name for path in tmp_path.iterdir()} <= {"weights.safetensors"}
    assert load_model(tmp_path / "weights.safetensors").config == model.config


def test_a_damaged_state_says_how_to_begin_again(tmp_path: Path) -> None:
    model, average, optimiser = started()
    save_state(tmp_path, model, average, optimiser, 1)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    for read in (lambda: load_state(tmp_path, model, average, optimiser), lambda: differences(tmp_path, {"lr": 0.1})):
        with pytest.raises(ValueError, match=r"state.safetensors: .* damaged .*remove the file to begin again"):
            read()


def test_a_state_of_another_model_is_refused(tmp_path: Path) -> None:
    model, average, optimiser = started()
    save_state(tmp_path, model, average, optimiser, 1)  # without facts, as an earlier version wrote it
    other = fresh(config=replace(TINY, latent_count=4))
    with pytest.raises(ValueError, match=r"state.safetensors: the run is one of another model; give another --out"):
        load_state(tmp_path, other, Average(other, 0.9), make_optimiser(other, RUN))


def test_a_run_differs_in_what_its_state_says_otherwise(tmp_path: Path) -> None:
    model, average, optimiser = started()
    facts = {**asdict(RUN), "data": ["worlds"]}
    assert differences(tmp_path, facts) == {}
    save_state(tmp_path, model, average, optimiser, 1)
    assert differences(tmp_path, facts) == {}  # a state of an earlier version says nothing
    save_state(tmp_path, model, average, optimiser, 1, facts)
    assert differences(tmp_path, facts) == {}
    assert differences(tmp_path, facts | {"check_every": 99, "save_every": 1}) == {}
    loss = {**facts["loss"], "shape": 0.25}
    assert differences(tmp_path, facts | {"lr": 0.5, "data": ["places"], "loss": loss}) == {
        "lr": (RUN.lr, 0.5),
        "data": (["worlds"], ["places"]),
        "loss.shape": (0.5, 0.25),
    }
    assert differences(tmp_path, facts | {"worlds": {"room": 2.0}}) == {"worlds": ({}, {"room": 2.0})}
    with pytest.raises(ValueError, match=r"got model.latent_count = 4, expected 8 as in the run .*another --out"):
        differences(tmp_path, facts | {"model": asdict(replace(TINY, latent_count=4))})


def test_the_average_follows_slowly_and_forgets_the_start() -> None:
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    average = Average(model, decay=0.99)
    nn.init.ones_(model.weight)
    before = float(average.weights["weight"])
    for step in range(20):
        average.update(model, step)
        now = float(average.weights["weight"])
        assert before <= now <= 1.0
        before = now
    assert before > 0.99  # a constant decay of 0.99 would leave four fifths of the start
    average.decay = 0.9
    nn.init.constant_(model.weight, 2.0)
    average.update(model, 10_000)
    assert float(average.weights["weight"]) == pytest.approx(0.9 * before + 0.1 * 2.0)
