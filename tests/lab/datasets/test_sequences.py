# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The images of a sequence are read as they are stored. How sequences are refused: tests/lab/evaluation/sequences."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grin_ros.lab.datasets.sequences import Sequence
from tests.lab.datasets.turned import write_turned


def test_an_exif_rotation_is_not_applied(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24] = 200
    (tmp_path / "images").mkdir()
    write_turned(tmp_path / "images" / "a.jpg", image, 3)
    (tmp_path / "poses.txt").write_text("a 1 0 0 0 0 1 0 0 0 0 1 0\n")
    (tmp_path / "stamps.txt").write_text("a 0.0\n")
    (tmp_path / "K.txt").write_text("60 0 31.5 0 60 23.5 0 0 1\n")
    (frame,) = Sequence.open(tmp_path)
    assert frame.read_image()[:20].min() > 150 and frame.read_image()[28:].max() < 50
