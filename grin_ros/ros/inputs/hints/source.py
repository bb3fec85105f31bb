# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The interface of a source of hints, which takes messages and gives the hints that belong to a frame.

Imports nothing of ROS, so that the registry can be read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.hints.sensors.gates import NO_RETURN
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.ros.inputs.hints.config import HintConfig


@dataclass(frozen=True)
class View:
    """The frame that hints are wanted for.

    frame: image, camera and stamp. frame_id: the optical frame of the camera. tree: /tf and /tf_static as far as they
    have come. config: the parameters `hints.*` of this moment.
    """

    frame: Frame
    frame_id: str
    tree: TransformTree
    config: HintConfig


@dataclass(frozen=True)
class Given:
    """The answer of a source for a frame.

    hints: None if it gives none. rejected: reason -> number of measurements that are not used. age_s: how much older
    the message is than the image (negative: newer); None if there is no message. reason: a sentence that says why there
    are no hints, and what to do; empty if there are some. note: what limits the hints that there are; mostly empty.
    idle: the source works, but has nothing to tell.
    """

    hints: Hints | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    age_s: float | None = None
    reason: str = ""
    note: str = ""
    idle: bool = False

    @property
    def sees_nothing(self) -> bool:
        """True if the sensor works as far as one can tell, but nothing is in its range."""
        return self.hints is None and (self.idle or self.rejected.keys() == {NO_RETURN})

    def noted(self, note: str) -> Given:
        """Return the same answer with a note before its own; itself if the note is empty."""
        return replace(self, note="; ".join(text for text in (note, self.note) if text)) if note else self


class HintSource(ABC):
    """One source of hints of one camera.

    `take` and `see` are called in the thread of the callbacks and must return at once; the call itself and `forget`
    come in the thread of the worker.
    """

    sees_images = False
    """True if `see` wants every image. `grin bag` then reads also the images for which no depth is computed."""

    @abstractmethod
    def take(self, topic: str, message: Any) -> None:
        """Keep a message of one of the topics of the source."""

    def see(self, image: Any, info: Any) -> None:  # noqa: B027  # most sources look at no image
        """Look at an image message as it comes, with its camera_info or None, before its depth is computed, if ever."""

    @abstractmethod
    def __call__(self, view: View) -> Given:
        """Return what is known for this frame. Raises InputError if the messages or transforms cannot be used."""

    def beside(self, given: Given, others: Hints, view: View) -> Given:  # noqa: ARG002  # most sources do not compare
        """Return what the source gave, perhaps with a note on how the hints of all other sources compare with it."""
        return given

    def answered(self, estimate: DepthEstimate) -> None:  # noqa: B027  # most sources do not look at depth
        """Take the depth of the frame that hints were given for."""

    def forget(self) -> None:  # noqa: B027  # most sources keep nothing but messages, whose stamps say what they fit
        """Forget what earlier frames have left, so that the next frame is treated as the first one."""
