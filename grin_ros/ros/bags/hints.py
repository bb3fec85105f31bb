# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hints of a run over a bag: recorded topics take the place of the inputs `hints/...`."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sensor_msgs.msg import CameraInfo

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.core.types import Placed
from grin_ros.ros.bags.before_start import is_static
from grin_ros.ros.bags.messages import deserialize, recorded
from grin_ros.ros.bags.reading import Message
from grin_ros.ros.bags.survey import Survey
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.gathering import HintInputs
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.inputs.mounting import TfMounting
from grin_ros.ros.inputs.tf import TF, TF_STATIC, add_transforms
from grin_ros.ros.message_types import INFO, TF_MESSAGE, message_class

logger = logging.getLogger(__name__)

AHEAD_NS = 100_000_000
"""A message that was recorded so soon after an image is known when its depth is computed. The node knows what has come
when it begins the frame, which is less where it is idle and more where it is busy."""
TF_INPUT = "tf"
"""The name of tf among the hints of a job: ('tf', '/robot1/tf')."""
RECORD_TF = "the bag needs /tf and /tf_static with these frames; record them with the camera"


def find_hints(found: Survey, hints: Sequence[tuple[str, str]], on: Collection[str]) -> dict[str, list[str]]:
    """Return recorded topic -> the inputs of sources of hints that it serves.

    hints: (input, recorded topic). on: the sources that are switched on; inputs of others are left out. Raises
    ValueError if a source has no topic, or if a topic is not in the bag or of another type than its input.
    """
    kinds = {topic: kind for name in on for topic, (kind, _) in SOURCES[name].topics.items()}
    chosen: dict[str, list[str]] = {}
    for name, topic in hints:
        if name not in kinds:
            continue
        fitting = sorted(each for each, kind in found.kinds.items() if kind == kinds[name])
        if topic not in fitting:
            present = ", ".join(fitting) or "none"
            raise ValueError(f"--hints: {topic} is no topic of this bag with {kinds[name]}; it has: {present}")
        chosen.setdefault(topic, []).append(name)
    named = {name for name, _ in hints}
    silent = sorted(name for name in on if SOURCES[name].needs_topic and not named & SOURCES[name].topics.keys())
    if silent:
        raise ValueError(
            f"hints.{silent[0]} is true, but no recorded topic is given for it; name one with --hints "
            f"{silent[0]}=TOPIC, which switches it on"
        )
    return chosen


def find_tf(found: Survey, hints: Sequence[tuple[str, str]]) -> list[str]:
    """Return the recorded topics of the robot's transforms: those of `hints` called TF_INPUT, else /tf, each with its
    `_static` sibling; if the bag has neither, the only ones that it has.

    Raises ValueError if a named topic is not in the bag, or if there are several and none was named.
    """
    recorded_tf = sorted(topic for topic, kind in found.kinds.items() if kind == TF_MESSAGE)
    trees = sorted({topic.removesuffix("_static") for topic in recorded_tf})
    named = [topic.removesuffix("_static") for name, topic in hints if name == TF_INPUT]
    present = ", ".join(recorded_tf) or "none"
    if missing := [tree for tree in named if tree not in trees]:
        raise ValueError(f"tf={missing[0]}: the bag has no such topic of type {TF_MESSAGE}; it has: {present}")
    if not named and TF not in trees and len(trees) > 1:
        raise ValueError(
            f"each of {', '.join(trees)} could be tf of this robot; choose one with --hints {TF_INPUT}={trees[0]} "
            f"(grin teach: --labels {TF_INPUT}={trees[0]}, beside all other topics that label)"
        )
    used = named or ([TF] if TF in trees else trees)
    return [topic for topic in recorded_tf if topic.removesuffix("_static") in used]


def tell_unused_tf(found: Survey, used: Sequence[str]) -> None:
    """Log which recorded transforms are not used."""
    if others := sorted(topic for topic, kind in found.kinds.items() if kind == TF_MESSAGE and topic not in used):
        text = (
            "transforms of %s are not used beside those of %s; if they are this robot's, name both by --hints tf=TOPIC"
        )
        logger.warning(text, ", ".join(others), ", ".join(used))


def without_numbers(reason: str) -> str:
    """Return a reason without its numbers, which are others for every frame."""
    return re.sub(r"\d+(\.\d+)?", "", reason)


