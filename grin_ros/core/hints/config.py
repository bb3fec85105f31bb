# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the scale from measured ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from grin_ros.core.geometry.transform import BODY_TO_OPTICAL, Transform
from grin_ros.core.hints.returns import MIN_RANGE_M
from grin_ros.core.hints.scale import MAX_RANGE_M

FROM_TF = "tf"
"""The value of range_pose if tf2 gives the pose of the range sensor."""


@dataclass(frozen=True)
class ScaleConfig:
    """The settings of the scale.

    from_ranges: True if ranges correct the scale. range_pose: the pose of the range sensor in the camera's body frame,
    six numbers as text (x y z in metres, roll pitch yaw in degrees), or 'tf'. max_age_s: the largest time between the
    stamps of an image and its ranges. min_range_m: ranges nearer to the sensor are not used. max_range_m: farther
    ranges are not used. Raises ValueError for another text.
    """

    from_ranges: bool = False
    range_pose: str = "0 0 0 0 0 0"
    max_age_s: float = 0.2
    min_range_m: float = MIN_RANGE_M
    max_range_m: float = MAX_RANGE_M

    def __post_init__(self) -> None:
        if self.range_pose != FROM_TF:
            self.sensor_to_optical()

    @classmethod
    def from_parameters(cls, values: Mapping[str, Any]) -> ScaleConfig:
        """Build it from the node's parameters. values: by name, each of its type."""
        return cls(**{one.name: values[f"scale.{one.name}"] for one in fields(cls)})

    def sensor_to_optical(self) -> Transform:
        """Return the transform from the range sensor to the optical frame, of the six numbers.

        Raises ValueError if range_pose is something else.
        """
        try:
            x, y, z, *angles_deg = (float(word) for word in self.range_pose.split())
            roll, pitch, yaw = (math.radians(angle) for angle in angles_deg)
            if not all(map(math.isfinite, (x, y, z, roll, pitch, yaw))):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"scale.range_pose: got '{self.range_pose}', expected '{FROM_TF}' or six numbers 'x y z roll pitch "
                "yaw' (metres, degrees): the range sensor in the camera's body frame (x ahead, y left, z up)"
            ) from None
        return BODY_TO_OPTICAL.after(Transform.from_rpy((x, y, z), (roll, pitch, yaw)))
