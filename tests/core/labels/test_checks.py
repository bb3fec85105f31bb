# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.labels.checks import Agreement, agreement, coverage
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame, LabelWriter
from grin_ros.core.types import DepthEstimate, Frame, Hints

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)


def slope(frame: Frame) -> DepthEstimate:
    """A model that sees depth rise to the right and downwards."""
    u, v = np.meshgrid(np.arange(64), np.arange(48))
    depth_m = (1.0 + 0.05 * u + 0.01 * v).astype(np.float32)
    return DepthEstimate(depth_m, 0.1 * depth_m, frame.stamp_ns)


def scan(mirrored: bool = False, noise: float = 0.0, seed: int = 0) -> LabelledFrame:
    """A frame with a level line of labels that agree with `slope`, or with its mirror image."""
    frame = Frame(np.zeros((48, 64, 3), np.uint8), CAMERA, seed)
    u = np.arange(2, 62, 3)
    range_m = slope(frame).depth_m[24, u] / CAMERA.rays()[24, u, 2]
    range_m = range_m * np.exp(np.random.default_rng(seed).normal(0.0, noise, len(u)))
    at = 63 - u if mirrored else u
    return LabelledFrame(f"a-{seed}", "a", frame, Hints.measured(np.stack([at, np.full_like(u, 24)], -1), range_m))


def test_labels_that_fit_the_model_raise_no_problem() -> None:
    found = agreement([scan(noise=0.1, seed=seed) for seed in range(8)], slope)
    assert found.as_given > 0.9
    assert found.problem == ""


def test_a_lidar_that_is_mounted_upside_down_is_found_by_the_model() -> None:
    found = agreement([scan(mirrored=True, noise=0.1, seed=seed) for seed in range(8)], slope)
    assert found.mirrored > found.as_given
    assert "upside down" in found.problem
    assert "hints.sensor_pose:='x y z 180 0 0'" in found.problem


def test_labels_that_have_nothing_to_do_with_the_image_are_a_problem() -> None:
    found = agreement([scan(noise=5.0, seed=seed) for seed in range(30)], slope)
    assert "do not agree at all" in found.problem


def test_a_model_that_sees_the_same_depth_everywhere_agrees_with_nothing() -> None:
    def flat(frame: Frame) -> DepthEstimate:
        depth_m = CAMERA.rays()[..., 2].astype(np.float32)
        return DepthEstimate(depth_m, depth_m, frame.stamp_ns)

    assert agreement([scan(seed=seed) for seed in range(8)], flat).as_given == pytest.approx(0.0, abs=1e-9)


def test_too_few_frames_accuse_nobody() -> None:
    assert Agreement(-0.9, 0.9, 0.0, 0.0, frames=2).problem == ""
    assert agreement([], slope).problem == ""


def test_labels_that_are_too_few_are_not_compared_and_the_reason_is_said() -> None:
    one_beam = replace(scan(), labels=scan().labels.chosen(np.arange(1)))
    found = agreement([one_beam] * 8 + [scan(seed=seed) for seed in range(2)], slope)
    assert "2 of the frames that were looked at have 12 labels or more" in found.not_compared
    assert agreement([scan(seed=seed) for seed in range(8)], slope).not_compared == ""

    def blind(frame: Frame) -> DepthEstimate:
        depth_m = np.full((48, 64), np.nan, np.float32)
        return DepthEstimate(depth_m, depth_m, frame.stamp_ns)

    assert agreement([scan(seed=seed) for seed in range(8)], blind).frames == 0


def test_the_coverage_is_that_of_the_cells_with_labels(tmp_path: Path) -> None:
    writer = LabelWriter(tmp_path)
    for seed in range(3):
        writer.add(scan(seed=seed))
    writer.save()
    found = coverage(LabelFolder(tmp_path), range(3))
    assert found.share == pytest.approx(8 / 48)
    assert found.per_frame == 20
    assert "labels cover 17% of the image" in str(found)
