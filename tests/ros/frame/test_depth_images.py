# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth and camera_info become messages that read back as they were."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from benchmarks.stand_in.camera import info_message
from grin_ros.ros.frame.depth_images import info_message as relayed_info
from grin_ros.ros.frame.depth_images import metres_message, millimetres_message

HEADER = Header(frame_id="camera")
HEADER.stamp.sec, HEADER.stamp.nanosec = 7, 250


def over_the_wire(message: Any) -> Any:
    return deserialize_message(serialize_message(message), type(message))


@settings(max_examples=30)
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_metres_read_back_bit_for_bit(height: int, width: int, seed: int) -> None:
    metres = np.random.default_rng(seed).uniform(0, 100, (height, width)).astype(np.float32)
    metres.flat[0] = (np.nan, np.inf, 0.25)[seed % 3]
    got = over_the_wire(metres_message(metres, HEADER))
    assert (got.encoding, got.height, got.width, got.step) == ("32FC1", height, width, 4 * width)
    assert got.header == HEADER
    dtype = ">f4" if got.is_bigendian else "<f4"
    np.testing.assert_array_equal(np.frombuffer(got.data, dtype).reshape(height, width), metres)


def test_metres_of_a_transposed_array_are_not_transposed() -> None:
    metres = np.arange(6, dtype=np.float32).reshape(2, 3).T
    got = metres_message(metres, HEADER)
    assert (got.height, got.width) == (3, 2)
    np.testing.assert_array_equal(np.frombuffer(got.data, np.float32).reshape(3, 2), metres)


def test_millimetres_round_and_are_zero_where_they_would_lie() -> None:
    metres = np.array([[0.0004, 0.0006, 1.2346, 65.535, 65.536, 70.0, np.nan, np.inf, -np.inf, -1.0]], np.float32)
    got = over_the_wire(millimetres_message(metres, HEADER))
    assert got.encoding == "16UC1"
    dtype = ">u2" if got.is_bigendian else "<u2"
    assert np.frombuffer(got.data, dtype).tolist() == [0, 1, 1235, 65535, 0, 0, 0, 0, 0, 0]


def test_camera_info_is_relayed_with_the_image_s_header_and_the_original_is_left_alone() -> None:
    info = info_message()
    relayed = over_the_wire(relayed_info(info, HEADER))
    assert relayed.header == HEADER
    assert info.header.stamp.sec == 0
    relayed.header = info.header
    assert relayed == over_the_wire(info)


def test_messages_take_their_bytes_without_a_copy_each_by_each() -> None:
    """rclpy looks at each element of a sequence (hundreds of milliseconds for an image) unless it is an array.array."""
    data = Image(data=metres_message(np.zeros((2, 2), np.float32), HEADER).data).data
    assert isinstance(data, array.array)
    assert data.typecode == "B"
