# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of overviews and subjects: the placement of their cameras and the choice of views."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.indoor import photographs
from grin_ros.worlds.scene import Scene
from tests.worlds.rays import LIGHTING

LENS = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
TARGET = np.array([1.0, 2.0, 0.8])
TABLE = np.array([[[2.0, 1.5, 0.0], [3.2, 2.3, 0.75]]])
ROOM = Scene([], 0, [], LIGHTING, TABLE, TARGET[None], (np.zeros(3), np.array([5.0, 4.0, 2.6])))


def _view(upper_m: float, middle_m: float, lower_m: float) -> NDArray[np.float32]:
    """Return a view whose thirds have these ranges, with things in the middle, so that it is not one plane."""
    range_m = np.repeat(np.float32([upper_m, middle_m, lower_m]), 40)[:, None].repeat(160, 1)
    range_m[45:75, ::20] *= 0.9
    return range_m


def test_overviews_look_across_the_room_from_its_border_and_slightly_down() -> None:
    rng = np.random.default_rng(0)
    placed = [p for p in (photographs.place_overview(rng, ROOM) for _ in range(1000)) if p is not None]
    assert len(placed) > 900
    low, high = ROOM.bounds
    for p in placed:
        margin = np.minimum(p.position - low, high - p.position)
        assert 0.15 <= margin[:2].min() <= 1.0 and 0.8 <= p.height_m <= 1.9
    assert 12 < np.degrees(np.mean([p.pitch_rad for p in placed])) < 20
    # The room is longer ahead of the camera than behind it.
    steps = np.array([[np.cos(p.yaw_rad), np.sin(p.yaw_rad), 0.0] for p in placed])
    centre = 0.5 * (low + high)
    toward = np.einsum("ni,ni->n", steps, centre - np.array([p.position for p in placed]))
    assert np.mean(toward > 0.0) > 0.85


def test_subjects_are_in_the_middle_of_the_image_and_a_few_steps_away() -> None:
    rng = np.random.default_rng(0)
    placed = [p for p in (photographs.place_subject(rng, ROOM) for _ in range(1000)) if p is not None]
    assert len(placed) > 150
    for p in placed:
        away = TARGET - p.position
        distance = np.linalg.norm(away)
        ahead = np.array(
            [np.cos(p.yaw_rad) * np.cos(p.pitch_rad), np.sin(p.yaw_rad) * np.cos(p.pitch_rad), -np.sin(p.pitch_rad)]
        )
        assert 1.2 <= distance <= 3.8 and np.degrees(np.arccos(away @ ahead / distance)) < 30.0
        assert not ROOM.blocks(p.position)


def test_overviews_have_a_near_lower_third_and_no_nearer_upper_third() -> None:
    assert photographs.keep_overview(_view(4.0, 3.0, 2.0), LENS) == 1.0
    for other in (_view(3.0, 3.0, 2.9), _view(2.0, 3.0, 2.5), _view(20.0, 10.0, 7.0), _view(4.0, 3.0, 0.6)):
        assert photographs.keep_overview(other, LENS) == photographs.OTHERS_SHARE
    assert photographs.keep_overview(np.full((120, 160), np.inf, np.float32), LENS) == 0.0


def test_subjects_have_a_near_background() -> None:
    assert photographs.keep_subject(_view(2.6, 2.0, 1.8), LENS) == 1.0
    for other in (_view(4.0, 2.0, 1.8), _view(2.4, 2.0, 1.0), _view(0.8, 0.7, 0.6), _view(6.4, 6.0, 5.5)):
        assert photographs.keep_subject(other, LENS) == photographs.OTHERS_SHARE
    open_above = _view(2.6, 2.0, 1.8)
    open_above[:40] = np.inf
    assert photographs.keep_subject(open_above, LENS) == 0.0


def test_views_of_a_bare_wall_are_rarely_kept() -> None:
    floor = 1.0 / np.maximum(LENS.rays().astype(np.float64) @ np.array([0.0, 0.9, 0.55]), 1e-3)
    kept = photographs.keep_overview(floor.astype(np.float32), LENS)
    assert 0.0 < kept < 0.2
