# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mountings: their rotation, and that of a pose as tf2 gives it, whatever the yaw."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform

ANGLE = st.floats(-math.pi, math.pi)
MOUNTINGS = st.builds(Mounting, st.floats(0.05, 50), ANGLE, st.floats(-math.pi / 2, math.pi / 2))
FAST = settings(max_examples=200)


def product(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hamilton's, of quaternions x, y, z, w: first b, then a."""
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.array([*vector, a[3] * b[3] - a[:3] @ b[:3]])


def about(axis: int, angle_rad: float) -> NDArray[np.float64]:
    quaternion = np.zeros(4)
    quaternion[axis], quaternion[3] = math.sin(angle_rad / 2), math.cos(angle_rad / 2)
    return quaternion


def mounting(translation_m: tuple[float, ...], quaternion: NDArray[np.float64] | tuple[float, ...]) -> Mounting:
    return Mounting.from_pose(Transform.from_quaternion(translation_m, tuple(quaternion)))


OPTICAL = np.array([-0.5, 0.5, -0.5, 0.5])
"""camera_link -> its optical frame, as in every URDF: rpy -90, 0, -90 degrees."""


def urdf(roll: float, pitch: float, yaw: float) -> NDArray[np.float64]:
    """The optical frame of a camera_link with this rpy."""
    link = product(about(2, yaw), product(about(1, pitch), about(0, roll)))
    return product(link, OPTICAL)


@FAST
@given(expected=MOUNTINGS, yaw=ANGLE, x=st.floats(-9, 9), y=st.floats(-9, 9), sign=st.sampled_from([1, -1]))
def test_height_and_up_direction_are_those_of_the_urdf(
    expected: Mounting, yaw: float, x: float, y: float, sign: int
) -> None:
    quaternion = sign * urdf(expected.roll_rad, expected.pitch_rad, yaw)  # q and -q are one rotation
    got = mounting((x, y, expected.height_m), quaternion)
    assert got.height_m == expected.height_m
    np.testing.assert_allclose(got.up_optical(), expected.up_optical(), atol=1e-6)


@FAST
@given(expected=MOUNTINGS.filter(lambda one: abs(one.pitch_rad) < 1.5), yaw=ANGLE)
def test_roll_and_pitch_come_back_where_they_are_unique(expected: Mounting, yaw: float) -> None:
    got = mounting((0.0, 0.0, 1.0), urdf(expected.roll_rad, expected.pitch_rad, yaw))
    assert got.pitch_rad == pytest.approx(expected.pitch_rad, abs=1e-6)
    apart = math.remainder(got.roll_rad - expected.roll_rad, 2 * math.pi)  # -pi and pi are one roll
    assert apart == pytest.approx(0.0, abs=1e-5)


def test_a_level_camera_and_one_that_looks_straight_down() -> None:
    level = mounting((0.3, 0.0, 0.5), OPTICAL)
    np.testing.assert_allclose((level.height_m, level.roll_rad, level.pitch_rad), (0.5, 0.0, 0.0), atol=1e-12)
    down = mounting((0.0, 0.0, 2.0), urdf(0.0, math.pi / 2, 1.0))
    np.testing.assert_allclose(down.up_optical(), (0.0, 0.0, -1.0), atol=1e-12)


def test_a_slightly_rounded_quaternion_is_taken() -> None:
    got = mounting((0.0, 0.0, 1.0), urdf(0.1, 0.2, 0.3).round(4))
    np.testing.assert_allclose(got.up_optical(), Mounting(1.0, 0.1, 0.2).up_optical(), atol=2e-4)


@pytest.mark.parametrize(
    ("translation", "quaternion", "text"),
    [
        ((0, 0, 1), (0, 0, 0, 0), "got a quaternion of length 0, expected 1"),
        ((0, 0, 1), (0, 0, 0, 1.1), "length 1.1, expected 1"),
        ((0, 0, 1), (math.nan, 0, 0, 1), "length nan"),
        ((0, 0, 0), OPTICAL, "camera height: got 0.0 m"),
        ((0, 0, -0.2), OPTICAL, "camera height: got -0.2 m"),
        ((0, 0, math.nan), OPTICAL, "pose: got a translation of .*nan.*, expected finite metres"),
    ],
)
def test_what_is_no_mounting_is_refused(
    translation: tuple[float, ...], quaternion: tuple[float, ...], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        mounting(translation, quaternion)


@pytest.mark.parametrize(
    ("roll", "pitch", "up"),
    [
        (0.0, 0.0, (0.0, -1.0, 0.0)),
        (0.0, math.pi / 2, (0.0, 0.0, -1.0)),  # looks straight down: up is behind
        (0.0, 0.3, (0.0, -math.cos(0.3), -math.sin(0.3))),
        (math.pi / 2, 0.0, (-1.0, 0.0, 0.0)),  # the right side points down: up is left
        (math.pi, 0.0, (0.0, 1.0, 0.0)),  # mounted upside down
    ],
)
def test_up_vector(roll: float, pitch: float, up: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(Mounting(1.0, roll, pitch).up_optical(), up, atol=1e-12)


def test_level_camera_has_the_rep_103_axes() -> None:
    # Optical right, down, forward are the base frame's -y, -z, x.
    np.testing.assert_array_equal(Mounting(1.0).rotation().T, [[0, -1, 0], [0, 0, -1], [1, 0, 0]])


@FAST
@given(MOUNTINGS)
def test_rotation_is_a_rotation_and_takes_up_to_z(mounting: Mounting) -> None:
    rotation = mounting.rotation()
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(rotation @ mounting.up_optical(), [0.0, 0.0, 1.0], atol=1e-12)
    forward = rotation @ [0.0, 0.0, 1.0]
    assert forward[1] == pytest.approx(0.0, abs=1e-12)  # yaw = 0
    assert math.asin(max(-1.0, min(1.0, -forward[2]))) == pytest.approx(mounting.pitch_rad, abs=1e-6)


@FAST
@given(MOUNTINGS)
def test_rotation_is_that_of_the_same_rpy_in_a_urdf(mounting: Mounting) -> None:
    roll, _ = cv2.Rodrigues(np.array([mounting.roll_rad, 0.0, 0.0]))
    pitch, _ = cv2.Rodrigues(np.array([0.0, mounting.pitch_rad, 0.0]))
    body_from_optical = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    np.testing.assert_allclose(mounting.rotation(), pitch @ roll @ body_from_optical, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.0,), "height: got 0.0 m, expected a positive number.*metres"),
        ((math.nan,), "height: got nan"),
        ((1.0, 0.0, 30.0), "pitch 30.0 rad.*radians, not degrees"),
        ((1.0, 180.0, 0.0), "roll 180.0.*radians, not degrees"),
        ((1.0, math.nan, 0.0), "roll nan"),
    ],
)
def test_bad_mounting_is_refused(arguments: tuple[float, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Mounting(*arguments)
