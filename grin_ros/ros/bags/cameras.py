# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag are cameras, and what their outputs are called: as a node in the camera's namespace would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from grin_ros.ros.bags.messages import deserialize, type_name
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.inputs.images import ENCODINGS

IMAGE, COMPRESSED, INFO = type_name(Image), type_name(CompressedImage), type_name(CameraInfo)


@dataclass(frozen=True)
class CameraTopics:
    """An image topic, its camera_info topic, and the namespace of the outputs ('/front' or '')."""

    image: str
    info: str

    @property
    def namespace(self) -> str:
        return raw_name(self.image).rpartition("/")[0]

    def output(self, name: str) -> str:
        """'depth/image' -> '/front/depth/image'."""
        return f"{self.namespace}/{name}"


@dataclass(frozen=True)
class Survey:
    """What a bag holds of cameras. kinds: topic -> type; first: topic -> its first image or camera_info message."""

    kinds: dict[str, str]
    first: dict[str, Message]
    start_ns: int
    end_ns: int | None
    """None where only reading all of a damaged bag would tell."""


def survey(bag: Bag) -> Survey:
    """Read until every image and camera_info topic was met; a damaged bag, which has no index, to its end."""
    contents = bag.contents()
    kinds: dict[str, str] = dict(contents.kinds) if contents else {}
    wanted = {t for t, k in kinds.items() if k in (IMAGE, COMPRESSED, INFO) and contents and contents.counts[t]}
    first: dict[str, Message] = {}
    start_ns = contents.start_ns if contents else None
    if wanted or contents is None:
        for message in bag.messages():
            start_ns = message.time_ns if start_ns is None else min(start_ns, message.time_ns)
            kinds.setdefault(message.topic, message.kind)
            if message.kind in (IMAGE, COMPRESSED, INFO):
                first.setdefault(message.topic, message)
            if contents is not None and wanted <= first.keys():
                break
    return Survey(kinds, first, start_ns or 0, contents.end_ns if contents else None)


def find_cameras(found: Survey, images: Sequence[str] = (), info: str = "") -> list[CameraTopics]:
    """The cameras to work on, by name. images: only these topics; info: the camera_info topic of the only image.

    Without `images`: every image topic that has a camera_info beside it and an encoding that is a picture; of a camera
    that was recorded raw and compressed, the raw one. Raises ValueError: no camera, or two for the same outputs.
    """
    pictures = sorted(t for t, k in found.kinds.items() if k in (IMAGE, COMPRESSED))
    infos = sorted(t for t, k in found.kinds.items() if k == INFO)
    told = f"image topics: {', '.join(pictures) or 'none'}; camera_info topics: {', '.join(infos) or 'none'}"
    if info and len(images) != 1:
        raise ValueError("--camera-info belongs to one image topic; name it with --image")
    chosen = list(images)
    if not chosen:
        chosen = [t for t in pictures if info_beside(t) in infos and _is_picture(found.first.get(t))]
        chosen = [t for t in chosen if t == raw_name(t) or raw_name(t) not in chosen]
    cameras = [CameraTopics(image, info or info_beside(image)) for image in chosen]
    for camera in cameras:
        if camera.image not in pictures or camera.info not in infos:
            missing = camera.image if camera.image not in pictures else camera.info
            raise ValueError(f"{missing}: the bag has no such topic; {told}. Choose with --image and --camera-info")
    if not cameras:
        raise ValueError(f"the bag has no camera that can be used; {told}. Choose with --image and --camera-info")
    names = [camera.namespace for camera in cameras]
    twice = [camera.image for camera in cameras if names.count(camera.namespace) > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)}: their outputs would have the same names; choose one with --image")
    return cameras


def raw_name(image: str) -> str:
    """'/front/image/compressed' -> '/front/image' (image_transport's convention)."""
    return image.removesuffix("/compressed")


def info_beside(image: str) -> str:
    """'/front/image_raw' -> '/front/camera_info' (image_transport's convention)."""
    return f"{raw_name(image).rpartition('/')[0]}/camera_info"


def _is_picture(message: Message | None) -> bool:
    """Not depth, not empty. A broken first message says nothing against the others."""
    if message is None:
        return False
    try:
        if message.kind == IMAGE:
            return deserialize(message.data, Image).encoding in ENCODINGS
        return "compressedDepth" not in deserialize(message.data, CompressedImage).format
    except ValueError:
        return True
