# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of one processed frame: a maker for each topic of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from grin_ros.core.planning.obstacles import Mask, trusted_pixels
from grin_ros.core.plausibility.doubt import Doubt
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.frame.depth_images import info_message, metres_message, millimetres_message
from grin_ros.ros.frame.planning import free_space_message, level_scan_message, obstacles_message
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.parameters.table import NodeConfig


@dataclass(frozen=True)
class EstimatedFrame:
    """All that the messages of a frame are made from.

    header: that of the image. doubts: what is implausible about the input.
    """

    frame: Frame
    estimate: DepthEstimate
    info: CameraInfo
    header: Header
    config: NodeConfig
    doubts: tuple[Doubt, ...] = ()

    @cached_property
    def trusted(self) -> Mask:
        """The pixels that planners may rely on; computed once for the topics that share it."""
        return trusted_pixels(self.frame.camera, self.estimate, self.config.navigation.obstacles)

    @property
    def keeps_floor(self) -> bool:
        """True if the floor stays in the obstacles because the mounting is not known."""
        return self.config.navigation.obstacles.keeps_floor(self.frame.camera)


def _points(estimated: EstimatedFrame) -> Any:
    config = estimated.config
    return cloud_message(estimated.frame, estimated.estimate, estimated.header, config.points_stride, config.points_rgb)


def _for_planners(make: Callable[..., Any]) -> Callable[[EstimatedFrame], Any]:
    """Return the maker of a message to planners: it raises ValueError if the picture shows nothing.

    A cloud without points would say that nothing stands in the way; without one, the timeouts of planners act.
    """

    def made(estimated: EstimatedFrame) -> Any:
        for doubt in estimated.doubts:
            if doubt.blind:
                raise ValueError(f"the picture shows nothing ({doubt.name}), so planners get nothing")
        frame, config = estimated.frame, estimated.config
        return make(frame.camera, estimated.estimate, estimated.trusted, config.navigation, estimated.header)

    return made


PLANNERS: Mapping[str, Callable[..., Any]] = {
    "obstacles": obstacles_message,
    "free_space": free_space_message,
    "scan": level_scan_message,
}
"""The outputs for planners, with the functions that make their messages."""
FLOOR_IN_OBSTACLES = "the camera's mounting is not known, so obstacles contains the floor and a costmap may mark it"
SET_MOUNTING = (
    "set mounting.known with mounting.height_m, mounting.roll_deg and mounting.pitch_deg, or mounting.base_frame"
)

MAKERS: Mapping[str, Callable[[EstimatedFrame], Any]] = {
    "depth/image": lambda estimated: metres_message(estimated.estimate.depth_m, estimated.header),
    "depth/sigma": lambda estimated: metres_message(estimated.estimate.sigma_m, estimated.header),
    "depth/image_mm": lambda estimated: millimetres_message(estimated.estimate.depth_m, estimated.header),
    "depth/camera_info": lambda estimated: info_message(estimated.info, estimated.header),
    "points": _points,
    **{name: _for_planners(make) for name, make in PLANNERS.items()},
}
"""Topic -> function that makes its message. Raises ValueError, with the remedy, if the message cannot be made."""


def output_messages(
    estimated: EstimatedFrame, wanted: Callable[[str], bool], warn: Callable[[str], None]
) -> Iterator[tuple[str, Any]]:
    """Yield (topic, message) of all that is switched on and wanted, each made when it is asked for.

    warn: called with a text for every message that cannot be made.
    """
    for topic in OUTPUTS.values():
        if not (topic.on(estimated.config.switched_on) and wanted(topic.name)):
            continue
        try:
            message = MAKERS[topic.name](estimated)
        except ValueError as error:
            warn(f"{topic.name} is not published: {error}")
            continue
        if topic.name == "obstacles" and estimated.keeps_floor:
            warn(f"{FLOOR_IN_OBSTACLES}; {SET_MOUNTING} where tf2 knows it")
        yield topic.name, message
