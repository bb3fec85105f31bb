# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""docs/guides/operations.md explains every value on /diagnostics, every rejection and every doubt about the input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from grin_ros.core.hints.checks.live_check import Miss
from grin_ros.core.latency_budget import Decision
from grin_ros.core.plausibility.doubt import DOUBTS
from grin_ros.core.types import HintReport
from grin_ros.ros.inputs.hints.gathering import HintUse
from grin_ros.ros.inputs.hints.source import Given
from grin_ros.ros.inputs.problem import BACKEND_FAILED, Problem, Reason
from grin_ros.ros.node.diagnostics.message import status_message
from grin_ros.ros.node.diagnostics.snapshot import Identity, PublishedFrame, Snapshot

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "guides" / "operations.md"
EVERYTHING = Snapshot(
    lifecycle="active",
    identity=Identity("nano", "0123", "ort", "cv_bridge", "runs on 'ort'"),
    latencies_ms={"total": (1.0, 2.0)},
    age_ms=(1.0, 2.0),
    invalid_ratio=0.1,
    beyond_ratio=0.1,
    rejection=Problem("bad image", "what happened", "what to do"),
    decision=Decision(1, 1, "why"),
    floor_ln=0.1,
    frame=PublishedFrame(
        hints=HintUse(
            {"scan": Given(rejected={"no return": 1})},
            HintReport(1, 0, 0.0, {"scan": 1}),
            Miss(0.1, 1.0, 60),
            poses="not known yet",
        )
    ),
    relative_sigma=0.1,
    drift=1.0,
)


def explained(heading: str) -> set[str]:
    """Return what is quoted in the first column of the table under a heading of the guide."""
    section = GUIDE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_value_is_explained() -> None:
    keys = {pair.key for pair in status_message(EVERYTHING, "grin: depth", "cam").values}
    general = {re.sub(r"latency \w+ p", "latency <stage> p", key) for key in keys}
    general = {re.sub(r"^hints scan", "hints <source>", key.replace("no return", "<reason>")) for key in general}
    assert general == explained("Values")


def test_every_reason_of_a_rejection_is_explained() -> None:
    assert explained("Rejected frames") == set(get_args(Reason)) - {BACKEND_FAILED}


def test_every_doubt_about_the_input_is_explained() -> None:
    assert explained("Implausible input") == set(DOUBTS)
