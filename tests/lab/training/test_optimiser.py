# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The optimiser: its learning rate, and what it trains."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from grin_ros.lab.training.config import TrainConfig
from grin_ros.lab.training.optimiser import learning_rate, make_optimiser
from tests.lab.network.tiny import fresh
from tests.lab.training.runs import RUN


def test_the_learning_rate_warms_up_and_falls_to_a_fiftieth() -> None:
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
def test_the_learning_rate_of_short_runs_is_positive_and_at_most_the_peak(warmup: int, steps: int) -> None:
    config = TrainConfig(lr=1e-3, warmup_steps=warmup, steps=steps)
    assert all(0.0 < learning_rate(step, config) <= 1e-3 for step in range(steps + 1))


def test_the_optimiser_holds_every_trained_parameter_once() -> None:
    model = fresh()
    optimiser = make_optimiser(model, RUN)
    held = [id(p) for group in optimiser.param_groups for p in group["params"]]
    assert len(held) == len({*held})
    assert {*held} == {id(p) for p in model.parameters() if p.requires_grad}


def test_the_first_stages_and_the_depthwise_kernels_of_the_encoder_are_frozen() -> None:
    model = fresh()
    make_optimiser(model, dataclasses.replace(RUN, frozen_stages=3))
    backbone = model.pyramid.backbone
    for frozen in (backbone.stem, *backbone.stages[:3]):
        assert not any(p.requires_grad for p in frozen.parameters())
    for stage in backbone.stages[3:]:
        for name, parameter in stage.named_parameters():
            assert parameter.requires_grad == ("depthwise" not in name), name
    outside = {n for n, p in model.named_parameters() if not n.startswith("pyramid.backbone") and not p.requires_grad}
    assert outside == set()  # the depthwise kernels of the pyramid are trained


def test_weight_decay_is_for_matrices_and_the_encoder_has_a_smaller_rate() -> None:
    model = fresh()
    optimiser = make_optimiser(model, dataclasses.replace(RUN, weight_decay=0.03, encoder_lr=0.2))
    pretrained = {id(p) for p in model.pyramid.backbone.parameters()}
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            assert group["weight_decay"] == (0.03 if parameter.ndim > 1 else 0.0)
            assert group["lr_factor"] == (0.2 if id(parameter) in pretrained else 1.0)
