# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hints that cannot be measurements are refused where they are made."""

from __future__ import annotations

import math
from typing import Any

import pytest

from grin_ros.core.types import Hints


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"range_m": [1.0, math.nan]}, "got NaN or inf; leave out pixels without a measurement"),
        ({"range_m": [1.0, math.inf]}, "got NaN or inf"),
        ({"sigma_ln": math.inf}, "got NaN or inf"),
        ({"pixels": [[3, 4], [math.nan, 2]]}, "got NaN or inf"),
        ({"range_m": [1.0, 0.0]}, "expected range_m and sigma_ln above 0"),
        ({"sigma_ln": 0.0}, "expected range_m and sigma_ln above 0"),
        ({"age_s": -0.1}, "age_s of 0 or more"),
        ({"shared_ln": math.nan}, "got NaN or inf"),
        ({"shared_ln": -0.01}, "shared_ln of 0 or more"),
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
