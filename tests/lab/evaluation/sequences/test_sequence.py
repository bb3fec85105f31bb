# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences are read and refused, and evaluated with and without the hints of motion."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.transform import Transform
from grin_ros.lab.datasets.sequences import Sequence
from grin_ros.lab.evaluation.command import main
from grin_ros.lab.evaluation.sequences.evaluation import evaluate_sequence
from tests.core.motion.room import CAMERA, sideways, view

FRAMES = 14
MEASURED = (0, 9, 13)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive through a textured room; three of its images have measured depth, with a gap in the middle."""
    root = tmp_path_factory.mktemp("drive")
    for name in ("images", "depth"):
        (root / name).mkdir()
    poses, stamps = [], []
    for index, pose in enumerate(sideways(FRAMES)):
        image, range_m = view(CAMERA, pose)
        cv2.imwrite(str(root / "images" / f"{index:06d}.png"), image[..., ::-1])
        if index in MEASURED:
            depth = np.rint(range_m * CAMERA.rays()[..., 2] * 1000.0).astype(np.uint16)
            depth[80:100] = 0
            cv2.imwrite(str(root / "depth" / f"{index:06d}.png"), depth)
        poses.append(f"{index:06d} " + " ".join(f"{v:.8f}" for v in matrix(pose).ravel()))
        stamps.append(f"{index:06d} {0.1 * index:.6f}")
    (root / "poses.txt").write_text("\n".join(poses))
    (root / "stamps.txt").write_text("\n".join(stamps))
    np.savetxt(root / "K.txt", CAMERA.K)
    (root / "D.txt").write_text("none\n")
    return root


def matrix(pose: Transform) -> np.ndarray:  # type: ignore[type-arg]
    return np.column_stack([pose.rotation, pose.translation_m])


def test_a_sequence_is_read_as_it_was_written(folder: Path) -> None:
    sequence = Sequence.open(folder)
    assert sequence.camera == CAMERA
    assert len(sequence) == FRAMES
    assert [index for index, frame in enumerate(sequence) if frame.depth] == list(MEASURED)
    depth_m = sequence.frames[9].read_depth(sequence.camera)
    assert depth_m is not None
    assert np.isnan(depth_m[80:100]).all()
    assert np.nanmax(np.abs(depth_m - view(CAMERA, list(sideways(10))[9])[1] * CAMERA.rays()[..., 2])) < 0.001
    assert sequence.frames[9].stamp_ns == 900_000_000


def test_pose_noise_has_the_size_that_was_asked_for(folder: Path) -> None:
    clean, noisy = Sequence.open(folder), Sequence.open(folder).with_pose_noise(0.01, 0.3)
    turns = [
        np.degrees(np.linalg.norm(cv2.Rodrigues(a.pose.rotation.T @ b.pose.rotation)[0]))
        for a, b in zip(clean, noisy, strict=True)
    ]
    assert 0.2 < np.sqrt(np.mean(np.square(turns)) / 3.0) < 0.45
    moved = noisy.frames[-1].pose.translation_m - clean.frames[-1].pose.translation_m
    assert 0.0 < np.linalg.norm(moved) < 0.05


def test_motion_is_better_than_the_camera_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, report = tmp_path / "figures.json", tmp_path / "report"
    assert main(["--sequence", str(folder), "--json", str(figures), "--report", str(report)]) == 0
    found = json.loads(figures.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert found["frames"][0]["hint_error"] is None
    assert found["motion"]["abs_rel"] < 0.8 * found["alone"]["abs_rel"]
    assert found["hints"]["median_error"] < 0.03
    assert found["hints"]["per_frame"] > 60
    assert len(found["frames"]) == len(MEASURED)
    assert "stands still" in found["frames"][0]["problem"]
    assert found["frames"][0]["motion"] == found["frames"][0]["alone"]
    assert "hints a frame" in capsys.readouterr().out
    assert (report / "sequence.png").stat().st_size > 0


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
    folder: Path, tmp_path: Path, file: str, text: str, words: str
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / file).unlink()
    (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=words):
        Sequence.open(tmp_path)


@pytest.mark.parametrize("wrong", [[], ["data", "--sequence", "data"], ["data", "--pose-noise", "0.01,0.3"]])
def test_one_kind_of_data_is_asked_for(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(wrong) != 0
    assert "--sequence" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--limit", "3"], ["--mounting"], ["--hints", "line"], ["--fov", "60"]])
def test_options_of_folders_are_refused_with_a_sequence(
    folder: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--sequence", str(folder), *option]) == 2
    assert f"--sequence: got {option[0]} too" in capsys.readouterr().err


def faulty(sequence: Sequence, fault: str) -> Sequence:
    """Return the sequence with the poses that odometry with this fault would tell."""

    def told(index: int, pose: Transform) -> Transform:
        place = pose.translation_m
        moved = {
            "backwards": -place,
            "jumps": place + (index >= 13) * np.array([0.0, 0.6, 0.4]),
            "not a number": np.full(3, np.nan) if index >= 6 else place,
            "other axes": place[[2, 0, 1]],
        }
        return Transform(pose.rotation, moved[fault])

    return replace(sequence, frames=tuple(replace(f, pose=told(i, f.pose)) for i, f in enumerate(sequence)))


@pytest.mark.parametrize("fault", ["backwards", "jumps", "not a number", "other axes"])
def test_faulty_odometry_makes_nothing_worse_than_the_camera_alone_and_is_named(folder: Path, fault: str) -> None:
    engine = open_engine("ort", load_artifact("nano"), 1)
    try:
        estimator = Estimator(engine, Settings(min_depth_m=1e-3, max_depth_m=1e4))
        result = evaluate_sequence(faulty(Sequence.open(folder), fault), estimator)
    finally:
        engine.close()
    assert result.worse == 0
    assert result.reports[-1].problem
