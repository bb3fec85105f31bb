# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames as broken drivers, transports and attackers send them, each with what may be published for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from benchmarks.stand_in.engine import fake_depth_m
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message

Depth = NDArray[np.float32]
Random = np.random.Generator
ODD_NUMBERS = (math.nan, math.inf, -math.inf)
ODD_SIZES = (0, 1, 2, 31, 33, 640, 16384, 16385, 60_000, 2**31 - 1, 2**32 - 1)
HEADER_BYTES = 12  # CDR encapsulation and stamp


@dataclass
class Mutated:
    """A frame to send. image: a message, or its bytes on the wire.

    depth_m: the depth (H, W) that may be published for it; None if nothing may. required: it must be published.
    """

    image: Image | bytes
    info: CameraInfo
    depth_m: Depth | None = None
    required: bool = False


def good(random: Random) -> Mutated:
    """Return a frame as it should be."""
    image = picture(int(random.integers(2**31)))
    return Mutated(image_message(image, 0), info_message(), fake_depth_m(image), required=True)


def with_image(random: Random, **fields: Any) -> Mutated:
    """Return a frame with a bad image, for which nothing may be published."""
    image = image_message(picture(int(random.integers(2**31))), 0)
    for name, value in fields.items():
        setattr(image, name, value)
    return Mutated(image, info_message())


def with_info(random: Random, **fields: Any) -> Mutated:
    """Return a frame with a bad camera_info, for which nothing may be published."""
    return Mutated(with_image(random).image, info_message(**fields))


def tolerated(frame: Mutated) -> Mutated:
    """Return the frame as one that may be published or refused. If it is published, it must be right."""
    frame.required = False
    return frame


def pick(random: Random, values: tuple[Any, ...]) -> Any:
    return values[int(random.integers(len(values)))]


def odd_width(random: Random) -> Mutated:
    return with_image(random, width=pick(random, tuple(size for size in ODD_SIZES if size != WIDTH)))


def odd_height(random: Random) -> Mutated:
    return with_image(random, height=pick(random, tuple(size for size in ODD_SIZES if size != HEIGHT)))


def short_step(random: Random) -> Mutated:
    return with_image(random, step=int(random.integers(0, WIDTH * 3)))


def long_step(random: Random) -> Mutated:
    """Return an image whose rows would need more data than there is."""
    return with_image(random, step=int(pick(random, (WIDTH * 3 + 5, WIDTH * 4, 2**20, 2**32 - 1))))


def padded_rows(random: Random) -> Mutated:
    frame = good(random)
    assert isinstance(frame.image, Image)
    padding = int(random.integers(1, 65))
    rows = np.frombuffer(frame.image.data, np.uint8).reshape(HEIGHT, WIDTH * 3)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    frame.image.step = WIDTH * 3 + padding
    frame.image.data = padded.tobytes()
    return frame


def truncated(random: Random) -> Mutated:
    frame = with_image(random)
    assert isinstance(frame.image, Image)
    frame.image.data = frame.image.data[: int(random.integers(0, WIDTH * HEIGHT * 3))]
    return frame


def too_long(random: Random) -> Mutated:
    frame = good(random)
    assert isinstance(frame.image, Image)
    frame.image.data = frame.image.data.tobytes() + random.bytes(int(random.integers(1, 5000)))
    return tolerated(frame)


def odd_encoding(random: Random) -> Mutated:
    names = ("", "rgb", "rgb16", "32FC1", "16UC1", "8UC3", "jpeg", "rgb8 ", "nv12", "\u00e9", "r" * 100_000)
    return with_image(random, encoding=pick(random, names))


def wrong_encoding(random: Random) -> Mutated:
    """Return an image whose encoding needs more bytes a pixel than there are."""
    return with_image(random, encoding=pick(random, ("rgba8", "bgra8")))


def other_colour_order(random: Random) -> Mutated:
    image = picture(int(random.integers(2**31)))
    message = image_message(np.ascontiguousarray(image[..., ::-1]), 0)
    message.encoding = "bgr8"
    return Mutated(message, info_message(), fake_depth_m(image), required=True)


def big_endian(random: Random) -> Mutated:
    """Return 16-bit grey in the other byte order, or 8-bit colour with the flag, which means nothing there."""
    if random.random() < 0.5:
        frame = good(random)
        assert isinstance(frame.image, Image)
        frame.image.is_bigendian = 1
        return frame
    grey = random.integers(14, 256, (HEIGHT, WIDTH), np.uint8)
    message = Image(height=HEIGHT, width=WIDTH, encoding="mono16", step=WIDTH * 2, is_bigendian=1)
    message.data = (grey.astype(np.uint16) * 257).astype(">u2").tobytes()
    message.header.frame_id = FRAME_ID
    return Mutated(message, info_message(), fake_depth_m(np.repeat(grey[..., None], 3, -1)), required=True)


def no_frame_id(random: Random) -> Mutated:
    """Return a frame without frame_id in the image, in camera_info, or in both.

    A camera_info without one belongs to the image, so it may be used. An image without one is of an unknown frame.
    """
    frame = good(random)
    assert isinstance(frame.image, Image)
    which = int(random.integers(3))
    if which != 1:
        frame.image.header.frame_id = ""
    if which != 0:
        frame.info.header.frame_id = ""
    return Mutated(frame.image, frame.info) if which == 0 else tolerated(frame)


