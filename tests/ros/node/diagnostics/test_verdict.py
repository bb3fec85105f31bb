# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every message and value on /diagnostics is explained in docs/operations.md."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from grin_ros.core.latency_budget import Pace
from grin_ros.ros.node.diagnostics.monitor import Identity, Snapshot, status
from grin_ros.ros.node.diagnostics.verdict import DRIFT, ERROR, OK, TEXTS, WARN, WORKING_S, judge
from grin_ros.ros.node.frame_counts import BACKEND_FAILED, FrameCounts
from tests.ros.harness import ROOT

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LEVELS = {OK: "OK", WARN: "WARN", ERROR: "ERROR"}
GOOD = Snapshot("active", Identity("nano", "0123", "ort", "cv_bridge"), output_hz=10.0, input_hz=30.0)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the guide."""
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def in_the_guide() -> set[tuple[str, str]]:
    """(level, message) of every row."""
    return {(level, text) for level, message, *_ in rows("Messages on /diagnostics") for text in quoted(message)}


def as_in_the_guide(template: str) -> str:
    """Values as an ellipsis, without what to do: the guide says that in its own column."""
    text = re.sub(r"\{[^}]*\}", "…", template)
    return text if text.endswith("; …") else text.partition(";")[0]


def test_messages_and_guide_are_the_same() -> None:
    told = {(LEVELS[text.level], as_in_the_guide(text.template)) for name, text in TEXTS.items() if name != "failed"}
    failures = ("configure failed: …", "activate failed: …", "the backend failed on a frame: …")
    assert in_the_guide() == told | {("ERROR", text) for text in failures}


def test_every_value_is_explained() -> None:
    known = {text for cell, *_ in rows("Values on /diagnostics") for text in quoted(cell)}
    everything = replace(
        GOOD,
        counts=FrameCounts(rejected={"bad image": 2, BACKEND_FAILED: 1}),
        latencies_ms={"total": (1.0, 2.0)},
        age_ms=(1.0, 2.0),
        invalid_ratio=0.1,
        beyond_ratio=0.1,
        rejection="x",
        relative_sigma=0.1,
        drift=1.0,
        scale="1.0",
        pace=Pace(1, 1, "why"),
    )
    for pair in status(everything, "grin: depth", "cam").values:
        if not pair.key.startswith("rejected: "):
            key = re.sub(r"latency \w+ p", "latency <stage> p", pair.key).replace("p95 (ms)", "p50 (ms)")
            assert key in known, pair.key


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        ({"working_s": WORKING_S + 1}, WARN, "at work on one frame for 3 s"),
        ({"working_s": WORKING_S}, OK, "10.0 Hz"),
        ({"output_hz": 0.5}, WARN, "0.50 Hz of 30.0 Hz that come"),
        ({"output_hz": 0.5, "input_hz": 0.5}, OK, "0.5 Hz"),
        ({"output_hz": 0.0}, OK, "0.0 Hz"),
        ({"drift": DRIFT + 0.1}, WARN, "sigma / depth is 2.1 times that of the first minute"),
        ({"drift": DRIFT}, OK, "10.0 Hz"),
    ],
)
def test_what_is_new_here(changes: dict[str, object], level: bytes, text: str) -> None:
    got, message = judge(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert (got, text in message) == (level, True), message


def test_failed_frames_are_counted_apart() -> None:
    counts = FrameCounts(received=5, published=1, rejected={"bad image": 2, BACKEND_FAILED: 2})
    values = {pair.key: pair.value for pair in status(replace(GOOD, counts=counts), "n", "h").values}
    assert (values["rejected"], values["failed"], values["rejected: bad image"]) == ("2", "2", "2")
    assert f"rejected: {BACKEND_FAILED}" not in values
