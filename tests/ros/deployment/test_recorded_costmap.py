# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped model, settings and Nav2 values leave the floor of the recorded drive free."""

from __future__ import annotations

import pytest

from benchmarks.costmap import REACH_OF_NODE_M, REACH_SHIPPED_M, Setup, answers, errors, exact
from grin_ros.core.planning.obstacles import ObstacleSettings
from grin_ros.core.types import DepthEstimate


@pytest.fixture(scope="module")
def estimates() -> list[DepthEstimate]:
    """The answers of the shipped model, which is told the mounting."""
    return answers("nano", "ort", mounted=True)


def test_the_floor_is_free_and_the_nearest_obstacle_is_within_ten_per_cent(estimates: list[DepthEstimate]) -> None:
    found = errors(Setup(estimates.__getitem__, ObstacleSettings.height_band, REACH_SHIPPED_M))
    assert found.floor <= 0.05
    assert abs(found.nearest) <= 0.10
    assert found.found >= 0.25


def test_with_a_2d_lidar_the_floor_is_free_and_more_obstacles_are_found(estimates: list[DepthEstimate]) -> None:
    hinted = answers("nano", "ort", mounted=True, lidar=True)
    near = errors(Setup(hinted.__getitem__, ObstacleSettings.height_band, REACH_SHIPPED_M))
    assert near.floor <= 0.01
    assert abs(near.nearest) <= 0.10
    assert near.found >= 0.25
    far, alone = (
        errors(Setup(each.__getitem__, ObstacleSettings.height_band, REACH_OF_NODE_M)) for each in (hinted, estimates)
    )
    assert far.floor <= 0.03 and far.floor < alone.floor
    assert far.found >= 0.8 and far.found > alone.found


def test_without_the_height_band_much_of_the_floor_would_be_lethal(estimates: list[DepthEstimate]) -> None:
    assert errors(Setup(estimates.__getitem__, False, REACH_OF_NODE_M)).floor > 0.15


def test_exact_depth_leaves_the_floor_free_and_finds_every_obstacle() -> None:
    found = errors(Setup(exact, True, REACH_OF_NODE_M))
    assert found.floor < 0.01
    assert abs(found.nearest) < 0.02
    assert found.found == 1.0
