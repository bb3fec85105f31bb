# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A sensor whose pose is wrong by many degrees is noticed over many views, and the direction is told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.checks.pose_check import ENOUGH_VIEWS, EVERY, PoseCheck
from grin_ros.core.types import HintReport, Hints

CAMERA = Camera(160, 120, 110.0, 110.0, 79.5, 59.5)
ROWS, COLS = 24, 32


def scene(seed: int) -> NDArray[np.float32]:
    """Return ln(range) of every pixel of a view: a few things at different distances."""
    coarse = np.random.default_rng(seed).uniform(0.0, 2.0, (4, 5)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (CAMERA.width, CAMERA.height), interpolation=cv2.INTER_LINEAR), np.float32)


def seen(seed: int, turn_rad: tuple[float, float, float]) -> tuple[Hints, HintReport]:
    """Return hints whose points are turned about x (right), y (down) and z (ahead), and what the network says, which is
    wrong by a factor and noise."""
    rng = np.random.default_rng(1000 + seed)
    truth_ln = scene(seed)
    v, u = rng.integers(0, CAMERA.height, 400), rng.integers(0, CAMERA.width, 400)
    points = CAMERA.rays()[v, u] * np.exp(truth_ln[v, u])[:, None]
    turned = points.astype(np.float64) @ cv2.Rodrigues(np.array(turn_rad))[0].T
    pixels = CAMERA.project(turned)
    inside = CAMERA.contains(pixels)
    hints = Hints.measured(pixels[inside], np.linalg.norm(turned[inside], axis=1), source="points")
    grid = cv2.resize(truth_ln, (COLS, ROWS), interpolation=cv2.INTER_AREA)
    alone_ln = np.asarray(grid + 0.4 + 0.2 * rng.standard_normal(grid.shape), np.float32)
    return hints, HintReport(1, 0, 0.0, {}, alone_ln=alone_ln)


def checked(turn_rad: tuple[float, float, float], views: int = ENOUGH_VIEWS) -> PoseCheck:
    check = PoseCheck()
    for seed in range(views):
        for _ in range(EVERY):
            check(CAMERA, *seen(seed, turn_rad))
    return check


def test_the_right_pose_is_not_doubted() -> None:
    check = checked((0.0, 0.0, 0.0))
    assert check.turned is None and "no other direction fits" in check.text


@pytest.mark.parametrize(
    ("turn_deg", "text"),
    [
        ((10.0, 0.0, 0.0), "lie 8 degrees lower"),
        ((-16.0, 0.0, 0.0), "lie 16 degrees higher"),
        ((0.0, 8.0, 0.0), "lie 8 degrees to the left"),
        ((0.0, -10.0, 0.0), "lie 8 degrees to the right"),
        ((0.0, 0.0, 180.0), "are turned by 180 degrees about the optical axis"),
    ],
)
def test_a_wrong_pose_is_doubted_and_the_way_back_is_told(turn_deg: tuple[float, float, float], text: str) -> None:
    x, y, z = np.radians(turn_deg)
    check = checked((float(x), float(y), float(z)))
    assert check.turned is not None and check.turned.text == text
    assert f"if its points {text}" in check.text
    check.forget()
    assert check.turned is None and check.text == ""


def test_few_views_or_the_same_view_prove_nothing() -> None:
    wrong = (0.2, 0.0, 0.0)
    few = checked(wrong, ENOUGH_VIEWS - 1)
    assert few.turned is None and f"{ENOUGH_VIEWS - 1} of {ENOUGH_VIEWS}" in few.text
    same = PoseCheck()
    for _ in range(2 * EVERY * ENOUGH_VIEWS):
        same(CAMERA, *seen(3, wrong))
    assert same.turned is None and f"1 of {ENOUGH_VIEWS}" in same.text


def test_without_hints_or_with_those_of_motion_nothing_is_compared() -> None:
    check = PoseCheck()
    hints, report = seen(1, (0.0, 0.0, 0.0))
    check(CAMERA, None, report)
    check(CAMERA, hints, None)
    check(CAMERA, Hints.measured(hints.pixels, hints.range_m, source="motion"), report)
    assert check.text == ""
