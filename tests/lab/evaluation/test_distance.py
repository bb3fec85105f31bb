# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures by distance, on answers whose error is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.distance import distance_figures
from grin_ros.lab.evaluation.report import EvaluationReport
from grin_ros.lab.evaluation.results import Evaluation
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.evaluation.table import distance_table, table
from tests.lab.evaluation.measured import sample

DISTANCES_M = (0.5, 0.9, 2.0, 2.5, 8.0)


def flat(median_m: float, scene: str, domain: str = "indoor") -> EvalSample:
    base = sample(f"{domain}-{scene}-{median_m}".replace(": ", "-"))
    depth_m = np.full(base.depth_m.shape, median_m, np.float32)
    return replace(base, scene=scene, domain=domain, depth_m=depth_m)


def answer(of_m: Callable[[float], float], samples: list[EvalSample]) -> Evaluation:
    """The evaluation of a method that knows the median, but answers a function of it."""
    truth = {id(one.frame): float(one.depth_m[0, 0]) for one in samples}

    def estimate(frame: Frame) -> DepthEstimate:
        depth_m = np.full(frame.image.shape[:2], of_m(truth[id(frame)]), np.float32)
        return DepthEstimate(depth_m, 0.1 * depth_m)

    return evaluate(samples, estimate)


def test_a_squeezed_answer_has_its_exponent_for_a_slope_and_errors_at_both_ends() -> None:
    samples = [flat(distance_m, f"scene {distance_m}") for distance_m in DISTANCES_M]
    figures = answer(lambda m: 2.0 * (m / 2.0) ** 0.4, samples).domain("indoor")
    assert figures["ln_median_slope"] == pytest.approx(0.4, abs=1e-4)
    assert figures["ln_median_correlation"] == pytest.approx(1.0, abs=1e-4)
    assert [figures[f"scenes_{band}"] for band in ("near", "middle", "far")] == [2, 2, 1]
    assert figures["abs_rel_near"] > 0.5 > figures["abs_rel_middle"]
    assert figures["abs_rel_far"] == pytest.approx(1.0 - 4.0**-0.6, abs=1e-3)


def test_a_constant_has_slope_zero_and_two_scenes_have_none() -> None:
    samples = [flat(distance_m, f"scene {distance_m}") for distance_m in DISTANCES_M]
    figures = answer(lambda m: 2.0 + 0.0 * m, samples).domain("indoor")
    assert figures["ln_median_slope"] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(figures["ln_median_correlation"])
    few = distance_figures(answer(lambda m: m, samples[:2]).frames)
    assert np.isnan(few["ln_median_slope"]) and few["abs_rel_near"] == pytest.approx(0.0, abs=1e-6)


def test_a_scene_counts_once_however_many_frames_it_has() -> None:
    samples = [flat(distance_m, f"scene {distance_m}") for distance_m in (0.5, 2.0, 8.0)]
    lean = answer(lambda m: m**0.5 + 0.1 * (m < 1), samples).domain("indoor")
    many = [replace(samples[0], name=f"again {k}", frame=replace(samples[0].frame)) for k in range(9)]
    full = answer(lambda m: m**0.5 + 0.1 * (m < 1), [*samples, *many]).domain("indoor")
    assert full["ln_median_slope"] == pytest.approx(lean["ln_median_slope"], rel=1e-5)
    assert full["scenes_near"] == 1


def test_several_sets_have_a_mean_and_a_picture(tmp_path: Path) -> None:
    sets = {"small: indoor": 1.1, "wide: indoor": 1.3, "small: outdoor": 2.0}
    samples = [flat(m, f"scene {m}", domain) for domain in sets for m in DISTANCES_M]
    factor = {id(one.frame): sets[one.domain] for one in samples}
    evaluation = evaluate(
        samples,
        lambda frame: DepthEstimate(
            *(np.full(frame.image.shape[:2], factor[id(frame)] * k, np.float32) for k in (1, 1))
        ),
    )
    means = evaluation.mean_of_sets
    assert list(means) == ["indoor"]
    both = [evaluation.domain(domain)["abs_rel"] for domain in ("small: indoor", "wide: indoor")]
    assert means["indoor"]["abs_rel"] == pytest.approx(sum(both) / 2)
    assert "mean of the sets, indoor" in table(evaluation) and "mean of the sets, indoor" in distance_table(evaluation)
    pytest.importorskip("matplotlib")
    text = EvaluationReport(tmp_path).write(evaluation).read_text(encoding="utf-8")
    assert "distance.png" in text and (tmp_path / "distance.png").stat().st_size > 1000
