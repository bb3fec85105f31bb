# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of the hints, from the parameters `hints.*`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from grin_ros.core.geometry.transform import BODY_TO_OPTICAL, Transform

FROM_TF = "tf"
"""The value of a pose if tf gives it."""
PREFIX = "hints."
PREFIXES = (PREFIX, "motion.")


@dataclass(frozen=True)
class HintConfig:
    """The parameters `hints.*`, checked.

    values: name without 'hints.' -> value, of all of them, and `motion.*` as it is. on: the names of the sources that
    are switched on. fixed_frame: a frame in which the world stands still, such as odom; empty for none. max_age_s: the
    largest time between an image and what was measured. min_range_m, max_range_m: nearer (from the sensor) and farther
    ranges (from the camera) are not used. rectified: the image of the camera is rectified.
    """

    values: Mapping[str, Any]
    on: frozenset[str]
    fixed_frame: str
    max_age_s: float
    min_range_m: float
    max_range_m: float
    rectified: bool

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], sources: Collection[str]) -> HintConfig:
        """Build it from the node's parameters by name. sources: the names of all sources, each of which has a switch.

        Raises ValueError for a pose that is none.
        """
        values = {name.removeprefix(PREFIX): value for name, value in parameters.items() if name.startswith(PREFIXES)}
        for name, value in values.items():
            if name.endswith("_pose") and value != FROM_TF:
                pose_from_text(f"{PREFIX}{name}", value)
        on = {name for name in sources if values[name]} | ({"motion"} if values["motion.fixed_frame"] else set())
        return cls(
            values,
            frozenset(on),
            values["fixed_frame"],
            values["max_age_s"],
            values["min_range_m"],
            values["max_range_m"],
            bool(parameters["rectified"]),
        )

    def pose(self, source: str) -> Transform | None:
        """Return the transform from a sensor to the optical frame of the camera; None if tf gives it."""
        text = self.values.get(f"{source}_pose", FROM_TF)
        return None if text == FROM_TF else pose_from_text(f"{PREFIX}{source}_pose", text)

    def where(self, source: str) -> str:
        """Return the words for what says where a sensor of this source is."""
        return where(source, f"{source}_pose" in self.values)

    def sigma_ln(self, source: str) -> float:
        """Return the relative standard deviation of a range of this source."""
        return float(self.values[f"{source}_sigma"])


def where(source: str, placed: bool) -> str:
    """Return the words for what says where a sensor is. placed: it has a parameter `hints.<source>_pose`."""
    by_tf = "what tf says of the frame of its messages"
    return f"{PREFIX}{source}_pose, or {by_tf}" if placed else by_tf


def pose_from_text(name: str, text: str) -> Transform:
    """Return the transform from a sensor to the optical frame that six numbers describe.

    text: 'x y z roll pitch yaw', metres and degrees, in the body frame of the camera (x ahead, y left, z up). Raises
    ValueError, with the name of the parameter, if it is something else.
    """
    try:
        x, y, z, *angles_deg = (float(word) for word in text.split())
        roll, pitch, yaw = (math.radians(angle) for angle in angles_deg)
        if not all(map(math.isfinite, (x, y, z, roll, pitch, yaw))):
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{name}: got '{text}', expected '{FROM_TF}' or six numbers 'x y z roll pitch yaw' (metres, degrees): the "
            "sensor in the camera's body frame (x ahead, y left, z up)"
        ) from None
    return BODY_TO_OPTICAL.after(Transform.from_rpy((x, y, z), (roll, pitch, yaw)))
