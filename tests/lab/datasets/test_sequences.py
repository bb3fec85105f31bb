# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences are read as they are stored, disturbed as asked for, and refused with the fault."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.lab.datasets.sequences import Sequence
from tests.core.motion.room import CAMERA, sideways, view
from tests.lab.datasets.room_drive import FRAMES, MEASURED, write_room_drive
from tests.lab.datasets.turned import write_turned


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_room_drive(tmp_path_factory.mktemp("drive"))


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


def test_a_sequence_is_read_as_it_was_written(drive: Path) -> None:
    sequence = Sequence.open(drive)
    assert sequence.camera == CAMERA
    assert len(sequence) == FRAMES
    assert [index for index, frame in enumerate(sequence) if frame.depth] == list(MEASURED)
    depth_m = sequence.frames[9].read_depth(sequence.camera)
    assert depth_m is not None
    assert np.isnan(depth_m[80:100]).all()
    assert np.nanmax(np.abs(depth_m - view(CAMERA, list(sideways(10))[9])[1] * CAMERA.rays()[..., 2])) < 0.001
    assert sequence.frames[9].stamp_ns == 900_000_000


def test_pose_noise_has_the_size_that_was_asked_for(drive: Path) -> None:
    clean, noisy = Sequence.open(drive), Sequence.open(drive).with_pose_noise(0.01, 0.3)
    turns = [
        np.degrees(np.linalg.norm(cv2.Rodrigues(a.pose.rotation.T @ b.pose.rotation)[0]))
        for a, b in zip(clean, noisy, strict=True)
    ]
    assert 0.2 < np.sqrt(np.mean(np.square(turns)) / 3.0) < 0.45
    moved = noisy.frames[-1].pose.translation_m - clean.frames[-1].pose.translation_m
    assert 0.0 < np.linalg.norm(moved) < 0.05


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("poses.txt", "000000 1 2 3\n", "expected a name and 12 finite numbers"),
        ("poses.txt", "000000 " + "1 " * 12, "no rotation matrix"),
        ("stamps.txt", "000000 0.0\n", "no stamp or no image"),
        ("K.txt", "1 2 3\n", "expected 9"),
    ],
)
def test_a_damaged_sequence_is_refused_with_the_file_and_the_fault(
    drive: Path, tmp_path: Path, file: str, text: str, words: str
) -> None:
    for path in drive.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / file).unlink()
    (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=words):
        Sequence.open(tmp_path)
