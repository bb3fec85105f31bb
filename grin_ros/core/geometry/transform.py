# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A rigid transform, built from roll, pitch and yaw (URDF) or from a quaternion (tf2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.input_error import InputError

_SQUARED_TOLERANCE = 0.01
"""The squared length of a quaternion may differ from 1 by this, as in tf2: many write 0.71 for the root of 1/2."""


@dataclass(frozen=True, eq=False)
class Transform:
    """A transform of points of a child frame to its parent: first rotation (3, 3), then translation_m (3,)."""

    rotation: NDArray[np.float64]
    translation_m: NDArray[np.float64]

    def __call__(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Return points (..., 3) of the child frame in the parent frame."""
        return np.asarray(points @ self.rotation.T + self.translation_m)

    def after(self, first: Transform) -> Transform:
        """Return the transform that does `first` and then this one."""
        return Transform(self.rotation @ first.rotation, self(first.translation_m))

    def inverse(self) -> Transform:
        """Return the transform of points of the parent frame to the child frame."""
        return Transform(self.rotation.T, -self.rotation.T @ self.translation_m)

    @property
    def quaternion(self) -> NDArray[np.float64]:
        """The rotation as a quaternion x, y, z, w, as in tf2; its w is not negative."""
        # All products of two of its parts, four times each. The row of the largest part is exact for half turns too.
        trace, turned = self.rotation.trace(), self.rotation.T
        products = np.empty((4, 4))
        products[:3, :3] = self.rotation + turned + (1.0 - trace) * np.eye(3)
        products[3, :3] = products[:3, 3] = (turned - self.rotation)[(1, 2, 0), (2, 0, 1)]
        products[3, 3] = 1.0 + trace
        row = products[products.diagonal().argmax()]
        return np.asarray(row / np.linalg.norm(row) * (-1.0 if row[3] < 0.0 else 1.0))

    @classmethod
    def from_rpy(cls, translation_m: Sequence[float], rpy_rad: Sequence[float]) -> Transform:
        """Build it from a pose as in a URDF: rotations about the parent's fixed x, then y, then z."""
        (sr, cr), (sp, cp), (sy, cy) = ((math.sin(angle), math.cos(angle)) for angle in rpy_rad)
        roll = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
        pitch = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
        yaw = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
        return cls(yaw @ pitch @ roll, np.array(translation_m, np.float64))

    @classmethod
    def from_quaternion(cls, translation_m: Sequence[float], quaternion: Sequence[float]) -> Transform:
        """Build it from a pose as in tf2, quaternion x, y, z, w.

        Raises InputError if its length is not 1, or if the translation is not finite.
        """
        if not all(map(math.isfinite, translation_m)):
            raise InputError(
                f"pose: got a translation of {tuple(translation_m)}, expected finite metres",
                "correct the node that publishes the transform",
            )
        q = np.array(quaternion, np.float64)
        norm = float(np.linalg.norm(q))
        if not abs(norm**2 - 1.0) <= _SQUARED_TOLERANCE:  # false for NaN too
            raise InputError(
                f"pose: got a quaternion of length {norm:.4g}, expected 1",
                "correct the node that publishes the transform",
            )
        vector, w = q[:3] / norm, q[3] / norm
        cross = np.array([[0.0, -vector[2], vector[1]], [vector[2], 0.0, -vector[0]], [-vector[1], vector[0], 0.0]])
        return cls(np.eye(3) + 2.0 * (w * cross + cross @ cross), np.array(translation_m, np.float64))


BODY_TO_OPTICAL = Transform(np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]), np.zeros(3))
"""The transform from a camera's body frame (x ahead, y left, z up) to its optical frame (REP 103)."""
