# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image and camera_info become a Frame only if they belong together."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, RegionOfInterest
from std_msgs.msg import Header

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import camera_from_info, frame_from, stamp_ns
from grin_ros.ros.inputs.problem import FrameRejectedError
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from tests.ros.inputs import converters

with converters.installed(None):
    CONVERTER = open_converter()

HEADER = Header(frame_id=FRAME_ID)
HEADER.stamp.sec, HEADER.stamp.nanosec = 7, 250


def test_a_frame_has_the_pixels_the_camera_and_the_stamp() -> None:
    rgb = picture()
    image, info = image_message(rgb, 7), info_message()
    image.header.stamp.nanosec = 250
    frame = frame_from(image, info, Mounting(1.5, 0.1, 0.2), CONVERTER)
    np.testing.assert_array_equal(frame.image, rgb)
    assert frame.stamp_ns == 7_000_000_250
    assert (frame.camera.fx, frame.camera.cx) == (WIDTH, (WIDTH - 1) / 2)
    assert frame.camera.distortion_model == "plumb_bob"
    assert frame.camera.mounting == Mounting(1.5, 0.1, 0.2)


def test_roi_and_binning_describe_the_delivered_image() -> None:
    full = info_message(200, 100)
    full.roi = RegionOfInterest(x_offset=20, y_offset=10, width=2 * WIDTH, height=2 * HEIGHT)
    full.binning_x = full.binning_y = 2
    frame = frame_from(image_message(picture(), 1), full, None, CONVERTER)
    expected = camera_from_info(info_message(200, 100)).cropped(20, 10, 2 * WIDTH, 2 * HEIGHT).binned(2, 2)
    assert frame.camera == expected


