# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import array
import tracemalloc

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header

from benchmarks.stand_in.camera import picture
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.frame.depth_images import metres_message
from grin_ros.ros.inputs.payload import byte_array, filled


@pytest.mark.parametrize("kind", [Image, PointCloud2])
def test_the_message_holds_the_very_array(kind: type[Image] | type[PointCloud2]) -> None:
    data = array.array("B", range(12))
    message = filled(kind, data, header=Header(frame_id="camera"), height=2, width=2)
    assert message.data is data
    assert deserialize_message(serialize_message(message), kind) == message


def test_bytes_are_taken_row_by_row() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert byte_array(values.T).tobytes() == values.T.copy().tobytes()
    assert byte_array(values[:, ::2]).tobytes() == values[:, ::2].copy().tobytes()


@pytest.mark.parametrize("kind", ["cloud", "depth"])
def test_what_is_published_is_not_copied_into_the_message(kind: str) -> None:
    """A copy of a large cloud costs as much as making it."""
    camera = Camera(320, 240, 300.0, 300.0, 159.5, 119.5)
    ones = np.ones((240, 320), np.float32)
    frame, estimate = Frame(picture(1, 320, 240), camera), DepthEstimate(ones, ones)
    fill = {
        "cloud": lambda: cloud_message(frame, estimate, Header(), rgb=False),
        "depth": lambda: metres_message(ones, Header()),
    }[kind]
    fill()  # what is kept for the camera is there now
    tracemalloc.start()
    try:
        message = fill()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(message.data) < peak < 1.9 * len(message.data)
