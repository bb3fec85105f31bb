# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The mounting of a camera from its pose on the robot."""

from __future__ import annotations

from grin_ros.core.geometry.camera import Mounting
from grin_ros.core.geometry.transform import Transform


def mounting_from_pose(pose: Transform) -> Mounting:
    """Return height, roll and pitch of the camera. Yaw, x and y do not matter.

    pose: takes points of the optical frame to a base frame whose z axis points up and whose origin lies on the ground.
    Raises InputError as Mounting does, for a height <= 0 and numbers that are not finite.
    """
    return Mounting.from_up(float(pose.translation_m[2]), pose.rotation[2])
