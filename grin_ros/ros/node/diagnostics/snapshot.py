# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a node at one moment, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grin_ros.core.latency_budget import Pace
from grin_ros.ros.node.frame_counts import FrameCounts


@dataclass(frozen=True)
class Identity:
    """What runs. From configure to cleanup it changes only where the watchdog takes another backend."""

    model: str = ""
    artifact: str = ""
    backend: str = ""
    image_conversion: str = ""
    caveat: str = ""
    """Why another backend runs than the preferred one; empty where that one runs."""


@dataclass(frozen=True)
class Snapshot:
    """The monitor's state at one moment, as plain numbers: what `status` words for an operator."""

    lifecycle: str
    identity: Identity
    error: str = ""
    """Why configure or the backend failed; empty while all is well."""
    counts: FrameCounts = field(default_factory=FrameCounts)
    input_hz: float = 0.0
    output_hz: float = 0.0
    latencies_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """stage -> (p50, p95); 'total' is from arrival to publication."""
    age_ms: tuple[float, ...] | None = None
    invalid_ratio: float | None = None
    beyond_ratio: float | None = None
    silence_s: float | None = None
    """Since the last image, or since activation where none came yet."""
    rejection: str = ""
    """Text of the newest rejection of the window."""
    rejected_now: bool = False
    """Whether the newest frame was rejected."""
    camera: str = ""
    pace: Pace | None = None
    """Steps and members of the newest frame, and why; None before the first."""
    camera_infos: int = 0
    """How many camera_info messages came in all."""
    scale: str = ""
    """Of the newest frame, where ranges correct it."""
    working_s: float | None = None
    """Since the worker's newest answer, or since the next image came, while a frame is pending; else None."""
    relative_sigma: float | None = None
    """Median of sigma / depth of the newest frames."""
    drift: float | None = None
    """relative_sigma now over that of the first minute after activation; None until that minute is over."""
