# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Doubts about messages that can be processed: an image, its camera_info, and the mounting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from grin_ros.core.geometry.distortion import lens_model
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
        picture = few_bits(image) or picture_doubt(frame.image)
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


def few_bits(image: AnyImage) -> Doubt | None:
    """Return the doubt that a raw 16-bit image holds values of fewer bits; None if not. The image is valid."""
    encoding = known_encoding(image.encoding) if isinstance(image, Image) else None
    if encoding is None or encoding.sample_bytes != 2:
        return None
    # A row may be padded by an odd number of bytes.
    rows = np.frombuffer(image.data, np.uint8)[: image.step * (image.height - 1)].reshape(-1, image.step)
    row_bytes = image.width * encoding.pixel_bytes
    values = rows[:: 1 + image.width * image.height // MAX_SAMPLES, :row_bytes]
    samples = np.ascontiguousarray(values).view(">u2" if image.is_bigendian else "<u2")
    peak = int(samples.max()) if samples.size else FEW_BITS_BELOW
    return doubt("few bits", peak=peak) if peak < FEW_BITS_BELOW else None
