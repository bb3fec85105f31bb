# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The one frame processor: a captured image becomes messages, or a problem that says why not.

The node and `grin bag` both use it. They differ in where captures come from and where the messages go.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from sensor_msgs.msg import CameraInfo

from grin_ros.core.estimator import Estimator, Stopwatch
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.hints.checks.live_check import Held, LiveCheck
from grin_ros.core.hints.checks.pose_check import PoseCheck
from grin_ros.core.planning.obstacles import tells_something
from grin_ros.core.plausibility.doubt import Doubt, doubt, most_serious_first
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.ros.frame.outputs import PLANNERS, EstimatedFrame, output_messages
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.doubts import Doubts
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.gathering import Gathered, HintInputs, HintUse
from grin_ros.ros.inputs.images import Converter
from grin_ros.ros.inputs.messages import AnyImage, frame_from, stamp_ns
from grin_ros.ros.inputs.problem import BACKEND_FAILED, FrameRejectedError, Problem
from grin_ros.ros.parameters.table import NodeConfig


@dataclass(frozen=True)
class Capture:
    """An image as it came, with the camera_info that belongs to it, and its time of arrival (steady clock, seconds)."""

    image: AnyImage
    info: CameraInfo | None
    arrived_s: float


class MountingSource(Protocol):
    """Knows how a camera is mounted."""

    def __call__(self, camera_frame: str, stamp_ns: int, /) -> Mounting:
        """Return the mounting at the time of an image. Raises FrameRejectedError if it is not known."""


@dataclass(frozen=True)
class Processed:
    """The result for one frame.

    timings_ms: milliseconds by stage, those of the estimator included. hints: what became of the hints, None if no
    source of them is switched on. keeps_floor: obstacles contains the floor because the mounting is not known. doubts:
    what is implausible about the input, the most serious first, and that its depth tells planners nothing. messages:
    (topic, message) in the order of the table. They can be iterated once, and each is made when it is asked for, so
    that depth can be sent before the points are computed.
    """

    frame: Frame
    estimate: DepthEstimate
    timings_ms: Mapping[str, float]
    hints: HintUse | None
    keeps_floor: bool
    doubts: tuple[Doubt, ...]
    messages: Iterator[tuple[str, Any]]


class FrameProcessor:
    """Processes the captures of one camera, one after the other. Not thread safe."""

    def __init__(
        self,
        estimator: Estimator,
        converter: Converter,
        warn: Callable[[str], None],
        *,
        mounting: MountingSource | None = None,
        hints: HintInputs | None = None,
        topic: str = "",
    ) -> None:
        """Bring the parts together.

        warn: takes a text for the log; each text comes once. mounting: None if the configuration holds the mounting.
        hints: None if no source of hints is switched on. topic: the full name of the image topic.
        """
        self._estimator = estimator
        self._converter = converter
        self._warn = warn
        self._warned: set[str] = set()
        self._mounting = mounting
        self._hints = hints
        self._beside = ThreadPoolExecutor(1, "grin_hints")  # it starts its thread with the first frame that has hints
        self._live_check = LiveCheck()
        self._pose_check = PoseCheck()
        self._checked: HintConfig | None = None
        self._doubts = Doubts(topic)

    def __call__(self, capture: Capture, config: NodeConfig, wanted: Callable[[str], bool]) -> Processed | Problem:
        """Return the depth of an image and its messages, or why it has none. Does not raise.

        wanted: called with the name of a topic; its message is made only if the answer is true.
        """
        try:
            return self._processed(capture, config, wanted)
        except FrameRejectedError as error:
            return error.problem
        except Exception as error:  # a backend may raise anything; the next frame may work
            return failure(error)

    def forget(self) -> None:
        """Forget what earlier frames have left, so that the next frame is processed as the first one."""
        self._estimator.forget()
        self._doubts.forget()
        self._live_check.forget()
        self._pose_check.forget()
        if self._hints is not None:
            self._hints.forget()

    def _processed(self, capture: Capture, config: NodeConfig, wanted: Callable[[str], bool]) -> Processed:
        clock = Stopwatch()
        header = capture.image.header
        mounting = self._mounting(header.frame_id, stamp_ns(header)) if self._mounting else config.mounting
        frame = frame_from(capture.image, capture.info, mounting, self._converter, config.rectified)
        assert capture.info is not None, "frame_from refuses an image without camera_info"
        doubts = self._doubts(frame, capture.image, capture.info, config.rectified)
        self._tell(doubts)
        clock.lap("convert")
        if self._hints is None:
            estimate, used = self._estimator(frame, config.settings), None
            clock.lap("estimate")
        else:
            estimate, used = self._hinted(self._hints, frame, header.frame_id, config, clock)
        unsure = tuple(uncertain(estimate, config))
        self._tell(unsure)
        doubts = most_serious_first((*doubts, *unsure))
        estimated = EstimatedFrame(frame, estimate, capture.info, header, config, doubts)
        messages = output_messages(estimated, wanted, self._warn_once)
        timings_ms = {**clock.laps_ms, **estimate.timings_ms}
        return Processed(frame, estimate, timings_ms, used, estimated.keeps_floor, doubts, messages)

    def _hinted(
        self, inputs: HintInputs, frame: Frame, frame_id: str, config: NodeConfig, clock: Stopwatch
    ) -> tuple[DepthEstimate, HintUse]:
        """Estimate depth while another thread gathers the hints for it."""
        if config.hints != self._checked:  # what was measured with another pose or sigma says nothing about these
            self._checked = config.hints
            self._live_check.forget()
            self._pose_check.forget()
        held = Held(None)

        def gather() -> Gathered:
            gather_clock = Stopwatch()
            gathered = inputs.gather(frame, frame_id, config.hints)
            gather_clock.lap("gather")
            clock.laps_ms.update(gather_clock.laps_ms)
            return gathered

        def hints() -> Hints | None:
            nonlocal held
            held = self._live_check.hold(gathering.result().hints, frame.camera)
            return held.used

        gathering = self._beside.submit(gather)
        try:
            estimate = self._estimator(frame, config.settings, hints)
        finally:
            wait([gathering])  # the next frame, or `forget`, must not meet it
        clock.lap("estimate")
        estimate = self._live_check(frame.camera, estimate, held)
        self._pose_check(frame.camera, held.used, estimate.hints)
        clock.lap("check")
        inputs.answered(estimate)
        miss, turned, poses = self._live_check.miss, self._pose_check.turned, self._pose_check.text
        return estimate, HintUse(gathering.result().sources, estimate.hints, miss, turned, poses)

    def _tell(self, doubts: Iterable[Doubt]) -> None:
        for each in doubts:
            self._warn_once(f"{each.text}; {each.remedy}", each.name)

    def _warn_once(self, text: str, name: str = "") -> None:
        """Log a text once. name: what counts as the same text; empty: the text itself."""
        if (name or text) not in self._warned:
            self._warned.add(name or text)
            self._warn(text)


def uncertain(estimate: DepthEstimate, config: NodeConfig) -> Iterator[Doubt]:
    """Yield the doubt that planners can do nothing with an estimate, if an output for planners is switched on."""
    obstacles = config.navigation.obstacles
    if any(OUTPUTS[name].on(config.switched_on) for name in PLANNERS) and not tells_something(estimate, obstacles):
        yield doubt("nothing certain", limit=obstacles.limit(estimate))


def failure(error: Exception) -> Problem:
    """Return the problem of a frame on which the program itself failed."""
    return Problem(
        BACKEND_FAILED,
        f"the backend failed on a frame: {type(error).__name__}: {error}",
        "see the log, try another backend",
        traceback.format_exc(),
    )
