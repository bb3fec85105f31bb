# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The random arguments of the two passes of the objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grin_ros.lab.training.loss import LossConfig, amplitudes, draw_passes
from tests.lab.network.tiny import TINY


def test_amplitudes_are_those_of_the_schedule() -> None:
    times = torch.tensor([0.2, 0.5, 0.9])
    signal, noise = amplitudes(TINY.schedule, times)
    for i, t in enumerate(times):
        level = TINY.schedule.level(float(t))
        assert (float(signal[i]), float(noise[i])) == pytest.approx((level.signal, level.noise), abs=1e-6)
    torch.testing.assert_close(signal**2 + noise**2, torch.ones(3))


def test_rollouts_have_the_asked_share_and_half_of_them_go_all_the_way() -> None:
    count = 4000
    t, kept, latents, rolled = draw_passes(
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
    none = draw_passes(TINY, LossConfig(rollout=0.0), count, np.random.default_rng(0), torch.device("cpu"))[3]
    assert (none == 0.0).all()
