# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The live check measures how far depth misses hints that it was not given, and sigma follows."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.checks.live_check import EVERY, FEWEST, MOST_FACTOR, LiveCheck, Miss
from grin_ros.core.types import DepthEstimate, HintReport, Hints

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5)
DEPTH_M = np.full((120, 160), 2.0, np.float32)
USED = HintReport(1, 0, 0.0, {"scan": 1})


def hints(error_ln: float, seed: int, count: int = 200) -> Hints:
    """Return hints that differ from the depth by a normal distribution of this width."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, (160, 120), (count, 2))
    true_m = 2.0 / CAMERA.rays()[pixels[:, 1], pixels[:, 0], 2]
    return Hints.measured(pixels, true_m * np.exp(error_ln * rng.standard_normal(count)), 0.01, "scan")


def driven(error_ln: float, claimed: float, frames: int = 60) -> tuple[LiveCheck, DepthEstimate, int]:
    """Return the check after some frames, the last estimate, and the number of frames that knew all hints."""
    check, whole = LiveCheck(), 0
    for number in range(frames):
        given = hints(error_ln, number)
        held = check.hold(given, CAMERA)
        assert held.used is not None
        whole += held.back is None
        assert len(held.used) + (len(held.back) if held.back is not None else 0) == len(given)
        last = check(CAMERA, DepthEstimate(DEPTH_M, np.float32(claimed) * DEPTH_M, hints=USED), held)
    return check, last, whole


def known(check: LiveCheck) -> Miss:
    assert check.miss is not None
    return check.miss


def test_the_error_is_measured_on_a_fifth_of_the_hints_of_every_fifth_frame() -> None:
    check, _, whole = driven(0.1, 0.1)
    assert whole == 60 - 60 // EVERY
    assert known(check).share == pytest.approx(0.0674, rel=0.15)
    assert 300 < known(check).count < 700


def test_a_sigma_that_is_right_stays() -> None:
    check, last, _ = driven(0.1, 0.11)
    assert known(check).ratio == pytest.approx(0.95, abs=0.15)
    np.testing.assert_allclose(last.sigma_m / DEPTH_M, 0.11, rtol=0.1)


def test_a_sigma_that_is_too_small_is_enlarged_up_to_a_limit() -> None:
    check, last, _ = driven(0.3, 0.1)
    assert known(check).ratio == pytest.approx(3.0, rel=0.2)
    np.testing.assert_allclose(last.sigma_m, known(check).ratio * 0.1 * DEPTH_M, rtol=1e-5)
    assert driven(3.0, 0.1)[1].sigma_m[0, 0] == pytest.approx(MOST_FACTOR * 0.1 * 2.0)


def test_a_few_gross_outliers_do_not_count() -> None:
    check = LiveCheck()
    for number in range(60):
        given = hints(0.1, number)
        given.range_m[:10] *= 3.0
        check(CAMERA, DepthEstimate(DEPTH_M, 0.1 * DEPTH_M, hints=USED), check.hold(given, CAMERA))
    assert known(check).ratio < 1.2


def test_without_hints_or_with_few_nothing_is_held_back_or_changed() -> None:
    check = LiveCheck()
    for given in (None, hints(0.1, 0, FEWEST - 1)):
        for _ in range(3 * EVERY):
            held = check.hold(given, CAMERA)
            assert held.used is given and held.back is None
    estimate = DepthEstimate(DEPTH_M, DEPTH_M)
    assert check(CAMERA, estimate, held) is estimate and check.miss is None


def test_frames_without_hints_keep_the_sigma_of_the_camera_alone_and_forgetting_forgets() -> None:
    check, _, _ = driven(0.3, 0.1)
    alone = DepthEstimate(DEPTH_M, DEPTH_M)
    assert check(CAMERA, alone, check.hold(None, CAMERA)) is alone
    check.forget()
    assert check.miss is None
