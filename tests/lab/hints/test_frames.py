# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.types import Frame
from grin_ros.lab.hints.frames import answer


def test_the_hint_network_learns_from_the_answers_that_the_estimator_gets(
    tiny_artifact: Path, tiny_frame: Frame
) -> None:
    frame = Frame(tiny_frame.image, tiny_frame.camera.with_mounting(None))
    engine = open_engine("ort", load_artifact(tiny_artifact), 1)
    found = answer(engine, frame.image, frame.camera)
    depth_m, sigma_m = engine.decode(
        {
            "x": found.x[None],
            "log_variance": found.log_variance[None],
            "image": frame.image[None],
            "ray_z": frame.camera.rays()[None, ..., 2],
        }
    )
    estimate = Estimator(engine)(frame)
    known = np.isfinite(estimate.depth_m)
    assert known.any()
    np.testing.assert_allclose(estimate.depth_m[known], depth_m[known], rtol=1e-5)
    np.testing.assert_allclose(estimate.sigma_m[known], sigma_m[known], rtol=1e-5)
