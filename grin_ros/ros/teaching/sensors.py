# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of the recorded topics that label the images of a bag: those that a source of hints can take."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from grin_ros.core.config import nearest
from grin_ros.core.input_error import InputError
from grin_ros.ros.bags.before_start import is_static
from grin_ros.ros.bags.cameras import CameraTopics, declares_depth
from grin_ros.ros.bags.hints import TF_INPUT, find_tf
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.hints.registry import SOURCES, wirings
from grin_ros.ros.message_types import IMAGE, INFO, TF_MESSAGE
from grin_ros.ros.parameters.row import Value
from grin_ros.ros.topic_names import info_topic

logger = logging.getLogger(__name__)

PREFIX = "hints/"
MOTION, ODOMETRY = "motion", "motion/odometry"
"""The source of labels that needs no sensor, and its input of odometry. Transforms (TF_INPUT) may take its place."""


def find_labels(found: Survey, cameras: Sequence[CameraTopics], named: Sequence[str]) -> list[tuple[str, str]]:
    """Return (input of a source, recorded topic) of what labels the images.

    named: texts such as 'scan=/front/scan'. The camera_info of a depth image is expected beside it, as in
    `grin bag --hints`. Without them, every topic is taken that fits an input of a source; outputs of this package do
    not count. A source with several inputs is taken if all of them were recorded. One for which two topics could serve
    is left out, with a warning. Motion labels too, where the poses of tf or odometry were recorded.

    Raises InputError if nothing fits or a name is wrong, and ValueError as `find_tf` does.
    """
    if named:
        chosen = [_named(text, found) for text in named]
        find_tf(found, chosen)  # raises ValueError for a wrong choice
        wired = wirings([text for text, (name, _) in zip(named, chosen, strict=True) if name != TF_INPUT])
        beside = [
            f"{one.input.removeprefix(PREFIX)}={one.topic}" for one in wired if (one.input, one.topic) not in chosen
        ]
        return chosen + [_named(text, found) for text in beside]
    # Where a node of this package has run, its own scan and clouds were recorded too.
    namespaces = {camera.namespace for camera in cameras} | {""}
    own = {f"{n}/{name}" for n in namespaces if f"{n}/depth/sigma" in found.kinds for name in OUTPUTS}
    chosen = []
    for source in (source for source in SOURCES.values() if source.needs_topic):
        fitting = {
            name: sorted(topic for topic in found.kinds if topic not in own and _fits(topic, kind, found))
            for name, (kind, _) in source.topics.items()
        }
        images = [topics[0] for name, topics in fitting.items() if source.topics[name][0] == IMAGE and len(topics) == 1]
        for name, (kind, _) in source.topics.items():
            if kind == INFO and images:  # the calibration of a depth image is the one beside it
                fitting[name] = [topic for topic in fitting[name] if topic == info_topic(images[0])]
        unclear = {name: topics for name, topics in fitting.items() if len(topics) > 1 and all(fitting.values())}
        for name, topics in unclear.items():
            logger.warning(
                "%s: each could be %s, so none is used; choose one with --labels %s=%s",
                ", ".join(topics), name, name.removeprefix(PREFIX), topics[0],
            )  # fmt: skip
        if fitting and all(fitting.values()) and not unclear:
            chosen += [(name, topics[0]) for name, topics in fitting.items()]
    chosen += _poses(found, chosen)
    if not chosen:
        measuring = [source for source in SOURCES.values() if source.needs_topic]
        wanted = ", ".join(sorted({kind for one in measuring for kind, _ in one.topics.values() if kind != INFO}))
        raise InputError(
            f"the bag has nothing that measures distances; it has {', '.join(sorted(found.kinds)) or 'no topics'}",
            f"record a topic of one of these types beside the camera: {wanted}; or /tf or odometry of a robot that "
            "moves, from which the motion of the camera labels; or name a topic with --labels",
        )
    return chosen


def parameters(labels: Sequence[tuple[str, str]]) -> dict[str, Value]:
    """Return the parameters that switch on the sources of the chosen inputs."""
    inputs = {name for name, _ in labels}
    made: dict[str, Value] = {source.switch: True for source in SOURCES.values() if inputs & source.topics.keys()}
    if TF_INPUT in inputs:
        made[SOURCES[MOTION].switch] = True
    if ODOMETRY in inputs:
        made["motion.fixed_frame"] = ""  # or tf would be asked instead
    return made


def _poses(found: Survey, labels: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what gives the poses of the camera, for the labels of motion; nothing if nothing does."""
    moving = [topic for topic in find_tf(found, labels) if not is_static(topic)]
    odometry = sorted(topic for topic, kind in found.kinds.items() if kind == SOURCES[MOTION].topics[ODOMETRY][0])
    if moving:
        return [(TF_INPUT, moving[0])]
    return [(ODOMETRY, odometry[0])] if len(odometry) == 1 else []


def _named(text: str, found: Survey) -> tuple[str, str]:
    name, separator, topic = text.partition("=")
    kinds = {TF_INPUT: TF_MESSAGE} | {
        one: kind for source in SOURCES.values() for one, (kind, _) in source.topics.items()
    }
    known = {one.removeprefix(PREFIX): one for one in kinds}
    if not separator or name not in known:
        expected = ", ".join(f"{one}=TOPIC" for one in known)
        raise InputError(f"--labels: got '{text}', expected one of {expected}{nearest(name, known)}", "correct it")
    kind = kinds[known[name]]
    if found.kinds.get(topic) != kind:
        fitting = ", ".join(sorted(t for t, other in found.kinds.items() if other == kind)) or "none"
        raise InputError(f"--labels {text}: the bag has no such topic of type {kind}", f"it has: {fitting}")
    return known[name], topic


def _fits(topic: str, kind: str, found: Survey) -> bool:
    if found.kinds[topic] != kind:
        return False
    first = found.first.get(topic)
    return kind != IMAGE or (first is not None and declares_depth(first))
