# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms: rigid, of the right sense, and the same from both forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import BODY_TO_OPTICAL, Transform
from tests.core.geometry.test_mounting import about, product

ANGLE = st.floats(-math.pi, math.pi)
PLACE = st.tuples(*[st.floats(-10.0, 10.0)] * 3)
FAST = settings(max_examples=100)


def quaternion(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    return product(about(2, yaw), product(about(1, pitch), about(0, roll)))


@FAST
@given(ANGLE, ANGLE, ANGLE, PLACE, PLACE)
def test_both_forms_give_one_rigid_transform(
    roll: float, pitch: float, yaw: float, place: tuple[float, ...], point: tuple[float, ...]
) -> None:
    one = Transform.from_rpy(place, (roll, pitch, yaw))
    other = Transform.from_quaternion(place, list(quaternion(roll, pitch, yaw)))
    np.testing.assert_allclose(one(np.array(point)), other(np.array(point)), atol=1e-9)
    np.testing.assert_allclose(one.rotation @ one.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(one.rotation) == pytest.approx(1.0)


@FAST
@given(ANGLE, ANGLE, ANGLE)
@example(math.pi, 0.0, 0.0)
@example(0.0, math.pi, 0.0)
@example(0.0, 0.0, math.pi)
@example(math.pi, 1e-9, math.pi / 2)
def test_a_rotation_comes_back_from_its_quaternion_after_half_turns_too(roll: float, pitch: float, yaw: float) -> None:
    turned = Transform.from_rpy((0.0, 0.0, 0.0), (roll, pitch, yaw))
    again = Transform.from_quaternion((0.0, 0.0, 0.0), list(turned.quaternion))
    np.testing.assert_allclose(again.rotation, turned.rotation, atol=1e-12)
    assert turned.quaternion[3] >= 0.0


@pytest.mark.parametrize(
    ("rpy_deg", "seen"),
    [((0, 0, 90), (0, 1, 0)), ((0, 90, 0), (0, 0, -1)), ((90, 0, 0), (1, 0, 0))],
    ids=["yaw turns left", "pitch looks down", "roll keeps x"],
)
def test_angles_have_the_sense_of_a_urdf(rpy_deg: tuple[float, ...], seen: tuple[float, ...]) -> None:
    turned = Transform.from_rpy((0.0, 0.0, 0.0), [math.radians(angle) for angle in rpy_deg])
    np.testing.assert_allclose(turned(np.array([1.0, 0.0, 0.0])), seen, atol=1e-12)


@FAST
@given(PLACE, PLACE, ANGLE, ANGLE, PLACE)
def test_one_after_the_other(
    a: tuple[float, ...], b: tuple[float, ...], yaw: float, pitch: float, point: tuple[float, ...]
) -> None:
    first, second = Transform.from_rpy(a, (0.0, pitch, yaw)), Transform.from_rpy(b, (yaw, 0.0, pitch))
    both = second.after(first)(np.array(point))
    np.testing.assert_allclose(both, second(first(np.array(point))), atol=1e-9)


def test_body_and_optical_frame_are_those_of_a_level_camera() -> None:
    np.testing.assert_allclose(BODY_TO_OPTICAL.rotation, Mounting(1.0).rotation().T, atol=1e-12)


def test_a_quaternion_that_is_none_is_refused() -> None:
    for bad in ([0.0, 0.0, 0.0, 2.0], [math.nan, 0.0, 0.0, 1.0]):
        with pytest.raises(ValueError, match="expected 1; correct the node that publishes"):
            Transform.from_quaternion((0.0, 0.0, 0.0), bad)
    with pytest.raises(ValueError, match="translation of .*nan.*, expected finite metres; correct the node"):
        Transform.from_quaternion((0.0, math.nan, 0.0), [0.0, 0.0, 0.0, 1.0])
