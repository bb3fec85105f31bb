# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The cloud is read back by the fields that it declares, as any consumer reads it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from benchmarks.stand_in.camera import picture
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message

HEADER = Header(frame_id="camera_optical")
FORMATS = {PointField.FLOAT32: "f4", PointField.UINT32: "u4"}


def read(cloud: PointCloud2) -> NDArray[np.void]:
    """Return a structured array (height, width), made by fields, offsets and steps alone."""
    order = ">" if cloud.is_bigendian else "<"
    dtype = np.dtype(
        {
            "names": [field.name for field in cloud.fields],
            "formats": [order + FORMATS[field.datatype] for field in cloud.fields],
            "offsets": [field.offset for field in cloud.fields],
            "itemsize": cloud.point_step,
        }
    )
    return np.ndarray((cloud.height, cloud.width), dtype, bytes(cloud.data), strides=(cloud.row_step, cloud.point_step))


def sample(width: int = 20, height: int = 12, distorted: bool = True) -> tuple[Frame, DepthEstimate]:
    model, coefficients = ("plumb_bob", (-0.2, 0.05, 0.001, -0.001, 0.0)) if distorted else ("none", ())
    camera = Camera(width, height, 18.0, 19.0, 9.2, 5.7, model, coefficients)
    rng = np.random.default_rng(3)
    depth_m = rng.uniform(0.5, 20.0, (height, width)).astype(np.float32)
    depth_m[0, 0], depth_m[1, 1] = np.nan, np.inf
    sigma_m = np.where(np.isfinite(depth_m), 0.1 * depth_m, np.nan).astype(np.float32)
    return Frame(picture(5, width, height), camera), DepthEstimate(depth_m, sigma_m)


@settings(max_examples=30)
@given(width=st.integers(2, 33), height=st.integers(2, 17), stride=st.integers(1, 16), rgb=st.booleans())
def test_points_are_where_the_pixels_look(width: int, height: int, stride: int, rgb: bool) -> None:
    frame, estimate = sample(width, height)
    cloud = deserialize_message(serialize_message(cloud_message(frame, estimate, HEADER, stride, rgb)), PointCloud2)
    points = read(cloud)
    assert points.shape == (-(-height // stride), -(-width // stride))
    v, u = np.mgrid[0:height:stride, 0:width:stride]
    valid = np.isfinite(estimate.depth_m[v, u])
    xyz = np.stack([points["x"], points["y"], points["z"]], -1).astype(np.float64)
    assert np.isnan(xyz[~valid]).all()
    assert np.isnan(points["sigma"][~valid]).all()
    np.testing.assert_allclose(points["z"][valid], estimate.depth_m[v, u][valid], rtol=1e-6)
    np.testing.assert_array_equal(points["sigma"][valid], estimate.sigma_m[v, u][valid])
    projected = frame.camera.project(xyz[valid])
    np.testing.assert_allclose(projected, np.stack([u, v], -1)[valid], atol=2e-3)
    if rgb:
        bits = points["rgb"].view("u4" if sys.byteorder == "little" else ">u4")
        for channel, shift in enumerate((16, 8, 0)):
            np.testing.assert_array_equal(bits >> shift & 255, frame.image[v, u, channel])
        assert not (bits >> 24).any()


def test_layout_is_the_documented_one() -> None:
    frame, estimate = sample()
    for rgb, names in ((True, "x y z rgb sigma"), (False, "x y z sigma")):
        cloud = cloud_message(frame, estimate, HEADER, rgb=rgb)
        assert [field.name for field in cloud.fields] == names.split()
        assert [field.offset for field in cloud.fields] == [4 * index for index in range(len(cloud.fields))]
        assert {field.datatype for field in cloud.fields} == {PointField.FLOAT32}
        assert {field.count for field in cloud.fields} == {1}
        assert (cloud.height, cloud.width) == frame.image.shape[:2]
        assert cloud.point_step == 4 * len(cloud.fields)
        assert cloud.row_step == cloud.width * cloud.point_step
        assert len(cloud.data) == cloud.height * cloud.row_step
        assert cloud.is_dense is False
        assert cloud.header == HEADER


def test_another_library_reads_the_same_bytes() -> None:
    """rosbags parses the serialised message by the message definition, not by rclpy's classes."""
    frame, estimate = sample()
    cloud = cloud_message(frame, estimate, HEADER, stride=3)
    other = get_typestore(Stores.ROS2_JAZZY).deserialize_cdr(serialize_message(cloud), "sensor_msgs/msg/PointCloud2")
    assert read(other).dtype == read(cloud).dtype
    assert read(other).tobytes() == read(cloud).tobytes()


def test_a_ray_without_depth_gives_no_point() -> None:
    """Beyond 90 degrees from the axis of a fisheye there is range but no depth along z."""
    camera = Camera(40, 40, 11.0, 11.0, 19.5, 19.5, "equidistant", (0.0, 0.0, 0.0, 0.0))
    ones = np.ones((40, 40), np.float32)
    points = read(cloud_message(Frame(picture(1, 40, 40), camera), DepthEstimate(ones, ones), HEADER))
    beyond = ~(camera.rays()[..., 2] > 0)
    assert beyond.any()
    assert np.isnan(points["x"][beyond]).all()
    assert np.isfinite(points["x"][~beyond]).all()


@pytest.mark.parametrize("stride", [1, 4])
def test_the_image_of_the_frame_is_not_changed(stride: int) -> None:
    frame, estimate = sample()
    before = frame.image.copy(), estimate.depth_m.copy()
    cloud_message(frame, estimate, HEADER, stride)
    np.testing.assert_array_equal(frame.image, before[0])
    np.testing.assert_array_equal(estimate.depth_m, before[1])


@pytest.mark.parametrize("model", ["none", "plumb_bob", "equidistant"])
@pytest.mark.parametrize("stride", [1, 3])
def test_the_points_are_those_of_the_geometry(model: str, stride: int) -> None:
    """The cloud multiplies depth by slopes that it keeps; geometry/rays.py is the reference."""
    coefficients = {"none": (), "plumb_bob": (-0.2, 0.05, 0.001, -0.001, 0.0), "equidistant": (0.0, 0.0, 0.0, 0.0)}
    camera = Camera(40, 30, 11.0, 12.0, 19.2, 14.4, model, coefficients[model])
    depth_m = np.random.default_rng(5).uniform(0.3, 60.0, (30, 40)).astype(np.float32)
    depth_m[3], depth_m[6] = np.nan, np.inf
    frame, estimate = Frame(picture(2, 40, 30), camera), DepthEstimate(depth_m, depth_m)
    points = read(cloud_message(frame, estimate, HEADER, stride))
    got = np.stack([points["x"], points["y"], points["z"]], -1)
    expected = points_from_depth(depth_m, camera.rays())[::stride, ::stride]
    assert np.isnan(expected).any()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_cloud_does_not_share_memory_with_the_next_one() -> None:
    """The message of one frame does not change while the next is filled."""
    frame, estimate = sample()
    first = cloud_message(frame, estimate, HEADER)
    before = bytes(first.data)
    cloud_message(frame, DepthEstimate(2.0 * estimate.depth_m, estimate.sigma_m), HEADER)
    assert bytes(first.data) == before
