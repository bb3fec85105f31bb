# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.evaluation.results import Evaluation, json_text
from grin_ros.lab.evaluation.run import Estimate, evaluate
from grin_ros.lab.evaluation.table import table
from tests.lab.evaluation.measured import random_depth, sample

TRUTH_M = 2.0


def factors(by_name: dict[str, float]) -> tuple[Evaluation, Estimate]:
    """Return frames 'domain/scene/name' and a method that is off by the given factor on each of them."""
    samples = []
    for i, path in enumerate(by_name):
        domain, scene, name = path.split("/")
        item = sample(name, scene, domain, TRUTH_M, seed=i)
        samples.append(replace(item, frame=replace(item.frame, stamp_ns=i)))
    values = list(by_name.values())

    def estimate(frame: Frame) -> DepthEstimate:
        depth_m = np.full(frame.image.shape[:2], TRUTH_M * values[frame.stamp_ns], np.float32)
        return DepthEstimate(depth_m, 0.15 * depth_m)

    return evaluate(samples, estimate), estimate


def test_a_domain_is_the_mean_of_its_scenes_and_a_scene_of_its_frames() -> None:
    got, _ = factors({"indoor/a/1": 1.1, "indoor/a/2": 1.1, "indoor/a/3": 1.4, "indoor/b/4": 1.6, "outdoor/c/5": 2.0})
    assert got.scene("indoor", "a")["abs_rel"] == pytest.approx(0.2, rel=1e-5)
    assert got.domain("indoor")["abs_rel"] == pytest.approx((0.2 + 0.6) / 2, rel=1e-5)  # the mean over frames is 0.3
    assert got.domain("outdoor")["abs_rel"] == pytest.approx(1.0)
    assert got.domain("indoor")["frames"] == 4
    assert got.domain("indoor")["scenes"] == 2
    # |p - g| <= 0.15 p is true up to a factor of 1 / 0.85.
    assert got.domain("indoor")["coverage_1sigma"] == pytest.approx((2 / 3 + 0) / 2)


def test_json_has_all_keys_and_no_nan() -> None:
    got, _ = factors({"indoor/a/1": 1.1, "outdoor/b/2": math.nan})
    values = json.loads(json_text(got.to_json()))
    promised = {
        "abs_rel", "rmse_m", "delta1", "abs_rel_aligned", "coverage_1sigma", "coverage_2sigma", "ause",
        "rank_correlation", "frames",
    }  # fmt: skip
    assert promised <= set(values["domains"]["indoor"])
    assert promised <= set(values["scenes"]["a"])
    assert values["scenes"]["a"]["domain"] == "indoor"
    assert isinstance(values["domains"]["indoor"]["frames"], int)
    assert values["domains"]["indoor"]["abs_rel"] == pytest.approx(0.1, rel=1e-5)
    assert values["domains"]["outdoor"]["abs_rel"] is None
    assert values["domains"]["outdoor"]["missing"] == 1.0
    assert values["domains"]["outdoor"]["frames_empty"] == 1
    assert [frame["name"] for frame in values["frames"]] == ["1", "2"]


def test_the_same_scene_name_in_two_domains_is_two_scenes() -> None:
    got, _ = factors({"indoor/a/1": 1.1, "outdoor/a/2": 1.3})
    assert set(got.to_json()["scenes"]) == {"indoor/a", "outdoor/a"}


def test_an_empty_frame_is_logged_and_left_out_of_the_means(caplog: pytest.LogCaptureFixture) -> None:
    got, _ = factors({"indoor/a/1": 1.1, "indoor/a/2": math.nan})
    assert got.domain("indoor")["abs_rel"] == pytest.approx(0.1, rel=1e-5)
    assert got.domain("indoor")["missing"] == 0.5
    assert "sample '2' has no depth on any measured pixel" in caplog.text


def test_the_certain_half_has_a_smaller_error() -> None:
    item = sample(depth_m=random_depth())
    wrong = np.arange(item.depth_m.size).reshape(item.depth_m.shape) % 2 == 0

    def estimate(_: Frame) -> DepthEstimate:
        return DepthEstimate(item.depth_m * np.where(wrong, 1.2, 1.0), np.where(wrong, 0.2, 0.1) * item.depth_m)

    got = evaluate([item], estimate).domain("indoor")
    assert got["abs_rel"] == pytest.approx(0.1, rel=1e-4)
    assert got["abs_rel_certain_half"] == pytest.approx(0.0, abs=1e-6)
    assert got["certain_half_gain"] == pytest.approx(1.0)


def test_rank_correlation_of_images() -> None:
    samples = [sample(str(i), depth_m=1.0 + 0.1 * i) for i in range(5)]

    def estimate(frame: Frame) -> DepthEstimate:
        i = next(i for i, s in enumerate(samples) if s.frame is frame)
        depth_m = samples[i].depth_m * (1.0 + 0.05 * i)
        return DepthEstimate(depth_m, depth_m * (0.1 + 0.02 * i))

    assert evaluate(samples, estimate).domain("indoor")["rank_correlation_images"] == pytest.approx(1.0)
    assert math.isnan(evaluate(samples[:2], estimate).domain("indoor")["rank_correlation_images"])


def test_a_sample_without_depth_is_left_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    item = sample("empty", depth_m=np.nan)

    def estimate(frame: Frame) -> DepthEstimate:
        return DepthEstimate(np.full_like(item.depth_m, 2.0), item.depth_m, frame.stamp_ns)

    found = evaluate([item, sample("full")], estimate)
    assert [frame.name for frame in found.frames] == ["full"]
    assert "sample 'empty' is left out, because no depth was measured within 0.1 to 80 m" in caplog.text
    with pytest.raises(ValueError, match=r"no depth measured within 0\.1 to 80 m in any of 1 samples; widen"):
        evaluate([item], estimate)
    with pytest.raises(ValueError, match="got no samples, expected at least one"):
        evaluate([], lambda f: DepthEstimate(item.depth_m, item.depth_m, f.stamp_ns))


def test_json_has_null_for_what_json_does_not_know() -> None:
    text = json_text({"settings": {"max_depth_m": math.inf, "list": [1, math.nan, (2.5, -math.inf)]}, "none": None})
    assert json.loads(text) == {"settings": {"max_depth_m": None, "list": [1, None, [2.5, None]]}, "none": None}
    assert "Infinity" not in text and "NaN" not in text


def test_the_table_has_a_row_for_each_domain_scene_and_baseline() -> None:
    got, _ = factors({"indoor/kitchen/1": 1.1, "indoor/hall/2": 1.3})
    other, _ = factors({"indoor/kitchen/1": 1.5, "indoor/hall/2": math.nan})
    lines = table(replace(got, baselines={"constant": other}), "nano").splitlines()
    labels = [line.split("|")[1].strip() for line in lines]
    assert labels[2:] == ["**indoor: nano**", "indoor: constant", "kitchen", "hall"]
    assert lines[2].split("|")[2].strip() == "0.200"
    assert lines[3].split("|")[2].strip() == "0.500"
    assert len({len(line) for line in lines}) == 1  # columns are aligned for terminals
