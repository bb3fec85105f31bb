# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Codes for "no return" are no measurements, in whatever way a driver writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.hints.sensors.returns import MIN_RANGE_M, measured_returns


def surface(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Return points of a wall, 2 to 6 m away."""
    rng = np.random.default_rng(seed)
    y, z = rng.uniform(-2.0, 2.0, count), rng.uniform(-1.0, 1.0, count)
    return np.stack([3.0 + 0.5 * y, y, z], axis=1)


def directions(count: int, seed: int = 1) -> NDArray[np.float64]:
    made = np.random.default_rng(seed).normal(size=(count, 3))
    return np.asarray(made / np.linalg.norm(made, axis=1)[:, None])


CODES = {
    "the origin": lambda n: np.zeros((n, 3)),
    "nearly the origin": lambda n: 1e-4 * directions(n),
    "NaN": lambda n: np.full((n, 3), np.nan),
    "NaN in one coordinate": lambda n: np.full((n, 3), (1.0, 1.0, np.nan)),
    "infinity": lambda n: np.inf * directions(n),
    "one point elsewhere": lambda n: np.full((n, 3), (0.1, -0.2, 1.5)),
    "the end of the range": lambda n: 8.0 * directions(n),
    "the end of the range, in float32": lambda n: (8.0 * directions(n)).astype(np.float32).astype(np.float64),
}


@settings(max_examples=40)
@given(code=st.sampled_from(sorted(CODES)), count=st.integers(20, 20000), share=st.floats(0.6, 0.95))
def test_no_convention_of_no_return_counts(code: str, count: int, share: float) -> None:
    real, codes = surface(count), CODES[code](int(count * share / (1.0 - share)))
    order = np.random.default_rng(2).permutation(len(real) + len(codes))
    returns = measured_returns(np.concatenate([real, codes])[order])
    assert len(returns.points) == len(real) and returns.no_return == len(codes) and returns.too_near == 0
    assert {tuple(point) for point in returns.points} == {tuple(point) for point in real}


def test_the_robots_own_body_does_not_count() -> None:
    body = 0.9 * MIN_RANGE_M * directions(50)
    returns = measured_returns(np.concatenate([surface(100), body]))
    assert (len(returns.points), returns.no_return, returns.too_near) == (100, 0, 50)
    assert len(measured_returns(body, 0.1).points) < 50, "they are one sphere, which is the end of a range"
    assert len(measured_returns(body * np.linspace(0.5, 1.0, 50)[:, None], 0.1).points) == 50


@pytest.mark.parametrize("count", [0, 1, 9, 64, 720])
def test_real_surfaces_count_in_full(count: int) -> None:
    angles = np.linspace(-0.6, 0.6, count)
    wall = np.stack([np.full(count, 2.0), 2.0 * np.tan(angles), np.zeros(count)], axis=1)  # seen straight on
    rounded = np.round(np.linalg.norm(wall, axis=1), 2)[:, None]  # a sensor that gives whole centimetres
    ahead = np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], axis=1)
    for points in (surface(count), wall, rounded * ahead):
        returns = measured_returns(points)
        assert len(returns.points) == count and returns.no_return == returns.too_near == 0


def test_points_in_the_frame_of_a_map_are_no_code_for_their_distance_from_its_origin() -> None:
    """A kilometre away, all of them lie at one distance. A point that many share is a code there too."""
    points = np.concatenate([surface(300) + np.array([1000.0, 0.0, 0.0]), np.zeros((40, 3)), np.full((40, 3), 7.0)])
    assert len(measured_returns(points).points) < 250
    returns = measured_returns(points, 0.0, by_sensor=False)
    assert len(returns.points) == 300 and returns.no_return == 80


def test_a_few_far_points_at_one_distance_are_no_code() -> None:
    far = 8.0 * directions(9)
    assert len(measured_returns(np.concatenate([surface(30), far])).points) == 39
