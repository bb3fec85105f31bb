# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.renders import ROBOT_HEIGHT, RenderDataset
from grin_ros.lab.evaluation.claims import suites
from grin_ros.lab.evaluation.run import Estimate
from tests.lab.evaluation.measured import sample
from tests.lab.evaluation.rendered import steps_m, write_shards


def off_by(factor_known: float, factor_unknown: float | None = None, blur_px: float = 0.0) -> Estimate:
    """Return a method that answers `steps_m` times a factor, which may differ with a known mounting."""

    def estimate(frame: Frame) -> DepthEstimate:
        known = frame.camera.mounting is not None
        factor = factor_known if known or factor_unknown is None else factor_unknown
        depth_m = steps_m() if blur_px == 0.0 else cv2.GaussianBlur(steps_m(), (0, 0), blur_px)
        depth_m = (depth_m * factor).astype(np.float32)
        return DepthEstimate(depth_m, 0.1 * depth_m)

    return estimate


def test_unseen_cameras_are_compared_world_by_world(tmp_path: Path) -> None:
    known = RenderDataset([write_shards(tmp_path / "known", ("room", "street"))])
    wide = RenderDataset([write_shards(tmp_path / "wide", ("street",))])
    far_m = 2.0 * steps_m()
    fisheye = RenderDataset([write_shards(tmp_path / "fisheye", ("room", "street"), depth_m=far_m)])
    got = suites.cameras(known, {"wide": wide, "fisheye": fisheye}, off_by(1.1))
    first, second, mean = got.claims
    assert first.figure == pytest.approx(0.0, abs=1e-3)
    assert first.name.endswith("over street")
    assert second.figure == pytest.approx(0.45 / 0.1 - 1.0, rel=1e-2)  # 1.1 of half the depth
    assert mean.figure == pytest.approx(second.figure / 2, rel=1e-2)
    assert (first.holds, second.holds) == (True, False)
    assert got.figures["known"] == pytest.approx(0.1, rel=1e-2)
    assert "fisheye" in got.text


def test_the_mounting_suite_evaluates_with_and_without_the_mounting(tmp_path: Path) -> None:
    samples = RenderDataset([write_shards(tmp_path / "r")], known_mounting=True).where(ROBOT_HEIGHT)
    got = suites.mounting(samples, off_by(1.1, 1.2), off_by(1.15, 1.2))
    assert got.claims[0].figure == pytest.approx(0.5, rel=1e-2)
    assert got.claims[0].holds
    assert got.figures["known to the network only"] == pytest.approx(0.15, rel=1e-2)
    assert not suites.mounting(samples, off_by(1.18, 1.2), off_by(1.18, 1.2)).claims[0].holds


def test_the_focal_suite_compares_two_focal_lengths() -> None:
    samples = [sample(str(i)) for i in range(3)]

    def by_focal(frame: Frame) -> DepthEstimate:
        """Answer a wall at 2 m correctly for any lens, from K and not from the image."""
        depth_m = np.full(frame.image.shape[:2], 2.0, np.float32)
        return DepthEstimate(depth_m, depth_m)

    def by_field(frame: Frame) -> DepthEstimate:
        """Guess from the field of view: the wall is farther in a narrower one."""
        depth_m = np.full(frame.image.shape[:2], 80.0 / frame.camera.width, np.float32)
        return DepthEstimate(depth_m, depth_m)

    assert suites.focal(samples, by_focal).claims[0].figure == 0.0
    got = suites.focal(samples, by_field)
    assert not got.claims[0].holds
    assert got.figures["pairs"] == 6
    assert got.figures["focal_1.25"]["median_ratio"] == pytest.approx(48 / 38, rel=1e-5)
    assert got.figures["focal_1.67"]["median_ratio"] == pytest.approx(48 / 29, rel=1e-5)


def test_the_common_pixels_are_the_same_points() -> None:
    """On a slope, pixels of the window are compared with the same pixels of the whole image."""
    truth_m = np.broadcast_to(np.linspace(1.0, 9.0, 48, dtype=np.float32), (36, 48))
    cx = sample().frame.camera.cx

    def estimate(frame: Frame) -> DepthEstimate:
        x = round(cx - frame.camera.cx)
        depth_m = truth_m[: frame.camera.height, x : x + frame.camera.width].copy()
        return DepthEstimate(depth_m, depth_m)

    assert suites.focal([sample()], estimate).claims[0].figure == 0.0


def test_the_edges_suite_compares_with_bilinear_upsampling(tmp_path: Path) -> None:
    samples = RenderDataset([write_shards(tmp_path / "r")])
    got = suites.edges(samples, off_by(1.2), (30, 40))
    assert got.figures["estimate"]["floating"] == 0.0
    assert got.figures["bilinear"]["floating"] > 0.1
    assert got.figures["truth_bilinear"]["floating"] > 0.1
    assert got.claims[0].holds
    assert not suites.edges(samples, off_by(1.0, blur_px=2.5), (60, 80)).claims[0].holds
    flat = np.full((36, 48), 2.0, np.float32)
    with pytest.raises(ValueError, match="no frame has depth edges with an estimate"):
        suites.edges([sample()], lambda f: DepthEstimate(flat, flat, f.stamp_ns), (4, 4))


def test_from_grid_keeps_planes_and_fills_holes() -> None:
    slope = np.exp(np.linspace(0.0, 2.0, 160, dtype=np.float32)) * np.ones((120, 1), np.float32)
    got = suites.from_grid(slope, (30, 40))
    np.testing.assert_allclose(np.log(got[:, 4:-4]), np.log(slope[:, 4:-4]), atol=0.02)
    slope[:, :40] = np.nan
    assert np.isfinite(suites.from_grid(slope, (30, 40))).all()
    assert np.isnan(suites.from_grid(np.full((12, 16), np.nan), (3, 4))).all()