def other_frame_id(random: Random) -> Mutated:
    frame = with_image(random)
    frame.info.header.frame_id = str(pick(random, ("camera", FRAME_ID + "_2", "\u4f60", "x" * 10_000)))
    return frame


def odd_stamp(random: Random) -> Mutated:
    """Return a good image with a stamp before 1970, of zero, or far in the future."""
    frame = good(random)
    assert isinstance(frame.image, Image)
    frame.image.header.stamp.sec = int(pick(random, (-(2**31), -1, 0, 2**31 - 1)))
    frame.image.header.stamp.nanosec = int(random.integers(1, 2**32))  # also beyond a second
    return tolerated(frame)


def stamp_backwards(random: Random) -> Mutated:
    """Return a frame that is older than the one before, as when a bag begins again."""
    frame = good(random)
    assert isinstance(frame.image, Image)
    frame.image.header.stamp.sec = int(random.integers(1, 100))
    frame.image.header.stamp.nanosec = int(random.integers(1, 10**9))
    return tolerated(frame)


def odd_k(random: Random) -> Mutated:
    k = [32.0, 0.0, 15.5, 0.0, 32.0, 11.5, 0.0, 0.0, 1.0]
    k[int(random.integers(9))] = float(pick(random, ODD_NUMBERS))
    return with_info(random, k=k)


def wrong_k(random: Random) -> Mutated:
    """Return a K that is zero, mirrored, skewed or scaled."""
    rows = ([0.0] * 9, [-32.0, 0, 15, 0, 32.0, 11, 0, 0, 1], [32.0, 3, 15, 0, 32.0, 11, 0, 0, 1])
    return with_info(random, k=[float(value) for value in pick(random, (*rows, [32.0] * 9))])


def odd_d(random: Random) -> Mutated:
    """Return a D that is not finite, or that has more coefficients than its model, none of them zero."""
    if random.random() < 0.5:
        d = [0.0] * 5
        d[int(random.integers(5))] = float(pick(random, ODD_NUMBERS))
        return with_info(random, d=d)
    return with_info(random, d=[0.1] * int(pick(random, (6, 7, 9, 40, 5000))))


def odd_distortion_model(random: Random) -> Mutated:
    return with_info(random, distortion_model=pick(random, ("fisheye624", "double_sphere", "plumb", "\u00df" * 50)))


def other_spelling(random: Random) -> Mutated:
    """Return names in capital letters, and a model by the name that other tools give it."""
    frame = good(random)
    assert isinstance(frame.image, Image)
    frame.image.encoding = "RGB8"
    frame.info.distortion_model = pick(random, ("PLUMB_BOB", "radtan", "plumb_bob "))
    return frame


def violent_distortion(random: Random) -> Mutated:
    """Return a finite D that no lens has: depth must be right or invalid."""
    frame = good(random)
    frame.info.d = (10.0 ** random.uniform(1, 30, 5) * random.choice([-1.0, 1.0], 5)).tolist()
    return tolerated(frame)


def odd_projection(random: Random) -> Mutated:
    """Return odd R and P, which belong to the rectified image and are not read."""
    frame = good(random)
    frame.info.p = [math.nan] * 12
    frame.info.r = [math.inf] * 9
    return tolerated(frame)


def odd_info_size(random: Random) -> Mutated:
    sizes = tuple(size for size in ODD_SIZES if size != WIDTH)
    return with_info(random, width=pick(random, sizes))


def odd_binning(random: Random) -> Mutated:
    return with_info(random, binning_x=pick(random, (2, 3, 32, 33, 2**32 - 1)), binning_y=2)


def odd_roi(random: Random) -> Mutated:
    """Return a region that lies outside the image or has another size than the image."""
    frame = with_info(random)
    frame.info.roi.x_offset = int(random.integers(0, 2**32))
    frame.info.roi.width = int(random.integers(0, WIDTH))
    frame.info.roi.height = HEIGHT
    return frame


def cut_on_the_wire(random: Random) -> Mutated:
    """Return fewer bytes than the type of the message needs, so that rclpy cannot read it."""
    frame = with_image(random)
    data = serialize_message(frame.image)
    frame.image = data[: int(random.integers(4, len(data) - WIDTH * 3))]
    return frame


def flipped_on_the_wire(random: Random) -> Mutated:
    """Return a message with one bit flipped in a name, size or length; stamp and pixels are unchanged."""
    frame = good(random)
    assert isinstance(frame.image, Image)
    frame.image.header.stamp.nanosec = int(random.integers(1, 10**9))
    data = bytearray(serialize_message(frame.image))
    meta_bytes = len(data) - WIDTH * HEIGHT * 3
    data[int(random.integers(HEADER_BYTES, meta_bytes))] ^= 1 << int(random.integers(8))
    frame.image = bytes(data)
    return tolerated(frame)


MUTATIONS: Mapping[str, Callable[[Random], Mutated]] = {
    make.__name__.replace("_", " "): make
    for make in (
        odd_width,
        odd_height,
        short_step,
        long_step,
        padded_rows,
        truncated,
        too_long,
        odd_encoding,
        wrong_encoding,
        other_colour_order,
        big_endian,
        no_frame_id,
        other_frame_id,
        odd_stamp,
        stamp_backwards,
        odd_k,
        wrong_k,
        odd_d,
        odd_distortion_model,
        other_spelling,
        violent_distortion,
        odd_projection,
        odd_info_size,
        odd_binning,
        odd_roi,
        cut_on_the_wire,
        flipped_on_the_wire,
    )
}
