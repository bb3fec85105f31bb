# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""DDIM under v-prediction: the same arithmetic for floats, NumPy and torch, and exact with an exact network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grin_ros.core.sampling.ddim import clean, ddim, noised, velocity
from grin_ros.core.sampling.schedule import Level, Schedule

VALUES = st.floats(-5.0, 5.0)
TIMES = st.floats(0.0, 1.0)


@given(VALUES, VALUES, TIMES)
def test_the_clean_sample_is_recovered_from_the_velocity(x_0: float, eps: float, t: float) -> None:
    level = Schedule().level(t)
    x_t = noised(x_0, eps, level.signal, level.noise)
    v = velocity(x_0, eps, level.signal, level.noise)
    assert clean(x_t, v, level.signal, level.noise) == pytest.approx(x_0, abs=1e-12)


@given(VALUES, VALUES, TIMES, TIMES)
def test_a_step_with_the_true_velocity_stays_on_the_path(x_0: float, eps: float, t: float, t_next: float) -> None:
    here, there = Schedule().level(t), Schedule().level(t_next)
    x_t = noised(x_0, eps, here.signal, here.noise)
    v = velocity(x_0, eps, here.signal, here.noise)
    stepped = ddim(x_t, v, here.signal, here.noise, there.signal, there.noise)
    assert stepped == pytest.approx(noised(x_0, eps, there.signal, there.noise), abs=1e-12)


@given(VALUES, VALUES, TIMES)
def test_the_clean_level_as_next_is_the_predicted_clean_sample(x_t: float, v: float, t: float) -> None:
    here = Schedule().level(t)
    assert ddim(x_t, v, here.signal, here.noise, 1.0, 0.0) == clean(x_t, v, here.signal, here.noise)


@pytest.mark.parametrize("steps", range(1, 51))
def test_a_sampler_with_a_perfect_network_ends_at_the_truth(steps: int) -> None:
    truth = np.linspace(-2.0, 2.0, 7)
    x = np.random.default_rng(steps).standard_normal(7)
    for signal, noise, signal_next, noise_next in Schedule().levels(steps).astype(np.float64):
        eps = (x - signal * truth) / noise
        v = velocity(truth, eps, signal, noise)
        x = ddim(x, v, signal, noise, signal_next, noise_next)
    np.testing.assert_allclose(x, truth, atol=1e-9)


def test_at_pure_noise_the_clean_sample_is_minus_the_velocity() -> None:
    assert clean(123.0, -0.5, 0.0, 1.0) == 0.5


def all_functions(x: Any, v: Any, here: Level, there: Level) -> list[Any]:
    return [
        noised(x, v, here.signal, here.noise),
        velocity(x, v, here.signal, here.noise),
        clean(x, v, here.signal, here.noise),
        ddim(x, v, here.signal, here.noise, there.signal, there.noise),
    ]


def test_floats_numpy_and_torch_share_the_arithmetic() -> None:
    torch = pytest.importorskip("torch", reason="the third kind of number is torch's")
    here, there = Schedule().level(2 / 3), Schedule().level(1 / 3)
    random = np.random.default_rng(0)
    x, v = random.standard_normal(5), random.standard_normal(5)
    arrays = np.stack(all_functions(x, v, here, there))
    floats = [all_functions(float(a), float(b), here, there) for a, b in zip(x, v, strict=True)]
    np.testing.assert_array_equal(arrays, np.array(floats).T)
    tensors = torch.stack(all_functions(torch.from_numpy(x), torch.from_numpy(v), here, there))
    np.testing.assert_allclose(tensors.numpy(), arrays, rtol=1e-14)
