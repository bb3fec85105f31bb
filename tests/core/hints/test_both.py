# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""With a hint network, errors adapt to what spread hints say of them, and reach up and down from hints of one row."""

from __future__ import annotations

import numpy as np

from grin_ros.core.hints.arrangement import LEVEL, SPREAD
from grin_ros.core.hints.both import both
from grin_ros.core.hints.covariance import Features
from grin_ros.core.hints.likeness import CHANNELS, Likeness
from grin_ros.core.hints.posterior import Observed, Posterior
from grin_ros.core.hints.process import Process

ROWS, COLS = 24, 32
PROCESS = Process()


def wall() -> Features:
    """A grey wall that is seen at one range, with a hint network that has nothing to say."""
    v, u = np.mgrid[0:ROWS, 0:COLS].reshape(2, -1)
    position = (np.stack([u, v], 1) / COLS).astype(np.float32)
    count = len(position)
    nothing = Likeness.of(np.zeros((count, CHANNELS), np.float32))
    return Features(position, np.zeros(count, np.float32), np.zeros((count, 3), np.float32), nothing)


def at(pixels: Features, which: np.ndarray) -> Features:
    assert pixels.likeness is not None
    likeness = Likeness(*(values[which] for values in pixels.likeness))
    return Features(*(values[which] for values in pixels[:3]), likeness)


def fused(which: np.ndarray, residual_ln: np.ndarray, kind: str | None) -> Posterior:
    grid = wall()
    sigma_ln = np.full(len(which), np.float32(0.01))
    return both(grid, Observed(at(grid, which), residual_ln.astype(np.float32), sigma_ln), PROCESS, (ROWS, COLS), kind)


def test_sigma_is_large_around_hints_that_contradict_the_network_and_small_around_those_that_fit() -> None:
    rng = np.random.default_rng(0)
    left = wall().position[:, 0] < 0.5
    which = rng.choice(ROWS * COLS, 60, replace=False)
    residual_ln = np.where(left[which], rng.normal(0.0, 0.15, 60), 0.0)
    adapted, same = (fused(which, residual_ln, kind).deviation_ln for kind in (SPREAD, None))
    assert adapted[left].mean() > 1.3 * adapted[~left].mean()
    assert same[left].mean() < 1.2 * same[~left].mean()


def test_of_noisy_hints_on_an_even_wall_more_are_averaged() -> None:
    rng = np.random.default_rng(1)
    errors: dict[str | None, float] = dict.fromkeys((SPREAD, None), 0.0)
    for _ in range(10):
        which, noise = rng.choice(ROWS * COLS, 60, replace=False), rng.normal(0.0, 0.01, 60)
        for kind in errors:
            errors[kind] += float(np.abs(fused(which, noise, kind).mean_ln).mean())
    assert errors[SPREAD] < 0.97 * errors[None]


def test_the_correction_of_one_hint_in_a_row_reaches_farther_up_than_across() -> None:
    middle = (ROWS // 2) * COLS + np.arange(0, COLS, 3)
    residual_ln = np.where(np.abs(np.arange(0, COLS, 3) - COLS // 2) < 3, 0.3, 0.0)
    level, same = (fused(middle, residual_ln, kind).mean_ln.reshape(ROWS, COLS) for kind in (LEVEL, None))
    assert level[0, COLS // 2] > 1.2 * same[0, COLS // 2]
    assert abs(level[ROWS // 2, 2]) < 0.05
