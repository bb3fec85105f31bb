# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations and mountings that no camera has are doubted by name; those of real cameras are not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.plausibility.camera import (
    distortion_doubts,
    intrinsics_doubts,
    mounting_doubts,
    projection_doubts,
)

K640 = (525.0, 0.0, 319.5, 0.0, 525.0, 239.5, 0.0, 0.0, 1.0)


def k(focal: float, cx: float = 319.5, cy: float = 239.5) -> tuple[float, ...]:
    return (focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0)


def p(focal: float, cx: float = 319.5, cy: float = 239.5, tx: float = 0.0) -> tuple[float, ...]:
    return (focal, 0.0, cx, tx, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("matrix", "fisheye", "expected"),
    [
        (k(525.0), False, []),
        (k(525.0, 350.0, 210.0), False, []),
        (k(525.0, 319.5, 150.0), False, []),  # the upper part was cut off
        (k(190.0, 315.0, 245.0), True, []),
        (k(1050.0, 639.5, 479.5), False, ["principal point"]),  # of 1280x960
        (k(262.0, 159.5, 119.5), False, ["principal point"]),  # of 320x240
        (k(700.0, 426.0, 320.0), False, ["principal point"]),  # of 853x640
        (k(1050.0, 639.5, 359.5), False, ["principal point"]),  # of 1280x720
        (k(525.0, 0.0, 0.0), False, ["principal point"]),
        (k(4.8), False, ["field of view"]),  # millimetres
        (k(60.0), False, ["field of view"]),
        (k(20000.0), False, ["field of view"]),
        (k(100.0), True, ["field of view"]),
        ((*k(525.0)[:4], 394.0, *k(525.0)[5:]), False, []),  # 16:9 pressed into 4:3
        ((*k(525.0)[:4], 262.0, *k(525.0)[5:]), False, ["pixel shape"]),  # only fy is that of half the size
        ((*k(525.0)[:4], 4.8, *k(525.0)[5:]), False, ["pixel shape"]),  # fy in millimetres
        (k(190.0, 600.0), True, ["principal point"]),
    ],
)
def test_intrinsics(matrix: Sequence[float], fisheye: bool, expected: list[str]) -> None:
    found = list(intrinsics_doubts(640, 480, matrix, fisheye))
    assert [doubt.name for doubt in found] == expected
    assert not any("{" in doubt.text or doubt.blind for doubt in found)


def test_the_resolution_that_k_would_fit_is_named() -> None:
    (doubt,) = intrinsics_doubts(640, 480, k(1050.0, 639.5, 359.5), fisheye=False)
    assert "(about 1280x720)" in doubt.text


@pytest.mark.parametrize(
    ("matrix", "undistorted", "expected"),
    [
        (p(0.0, 0.0, 0.0), True, []),
        (p(525.0), True, []),
        (p(525.0, tx=-60.0), True, []),  # the right camera of a stereo pair
        (p(430.0), False, []),
        (p(330.0, 335.0, 230.0), False, []),
        (p(430.0), True, ["P and K"]),
        (p(525.0, 400.0), True, ["P and K"]),
        (p(1050.0, 639.5, 479.5), True, ["P and K"]),
        (p(900.0, 630.0, 470.0), False, ["P and K"]),
        (p(262.0, 160.0, 122.0), False, ["P and K"]),
    ],
)
def test_projection_matrices(matrix: Sequence[float], undistorted: bool, expected: list[str]) -> None:
    assert [doubt.name for doubt in projection_doubts(640, 480, K640, matrix, undistorted)] == expected


@pytest.mark.parametrize(
    ("model", "d", "expected"),
    [
        ("plumb_bob", (-0.3, 0.1, 0.0, 0.0, 0.0), []),
        ("rational_polynomial", (0.5, -0.1, 0.0, 0.0, 0.02, 0.9, -0.02, 0.05), []),
        ("equidistant", (-0.01, 0.02, -0.01, 0.002), []),
        ("plumb_bob", (1000.0, 0.0, 0.0, 0.0, 0.0), ["distortion"]),  # in other units
        ("equidistant", (5.0, 0.0, 0.0, 0.0), ["distortion"]),
    ],
)
def test_distortion(model: str, d: tuple[float, ...], expected: list[str]) -> None:
    camera = Camera(640, 480, 220.0, 220.0, 319.5, 239.5, model, d)
    assert [doubt.name for doubt in distortion_doubts(camera)] == expected


@pytest.mark.parametrize(
    ("mounting", "expected"),
    [
        (None, []),
        (Mounting(0.6), []),
        (Mounting(1.2, 0.3, 0.4), []),
        (Mounting(1.2, math.pi, 0.4), ["rolled"]),  # upside down, or y up and z back as in OpenGL
        (Mounting(1.2, -math.pi / 2), ["rolled"]),
        (Mounting(2.5, math.pi, math.pi / 2 - 0.2), []),  # looks down: there is no upright
        (Mounting(2.5, 0.0, math.pi / 2), []),  # looks straight down
        (Mounting(0.2, 0.0, -0.5), []),
        (Mounting(0.6, 0.0, -math.pi / 2), ["looks up"]),
        (Mounting(0.6, 1.5, -1.2), ["looks up"]),  # a body frame that is pitched
    ],
)
def test_mountings(mounting: Mounting | None, expected: list[str]) -> None:
    assert [doubt.name for doubt in mounting_doubts(mounting)] == expected
