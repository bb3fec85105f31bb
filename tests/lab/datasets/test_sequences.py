# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The images of a sequence are read as they are stored. How sequences are refused: tests/lab/evaluation/sequences."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.lab.datasets.sequences import Sequence
from tests.lab.datasets.turned import write_turned


def one_image(tmp_path: Path) -> Path:
    """A sequence of one image, 64 x 48, that is bright in its upper half and asks to be turned."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24] = 200
    (tmp_path / "images").mkdir()
    write_turned(tmp_path / "images" / "a.jpg", image, 3)
    (tmp_path / "poses.txt").write_text("a 1 0 0 0 0 1 0 0 0 0 1 0\n")
    (tmp_path / "stamps.txt").write_text("a 0.0\n")
    (tmp_path / "K.txt").write_text("60 0 31.5 0 60 23.5 0 0 1\n")
    return tmp_path


def test_an_exif_rotation_is_not_applied(tmp_path: Path) -> None:
    (frame,) = Sequence.open(one_image(tmp_path))
    assert frame.read_image()[:20].min() > 150 and frame.read_image()[28:].max() < 50


@pytest.mark.parametrize(
    ("depth", "got"),
    [
        (np.full((48, 64), 7, np.uint8), r"got depth of shape \(48, 64\) uint8, expected \(48, 64\) uint16; write"),
        (np.full((24, 32), 7, np.uint16), r"got depth of shape \(24, 32\) uint16, expected \(48, 64\) uint16; write"),
    ],
)
def test_depth_of_eight_bits_or_of_another_size_is_refused(
    tmp_path: Path, depth: NDArray[np.generic], got: str
) -> None:
    path = one_image(tmp_path) / "depth" / "a.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.full((48, 64), 1500, np.uint16))
    sequence = Sequence.open(tmp_path)
    depth_m = sequence.frames[0].read_depth(sequence.camera)
    assert depth_m is not None and (depth_m == 1.5).all()
    cv2.imwrite(str(path), depth)
    with pytest.raises(ValueError, match=rf"a\.png: {got}"):
        sequence.frames[0].read_depth(sequence.camera)
