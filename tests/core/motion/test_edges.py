# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Edges without corners have the range that earlier views show, and none where they cannot be told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.motion.edges import WIDTH_PX, Edges, Past, found_edges
from grin_ros.core.motion.pictures import reduced

CAMERA = Camera(320, 240, 240.0, 240.0, 159.5, 119.5)
WALL_M = 2.0
BASELINES_M = (0.03, 0.08, 0.2)
MOST = 300
Picture = NDArray[np.uint8]


def stripes(seed: int, upright: bool = True) -> Picture:
    """Return a wall (400, 400) of stripes, which has no corners."""
    line = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(1, 400)).astype(np.float32), (0, 0), 2.0)
    wall = np.repeat(np.clip(110.0 + 120.0 * line, 0, 255).astype(np.uint8), 400, axis=0)
    return wall if upright else np.ascontiguousarray(wall.T)


def view(wall: Picture, camera_m: float, ahead_m: float = 0.0) -> Picture:
    """Return the wall as the camera sees it, camera_m to the right and ahead_m nearer to it."""
    left = WALL_M - ahead_m
    size = WALL_M / left
    shift = np.array([
        [size, 0.0, CAMERA.cx - size * 199.5 - CAMERA.fx * camera_m / left],
        [0.0, size, CAMERA.cy - size * 199.5],
    ])  # fmt: skip
    return np.asarray(cv2.warpAffine(wall, shift, (320, 240), borderMode=cv2.BORDER_REFLECT), np.uint8)


def searched(wall: Picture, before: Picture | None = None, taken: NDArray[np.float64] | None = None) -> Edges:
    """Search the wall, which the camera has passed from the left; or another one, if that was there before."""
    past = [
        Past(view(wall if before is None else before, -by), np.eye(3), np.array([by, 0.0, 0.0])) for by in BASELINES_M
    ]
    return found_edges(view(wall, 0.0), past, CAMERA, np.zeros((0, 2)) if taken is None else taken, 1.0 / 0.3, MOST)


def test_stripes_have_the_range_of_the_wall() -> None:
    found = searched(stripes(0))
    assert len(found.inverse) > 100
    along_z = 1.0 / found.inverse * found.rays[:, 2]
    assert np.median(np.abs(along_z / WALL_M - 1.0)) < 0.01
    assert np.mean(np.abs(found.inverse - found.rays[:, 2] / WALL_M) < 3.0 * found.sigma) > 0.95
    assert (found.view == 2).mean() > 0.9  # the longest baseline has the last word


def test_stripes_have_the_range_of_the_wall_after_a_way_ahead() -> None:
    wall = stripes(0)
    past = [Past(view(wall, 0.0, -by), np.eye(3), np.array([0.0, 0.0, by])) for by in (0.1, 0.3, 0.6)]
    found = found_edges(view(wall, 0.0), past, CAMERA, np.zeros((0, 2)), 1.0 / 0.3, MOST)
    assert len(found.inverse) > 50
    assert np.median(np.abs(found.rays[:, 2] / found.inverse / WALL_M - 1.0)) < 0.02


def test_no_more_edges_are_searched_than_are_wanted() -> None:
    wall = stripes(0)
    past = [Past(view(wall, -by), np.eye(3), np.array([by, 0.0, 0.0])) for by in BASELINES_M]
    found = found_edges(view(wall, 0.0), past, CAMERA, np.zeros((0, 2)), 1.0 / 0.3, 20)
    assert 0 < len(found.inverse) <= 20


def test_stripes_along_the_motion_cannot_be_located() -> None:
    assert len(searched(stripes(0, upright=False)).inverse) == 0


def test_what_was_not_there_before_is_not_found() -> None:
    assert len(searched(stripes(0), before=stripes(1)).inverse) < 0.2 * len(searched(stripes(0)).inverse)


@pytest.mark.parametrize("turned_deg", [103.0, 115.5])
def test_lines_on_the_horizon_of_an_earlier_view_do_not_become_endless(turned_deg: float) -> None:
    """The robot has turned so far that the line of a pixel leaves the earlier view sideways."""
    wall = stripes(0)
    turn, _ = cv2.Rodrigues(np.array([0.0, np.radians(turned_deg), 0.0]))
    past = [Past(view(wall, -by), np.asarray(turn), np.array([0.0, 0.0, by])) for by in BASELINES_M]
    assert not len(found_edges(view(wall, 0.0), past, CAMERA, np.zeros((0, 2)), 1.0 / 0.3, MOST).inverse)


def test_cells_with_a_corner_give_no_edge() -> None:
    u, v = np.meshgrid(np.arange(5.0, 160.0, 10.0), np.arange(5.0, 240.0, 10.0))
    found = searched(stripes(0), taken=np.stack([u.ravel(), v.ravel()], axis=-1))
    assert (found.pixels[:, 0] >= 160.0).all()


def test_wide_images_are_reduced() -> None:
    assert reduced(np.zeros((480, 640), np.uint8), WIDTH_PX).shape == (240, 320)
    assert reduced(np.zeros((120, 160), np.uint8), WIDTH_PX).shape == (120, 160)
