# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints/depth: zone sensors, depth cameras with holes, aligned or not, in both encodings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.depth import DepthSource
from grin_ros.ros.inputs.hints.source import Given, View
from tests.ros.inputs.hints.wall import WALL_M, depth_error, depth_messages, view, zones


def given(depth_m: NDArray[Any], angle_deg: float = 45.0, encoding: str = "16UC1", **hints: Any) -> Given:
    source = DepthSource()
    for topic, message in depth_messages(depth_m, angle_deg, encoding):
        source.take(topic, message)
    return source(view(**hints))


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
@pytest.mark.parametrize("pose", ["tf", "0 0 0 0 0 0"])
def test_zones_are_hints_at_their_centres_with_the_sigma_of_an_area(encoding: str, pose: str) -> None:
    found = given(zones(), encoding=encoding, depth_pose=pose)
    assert found.hints is not None and len(found.hints) == 64
    assert depth_error(found) < 0.02
    np.testing.assert_allclose(found.hints.sigma_ln, 0.036, atol=0.002)
    assert np.ptp(found.hints.pixels[:, 0]) == pytest.approx(np.ptp(found.hints.pixels[:, 1]), abs=0.1)


def test_a_depth_camera_with_holes_and_edges_gives_its_surfaces() -> None:
    depth_m = np.full((240, 320), WALL_M) + 0.001 * np.random.default_rng(0).standard_normal((240, 320))
    depth_m[100:140, 100:200] = 1.5
    depth_m[:50] = 0.0
    found = given(depth_m, 60.0)
    assert found.hints is not None
    assert found.rejected["no return"] == 50 * 320
    assert 500 < found.rejected["at an edge"] < 700
    ahead_m = np.sort(found.hints.range_m)
    assert ahead_m[0] > 1.49 and not ((ahead_m > 1.9) & (ahead_m < 2.9)).any()
    assert found.hints.sigma_ln.max() < 0.021


def test_where_a_depth_camera_met_nothing_is_told_and_narrow_holes_are_not() -> None:
    depth_m = np.full((240, 320), WALL_M) + 0.001 * np.random.default_rng(0).standard_normal((240, 320))
    depth_m[:, 150:154] = 0.0  # the shadow beside a thing
    found = given(depth_m, 60.0).hints
    assert found is not None and found.unreached is None
    depth_m[60:180, 220:] = 0.0
    found = given(depth_m, 60.0).hints
    assert found is not None and found.unreached is not None
    u, v = found.unreached.pixels.T
    assert u.min() > 100 and np.ptp(v) > 40, "at the right of the image, where the hole is"
    assert found.unreached.reach_m.min() > 0.99 * WALL_M
    few = np.zeros((240, 320))
    few[:10, :10] = WALL_M + np.arange(100).reshape(10, 10) * 1e-3
    found = given(few, 60.0).hints
    assert found is None or found.unreached is None, "hardly any depth tells no reach"


def test_a_sensor_that_stands_still_is_not_believed() -> None:
    found = given(np.full((8, 8), 2.0))
    assert found.hints is None and found.rejected == {"all equal": 64} and not found.sees_nothing


def test_noise_and_a_wrong_order_of_bytes_are_no_matter_of_the_pose() -> None:
    noise = np.random.default_rng(3).uniform(0.5, 60.0, (48, 64))
    found = given(noise)
    assert found.hints is None and found.rejected["at an edge"] == 48 * 64
    assert "check is_bigendian of the images, and the sensor for noise" in found.reason and "pose" not in found.reason


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_images_without_depth_give_nothing(value: float) -> None:
    found = given(np.full((8, 8), value), encoding="32FC1")
    assert found.hints is None and found.rejected == {"no return": 64}


@pytest.mark.parametrize("code_m", [65.535, 4.0, 10.0])
@pytest.mark.parametrize("share", [0.2, 0.75])
@pytest.mark.parametrize("encoding", ["16UC1", "32FC1", "16uc1"])
def test_the_end_of_the_range_is_no_depth(code_m: float, share: float, encoding: str) -> None:
    depth_m = zones(40, 30)
    depth_m[np.random.default_rng(2).random(depth_m.shape) < share] = code_m
    found = given(depth_m, encoding=encoding)
    assert found.hints is not None and depth_error(found) < 0.02
    assert found.rejected["no return"] == np.count_nonzero(depth_m == code_m)


