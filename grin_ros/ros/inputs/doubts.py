# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Doubts about messages that can be processed: an image, its camera_info, and the mounting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from grin_ros.core.geometry.distortion import lens_model
from grin_ros.core.picture_stream import HEAD_BYTES, has_16_bits
from grin_ros.core.plausibility.camera import (
    distortion_doubts,
    intrinsics_doubts,
    mounting_doubts,
    projection_doubts,
)
from grin_ros.core.plausibility.doubt import Doubt, doubt
from grin_ros.core.plausibility.picture import FrozenWatch, picture_doubt
from grin_ros.core.types import Frame
from grin_ros.ros.inputs.images import known_encoding
from grin_ros.ros.inputs.messages import AnyImage, camera_from_info
from grin_ros.ros.topic_names import raw_topic

FEW_BITS_BELOW = 4096
"""Values of 16 bits that all lie below this are taken for those of 10 or 12 bits."""
MAX_SAMPLES = 400_000
"""At most so many values of an image are looked at."""
PIXEL_BYTES = (1, 2, 3, 4, 6, 8)
"""The sizes of a pixel of usual pictures, in bytes."""
PADDED_TO = (64, 128, 256, 512)
"""Rows may be padded to multiples of these numbers of bytes, as hardware asks for them."""
LEAST_WIDTH = 256
"""Rows of narrower images may be padded to multiples of their width."""
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Doubts:
    """Looks at one frame of a camera after the other. Costs less than a millisecond for each."""

    def __init__(self, topic: str = "") -> None:
        """topic: the full name of the image topic, '' if it is not known."""
        self._topic = topic
        self._frozen = FrozenWatch()

    def __call__(self, frame: Frame, image: AnyImage, info: CameraInfo, rectified: bool = False) -> tuple[Doubt, ...]:
        """Return everything that is implausible about a frame and its messages, the most serious first.

        rectified: the camera of the frame is P of camera_info.
        """
        picture = message_doubt(image, frame.image)
        frozen = None if picture else self._frozen(frame.image, frame.stamp_ns)
        named = rectified_doubt(self._topic, info, rectified)
        camera = (
            *frame_name_doubt(image.header.frame_id),
            *camera_info_doubts(info, rectified),
            *named,
            *mounting_doubts(frame.camera.mounting),
        )
        return (*([picture] if picture else []), *camera, *([frozen] if frozen else []))

    def forget(self) -> None:
        """Forget earlier frames."""
        self._frozen.forget()


def frame_name_doubt(frame_id: str) -> Iterator[Doubt]:
    """Yield the doubt that tf2 refuses the name of the frame of images."""
    if not frame_id or frame_id.startswith("/"):
        yield doubt("frame name", frame_id=frame_id)


def camera_info_doubts(info: CameraInfo, rectified: bool = False) -> Iterator[Doubt]:
    """Yield what is implausible about a valid camera_info. rectified: its image is the one that P describes."""
    k, p = info.k.tolist(), info.p.tolist()
    undistorted = not any(info.d) and (not any(info.r) or np.allclose(info.r, IDENTITY))
    fisheye = lens_model(info.distortion_model) == "equidistant" and not rectified
    used = [*p[0:3], *p[4:7], *p[8:11]] if rectified else k
    yield from intrinsics_doubts(info.width, info.height, used, fisheye)
    yield from projection_doubts(info.width, info.height, k, p, undistorted)
    yield from distortion_doubts(camera_from_info(info, rectified))


def rectified_doubt(topic: str, info: CameraInfo, rectified: bool) -> Iterator[Doubt]:
    """Yield the doubt that the parameter `rectified` is wrong by the name of the topic, as image_proc names them.

    Without distortion it makes no difference. infra1/image_rect_raw of a RealSense is rectified.
    """
    name = raw_topic(topic).rpartition("/")[2]
    kind = next((word for word in ("rect", "raw") if word in name.split("_")), "")
    if any(info.d) and kind == ("raw" if rectified else "rect"):
        use = "not used" if rectified else "applied once more"
        values = {"kind": "raw" if rectified else "rectified", "value": str(rectified).lower(), "use": use}
        yield doubt("rectified", topic=topic, **values)


def message_doubt(image: AnyImage, pixels: NDArray[np.uint8]) -> Doubt | None:
    """Return why the picture of a message shows nothing that can be believed; None if it may be.

    image: a valid message. pixels: (H, W, 3) uint8 RGB, made from it.
    """
    return few_bits(image, pixels) or row_length_doubt(image) or picture_doubt(pixels)


def few_bits(image: AnyImage, pixels: NDArray[np.uint8]) -> Doubt | None:
    """Return the doubt that an image of 16 bits holds values of fewer bits; None if not. As `message_doubt`."""
    if isinstance(image, CompressedImage):
        peak = (int(pixels.max()) + 1) * 256 - 1 if has_16_bits(bytes(image.data[:HEAD_BYTES])) else FEW_BITS_BELOW
    else:
        peak = _peak(image)
    return doubt("few bits", peak=peak) if peak < FEW_BITS_BELOW else None


def _peak(image: Image) -> int:
    """Return the largest value of a raw image of 16 bits, and FEW_BITS_BELOW for others."""
    encoding = known_encoding(image.encoding)
    if encoding is None or encoding.sample_bytes != 2:
        return FEW_BITS_BELOW
    # A row may be padded by an odd number of bytes.
    rows = np.frombuffer(image.data, np.uint8)[: image.step * (image.height - 1)].reshape(-1, image.step)
    row_bytes = image.width * encoding.pixel_bytes
    values = rows[:: 1 + image.width * image.height // MAX_SAMPLES, :row_bytes]
    samples = np.ascontiguousarray(values).view(">u2" if image.is_bigendian else "<u2")
    return int(samples.max()) if samples.size else FEW_BITS_BELOW


def row_length_doubt(image: AnyImage) -> Doubt | None:
    """Return the doubt that the rows of a raw image are those of another encoding, as cv_bridge publishes a matrix
    under a wrong name; None if not. Rows of twice the length may be those of two cameras side by side."""
    encoding = known_encoding(image.encoding) if isinstance(image, Image) else None
    if encoding is None or image.width < LEAST_WIDTH:
        return None
    each, left = divmod(image.step, image.width)
    if left or each not in PIXEL_BYTES or each in (encoding.pixel_bytes, 2 * encoding.pixel_bytes):
        return None
    row_bytes = image.width * encoding.pixel_bytes
    if any(image.step == row_bytes + -row_bytes % multiple for multiple in PADDED_TO):
        return None
    return doubt("row length", bytes=each, encoding=image.encoding, expected=encoding.pixel_bytes)
