# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Gathers the hints of all sources that are switched on, for one camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.hints.checks.live_check import Miss
from grin_ros.core.hints.checks.pose_check import Turned
from grin_ros.core.input_error import InputError
from grin_ros.core.types import DepthEstimate, Frame, HintReport, Hints
from grin_ros.ros.inputs.camera_poses import CameraPoses
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.inputs.hints.source import Given, HintSource, View


@dataclass(frozen=True)
class Gathered:
    """The hints of a frame, None if there are none, and what each source gave."""

    hints: Hints | None
    sources: Mapping[str, Given]


@dataclass(frozen=True)
class HintUse:
    """The use that was made of the hints of a published frame.

    report: of the fusion; None if there was no hint. miss: how far depth missed hints that it did not know, lately;
    None if that is not known yet. turned: the direction in which the points of a source fit the image better; None if
    no pose is doubted. poses: one line about the poses of the sensors; empty if nothing is known.
    """

    sources: Mapping[str, Given]
    report: HintReport | None
    miss: Miss | None = None
    turned: Turned | None = None
    poses: str = ""

    def used(self, source: str) -> int:
        """Return how many hints of a source were used."""
        return self.report.by_source.get(source, 0) if self.report else 0

    def why_none(self, source: str) -> str:
        """Return why no hint of a source was used; empty if some were."""
        refused = self.report.refused.get(source, "") if self.report else ""
        return refused or self.sources[source].reason

    def text(self, source: str) -> str:
        """Return one line about a source, for /diagnostics."""
        given = self.sources[source]
        if why := self.why_none(source):
            return why
        age = ""
        if given.age_s is not None:
            age = f", {1e3 * abs(given.age_s):.0f} ms {'older' if given.age_s >= 0.0 else 'newer'} than the image"
        offered = len(given.hints) if given.hints is not None else 0
        parts = [f"{self.used(source)} used of {offered} in the image{age}", given.note]
        return "; ".join(part for part in parts if part)


class HintInputs:
    """The sources of one camera that are switched on.

    `take` and `see` are called in the thread of the callbacks, `gather` in another one beside that of the worker, which
    calls the rest while nothing is gathered.
    """

    def __init__(self, config: HintConfig, tree: TransformTree) -> None:
        """Open the sources that the configuration switches on. tree: /tf and /tf_static, which the caller fills."""
        self._tree = tree
        self._sources: dict[str, HintSource] = {
            kind.name: kind.open() for kind in SOURCES.values() if kind.name in config.on
        }
        self._poses = None if "motion" in config.on else CameraPoses()  # motion knows poses of its own
        self.topics: Mapping[str, str] = {topic: name for name in self._sources for topic in SOURCES[name].topics}
        """Topic -> the source that takes its messages."""

    @property
    def sees_images(self) -> bool:
        """True if a source wants to see every image, also those for which no depth is computed."""
        return any(source.sees_images for source in self._sources.values())

    def take(self, topic: str, message: Any) -> None:
        """Keep a message of one of the topics."""
        self._sources[self.topics[topic]].take(topic, message)

    def see(self, image: Any, info: Any) -> None:
        """Show an image message with its camera_info (or None) to the sources that want it."""
        for source in self._sources.values():
            source.see(image, info)

    def gather(self, frame: Frame, frame_id: str, config: HintConfig) -> Gathered:
        """Return what all sources know for a frame. A source that fails gives nothing, and its reason says why."""
        view = View(frame, frame_id, self._tree, config)
        sources = {name: _asked(source, view) for name, source in self._sources.items()}
        for name, source in self._sources.items():
            others = [it.hints for other, it in sources.items() if other != name and it.hints is not None]
            if others:
                sources[name] = source.beside(sources[name], Hints.joined(others) or others[0], view)
        hints = Hints.joined([it.hints for it in sources.values() if it.hints is not None])
        if hints is not None and self._poses is not None:
            hints = replace(hints, placed=self._poses(view))
        return Gathered(hints, sources)

    def answered(self, estimate: DepthEstimate) -> None:
        """Show the depth of the frame that hints were gathered for to the sources that want it."""
        for source in self._sources.values():
            source.answered(estimate)

    def forget(self) -> None:
        """Forget what earlier frames have left."""
        for source in self._sources.values():
            source.forget()
        if self._poses is not None:
            self._poses.forget()


def _asked(source: HintSource, view: View) -> Given:
    try:
        return source(view)
    except InputError as error:
        return Given(reason=str(error))
    except Exception as error:  # one source must not take the depth of the camera with it
        return Given(reason=f"the source failed: {type(error).__name__}: {error}; report this with the message")
