# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The speed benchmarks count work correctly, judge by the promised ratios, and run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the benchmarks count the model's work in torch (pip install grin_ros[train])")

from benchmarks import engines, graph_work
from benchmarks.timing import floor
from benchmarks.timing.frames import frame_of, overhead
from benchmarks.timing.rounds import Timed, measure
from benchmarks.timing.targets import EngineTimes, Target, targets
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import GRAPHS


def took(milliseconds: float, **stages: float) -> Timed:
    return Timed("x", dict, {"total": [milliseconds], **{name: [value] for name, value in stages.items()}})


def measured(slow_ms: float, fast_ms: float) -> EngineTimes:
    return EngineTimes(
        engines={
            ("ort", 1, 1): took(fast_ms),
            ("ort", 2, 4): took(slow_ms, denoise=50.0),
            ("reference", 1, 1): took(100.0),
            ("reference", 2, 4): took(400.0),
        },
        peers={"ort": (took(500.0), took(80.0))},
        best="ort",
        scaling={"members 1": took(10.0), "members 4": took(29.0), "pixels x1": took(10.0), "pixels x2": took(21.0)},
        overheads={"640x480": took(60.0, overhead=5.9), "1280x720": took(90.0, overhead=15.1)},
        floor_ms=25.0,
    )


def test_targets_are_ratios_of_times_of_one_run() -> None:
    verdicts = {target.what: target.met for target in targets(measured(slow_ms=120.0, fast_ms=51.0))}
    assert verdicts == {
        "ort: 2 steps, 4 members of Depth Anything V2 Small at 518x686": True,
        "ort: 1 step, 1 member of Depth Anything V2 Small at 518x686": False,
        "ort: 1 step, 1 member of Depth Anything V2 Small at 252x336": True,
        "ort: 1 steps, 1 members of torch fp32 eager": False,
        "ort: 2 steps, 4 members of torch fp32 eager": True,
        "ort: denoise, over the FLOP floor": True,
        "ort: 4 members over 1": True,
        "ort: twice the queried pixels": False,
        "everything but the graphs, 640x480, full cloud": True,
        "everything but the graphs, 1280x720, full cloud": False,
    }


def test_a_target_without_a_measurement_is_not_met() -> None:
    assert not Target("x", float("nan"), 1.0).met
    assert "FAIL" in Target("x", float("nan"), 1.0).row()
    assert "pass" in Target("x", 0.1, 0.1).row()


def test_rounds_take_turns_and_leave_the_warm_up_out() -> None:
    order: list[str] = []

    def run(name: str, milliseconds: float) -> Timed:
        return Timed(name, lambda: order.append(name) or {"total": milliseconds})  # type: ignore[func-returns-value]

    cases = [run("a", 1.0), run("b", 2.0)]
    measure(cases, rounds=3, warm_up=1, title="test")
    assert order == ["a", "b"] * 4
    assert [len(case.stages_ms["total"]) for case in cases] == [3, 3]
    assert [case.median() for case in cases] == [1.0, 2.0]


def test_overhead_is_all_but_the_graphs() -> None:
    assert (
        overhead({"prepare": 1.0, "encode": 9.0, "denoise": 9.0, "decode": 9.0, "limit": 2.0, "messages": 4.0}) == 7.0
    )


def test_the_graphs_work_is_the_models(tiny_artifact: Path) -> None:
    """Count from the shapes of the exported graphs and in torch: the products are the same, except for the resizing."""
    artifact, frame = load_artifact(tiny_artifact), frame_of(160, 120)
    network = artifact.manifest.network
    sizes = {"queries": network.grid_rows * network.grid_cols, "members": 3, "height": 120, "width": 160}
    counted = floor.flops(artifact, frame, members=3)
    for graph in GRAPHS:
        found = graph_work.graph_work(artifact, graph, sizes)
        assert found.total("flop") == pytest.approx(counted[graph], rel=0.05)
        assert found.total("bytes") > found.border_bytes > 0.0
    assert counted["denoise"] > counted["decode"]


def test_a_run_prints_and_writes_all_figures(
    tiny_artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "speed.json"
    arguments = ["--model", str(tiny_artifact), "--backend", "ort", "reference", "--frames", "1", "--warm-up", "0"]
    arguments += ["--threads", "1", "--width", "96", "--height", "64", "--no-peer", "--json", str(file)]
    assert engines.main(arguments) == 0
    printed = capsys.readouterr().out
    written = json.loads(file.read_text())
    assert [row["backend"] for row in written["engines"]] == ["ort", "ort", "reference", "reference"]
    assert {"encode", "denoise", "decode", "total", "overhead"} <= written["engines"][0]["stages"].keys()
    for target in written["targets"]:
        assert target["what"] in printed
    assert {target["what"].partition(": ")[2] for target in written["targets"] if ": " in target["what"]} >= {
        "4 members over 1",
        "twice the queried pixels",
        "denoise, over the FLOP floor",
    }
