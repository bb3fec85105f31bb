# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of what is published for planners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from grin_ros.core.planning.obstacles import ObstacleSettings


@dataclass(frozen=True)
class NavigationConfig:
    """The settings of obstacles, free space and scan.

    scan_frame_id: the name of the camera's level frame (`view.LevelView`), which the robot's description must contain.
    min_depth_m: nearer depth is not estimated. Raises ValueError as ObstacleSettings does.
    """

    obstacles: ObstacleSettings = field(default_factory=ObstacleSettings)
    scan_frame_id: str = "camera_scan"
    scan_increment_deg: float = 0.5
    min_depth_m: float = 0.1

    @classmethod
    def from_parameters(cls, values: Mapping[str, Any], camera: str) -> NavigationConfig:
        """Build it from the node's parameters.

        values: by name, each of its type. camera: the name of the camera, after which the frame of its scan is named
        where the parameter is empty. Raises ValueError for a frame that tf2 refuses, and as `ObstacleSettings` does.
        """
        frame_id = values["scan.frame_id"] or f"{camera}_scan"
        if frame_id.startswith("/") or frame_id.split() != [frame_id]:
            raise ValueError(
                f"scan.frame_id: got '{frame_id}', expected a name without spaces and without a slash in front; "
                "tf2 refuses others"
            )
        return cls(
            obstacles=ObstacleSettings(
                **{one.name: values[f"obstacles.{one.name}"] for one in fields(ObstacleSettings)}
            ).within(values["max_depth_m"]),
            scan_frame_id=frame_id,
            scan_increment_deg=values["scan.increment_deg"],
            min_depth_m=values["min_depth_m"],
        )
