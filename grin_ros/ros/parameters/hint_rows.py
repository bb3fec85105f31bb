# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the parameter table for hints. Those of a source follow from the registry of sources."""

from __future__ import annotations

from collections.abc import Iterator

from grin_ros.ros.inputs.hints.config import FROM_TF
from grin_ros.ros.inputs.hints.registry import SOURCES, SourceKind
from grin_ros.ros.parameters.row import Parameter


def _rows(kind: SourceKind) -> Iterator[Parameter]:
    yield Parameter(kind.switch, False, f"Correct depth by {kind.description}.", read_only=True)
    if kind.placed:
        yield Parameter(
            f"{kind.switch}_pose",
            FROM_TF,
            f"The pose of the sensor of hints.{kind.name}. With tf it comes from tf2; else it is six numbers 'x y z "
            "roll pitch yaw' in metres and degrees, in the body frame of the camera (x ahead, y left, z up).",
        )
    if kind.sigma_ln is not None:
        yield Parameter(
            f"{kind.switch}_sigma",
            kind.sigma_ln,
            f"The relative standard deviation of a range of hints.{kind.name}. A larger value gives it less weight.",
            low=0.001,
            high=1.0,
        )
    yield from kind.parameters


_OF_SOURCES = tuple(row for kind in SOURCES.values() for row in _rows(kind))
HINT_PARAMETERS: tuple[Parameter, ...] = (
    *(row for row in _OF_SOURCES if row.name.startswith("hints.")),
    Parameter(
        "hints.fixed_frame",
        "odom",
        "A frame of tf in which the world stands still. Through it, measurements are moved by the motion of the robot "
        "between their time and that of the image; empty for no such motion.",
        optional=True,
    ),
    Parameter(
        "hints.max_age_s",
        0.4,
        "The largest time between an image and what was measured. What differs more is not used. A lidar that turns "
        "five times a second needs 0.4 s, because its scan comes when it has ended.",
        low=0.001,
        high=10.0,
        unit="s",
    ),
    Parameter(
        "hints.min_range_m",
        0.25,
        "The smallest range that is used, measured from the sensor. Nearer ranges are the robot's own body.",
        low=0.0,
        high=10.0,
        unit="m",
    ),
    Parameter(
        "hints.max_range_m",
        80.0,
        "The largest range that is used, measured from the camera. Farther ranges are ignored.",
        low=0.5,
        high=200.0,
        unit="m",
    ),
    *(row for row in _OF_SOURCES if not row.name.startswith("hints.")),
)
