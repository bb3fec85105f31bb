# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A source whose topic several sensors may share, as the lidars at the front and at the back of a robot."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from grin_ros.core.input_error import InputError
from grin_ros.core.types import Hints
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.kept import KeptMessages
from grin_ros.ros.inputs.hints.measured import nothing_left
from grin_ros.ros.inputs.hints.source import Given, HintSource, View

T = TypeVar("T")
MOST_SENSORS = 32
"""The messages of at most this many frames are kept."""
GONE_AFTER = 1000
"""A frame is forgotten when others have sent this many messages since its last one: its driver was started again with
another name."""


class SensorsSource(HintSource):
    """The newest messages of all sensors that publish on a topic, told apart by the frames of their messages."""

    name: ClassVar[str]
    topic: ClassVar[str]

    def __init__(self) -> None:
        self._kept: dict[str, KeptMessages] = {}
        self._count = 0
        self._last: dict[str, int] = {}
        """Frame -> the number of its last message, of all messages. The frame that is silent longest comes first."""

    def take(self, topic: str, message: Any) -> None:
        """Keep a message. Frames that have fallen silent make room for others."""
        frame_id = message.header.frame_id
        if frame_id not in self._kept:
            if len(self._kept) >= MOST_SENSORS:
                self._forget(next(iter(self._last)))
            self._kept[frame_id] = KeptMessages(f"{topic} in the frame '{frame_id}'", self.lasts_ns)
        self._kept[frame_id].add(message)
        self._count += 1
        self._last.pop(frame_id, None)
        self._last[frame_id] = self._count
        silent, last = next(iter(self._last.items()))
        if self._count - last >= GONE_AFTER:
            self._forget(silent)

    def _forget(self, frame_id: str) -> None:
        del self._kept[frame_id], self._last[frame_id]

    def lasts_ns(self, message: Any) -> int:  # noqa: ARG002  # most sensors measure everything at once
        """Return how long the sensor went on measuring after the stamp of a message, in nanoseconds."""
        return 0

    @abstractmethod
    def given(self, view: View, message: Any) -> Given:
        """Return the hints of one message. Raises InputError if it cannot be read or tf is missing."""

    def __call__(self, view: View) -> Given:
        """Return the hints of all sensors, of each the message that is nearest in time to the image.

        Raises InputError if no sensor can be used, or if several would have the one pose of a parameter.
        """
        all_kept = list(self._kept.values()) or [KeptMessages(self.topic)]
        messages, errors = _tried(lambda kept: kept.nearest(view.frame.stamp_ns, view.config.max_age_s), all_kept)
        if len(messages) > 1 and view.config.pose(self.name) is not None:
            frames = ", ".join(f"'{message.header.frame_id}'" for message in messages)
            raise InputError(
                f"{self.topic} carries messages of the frames {frames}, but hints.{self.name}_pose is the pose of one "
                "sensor",
                f"set hints.{self.name}_pose to tf, and let tf say where these frames are",
            )
        given, refused = _tried(lambda message: self.given(view, message), messages)
        errors = refused + errors  # a sensor that is heard now comes before one that was
        if not given:
            raise errors[0]
        if len(messages) == 1 and not errors:
            return given[0]
        return _joined(view.config, self.name, given, [str(error) for error in errors])


def _tried(call: Callable[[Any], T], each: Iterable[Any]) -> tuple[list[T], list[InputError]]:
    """Return the results of the calls, and the errors of the others."""

    def tried(one: Any) -> T | InputError:
        try:
            return call(one)
        except InputError as error:
            return error
        except Exception as error:  # one sensor must not take the others with it
            text = f"a message could not be used: {type(error).__name__}: {error}"
            return InputError(text, "report this with the message")

    results = [tried(one) for one in each]
    good = [result for result in results if not isinstance(result, InputError)]
    return good, [result for result in results if isinstance(result, InputError)]


def _joined(config: HintConfig, name: str, given: list[Given], errors: list[str]) -> Given:
    """Return what all sensors gave. errors: why others gave nothing."""
    hints = Hints.joined([one.hints for one in given if one.hints is not None])
    rejected = sum((Counter(one.rejected) for one in given), Counter[str]())
    age_s = max((one.age_s for one in given if one.age_s is not None), key=abs, default=None)
    reason = nothing_left(config, name, rejected) if hints is None else ""
    notes = errors + [one.note for one in given if one.note]
    idle = hints is None and all(one.sees_nothing for one in given)
    return Given(hints, rejected, age_s, reason, notes[0] if notes else "", idle)
