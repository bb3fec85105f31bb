# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped model on a real photograph, with measured points: AbsRel falls."""

from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.types import Frame, Hints
from grin_ros.ros.operator.demo.scene import CameraView, motorcycle, window


@pytest.fixture(scope="module")
def view() -> CameraView:
    return window(motorcycle(), 0.0)


@pytest.fixture(scope="module")
def estimator() -> Estimator:
    return Estimator(open_engine("ort", load_artifact("nano"), 1))


def test_sixty_measured_points_with_outliers_lower_abs_rel(view: CameraView, estimator: Estimator) -> None:
    """The points lie anywhere in the image; one in twenty is twice as far as it should be."""
    rng = np.random.default_rng(0)
    rows, cols = np.nonzero(np.isfinite(view.depth_m))
    at = rng.choice(len(rows), 60, replace=False)
    v, u = rows[at], cols[at]
    range_m = view.depth_m[v, u] / view.camera.rays()[v, u, 2] * (1.0 + 0.01 * rng.standard_normal(60))
    range_m[:3] *= 2.0
    frame = Frame(view.image, view.camera)
    errors = []
    for hints in (None, Hints.measured(np.stack([u, v], axis=1), range_m, 0.01, "points")):
        depth_m = estimator(frame, hints=hints).depth_m
        errors.append(float(np.nanmean(np.abs(depth_m / view.depth_m - 1.0))))
    print(f"AbsRel {errors[0]:.3f} -> {errors[1]:.3f}")
    assert errors[1] < errors[0]