def projection(fx: float = 40.0) -> list[float]:
    """Return P of a rectified camera; it differs from K."""
    return [fx, 0.0, 15.0, 0.0, 0.0, fx + 1, 11.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_a_rectified_image_is_seen_through_p_without_distortion() -> None:
    info = info_message(p=projection())
    frame = frame_from(image_message(picture(), 1), info, None, CONVERTER, rectified=True)
    assert frame.camera == Camera(WIDTH, HEIGHT, 40.0, 41.0, 15.0, 11.0)
    assert frame_from(image_message(picture(), 1), info, None, CONVERTER).camera == camera_from_info(info_message())


def test_roi_and_binning_apply_to_p_too() -> None:
    full = info_message(200, 100, p=projection())
    full.roi = RegionOfInterest(x_offset=20, y_offset=10, width=2 * WIDTH, height=2 * HEIGHT)
    full.binning_x = full.binning_y = 2
    expected = Camera(200, 100, 40.0, 41.0, 15.0, 11.0).cropped(20, 10, 2 * WIDTH, 2 * HEIGHT).binned(2, 2)
    assert camera_from_info(full, rectified=True) == expected


def test_a_rectified_image_without_p_is_refused_with_the_remedy() -> None:
    with pytest.raises(FrameRejectedError, match=r"got P\[0\] = 0, expected .* set the parameter rectified to false"):
        frame_from(image_message(picture(), 1), info_message(), None, CONVERTER, rectified=True)


def test_a_leading_slash_does_not_make_another_frame() -> None:
    info = info_message()
    info.header.frame_id = f"/{FRAME_ID}"
    frame_from(image_message(picture(), 1), info, None, CONVERTER)


@pytest.mark.parametrize("frame_id", ["", "/"])
def test_a_camera_info_without_a_frame_is_that_of_the_image(frame_id: str) -> None:
    info = info_message()
    info.header.frame_id = frame_id
    assert frame_from(image_message(picture(), 1), info, None, CONVERTER).camera == camera_from_info(info_message())


def test_a_skew_of_rounding_size_is_left_out() -> None:
    k = info_message().k.tolist()
    k[1] = 2e-5
    assert camera_from_info(info_message(k=k)) == camera_from_info(info_message())


@pytest.mark.parametrize("length", range(15))
@pytest.mark.parametrize(
    ("model", "count"), [("", 0), ("none", 0), ("plumb_bob", 5), ("rational_polynomial", 8), ("equidistant", 4)]
)
def test_a_d_of_any_length_is_taken_unless_it_has_more_than_its_model(model: str, count: int, length: int) -> None:
    values = [0.001 * (number + 1) for number in range(length)]
    shown = values[:count]
    info = info_message(distortion_model=model, d=shown + [0.0] * (length - len(shown)))
    camera = frame_from(image_message(picture(), 1), info, None, CONVERTER).camera
    assert camera.distortion == tuple(shown + [0.0] * (count - len(shown)))
    if length > count:
        with pytest.raises(FrameRejectedError) as raised:
            frame_from(image_message(picture(), 1), info_message(distortion_model=model, d=values), None, CONVERTER)
        assert raised.value.problem.reason == "bad camera_info"


def other_frame() -> CameraInfo:
    info = info_message()
    info.header.frame_id = "other_camera"
    return info


NAN = float("nan")
BAD_INFO = [
    (None, "no camera_info yet", "no camera_info yet"),
    (other_frame(), "other frame", "got frame_id 'other_camera', expected 'camera_optical_frame', that of the image"),
    (info_message(2 * WIDTH, HEIGHT), "other size", "describes 64x24 (after roi and binning), but the image is 32x24"),
    (info_message(0, 0), "bad camera_info", "image width: got 0"),
    (info_message(k=[0.0] * 9), "bad camera_info", "uncalibrated camera: got K[0] = 0"),
    (info_message(k=[0.0, 0, 16, 0, 30, 12, 0, 0, 1]), "bad camera_info", "uncalibrated camera"),
    (info_message(k=[NAN] * 9), "bad camera_info", "expected finite numbers"),
    (info_message(k=[30.0, 0, NAN, 0, 30, 12, 0, 0, 1]), "bad camera_info", "expected finite numbers"),
    (info_message(k=[30.0, 0, 16, 0, math.inf, 12, 0, 0, 1]), "bad camera_info", "expected finite numbers"),
    (info_message(distortion_model="fisheye624"), "bad camera_info", "fisheye624"),
    (info_message(d=[0.1] * 6), "bad camera_info", "got [0.1] after the first 5 (k1 k2 p1 p2 k3), expected nothing or"),
    (info_message(d=[0.0] * 15), "bad camera_info", "expected at most 14"),
    (info_message(k=[30.0, 0.02, 16, 0, 30, 12, 0, 0, 1]), "bad camera_info", "no skew"),
    (info_message(d=[NAN] * 5), "bad camera_info", "finite"),
]


def test_an_image_without_frame_id_is_refused_with_the_remedy_for_it() -> None:
    with pytest.raises(FrameRejectedError, match="expected '', that of the image; let the camera driver fill in"):
        frame_from(image_message(picture(), 1, ""), info_message(), None, CONVERTER)


@pytest.mark.parametrize(("info", "reason", "text"), BAD_INFO)
def test_camera_info_that_does_not_fit_is_refused(info: CameraInfo | None, reason: str, text: str) -> None:
    with pytest.raises(FrameRejectedError) as raised:
        frame_from(image_message(picture(), 1), info, None, CONVERTER)
    assert raised.value.problem.reason == reason
    assert text in str(raised.value)


def test_a_bad_image_is_refused_before_its_camera_info() -> None:
    image = image_message(picture(), 1)
    image.encoding = "rgb9"
    with pytest.raises(FrameRejectedError, match="rgb9") as raised:
        frame_from(image, None, None, CONVERTER)
    assert raised.value.problem.reason == "bad image"


def test_a_compressed_image_of_another_size_is_refused_before_it_is_decoded() -> None:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (400).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + b"IEND"
    image = CompressedImage(format="png")
    image.header.frame_id = FRAME_ID
    image.data.frombytes(header)  # no pixels at all
    with pytest.raises(FrameRejectedError, match="400x400") as raised:
        frame_from(image, info_message(), None, CONVERTER)
    assert raised.value.problem.reason == "other size"


ENDLESS = {
    "D": ("bad camera_info", "got 100000 coefficients D"),
    "distortion_model": ("bad camera_info", "of 500000 characters"),
    "encoding": ("bad image", "got encoding 'rgbrgb"),
    "image frame_id": ("bad image", "of 1000000 characters"),
    "info frame_id": ("other frame", "got frame_id 'xxx"),
}


@pytest.mark.parametrize("field", ENDLESS)
def test_fields_of_any_length_are_refused_quickly_in_a_short_text(field: str) -> None:
    image, info = image_message(picture(), 1), info_message()
    if field == "D":
        info.d = [0.0] * 100_000
    elif field == "distortion_model":
        info.distortion_model = "plumb" * 100_000
    elif field == "encoding":
        image.encoding = "rgb" * 1_000_000
    else:
        (image if field.startswith("image") else info).header.frame_id = "x" * 1_000_000
    began_s = time.monotonic()
    with pytest.raises(FrameRejectedError) as raised:
        frame_from(image, info, None, CONVERTER)
    assert time.monotonic() - began_s < 5.0  # searching for a name like a megabyte would take minutes
    reason, text = ENDLESS[field]
    assert raised.value.problem.reason == reason
    assert text in str(raised.value)
    assert len(str(raised.value)) <= 1000


def test_a_long_format_of_a_compressed_image_is_cut() -> None:
    image = CompressedImage(format="jpeg" * 100_000)
    image.data.frombytes(b"GIF89a")
    with pytest.raises(FrameRejectedError, match="expected a JPEG or PNG stream") as raised:
        frame_from(image, info_message(), None, CONVERTER)
    assert len(str(raised.value)) < 300


def test_stamps_are_nanoseconds() -> None:
    assert stamp_ns(HEADER) == 7_000_000_250
