# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The cameras of a bag, and the names of their outputs.

The outputs of a camera are named as those of a node in the camera's namespace.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage, Image

from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Message
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.frame.topics import OUTPUTS, Topic
from grin_ros.ros.inputs.content import is_depth
from grin_ros.ros.inputs.images import known_encoding
from grin_ros.ros.message_types import COMPRESSED, IMAGE, INFO
from grin_ros.ros.parameters.table import NodeConfig
from grin_ros.ros.topic_names import info_topic, raw_topic

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CameraTopics:
    """An image topic and its camera_info topic, '' where the caller tells the camera."""

    image: str
    info: str

    @property
    def namespace(self) -> str:
        """The namespace of the outputs, such as '/front', or ''."""
        return raw_topic(self.image).rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name of the camera: that of its namespace, such as 'front', or 'camera' in the root namespace."""
        return self.namespace.strip("/") or "camera"

    def output(self, name: str) -> str:
        """Return the full name of an output, such as '/front/depth/image' for 'depth/image'."""
        return f"{self.namespace}/{name}"


def find_cameras(
    found: Survey, images: Sequence[str] = (), info: str = "", *, known: bool = False
) -> list[CameraTopics]:
    """Return the cameras to work on, in the order of their names.

    images: only these topics. info: the camera_info topic of the only image topic. Without `images` these are all
    image topics with a camera_info beside them and an encoding that is a picture; of a camera that was recorded raw
    and compressed, the raw topic; of one that was recorded in colour and in grey, the topic in colour. A camera_info
    topic without messages counts as absent. known: the caller tells the camera, so without `images` these are the
    image topics without camera_info.

    Raises ValueError if there is no camera, or if two have the same outputs.
    """
    if info and known:
        raise ValueError("--camera-info and --calibration or --fov: got both, expected one; leave one out")
    if info and len(images) != 1:
        raise ValueError("--camera-info belongs to one image topic; name that topic with --image")
    cameras = [
        CameraTopics(image, "" if known else info or info_topic(image)) for image in images or _candidates(found, known)
    ]
    _check_recorded(cameras, found, known)
    if not cameras:
        raise ValueError(_no_camera(found, known))
    names = [camera.namespace for camera in cameras]
    twice = [camera.image for camera in cameras if names.count(camera.namespace) > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)}: their outputs would have the same names; choose one with --image")
    return cameras


def tell_left_out(found: Survey, cameras: Sequence[CameraTopics], *, known: bool) -> None:
    """Log each topic with pictures that `find_cameras` has left out without a word, why, and what can be done.

    Depth images and other transports of a chosen topic are no cameras that would be missed. known: as there.
    """
    infos, chosen = _infos(found), {raw_topic(camera.image) for camera in cameras}
    beside = {info_topic(camera.image) for camera in cameras}
    alive = {raw_topic(topic) for topic in _pictures(found) if topic in found.first}
    for topic in _pictures(found):
        message = found.first.get(topic)
        if raw_topic(topic) in chosen:
            continue
        if message is None and (raw_topic(topic) in alive or info_topic(topic) in beside):
            continue  # the camera has other topics
        if why := _why_left_out(topic, message, infos, known):
            logger.warning("%s is left out: %s", topic, why)


def _why_left_out(topic: str, message: Message | None, infos: Sequence[str], known: bool) -> str:
    """Return why an image topic is no camera, and what can be done; empty for depth, and for what needs no words.

    message: its first one. infos: the recorded topics of camera_info. known: as in `find_cameras`.
    """
    info = info_topic(topic)
    if message is None:
        return "it has no messages; check its driver"
    if declares_depth(message):
        return ""
    if not _is_picture(message):
        encoding = deserialize(message.data, Image).encoding
        return f"nobody knows the encoding '{encoding}' as a picture; set its driver to one such as rgb8"
    if known and info in infos:
        return f"{info} tells its camera; to tell another one give --image {topic}"
    if not known and info not in infos:
        ways = f"--camera-info (recorded: {', '.join(infos)}), --calibration or --fov"
        return f"it has no {info}; give --image {topic} with {ways}"
    return ""


def computed_topics(cameras: Sequence[CameraTopics], config: NodeConfig) -> dict[str, Topic]:
    """Return full name -> output of all that is written for these cameras, by the parameters."""
    mounted = config.mounting is not None or bool(config.mounting_frame)
    written = [o for o in OUTPUTS.values() if o.on(config.switched_on) and (mounted or not o.needs_mounting)]
    return {camera.output(output.name): output for camera in cameras for output in written}


def _pictures(found: Survey) -> list[str]:
    return sorted(topic for topic, kind in found.kinds.items() if kind in (IMAGE, COMPRESSED))


def _infos(found: Survey) -> list[str]:
    return sorted(topic for topic, kind in found.kinds.items() if kind == INFO and topic in found.first)


def _candidates(found: Survey, known: bool) -> list[str]:
    """Return one image topic of each camera that can be used. known: of those without camera_info."""
    infos = _infos(found)
    chosen = [t for t in _pictures(found) if (info_topic(t) in infos) != known and _is_picture(found.first.get(t))]
    chosen = [topic for topic in chosen if topic == raw_topic(topic) or raw_topic(topic) not in chosen]
    return _colour_before_grey(chosen, found.first)


def _check_recorded(cameras: Sequence[CameraTopics], found: Survey, known: bool) -> None:
    """Raise ValueError if a topic of the cameras is not in the bag."""
    pictures, infos = _pictures(found), _infos(found)
    for camera in cameras:
        silent = camera.image not in pictures or camera.image not in found.first
        if silent or (camera.info not in infos and not known):
            missing = camera.image if silent else camera.info
            there = found.kinds.get(missing) in (IMAGE, COMPRESSED, INFO)
            none = "no message of this topic" if there else "no such topic"
            raise ValueError(f"{missing}: the bag has {none}; {_present(found)}. Choose with --image and --camera-info")


def _no_camera(found: Survey, known: bool) -> str:
    """Return why a bag has no camera that can be used, and what to do."""
    if known:
        return (
            f"the bag has no image topic without camera_info; {_present(found)}. Leave --calibration and --fov out, or "
            "name the image topic whose camera_info they replace with --image TOPIC"
        )
    odd = [f"{topic} has the encoding '{encoding}'" for topic, encoding in _unknown_encodings(found)]
    return (
        f"the bag has no camera that can be used; {'; '.join([_present(found), *odd])}. Choose with --image and "
        "--camera-info; for images without camera_info give --calibration FILE or --fov DEG"
    )


def _present(found: Survey) -> str:
    pictures, infos = (", ".join(topics) or "none" for topics in (_pictures(found), _infos(found)))
    return f"image topics: {pictures}; camera_info topics: {infos}"


def _colour_before_grey(images: Sequence[str], first: Mapping[str, Message]) -> list[str]:
    """Leave out the grey images of a namespace that has exactly one topic in colour, and say so."""
    kept = []
    for image in images:
        beside = [other for other in images if info_topic(other) == info_topic(image)]
        coloured = [other for other in beside if _is_coloured(first[other])]
        if len(coloured) == 1 and image not in coloured:
            text = "%s is left out: %s shows the same camera in colour. Choose with --image"
            logger.warning(text, image, coloured[0])
        else:
            kept.append(image)
    return kept


def _is_coloured(message: Message) -> bool:
    """Return False if the encoding or, where a compressed image does not tell it, the name of the topic says grey."""
    try:
        if message.kind == IMAGE:
            encoding = deserialize(message.data, Image).encoding
        else:
            encoding = deserialize(message.data, CompressedImage).format.partition(";")[0].strip()
    except ValueError:
        encoding = ""
    if known_encoding(encoding):
        return not encoding.lower().startswith("mono")
    return not re.search("gr[ae]y|mono", raw_topic(message.topic).rpartition("/")[2])


def _unknown_encodings(found: Survey) -> Iterator[tuple[str, str]]:
    """Yield (topic, encoding) of the raw images that are depth or of an encoding that the node does not know."""
    for topic in _pictures(found):
        message = found.first.get(topic)
        if message is not None and message.kind == IMAGE and not _is_picture(message):
            yield topic, deserialize(message.data, Image).encoding


def declares_depth(message: Message) -> bool:
    """Return True for a message that declares depth. One that is broken declares nothing."""
    try:
        return is_depth(deserialize(message.data, Image if message.kind == IMAGE else CompressedImage))
    except ValueError:
        return False


def _is_picture(message: Message | None) -> bool:
    """Return False for depth and for a topic without messages. A first message that is broken counts as a picture."""
    if message is None:
        return False
    if message.kind != IMAGE:
        return not declares_depth(message)
    try:
        return known_encoding(deserialize(message.data, Image).encoding) is not None  # none of them is depth
    except ValueError:
        return True
