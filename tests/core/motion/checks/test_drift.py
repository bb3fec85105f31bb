# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges that change although the corners stay where they are show that the scale of odometry changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.config import MotionConfig
from grin_ros.core.motion.motion import Motion
from grin_ros.core.types import Hints
from tests.core.motion.room import CAMERA, PERIOD_NS, at, errors, sideways, turned, view

SLIPS, GRIPS, LAST = 15, 25, 44
"""The images in which wheels begin to slip and grip again, and the number of all images."""
DRIVES = {
    "to the side": list(sideways(LAST, 0.03)),
    "ahead": [at(0.2, 0.0, -1.8 + 0.03 * index, 3.0) for index in range(LAST)],
}


def slipping(poses: Sequence[Transform], factor: float) -> list[Transform]:
    """Return what odometry says if it shows this multiple of the way while wheels slip."""
    told, extra = [], np.zeros(3)
    for index, pose in enumerate(poses):
        if SLIPS <= index < GRIPS:
            extra = extra + (factor - 1.0) * (pose.translation_m - poses[index - 1].translation_m)
        told.append(Transform(pose.rotation, pose.translation_m + extra))
    return told


def followed(
    poses: Sequence[Transform], told: Sequence[Transform], config: MotionConfig | None = None
) -> tuple[list[tuple[int, Hints, NDArray[np.float64]]], list[str]]:
    """Return each image with hints, its hints and their errors of ln(range), and why the others have none."""
    motion, found, problems = Motion(config), [], []
    for index, (pose, one) in enumerate(zip(poses, told, strict=True)):
        image, range_m = view(CAMERA, pose)
        motion.track(image, CAMERA, (index + 1) * PERIOD_NS, one)
        hints = motion.hints()
        if hints is None:
            problems.append(motion.report.problem)
        else:
            found.append((index, hints, errors(hints, range_m)))
    return found, problems


@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("factor", [0.3, 1.5, 2.0])
def test_wheels_that_slip_cost_hints_and_do_not_make_them_wrong(drive: str, factor: float) -> None:
    poses = DRIVES[drive]
    found, problems = followed(poses, slipping(poses, factor))
    assert any("scale of odometry changed" in problem for problem in problems)
    assert any("Wheels that slip do this" in problem for problem in problems)
    assert any(("longer" if factor > 1.0 else "shorter") in problem for problem in problems)
    for _, hints, errors_ln in found:
        assert np.mean(np.abs(errors_ln) < 2.0 * hints.sigma_ln) > 0.8
    index, hints, errors_ln = found[-1]
    assert index == LAST - 1  # hints are back, and as certain as before
    assert abs(np.median(errors_ln)) < 0.06
    assert np.median(hints.shared_ln) < 0.06


@pytest.mark.parametrize("drive", DRIVES)
def test_a_robot_that_is_stuck_while_its_wheels_turn_gets_no_wrong_hints(drive: str) -> None:
    told = DRIVES[drive]
    found, problems = followed([told[min(index, SLIPS)] for index in range(LAST)], told)
    assert "stuck" in problems[-1]
    assert found[-1][0] < SLIPS + 5
    for _, hints, errors_ln in found:
        assert np.mean(np.abs(errors_ln) < 2.0 * hints.sigma_ln) > 0.8


@pytest.mark.parametrize("scale", [1.0, 1.3])
@pytest.mark.parametrize("drive", DRIVES)
def test_a_scale_that_stays_the_same_is_no_change(drive: str, scale: float) -> None:
    poses = DRIVES[drive]
    found, _ = followed(poses, [Transform(pose.rotation, scale * pose.translation_m) for pose in poses])
    assert [index for index, _, _ in found] == list(range(found[0][0], LAST))
    assert np.median(found[-1][1].shared_ln) < 0.06


def test_noise_of_the_poses_is_no_change_of_scale() -> None:
    rng, poses = np.random.default_rng(0), DRIVES["to the side"]
    noisy = [
        Transform(p.rotation @ turned(rng.normal(size=3), 0.3), p.translation_m + rng.normal(0.0, 0.004, 3))
        for p in poses
    ]
    _, problems = followed(poses, noisy)
    assert not any("scale of odometry" in problem for problem in problems)


def test_a_robot_that_stops_after_its_wheels_slipped_gives_nothing_until_it_drives_again() -> None:
    driven = DRIVES["to the side"][:GRIPS]
    stands = [driven[-1]] * 12
    on = list(sideways(GRIPS + 15, 0.03))[GRIPS:]
    poses = [*driven, *stands, *on]
    found, _ = followed(poses, slipping(poses, 2.0))
    after = [index for index, _, _ in found if index >= GRIPS]
    assert after
    assert after[0] > GRIPS + len(stands)
    assert abs(np.median(found[-1][2])) < 0.06


def test_odometry_that_is_known_to_slip_is_believed_with_a_large_sigma() -> None:
    poses = DRIVES["to the side"]
    found, problems = followed(poses, slipping(poses, 1.5), MotionConfig(distance_noise=0.2))
    assert not any("scale of odometry" in problem for problem in problems)
    assert found[-1][0] == LAST - 1
    assert all(np.mean(np.abs(errors_ln) < 2.0 * hints.sigma_ln) > 0.8 for _, hints, errors_ln in found)
