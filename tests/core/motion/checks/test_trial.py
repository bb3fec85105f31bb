# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A trial of poses: how many images must fit, and which of them count."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from grin_ros.core.motion.checks.trial import LONGEST, MOVED_M, SHORTEST, Trial

STEP_M = np.array([2.0 * MOVED_M, 0.0, 0.0])


def passed(trial: Trial) -> int:
    """Drive until images give hints again, and return how many gave none."""
    return next(index for index in count() if trial.fits(1.0 + index * STEP_M))


def test_no_trial_runs_at_first() -> None:
    trial = Trial()
    assert not trial.running
    assert trial.fits(np.zeros(3))


def test_poses_that_were_refused_must_fit_for_some_images() -> None:
    trial = Trial()
    trial.refused()
    assert trial.running
    assert passed(trial) == SHORTEST
    assert not trial.running


def test_a_camera_that_stands_proves_nothing() -> None:
    trial = Trial()
    trial.refused()
    assert not any(trial.fits(np.full(3, 5.0)) for _ in range(10 * SHORTEST))
    assert passed(trial) == SHORTEST - 1  # the first of those that stood did count


def test_each_trial_is_about_twice_as_long_as_the_one_before_up_to_the_longest() -> None:
    trial, lengths = Trial(), []
    for _ in range(7):
        trial.refused()
        lengths.append(passed(trial))
    assert lengths[:4] == pytest.approx([SHORTEST * 2**index for index in range(4)], rel=0.1)
    assert 0.9 * LONGEST < lengths[-1] <= LONGEST


def test_a_refusal_while_a_trial_runs_makes_the_next_one_only_a_little_longer() -> None:
    apart, together = Trial(), Trial()
    for _ in range(3):
        apart.refused()
        passed(apart)
        together.refused()
    apart.refused()
    together.refused()
    assert SHORTEST < passed(together) < passed(apart)


@pytest.mark.parametrize(("images", "shorter"), [(0, False), (200, True)])
def test_images_that_fit_make_the_next_trial_shorter(images: int, shorter: bool) -> None:
    trial = Trial()
    for _ in range(5):
        trial.refused()
        passed(trial)
    for _ in range(images):
        assert trial.fits(np.zeros(3))
    trial.refused()
    assert (passed(trial) == SHORTEST) == shorter
