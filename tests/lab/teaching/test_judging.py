# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.sources import TRACKED
from grin_ros.core.labels.folder import LabelledFrame
from grin_ros.core.types import Frame, Hints
from grin_ros.lab.teaching.judging import measured_sample

SCANNED = Hints.measured([[31.0, 23.0]], [2.0], source="scan")
FOLLOWED = Hints.measured([[10.0, 10.0]], [3.0], source=TRACKED)


@pytest.mark.parametrize(
    ("sources", "judging"), [((SCANNED, FOLLOWED), SCANNED), ((FOLLOWED,), FOLLOWED), ((SCANNED,), SCANNED)]
)
def test_a_sensor_judges_where_there_is_one_and_motion_elsewhere(sources: tuple[Hints, ...], judging: Hints) -> None:
    camera = Camera(64, 48, 60.0, 60.0, 31.0, 23.0)
    labels = Hints.joined(sources)
    assert labels is not None
    sample = measured_sample(LabelledFrame("a", "a", Frame(np.zeros((48, 64, 3), np.uint8), camera), labels))
    assert sample is not None
    (u, v), z = judging.pixels[0].astype(int), camera.rays()
    assert np.argwhere(np.isfinite(sample.depth_m)).tolist() == [[v, u]]
    assert sample.depth_m[v, u] == pytest.approx(judging.range_m[0] * z[v, u, 2])
