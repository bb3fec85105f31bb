# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.loop import make_optimiser
from grin_ros.lab.training.state import Average, load_state, save_state
from tests.lab.network.tiny import fresh
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
