# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped model on a real photograph, with the scale of a simulated 2D lidar: AbsRel falls."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.hints.scale import match_scale, scaled
from grin_ros.core.hints.scale_filter import SmoothScale
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.operator.demo.scene import CameraView, motorcycle, window


@pytest.fixture(scope="module")
def view() -> CameraView:
    return window(motorcycle(), 0.0)


@pytest.fixture(scope="module")
def estimate(view: CameraView) -> DepthEstimate:
    return Estimator(open_engine("ort", load_artifact("nano"), 1))(Frame(view.image, view.camera))


def abs_rel(estimate: DepthEstimate, view: CameraView, row: int) -> float:
    """Return AbsRel over all measured pixels except those of the lidar."""
    truth_m = view.depth_m.copy()
    truth_m[row] = np.nan
    known = np.isfinite(truth_m) & np.isfinite(estimate.depth_m)
    return float(np.mean(np.abs(estimate.depth_m - truth_m)[known] / truth_m[known]))


@pytest.mark.parametrize(("wrong_by", "most"), [(0.6, 0.75), (1.8, 0.75)])
def test_a_2d_lidar_lowers_abs_rel(view: CameraView, estimate: DepthEstimate, wrong_by: float, most: float) -> None:
    """The lidar has 60 points of one row; a fifth of them are far off. wrong_by: a factor on the estimate."""
    rng = np.random.default_rng(0)
    row = round(view.camera.cy)
    truth = points_from_depth(view.depth_m, view.camera.rays())[row]
    points = truth[np.isfinite(truth).all(axis=1)][:: view.camera.width // 60].astype(np.float64)
    points *= 1.0 + 0.01 * rng.standard_normal((len(points), 1))
    points[rng.permutation(len(points))[: len(points) // 5]] *= 2.0
    seen = DepthEstimate(estimate.depth_m * np.float32(wrong_by), estimate.sigma_m * np.float32(wrong_by))
    scale = SmoothScale()(0, match_scale(view.camera, seen, points))
    before, after = abs_rel(seen, view, row), abs_rel(scaled(seen, scale), view, row)
    print(f"AbsRel {before:.3f} -> {after:.3f}, factor {scale.factor:.3f}, sigma {scale.error_ln:.3f}")
    assert after < most * before
