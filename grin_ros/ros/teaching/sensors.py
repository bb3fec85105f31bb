# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of the recorded topics that label the images of a bag: those that a source of hints can take."""

from __future__ import annotations

from collections.abc import Sequence

from sensor_msgs.msg import Image

from grin_ros.core.config import nearest
from grin_ros.core.input_error import InputError
from grin_ros.ros.bags.cameras import CameraTopics
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Message
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.frame.topics import IMAGE, OUTPUTS
from grin_ros.ros.inputs.content import is_depth
from grin_ros.ros.inputs.hints.registry import SOURCES

PREFIX = "hints/"


def find_labels(found: Survey, cameras: Sequence[CameraTopics], named: Sequence[str]) -> list[tuple[str, str]]:
    """Return (input of a source, recorded topic) of what labels the images.

    named: texts such as 'scan=/front/scan'; without them every topic that fits an input of a source is taken, outputs
    of this package excepted. A source with several inputs is taken if all of them were recorded. Raises InputError if
    nothing fits, if a name is wrong, or if two topics fit one input.
    """
    if named:
        return [_named(text, found) for text in named]
    # Where a node of this package has run, its own scan and clouds were recorded too.
    namespaces = {camera.namespace for camera in cameras} | {""}
    own = {f"{n}/{name}" for n in namespaces if f"{n}/depth/sigma" in found.kinds for name in OUTPUTS}
    chosen: list[tuple[str, str]] = []
    for source in SOURCES.values():
        fitting = {
            name: sorted(topic for topic in found.kinds if topic not in own and _fits(topic, kind, found))
            for name, (kind, _) in source.topics.items()
        }
        for name, topics in fitting.items():
            if len(topics) > 1:
                raise InputError(
                    f"{', '.join(topics)}: each could be {name}, and only one sensor can",
                    f"choose one with --labels {name.removeprefix(PREFIX)}={topics[0]}",
                )
        if fitting and all(fitting.values()):
            chosen += [(name, topics[0]) for name, topics in fitting.items()]
    if not chosen:
        wanted = ", ".join(sorted({kind for source in SOURCES.values() for kind, _ in source.topics.values()}))
        raise InputError(
            f"the bag has nothing that measures distances; it has {', '.join(sorted(found.kinds)) or 'no topics'}",
            f"record a topic of one of these types beside the camera: {wanted}; or name one with --labels",
        )
    return chosen


def switches(labels: Sequence[tuple[str, str]]) -> dict[str, bool]:
    """Return the parameters that switch on the sources of the chosen inputs."""
    inputs = {name for name, _ in labels}
    return {source.switch: True for source in SOURCES.values() if inputs & source.topics.keys()}


def _named(text: str, found: Survey) -> tuple[str, str]:
    name, separator, topic = text.partition("=")
    inputs = {one.removeprefix(PREFIX): kind for s in SOURCES.values() for one, (kind, _) in s.topics.items()}
    if not separator or name not in inputs:
        known = ", ".join(f"{one}=TOPIC" for one in inputs)
        raise InputError(f"--labels: got '{text}', expected one of {known}{nearest(name, inputs)}", "correct it")
    if found.kinds.get(topic) != inputs[name]:
        fitting = ", ".join(sorted(t for t, kind in found.kinds.items() if kind == inputs[name])) or "none"
        raise InputError(f"--labels {text}: the bag has no such topic of type {inputs[name]}", f"it has: {fitting}")
    return f"{PREFIX}{name}", topic


def _fits(topic: str, kind: str, found: Survey) -> bool:
    if found.kinds[topic] != kind:
        return False
    first = found.first.get(topic)
    return kind != IMAGE or (first is not None and _is_depth(first))


def _is_depth(message: Message) -> bool:
    try:
        return is_depth(deserialize(message.data, Image))
    except ValueError:
        return False