def test_without_camera_info_or_with_another_one_the_remedy_names_the_topic() -> None:
    (topic, image), (info_topic, info) = depth_messages(zones(), 45.0)
    source = DepthSource()
    source.take(topic, image)
    with pytest.raises(InputError, match="nothing has come on hints/depth/camera_info yet"):
        source(view())
    info.width = 16
    source.take(info_topic, info)
    with pytest.raises(InputError, match="got 8x8, but its camera_info describes 16x8; remap hints/depth/camera_info"):
        source(view())


def test_images_that_are_no_depth_are_refused() -> None:
    (topic, image), info = depth_messages(zones(), 45.0)
    for changes, text in (
        ({"encoding": "rgb8"}, "expected 16UC1"),
        ({"height": 9}, "got 128 bytes, expected 144 for 8x9 pixels of 16UC1, step 16; correct the node"),
        ({"step": 15}, r"got step 15, expected at least 16 bytes a row \(8 pixels of 16UC1\); correct the node"),
        ({"height": 0}, "got 8x0, expected 1 to 64000000 pixels; correct the node"),
    ):
        source = DepthSource()
        source.take(*info)
        before = {name: getattr(image, name) for name in changes}
        for name, value in changes.items():
            setattr(image, name, value)
        source.take(topic, image)
        with pytest.raises(InputError, match=text):
            source(view())
        for name, value in before.items():
            setattr(image, name, value)


def test_the_margins_of_an_aligned_image_are_not_silent_and_are_forgotten() -> None:
    """A depth image that is aligned with a wider colour image is empty where the depth camera does not look."""
    depth_m = np.zeros((240, 320))
    depth_m[40:200, 60:260] = WALL_M + 0.001 * np.random.default_rng(0).standard_normal((160, 200))
    full, source = np.full((240, 320), WALL_M) + 0.001 * np.random.default_rng(1).random((240, 320)), DepthSource()

    def unreached(image_m: NDArray[Any]) -> bool:
        messages = dict(depth_messages(image_m, 60.0, "16UC1"))
        for topic, message in messages.items():
            source.take(topic, message)
        hints = source.given(view(), messages["hints/depth"]).hints
        assert hints is not None
        return hints.unreached is not None

    assert not unreached(depth_m)
    assert not unreached(full)
    assert unreached(depth_m), "now the sensor is known to look there"
    source.forget()
    assert not unreached(depth_m)


def test_the_calibration_of_another_frame_is_not_used() -> None:
    image, info = (message for _, message in depth_messages(zones(), 45.0))
    source = DepthSource()
    info.header.frame_id = "camera_color"
    source.take("hints/depth", image)
    source.take("hints/depth/camera_info", info)
    with pytest.raises(InputError, match=r"no camera_info of the frame 'tof', that of the depth image, but of camera"):
        source(view())
    unnamed = DepthSource()
    info.header.frame_id = ""
    unnamed.take("hints/depth", image)
    unnamed.take("hints/depth/camera_info", info)
    assert unnamed(view()).hints is not None


@pytest.mark.parametrize("frame_id", ["tof", "/optical"])
@pytest.mark.parametrize("parameter", ["depth_rectified", "rectified"])
def test_a_rectified_depth_image_has_the_matrix_p(frame_id: str, parameter: str) -> None:
    """One that is in the frame of the image is rectified where the image is."""
    image, info = (message for _, message in depth_messages(zones(), 45.0))
    image.header.frame_id = info.header.frame_id = frame_id
    info.distortion_model, info.d = "plumb_bob", [-0.2, 0.0, 0.0, 0.0, 0.0]
    info.p = [0.5 * info.k[0], 0.0, info.k[2], 0.0, 0.0, 0.5 * info.k[4], info.k[5], 0.0, 0.0, 0.0, 1.0, 0.0]

    source = DepthSource()
    for topic, message in (("hints/depth", image), ("hints/depth/camera_info", info)):
        source.take(topic, message)

    def width_px(at: View) -> float:
        hints = source(at).hints
        assert hints is not None
        return float(np.ptp(hints.pixels[:, 0]))

    at = view(depth_rectified=parameter == "depth_rectified")
    at = replace(at, config=replace(at.config, rectified=parameter == "rectified"))
    wider = width_px(at) / width_px(view())
    if parameter == "rectified" and frame_id == "tof":
        assert wider == 1.0
    else:
        assert wider > 1.2
