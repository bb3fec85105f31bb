# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a node at one moment, as plain numbers and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grin_ros.core.latency_budget import Decision
from grin_ros.core.plausibility.doubt import Doubt
from grin_ros.ros.inputs.hints.gathering import HintUse
from grin_ros.ros.inputs.problem import Problem
from grin_ros.ros.node.diagnostics.frame_counts import FrameCounts


@dataclass(frozen=True)
class Failure:
    """A transition that failed, and what to do about it."""

    text: str
    """The event and its cause."""
    remedy: str


@dataclass(frozen=True)
class Identity:
    """The model and the programs that run it."""

    model: str = ""
    artifact: str = ""
    backend: str = ""
    image_conversion: str = ""
    caveat: str = ""
    """Why the backend is not the preferred one; empty if it is."""
    reason: str = ""
    """Why the backend was chosen."""


@dataclass(frozen=True)
class PublishedFrame:
    """The facts about a frame whose depth was published that hold until the next one is."""

    camera: str = ""
    """Its camera, in one line: frame, size, lens model."""
    floor_in_obstacles: bool = False
    """True if its obstacles contain the floor because the mounting is not known."""
    no_scan: bool = False
    """True if somebody subscribes to scan, which cannot be made because the mounting is not known."""
    scan_withheld: bool = False
    """True if scan is not published because another node has published on its topic."""
    doubts: tuple[Doubt, ...] = ()
    """The implausible things about its input, the most serious first."""
    hints: HintUse | None = None
    """The use that was made of its hints; None if no source of them is switched on."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a node at one moment. Rates, percentiles and medians are of the last `window.WINDOW_S` seconds."""

    lifecycle: str
    identity: Identity
    error: Failure | None = None
    """Why the newest transition failed; None if it succeeded."""
    counts: FrameCounts = field(default_factory=FrameCounts)
    input_hz: float = 0.0
    output_hz: float = 0.0
    latencies_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Stage -> (p50, p95) in milliseconds. The stage 'total' is from arrival to publication."""
    age_ms: tuple[float, ...] | None = None
    """(p50, p95) of the age of the image when its depth is published."""
    invalid_ratio: float | None = None
    """The share of pixels without depth (NaN), 0 to 1."""
    beyond_ratio: float | None = None
    """The share of pixels beyond max_depth_m (+inf), 0 to 1."""
    silence_s: float | None = None
    """Seconds since the last image, or since activation if none has come; None unless the node is active."""
    rejection: Problem | None = None
    """Why the most recently rejected frame of the window was rejected; None if none was."""
    rejected_now: bool = False
    """True if the newest frame was rejected."""
    frame: PublishedFrame = PublishedFrame()
    """The newest frame with depth; an empty one before the first."""
    decision: Decision | None = None
    """Steps and members of the newest frame, and why; None before the first frame of an activation."""
    camera_infos: int = 0
    """The number of camera_info messages received since the node started."""
    working_s: float | None = None
    """Seconds for which the frame being processed has been processed; None if there is no such frame."""
    relative_sigma: float | None = None
    """The median of sigma / depth."""
    drift: float | None = None
    """relative_sigma over that of the first minute after activation; None during that minute."""
    floor_ln: float | None = None
    """The median of ln(factor) by which the network's ranges were too long by the floor; None without mounting."""
    hintless_s: Mapping[str, float] = field(default_factory=dict)
    """Source of hints -> seconds since it gave some, or since the first frame if it has given none."""
    image_topic: str = ""
    """The full name of the image topic, after remapping; empty before the first activation."""
    info_topic: str = ""
    """The full name of the camera_info topic, after remapping; empty before the first activation."""
    compressed: bool = False
    """True if the image topic is image/compressed, before remapping."""
    clock_stands_s: float | None = None
    """Seconds for which the node's clock has not moved, of a steady clock; None without use_sim_time."""
