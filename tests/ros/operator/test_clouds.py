# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's clouds are read with their colours, and clouds that cannot be read are refused with what to do."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import fake_depth_m
from grin_ros.core.input_error import InputError
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.inputs.messages import camera_from_info
from grin_ros.ros.operator.clouds import points_of

IMAGE = picture()
DEPTH_M = fake_depth_m(IMAGE)


def cloud(rgb: bool = True) -> PointCloud2:
    frame = Frame(IMAGE, camera_from_info(info_message()))
    return cloud_message(frame, DepthEstimate(DEPTH_M, DEPTH_M / 8), Header(), rgb=rgb)


def test_points_with_depth_have_their_colour_and_sigma() -> None:
    points, valid = points_of(cloud()), np.isfinite(DEPTH_M)
    np.testing.assert_allclose(points.xyz_m[:, 2], DEPTH_M[valid], rtol=1e-6)
    np.testing.assert_array_equal(points.rgb, IMAGE[valid])
    np.testing.assert_array_equal(points.sigma_m, DEPTH_M[valid] / 8)


def test_what_is_missing_is_named_with_what_to_do() -> None:
    with pytest.raises(InputError, match="fields x, y, z, sigma, expected rgb too; set points_rgb of the node to true"):
        points_of(cloud(rgb=False))
    short = cloud()
    short.data = short.data[:-1]
    with pytest.raises(InputError, match="correct the node that publishes the cloud"):
        points_of(short)
