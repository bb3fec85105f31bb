# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.claims.claim import Claim
from grin_ros.lab.evaluation.claims.sweep import step_claims, sweep
from grin_ros.lab.evaluation.results import json_text
from grin_ros.lab.evaluation.sharing import SharedWork, shared_estimates

BASE = Settings(min_depth_m=1e-3, max_depth_m=1e4)


def test_shared_work_changes_no_answer_and_encodes_a_frame_once(tiny_artifact: Path, tiny_frame: Frame) -> None:
    other = Frame(np.ascontiguousarray(tiny_frame.image[:, ::-1]), tiny_frame.camera)
    engine = open_engine("ort", load_artifact(tiny_artifact), threads=1)
    shared = SharedWork(engine)
    try:
        for frame in (tiny_frame, other):
            for steps in (1, 3):
                for members in (4, 2, 1):
                    settings = Settings(steps, members, min_depth_m=1e-3, max_depth_m=1e4)
                    got = Estimator(shared, settings, shared.sample)(frame)
                    expected = Estimator(engine, settings)(frame)
                    np.testing.assert_allclose(got.depth_m, expected.depth_m, rtol=1e-4)
                    np.testing.assert_allclose(got.sigma_m, expected.sigma_m, rtol=1e-3)
        assert shared.encoded == 2
    finally:
        engine.close()


def test_a_sweep_has_every_combination(tiny_artifact: Path, tiny_frame: Frame) -> None:
    truth_m = np.random.default_rng(0).uniform(1.0, 4.0, tiny_frame.image.shape[:2]).astype(np.float32)
    item = EvalSample("a", "room", "indoor", tiny_frame, truth_m)
    engine = open_engine("ort", load_artifact(tiny_artifact), threads=1)
    try:
        got = sweep([item], engine, BASE, (1, 2), (1, 3), settings={"model": "tiny"})
        alone = shared_estimates(engine, BASE, (2,), (3,))[2, 3](tiny_frame)
    finally:
        engine.close()
    known = np.isfinite(alone.depth_m)
    expected = np.mean(np.abs(alone.depth_m[known] - truth_m[known]) / truth_m[known])
    assert got.results[2, 3].domain("indoor")["abs_rel"] == pytest.approx(float(expected), rel=1e-4)
    values = json.loads(json_text(got.to_json()))
    assert [(row["steps"], row["members"]) for row in values["sweep"]] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert len(values["claims"]) == len(got.claims()) == 6
    assert "indoor: 2 steps, 3 members" in got.table()
    with pytest.raises(ValueError, match="steps: got 0"):
        sweep([item], engine, BASE, (0,), (1,))
    with pytest.raises(ValueError, match=r"got steps \(\) and members \(1,\)"):
        sweep([item], engine, BASE, (), (1,))
    with pytest.raises(ValueError, match="got no samples"):
        sweep([], engine, BASE, (1,), (1,))


def test_claims_compare_few_steps_with_the_best() -> None:
    one, two, more = step_claims({1: 0.21, 2: 0.206, 4: 0.2, 10: 0.207}, "indoor")
    assert one.figure == pytest.approx(0.05)
    assert two.figure == pytest.approx(0.03)
    assert more.figure == pytest.approx(0.035)
    assert more.verdict == "FAILS"
    assert step_claims({1: 0.22, 4: 0.2}, "indoor")[0].verdict == "FAILS"
    assert step_claims({1: 0.2, 10: 0.19, 20: 0.5}, "indoor")[-1].holds  # there is no claim beyond ten steps
    assert step_claims({1: 0.2}, "indoor") == []


def test_a_claim_prints_figure_bound_and_verdict() -> None:
    assert str(Claim("two", 0.02, 0.03)) == "two: +2.0% (claim: at most 3%): holds"
    assert str(Claim("gain", 0.1, 0.15, at_least=True)) == "gain: +10.0% (claim: at least 15%): FAILS"
    assert not Claim("nothing", math.nan, 0.1).holds
    assert not Claim("nothing", math.nan, 0.1, at_least=True).holds
    assert json.loads(json_text(Claim("nothing", math.nan, 0.1).to_json()))["figure"] is None
