# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame, LabelWriter
from grin_ros.core.types import Frame, Hints
from grin_ros.lab.teaching.accumulating import Accumulated

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
WALL_M = 2.0
ROW = np.stack([np.arange(2.0, 62.0, 4.0), np.full(15, 24.0)], -1)


def pitched(angle_rad: float, ahead_m: float = 0.0) -> Transform:
    """Return the pose of a camera that looks down by an angle, in the frame of one that looks straight at the wall."""
    return Transform.from_rpy((0.0, 0.0, ahead_m), (-angle_rad, 0.0, 0.0))


def ranges(pixels: NDArray[np.float64], pose: Transform, wall_m: float = WALL_M) -> NDArray[np.float64]:
    """Return the ranges of pixels to a wall across the axis of the fixed frame."""
    return np.asarray((wall_m - pose.translation_m[2]) / (CAMERA.unproject(pixels) @ pose.rotation.T)[:, 2])


def painted(pose: Transform) -> NDArray[np.uint8]:
    """Return the image of the wall, which is painted with waves."""
    rays = CAMERA.rays().astype(np.float64) @ pose.rotation.T
    x, y, _ = np.moveaxis(
        pose.translation_m + rays * ((WALL_M - pose.translation_m[2]) / rays[..., 2])[..., None], -1, 0
    )
    waves = 128.0 + 60.0 * np.sin(7.0 * x) + 60.0 * np.sin(6.0 * y + 2.0 * x)
    return np.repeat(waves[..., None], 3, -1).astype(np.uint8)


View = tuple[str, Transform | None, NDArray[np.float64]]
"""Recording, pose, and ranges of ROW."""


def frames(folder: Path, *views: View, first: NDArray[np.uint8] | None = None) -> LabelFolder:
    """Write frames at 2 Hz. first: another image of the first."""
    writer = LabelWriter(folder)
    for number, (recording, pose, range_m) in enumerate(views):
        image = first if first is not None and not number else painted(pose or pitched(0.2))
        labels = Hints.measured(ROW, range_m, 0.01)
        frame = Frame(image, CAMERA, number * 500_000_000)
        writer.add(LabelledFrame(f"{recording}-{number}", recording, frame, labels, pose))
    writer.save()
    return LabelFolder(folder)


def view(angle_rad: float, recording: str = "a") -> View:
    pose = pitched(angle_rad)
    return recording, pose, ranges(ROW, pose)


def test_the_line_of_another_moment_labels_other_rows_with_the_ranges_that_are_there(tmp_path: Path) -> None:
    told = frames(tmp_path, view(0.0), view(0.2), view(-0.2))
    labels = Accumulated(told, range(3))[0].labels
    assert len(labels) == 45
    assert np.ptp(labels.pixels[:, 1]) > 20.0
    assert np.allclose(labels.range_m, ranges(labels.pixels.astype(np.float64), pitched(0.0)), rtol=1e-4)
    assert np.allclose(labels.sigma_ln, 0.01, atol=1e-3)
    assert labels.age_s.tolist() == [0.0] * 15 + [0.5] * 15 + [1.0] * 15


def test_sigma_grows_with_the_way_between_the_frames(tmp_path: Path) -> None:
    far = pitched(0.1, ahead_m=1.0)
    labels = Accumulated(frames(tmp_path, view(0.0), ("a", far, ranges(ROW, far))), range(2))[0].labels
    added = labels.chosen(labels.age_s > 0.0)
    assert np.allclose(added.range_m, ranges(added.pixels.astype(np.float64), pitched(0.0)), rtol=1e-4)
    assert np.all(added.sigma_ln * added.range_m > 0.01)
    assert np.all(labels.sigma_ln[labels.age_s == 0.0] == np.float32(0.01))


def test_only_frames_of_the_same_recording_that_were_chosen_and_have_poses_tell_something(tmp_path: Path) -> None:
    unknown = ("a", None, ranges(ROW, pitched(0.2)))
    told = frames(tmp_path, view(0.0), view(0.2, "b"), unknown, view(-0.2))
    order = {told[index].name: index for index in range(4)}
    chosen = [order["a-0"], order["b-1"], order["a-2"]]
    for index in chosen:
        assert len(Accumulated(told, chosen)[index].labels) == 15


def test_what_is_hidden_by_something_nearer_is_no_label(tmp_path: Path) -> None:
    # The line of the second frame lies just beside that of the first, which measures a nearer thing.
    told = frames(tmp_path, ("a", pitched(0.0), ranges(ROW, pitched(0.0), 0.5 * WALL_M)), view(0.01))
    assert np.all(Accumulated(told, range(2))[0].labels.age_s == 0.0)


def test_what_looks_otherwise_is_no_label(tmp_path: Path) -> None:
    before = np.ascontiguousarray(painted(pitched(0.0))[::-1, ::-1])
    told = frames(tmp_path, view(0.0), view(0.2), view(-0.2), first=before)
    labels = Accumulated(told, range(3))[0].labels
    assert np.count_nonzero(labels.age_s) < 5


def test_poses_that_contradict_the_measurements_add_nothing_and_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ("a", pitched(0.0), ranges(ROW, pitched(0.0), 1.15 * WALL_M))
    told = frames(tmp_path, view(0.0), wrong, wrong)
    assert len(Accumulated(told, range(3))[0].labels) == 15
    assert "check the odometry" in caplog.text