class BagHints:
    """The sources of hints of all cameras of a bag, with the transforms that it holds."""

    def __init__(
        self,
        images: Sequence[str],
        config: HintConfig,
        topics: Mapping[str, Sequence[str]],
        base_frame: str = "",
        tf: Collection[str] = (TF, TF_STATIC),
    ) -> None:
        """images: the image topics of the cameras. topics: recorded topic -> the inputs that it serves. base_frame:
        `mounting.base_frame`. tf: the recorded topics of transforms."""
        self._tree = TransformTree(RECORD_TF)
        self.mounting = TfMounting(self._tree, base_frame) if base_frame else None
        """How cameras are mounted, if tf tells it."""
        self._topics, self._tf = topics, tf
        self._readable: set[str] = set()
        self._unused: Counter[tuple[str, str]] = Counter()
        self._reasons: dict[tuple[str, str], str] = {}
        self.inputs = {image: HintInputs(config, self._tree) for image in images}
        """Image topic -> the sources of that camera."""

    def heard(self, messages: Iterable[Message], ahead_ns: int = AHEAD_NS) -> Iterator[Message]:
        """Yield the messages of a bag in order, each after those up to ahead_ns later have been added, before others.

        Where the clock steps back between two files, nothing waits for it to catch up.
        """
        waiting: deque[Message] = deque()
        for message in messages:
            while waiting and not 0 <= message.time_ns - waiting[0].time_ns <= ahead_ns:
                yield waiting.popleft()
            self.add(message)
            waiting.append(message)
        yield from waiting

    def add(self, message: Message) -> None:
        """Keep a message if it holds transforms, or if a source wants it. The first of a topic that cannot be used is
        logged, with each reason; `count_unused` tells how many there were."""
        try:
            self._take(message)
        except ValueError as error:
            key = message.topic, without_numbers(str(error))
            self._unused[key] += 1
            if key not in self._reasons:
                self._reasons[key] = str(error)
                logger.warning("%s at %d ns is not used: %s", message.topic, message.time_ns, error)

    def count_unused(self) -> list[str]:
        """Log how many messages of each topic were not used, and return a text for each topic that could never be read.

        Call this after the last `add`.
        """
        lost: Counter[str] = Counter()
        for key, count in self._unused.items():
            topic, reason = key[0], self._reasons[key]
            if topic not in self._readable:
                lost[topic] += count
            if count > 1:
                logger.warning("%s: %d messages are not used, each as the first: %s", topic, count, reason)
        return [f"{topic}: none of its {count} messages can be read" for topic, count in lost.items()]

    def know(self, found: Survey) -> None:
        """Take what a node knows from the beginning, however late it was recorded: the first static transform of each
        frame, and the first camera_info of depth images. Call this before `add`, which logs what cannot be used."""
        infos = [found.first[topic] for topic in self._topics if found.kinds[topic] == INFO and topic in found.first]
        for message in [*reversed(found.static), *infos]:  # the transform that is taken last counts
            with suppress(ValueError):
                self._take(message)

    def _take(self, message: Message) -> None:
        if message.topic in self._tf and message.kind == TF_MESSAGE:
            transforms = self._recorded(message)
            if problem := add_transforms(self._tree, transforms, static=is_static(message.topic)):
                raise ValueError(problem)
        elif message.topic in self._topics:
            made = self._recorded(message)
            for topic in self._topics[message.topic]:
                for inputs in self.inputs.values():
                    inputs.take(topic, made)

    def _recorded(self, message: Message) -> Any:
        made = recorded(message.data, message.kind, message.connection.msgdef.data)
        self._readable.add(message.topic)
        return made

    def pose(self, frame_id: str, stamp_ns: int, fixed: str, placed: Placed | None) -> Transform | None:
        """Return the transform of points of a frame to one in which the world stands still; None if it is not known.

        fixed: that frame, if tf holds it. placed: the pose that odometry tells, for a bag without such a frame in tf.
        """
        if not fixed or not self._tree.knows(fixed):
            return placed.fixed_from_optical if placed is not None else None
        try:
            return self._tree.lookup(fixed, frame_id, stamp_ns)
        except InputError:
            return None

    def show(self, message: Message, info: bytes | None) -> None:
        """Show an image to the sources of its camera that want every image."""
        inputs = self.inputs[message.topic]
        if not inputs.sees_images:
            return
        try:
            known = None if info is None else deserialize(info, CameraInfo)
            inputs.see(deserialize(message.data, message_class(message.kind)), known)
        except ValueError as error:
            logger.warning("%s at %d ns is not used for hints: %s", message.topic, message.time_ns, error)
