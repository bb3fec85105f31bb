# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of a camera on a robot: its height above the ground, roll and pitch.

Optical frame (REP 103): x right, y down, z forward. Base frame: x forward, y left, z up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.input_error import InputError


@dataclass(frozen=True)
class Mounting:
    """The pose of the camera in the gravity-aligned base frame without yaw; roll and pitch are those of a URDF's rpy.

    Raises InputError unless height_m > 0, |pitch| <= pi / 2 and |roll| <= pi, all finite.
    """

    height_m: float  # height of the camera centre above the ground
    roll_rad: float = 0.0  # about the optical axis; positive: the right side of the camera goes down
    pitch_rad: float = 0.0  # positive: the camera looks down

    def __post_init__(self) -> None:
        for name in ("height_m", "roll_rad", "pitch_rad"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (math.isfinite(self.height_m) and self.height_m > 0.0):
            raise InputError(
                f"camera height: got {self.height_m} m, expected a positive number",
                "give the height of the camera above the ground in metres, or leave the mounting out",
            )
        # The comparisons are false for NaN. The tolerance accepts a rounded pi.
        if not (abs(self.pitch_rad) <= math.pi / 2 + 1e-6 and abs(self.roll_rad) <= math.pi + 1e-6):
            raise InputError(
                f"camera tilt: got roll {self.roll_rad}, pitch {self.pitch_rad} rad, expected roll within +-pi and "
                "pitch within +-pi/2",
                "give the angles in radians, not degrees",
            )

    @classmethod
    def from_up(cls, height_m: float, up: ArrayLike) -> Mounting:
        """Return the mounting with this height and this vector (3,) against gravity, in the optical frame."""
        x, y, z = (float(value) for value in np.asarray(up))
        return cls(height_m, roll_rad=math.atan2(-x, -y), pitch_rad=math.atan2(-z, math.hypot(x, y)))

    @classmethod
    def from_pose(cls, pose: Transform) -> Mounting:
        """Return height, roll and pitch of the camera at a pose. Yaw, x and y do not matter.

        pose: takes points of the optical frame to a base frame whose z axis points up and whose origin lies on the
        ground. Raises InputError for a height <= 0 and numbers that are not finite.
        """
        return cls.from_up(float(pose.translation_m[2]), pose.rotation[2])

    def up_optical(self) -> NDArray[np.float64]:
        """Return the unit vector (3,) against gravity, in the optical frame; (0, -1, 0) for a level camera."""
        up: NDArray[np.float64] = self.rotation()[2]
        return up

    def rotation(self) -> NDArray[np.float64]:
        """Return the rotation (3, 3) that takes vectors of the optical frame to the base frame (yaw = 0)."""
        sin_r, cos_r = math.sin(self.roll_rad), math.cos(self.roll_rad)
        sin_p, cos_p = math.sin(self.pitch_rad), math.cos(self.pitch_rad)
        forward = np.array([cos_p, 0.0, -sin_p])
        right, down = np.array([0.0, -1.0, 0.0]), np.array([-sin_p, 0.0, -cos_p])  # before the roll
        return np.stack([cos_r * right + sin_r * down, cos_r * down - sin_r * right, forward], axis=-1)
