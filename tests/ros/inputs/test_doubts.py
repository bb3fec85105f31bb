# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Doubts about messages: 16-bit values, camera_info with roi, P, and a frame with all of it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.ros.inputs.compressed import pixels_of
from grin_ros.ros.inputs.doubts import (
    Doubts,
    camera_info_doubts,
    few_bits,
    frame_name_doubt,
    message_doubt,
    rectified_doubt,
)
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import frame_from
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from tests.core.plausibility.pictures import HEIGHT, WIDTH, flat, scene


def info_message(**fields: Any) -> CameraInfo:
    """Return a camera_info of the pictures without distortion, in which `fields` have been replaced."""
    f_px, cx, cy = 300.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    message = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model="plumb_bob", d=[0.0] * 5)
    message.k = [f_px, 0.0, cx, 0.0, f_px, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [f_px, 0.0, cx, 0.0, 0.0, f_px, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    message.header.frame_id = FRAME_ID
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def mono16(values: NDArray[Any], big_endian: bool = False, padding: int = 0) -> Image:
    """Return a mono16 image of (H, W) values. padding: bytes behind each row, which are not part of the picture."""
    rows = values.astype(">u2" if big_endian else "<u2").view(np.uint8).reshape(len(values), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    message = Image(height=values.shape[0], width=values.shape[1], encoding="mono16", step=rows.shape[1])
    message.is_bigendian = int(big_endian)
    message.data.frombytes(rows.tobytes())
    message.header.frame_id = FRAME_ID
    return message


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("padding", [0, 3])
def test_pictures_of_10_and_12_bits_in_16_are_doubted(big_endian: bool, padding: int) -> None:
    grey = scene()[..., 0].astype(np.uint16)
    for factor, told in ((4, True), (16, True), (256, False)):
        doubt = few_bits(mono16(grey * factor, big_endian, padding), scene())
        assert (doubt is not None) == told
    assert doubt is None
    first = few_bits(mono16(grey * 4, big_endian, padding), scene())
    assert first is not None
    assert first.blind
    assert f"above {4 * grey.max()} of 65535" in first.text


@pytest.mark.parametrize("colour", [False, True])
def test_png_streams_of_10_and_12_bits_in_16_are_doubted_too(colour: bool) -> None:
    grey = scene()[..., 0].astype(np.uint16)
    for factor, told in ((4, True), (16, True), (256, False)):
        values = np.dstack([grey] * 3) * factor if colour else grey * factor
        coded = cv2.imencode(".png", values)[1].tobytes()
        message = CompressedImage(format="rgb16; png compressed bgr16" if colour else "mono16; png compressed mono16")
        message.data.frombytes(coded)
        doubt = message_doubt(message, pixels_of(message, open_converter()))
        assert (doubt is not None and doubt.name == "few bits") == told


@pytest.mark.parametrize(
    ("encoding", "pixel_bytes", "told"),
    [
        ("mono8", 1, False), ("mono8", 3, True), ("mono8", 6, True), ("mono8", 2, False), ("rgb8", 3, False),
        ("rgb8", 4, True), ("bgr8", 8, True), ("rgb8", 6, False), ("bgra8", 6, True), ("mono8", 1.05, False),
    ],
)  # fmt: skip
def test_rows_of_another_encoding_are_doubted(encoding: str, pixel_bytes: float, told: bool) -> None:
    """In C++, CvImage(header, "mono8", colour_matrix) is such a message. Twice the length may be two cameras."""
    step = round(320 * pixel_bytes)
    message = Image(height=240, width=320, encoding=encoding, step=step)
    message.data.frombytes(bytes(240 * step))
    doubt = message_doubt(message, scene())
    assert (doubt is not None) == told
    if doubt is not None:
        assert doubt.blind
        assert f"has {pixel_bytes} bytes for each pixel, and its encoding {encoding} has" in doubt.text


def test_narrow_images_may_be_padded_to_many_times_their_width() -> None:
    message = Image(height=48, width=64, encoding="mono8", step=256)
    message.data.frombytes(bytes(48 * 256))
    assert message_doubt(message, scene()) is None


@pytest.mark.parametrize("width", [256, 384])
def test_rows_that_are_padded_for_hardware_are_not_those_of_another_encoding(width: int) -> None:
    """A multiple of 512 bytes is 4 bytes for each pixel of these widths."""
    message = Image(height=48, width=width, encoding="rgb8", step=4 * width)
    message.data.frombytes(bytes(48 * 4 * width))
    assert message_doubt(message, scene()) is None


def test_pictures_of_8_bits_have_no_doubt_about_bits() -> None:
    assert few_bits(image_message(flat(0, 0, 0), 0), flat(0, 0, 0)) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"p": [0.0] * 12}, []),
        ({"distortion_model": "", "d": []}, []),
        ({"p": [600.0, 0.0, 319.5, 0.0, 0.0, 600.0, 239.5, 0.0, 0.0, 0.0, 1.0, 0.0]}, ["P and K"]),
        ({"k": [600.0, 0.0, 319.5, 0.0, 600.0, 239.5, 0.0, 0.0, 1.0]}, ["principal point", "P and K"]),
        (
            {"k": [60.0, 0.0, 159.5, 0.0, 60.0, 119.5, 0.0, 0.0, 1.0], "distortion_model": "equidistant"},
            ["field of view", "P and K"],
        ),
    ],
)
def test_what_is_doubted_about_a_camera_info(fields: dict[str, Any], expected: list[str]) -> None:
    assert [doubt.name for doubt in camera_info_doubts(info_message(**fields))] == expected


