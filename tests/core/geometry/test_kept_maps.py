# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The maps of all cameras of a process are computed once, and those of a camera that changes are forgotten."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.kept_maps import LEAST, OF_A_CAMERA, KeptMaps
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.view import level_view, range_per_depth

MANY = LEAST + 4


@pytest.fixture(autouse=True)
def one_camera() -> Iterator[None]:
    """Begin and end without maps, in a process that serves one camera."""
    KeptMaps.serve(1)
    yield
    KeptMaps.serve(1)


def camera(number: int) -> Camera:
    return Camera(64, 48, 50.0 + number, 50.0, 32.0, 24.0, mounting=Mounting(1.0))


def turn() -> list[object]:
    """Return the maps of one frame of each of many cameras, with the rays of the smaller picture of motion."""
    cameras = [camera(number) for number in range(MANY)]
    return [
        made
        for one in cameras
        for made in (one.rays(), one.resized(32, 24).rays(), range_per_depth(one), level_view(one))
    ]


def test_the_maps_of_cameras_that_take_turns_are_computed_once() -> None:
    first = turn()
    assert not any(a is b for a, b in zip(first, turn(), strict=True)), "there was room, so the test shows nothing"
    KeptMaps.serve(MANY)
    first = turn()
    assert all(a is b for a, b in zip(first, turn(), strict=True))


@pytest.mark.parametrize("served", [1, MANY])
def test_a_camera_that_changes_with_every_frame_leaves_no_more_maps_than_there_is_room_for(served: int) -> None:
    KeptMaps.serve(served)
    made = [weakref.ref(camera(number).rays()) for number in range(100)]
    assert sum(one() is not None for one in made) == max(LEAST, OF_A_CAMERA * served)
    assert made[-1]() is camera(99).rays()
