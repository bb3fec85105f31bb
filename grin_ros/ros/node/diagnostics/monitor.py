# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Collects what happens in the node, for /diagnostics."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from grin_ros.core.latency_budget import Decision
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.inputs.hints.gathering import HintUse
from grin_ros.ros.inputs.problem import Problem
from grin_ros.ros.node.diagnostics.frame_counts import FrameCounts
from grin_ros.ros.node.diagnostics.sigma_trend import SigmaTrend, relative_sigma
from grin_ros.ros.node.diagnostics.snapshot import Failure, Identity, PublishedFrame, Snapshot
from grin_ros.ros.node.diagnostics.window import WINDOW_S, Window


class Monitor:
    """Collects what happens, from the callbacks and from the worker. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lifecycle = "unconfigured"
        self._identity = Identity()
        self._error: Failure | None = None
        self._camera_infos = 0
        self._frame = PublishedFrame()
        self._image_topic = self._info_topic = ""
        self._compressed = False
        self.restart()

    def restart(self) -> None:
        """Forget the frames of an earlier activation."""
        with self._lock:
            self._inputs, self._outputs = Window(), Window()
            self._ages_ms, self._invalid, self._beyond, self._floor_ln = Window(), Window(), Window(), Window()
            self._stages_ms: dict[str, Window] = {}
            self._rejection: tuple[float, Problem] | None = None
            self._rejected_now = False
            self._decision: Decision | None = None
            self._quiet_since_s = self._answered_s = self._asked_s = time.monotonic()
            self._sigma = SigmaTrend()
            self._frame = PublishedFrame(camera=self._frame.camera)
            self._hinted_s: dict[str, float] = {}

    @property
    def lifecycle(self) -> str:
        """The lifecycle state that was entered last."""
        return self._lifecycle

    def enter(self, lifecycle: str, *, failing: bool = False) -> None:
        """Note the lifecycle state: unconfigured, inactive, active or finalized. It ends an earlier failure.

        failing: True if the failure goes on in this state.
        """
        with self._lock:
            self._lifecycle = lifecycle
            if not failing:
                self._error = None

    def configured(self, identity: Identity) -> None:
        """Note what runs from now on."""
        with self._lock:
            self._identity = identity

    def runs_on(self, backend: str, reason: str, caveat: str) -> None:
        """Note the backend that runs now, and why. caveat: why it is not the preferred one; empty if it is."""
        with self._lock:
            self._identity = replace(self._identity, backend=backend, reason=reason, caveat=caveat)

    def failed(self, error: Failure) -> None:
        """Note that a transition failed, and why. Holds until the next state is entered."""
        with self._lock:
            self._error = error

    def image_came(self) -> None:
        """Count an image, for the input rate."""
        with self._lock:
            self._quiet_since_s = time.monotonic()
            self._inputs.add(self._quiet_since_s)
            if self._asked_s <= self._answered_s:
                self._asked_s = self._quiet_since_s

    def listening(self, image_topic: str, info_topic: str, compressed: bool) -> None:
        """Note the full names of the subscribed topics, and whether images come compressed."""
        with self._lock:
            self._image_topic, self._info_topic, self._compressed = image_topic, info_topic, compressed

    def camera_info_came(self) -> None:
        """Count a camera_info message."""
        with self._lock:
            self._camera_infos += 1

    def begins(self, decision: Decision) -> None:
        """Note the steps and members of the frame that is processed from now on, and why."""
        with self._lock:
            self._decision = decision

    def published(
        self, frame: PublishedFrame, estimate: DepthEstimate, stages_ms: Mapping[str, float], age_ms: float | None
    ) -> None:
        """Note a frame whose depth was published.

        stages_ms: stage -> milliseconds; 'total' is from arrival to publication. age_ms: the time from the image's
        stamp to the publication; None if the stamp is 0.
        """
        depth_m = estimate.depth_m
        invalid = float(np.isnan(depth_m).mean())
        beyond = float(np.isposinf(depth_m).mean())
        sigma = relative_sigma(depth_m, estimate.sigma_m)
        with self._lock:
            now_s = self._answered_s = time.monotonic()
            if sigma is not None:
                self._sigma.add(now_s, sigma)
            self._outputs.add(now_s)
            self._invalid.add(now_s, invalid)
            self._beyond.add(now_s, beyond)
            if estimate.floor_ln is not None:
                self._floor_ln.add(now_s, estimate.floor_ln)
            if age_ms is not None:
                self._ages_ms.add(now_s, age_ms)
            for stage, value in stages_ms.items():
                self._stages_ms.setdefault(stage, Window()).add(now_s, value)
            self._frame = frame
            if frame.hints is not None:
                self._note_hints(now_s, frame.hints)
            self._rejected_now = False

    def rejected(self, problem: Problem) -> None:
        """Note a frame for which nothing was published, and why."""
        with self._lock:
            self._answered_s = time.monotonic()
            self._rejection = (self._answered_s, problem)
            self._rejected_now = True

    def _note_hints(self, now_s: float, hints: HintUse) -> None:
        for name, given in hints.sources.items():
            if given.sees_nothing or not hints.why_none(name) or name not in self._hinted_s:
                self._hinted_s[name] = now_s

    def snapshot(self, counts: FrameCounts) -> Snapshot:
        """Return the state of this moment. counts: the frames by what became of them."""
        with self._lock:
            now_s = time.monotonic()
            stages = {name: window.percentiles(now_s) for name, window in self._stages_ms.items()}
            recent = self._rejection is not None and now_s - self._rejection[0] <= WINDOW_S
            return Snapshot(
                lifecycle=self._lifecycle,
                identity=self._identity,
                error=self._error,
                counts=counts,
                input_hz=self._inputs.rate_hz(now_s),
                output_hz=self._outputs.rate_hz(now_s),
                latencies_ms={name: value for name, value in stages.items() if value is not None},
                age_ms=self._ages_ms.percentiles(now_s),
                invalid_ratio=self._invalid.median(now_s),
                beyond_ratio=self._beyond.median(now_s),
                silence_s=now_s - self._quiet_since_s if self._lifecycle == "active" else None,
                rejection=self._rejection[1] if recent and self._rejection else None,
                rejected_now=recent and self._rejected_now,
                frame=self._frame,
                decision=self._decision,
                camera_infos=self._camera_infos,
                working_s=now_s - max(self._answered_s, self._asked_s) if counts.pending else None,
                relative_sigma=self._sigma.now(now_s),
                floor_ln=self._floor_ln.median(now_s),
                hintless_s={name: now_s - last_s for name, last_s in self._hinted_s.items()},
                image_topic=self._image_topic,
                info_topic=self._info_topic,
                compressed=self._compressed,
                drift=self._sigma.ratio(now_s),
            )
