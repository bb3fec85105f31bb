# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and hints that cannot be are refused where they are made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from grin_ros.core.types import Frame, Hints, Unreached


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            {"range_m": [1.0, math.nan]},
            "range_m: got nan at index 1, expected finite numbers above 0; leave out",
        ),
        ({"range_m": [1.0, math.inf]}, "range_m: got inf at index 1"),
        ({"sigma_ln": math.inf}, "sigma_ln: got inf at index 0"),
        ({"pixels": [[3, 4], [math.nan, 2]]}, r"pixels: got \[nan  2.\] at index 1"),
        ({"range_m": [1.0, 0.0]}, "range_m: got 0.0 at index 1"),
        ({"sigma_ln": 0.0}, "sigma_ln: got 0.0 at index 0, .*; give the one of the sensor"),
        ({"age_s": -0.1}, "age_s: got -0.1.* expected finite numbers of 0 or more"),
        ({"shared_ln": math.nan}, "shared_ln: got nan at index 0"),
        ({"shared_ln": -0.01}, "shared_ln: got -0.0.* at index 0"),
        ({"range_m": [1.0]}, r"got pixels of shape \(2, 2\), expected \(1, 2\)"),
        ({"sigma_ln": [0.01]}, r"got sigma_ln of shape \(1,\), expected \(2,\)"),
        ({"shared_ln": [0.01] * 3}, r"got shared_ln of shape \(3,\), expected \(2,\)"),
    ],
)
def test_hints_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    good = {"pixels": [[3, 4], [5, 2]], "range_m": [1.0, 2.0]}
    assert len(Hints.measured(**good)) == 2
    with pytest.raises(ValueError, match=text):
        Hints.measured(**(good | wrong))


def test_pixels_in_another_layout_are_refused_and_not_mixed_up() -> None:
    u, v = [3.0, 5.0, 7.0], [4.0, 2.0, 1.0]
    with pytest.raises(ValueError, match=r"got pixels of shape \(2, 3\), expected \(3, 2\)"):
        Hints.measured([u, v], [1.0, 2.0, 3.0])
    assert Hints.measured(list(zip(u, v, strict=True)), [1.0, 2.0, 3.0]).pixels[:, 0].tolist() == u
    assert Hints.measured([3.0, 4.0], 1.0).pixels.tolist() == [[3.0, 4.0]]
    assert len(Hints.measured([], [])) == 0


def test_a_sensor_that_met_nothing_has_a_reach() -> None:
    pixels = np.zeros((2, 2), np.float32)
    assert len(Unreached(pixels, np.array([1.0, 2.0], np.float32)).reach_m) == 2
    assert Unreached([[3.0, 4.0]], [2.0]).pixels.dtype == np.float32  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reach_m: got inf at index 1, expected finite metres above 0; leave out"):
        Unreached(pixels, np.array([1.0, np.inf], np.float32))


@pytest.mark.parametrize("camera", [None, (525.0, 525.0, 1.0, 1.0)])
def test_a_frame_without_a_camera_is_refused(camera: Any) -> None:
    told = rf"camera: got {type(camera).__name__}, expected Camera; make one with Camera\("
    with pytest.raises(ValueError, match=told):
        Frame(np.zeros((4, 6, 3), np.uint8), camera)
