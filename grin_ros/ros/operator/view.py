# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin view`: show what a running node publishes in the Rerun viewer, or record it for the viewer.

Image, depth and sigma lie in the frustum of the camera, and the points are coloured by sigma. The node needs nothing
for it: the viewer is one more subscriber.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from grin_ros.core.command_line import DONE, WRONG_CALL, CommandParser, fail, new_file, positive
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import stamp_ns
from grin_ros.ros.operator.clouds import points_of
from grin_ros.ros.starting import start_ros

SIGMA_RANGE_M = 2.0
"""Points with this sigma or more have the last colour."""
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
"""A program can open a window if one of these variables is set."""
POINT_RADIUS_M = 0.01
"""The radius at which points are drawn."""


class Viewer:
    """Logs messages to a Rerun recording. `rerun` is the module."""

    def __init__(self, rerun: Any, recording: Any) -> None:
        self._rerun = rerun
        self._recording = recording
        self._convert = open_converter()
        self.on: Mapping[str, tuple[Any, Callable[[Any], None]]] = {
            "image": (Image, self.image),
            "depth/image": (Image, lambda message: self.metres("camera/depth", message)),
            "depth/sigma": (Image, lambda message: self.metres("camera/sigma", message)),
            "depth/camera_info": (CameraInfo, self.info),
            "points": (PointCloud2, self.points),
        }
        """Topic -> (message class, the method that logs it)."""
        recording.log("/", rerun.ViewCoordinates.RDF, static=True)  # the optical frame: right, down, forward

    def image(self, message: Image) -> None:
        """Log an image. Raises ValueError for an encoding that the node would refuse too."""
        self._log(message, "camera/image", self._rerun.Image(self._convert(message)))

    def metres(self, entity: str, message: Image) -> None:
        """Log a 32FC1 image of metres. Rerun takes 0 for unmeasured, which stands for what is not finite."""
        values = np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
        finite = np.where(np.isfinite(values), values, np.float32(0.0))
        self._log(message, entity, self._rerun.DepthImage(finite, meter=1.0))

    def info(self, message: CameraInfo) -> None:
        """Log the frustum of the camera, without its distortion."""
        pinhole = self._rerun.Pinhole(
            image_from_camera=np.reshape(message.k, (3, 3)), width=message.width, height=message.height
        )
        self._log(message, "camera", pinhole)

    def points(self, message: PointCloud2) -> None:
        """Log a cloud. Raises ValueError if it has no colour or no sigma."""
        points = points_of(message)
        cloud = self._rerun.Points3D(points.xyz_m, colors=sigma_colours(points.sigma_m), radii=POINT_RADIUS_M)
        self._log(message, "points", cloud)

    def _log(self, message: Any, entity: str, what: Any) -> None:
        self._recording.set_time("stamp", timestamp=np.datetime64(stamp_ns(message.header), "ns"))
        self._recording.log(entity, what)


def sigma_colours(sigma_m: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return colours (N, 3) uint8 RGB for sigma (N,) in metres: blue is 0, red is `SIGMA_RANGE_M` and more."""
    share = np.clip(np.nan_to_num(sigma_m, nan=SIGMA_RANGE_M) / SIGMA_RANGE_M, 0.0, 1.0)
    bgr = cv2.applyColorMap((share * 255).astype(np.uint8)[:, None], cv2.COLORMAP_TURBO)
    return np.ascontiguousarray(bgr[:, 0, ::-1], dtype=np.uint8)


def open_recording(rerun: Any, save: Path | None, connect: str | None) -> Any:
    """Open a recording into a file, into a viewer that runs, or else into a viewer that is started here."""
    recording = rerun.RecordingStream("grin_ros")
    if save is not None:
        recording.save(save)
    elif connect is not None:
        recording.connect_grpc(connect)
    else:
        recording.spawn()
    return recording


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin view` until Ctrl-C or for --seconds, and return its exit code."""
    parse = CommandParser(
        "view",
        "Show what a running node publishes in the Rerun viewer.",
        "grin view --namespace /robot --image /camera/image_raw",
    )
    parse.add_argument("--namespace", default="", help="namespace of the node, for instance /robot")
    parse.add_argument("--image", default="image", help="image topic that the node listens to")
    where = parse.add_mutually_exclusive_group()
    where.add_argument("--save", type=new_file, metavar="FILE", help="record into FILE (.rrd) and open no viewer")
    where.add_argument("--connect", metavar="URL", help="send to a viewer that runs: rerun+http://HOST:9876/proxy")
    parse.add_argument("--seconds", type=positive, default=float("inf"), help="end after this time")
    options = parse.parse_args(argv)
    if options.save is None and options.connect is None and not any(map(os.environ.get, DISPLAYS)):
        text = "no display here, so no viewer can be opened"
        return fail("view", f"{text}; record with --save FILE, or send to a viewer with --connect URL", WRONG_CALL)
    import rerun

    recording = open_recording(rerun, options.save, options.connect)
    viewer = Viewer(rerun, recording)
    context = Context()
    start_ros(context=context)
    node = Node("grin_view", context=context, namespace=options.namespace, start_parameter_services=False)
    for topic, (kind, log) in viewer.on.items():
        name = options.image if topic == "image" else topic
        node.create_subscription(kind, name, _survive(node, log), qos_profile_sensor_data)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    end_s = time.monotonic() + options.seconds
    try:
        while context.ok() and time.monotonic() < end_s:
            executor.spin_once(timeout_sec=0.1)
    except ExternalShutdownException:
        pass
    finally:
        executor.shutdown()
        node.destroy_node()
        try_shutdown(context=context)
        recording.flush()
    return DONE


def _survive(node: Node, log: Callable[[Any], None]) -> Callable[[Any], None]:
    """Wrap `log` so that a message that cannot be shown is logged as an error, and the next one is shown."""

    def logged(message: Any) -> None:
        try:
            log(message)
        except ValueError as error:
            node.get_logger().error(str(error), throttle_duration_sec=5.0)

    return logged