def test_a_part_of_a_larger_image_is_not_doubted_if_roi_says_so() -> None:
    roi = RegionOfInterest(x_offset=0, y_offset=0, width=WIDTH // 4, height=HEIGHT // 4)
    assert not list(camera_info_doubts(info_message(roi=roi)))


def test_with_rectified_images_p_is_judged() -> None:
    info = info_message(
        d=[-0.3, 0.1, 0.0, 0.0, 0.0], p=[5.0, 0.0, 159.5, 0.0, 0.0, 5.0, 119.5, 0.0, 0.0, 0.0, 1.0, 0.0]
    )
    assert [doubt.name for doubt in camera_info_doubts(info)] == []
    assert [doubt.name for doubt in camera_info_doubts(info, rectified=True)] == ["field of view"]


@pytest.mark.parametrize(
    ("topic", "rectified", "wrong"),
    [
        ("/front/image_rect", False, True),
        ("/front/image_rect_color/compressed", False, True),
        ("/camera/infra1/image_rect_raw", False, True),
        ("/front/image_rect", True, False),
        ("/front/image_raw", True, True),
        ("/front/image_raw/compressed", False, False),
        ("/rectangle/direct", False, False),
        ("/image", True, False),
        ("", True, False),
    ],
)
def test_the_name_of_the_topic_tells_whether_images_are_rectified(topic: str, rectified: bool, wrong: bool) -> None:
    info = info_message(d=[-0.3, 0.1, 0.0, 0.0, 0.0])
    found = list(rectified_doubt(topic, info, rectified))
    assert [doubt.name for doubt in found] == ["rectified"] * wrong
    if wrong:
        kind, use = ("raw", "not used") if rectified else ("rectified", "applied once more")
        assert f"{topic} holds {kind} images, but the parameter rectified is {str(rectified).lower()}" in found[0].text
        assert f"D of camera_info is {use}" in found[0].text
    assert not list(rectified_doubt(topic, info_message(), rectified)), "without distortion it makes no difference"


@pytest.mark.parametrize(("frame_id", "doubted"), [("", True), ("/camera", True), ("camera", False), ("a/b", False)])
def test_names_that_tf2_refuses_are_doubted(frame_id: str, doubted: bool) -> None:
    assert [doubt.name for doubt in frame_name_doubt(frame_id)] == ["frame name"] * doubted


def test_all_doubts_about_a_frame_come_with_the_picture_first() -> None:
    info = info_message(k=[300.0, 0.0, 10.0, 0.0, 300.0, 10.0, 0.0, 0.0, 1.0], p=[0.0] * 12)
    image = image_message(flat(255, 255, 255), 0)
    frame = frame_from(image, info, Mounting(1.0, pitch_rad=-1.5), open_converter())
    assert [doubt.name for doubt in Doubts()(frame, image, info)] == ["no contrast", "principal point", "looks up"]


def test_a_good_frame_has_no_doubt_until_it_is_frozen() -> None:
    doubts, converter, info = Doubts(), open_converter(), info_message()
    told = []
    for stamp_s in range(6):
        image = image_message(scene(), stamp_s)
        told.append([doubt.name for doubt in doubts(frame_from(image, info, Mounting(1.0), converter), image, info)])
    assert told == [[], [], [], [], ["frozen"], ["frozen"]]
    doubts.forget()
    assert doubts(frame_from(image, info, None, converter), image, info) == ()
