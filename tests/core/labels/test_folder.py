# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.labels.folder import WIDTH, LabelFolder, LabelledFrame, LabelWriter, reduced
from grin_ros.core.types import Frame, Hints

CAMERA = Camera(64, 48, 60.0, 61.0, 31.0, 24.0, "plumb_bob", (0.1, 0.0, 0.0, 0.01, 0.0), Mounting(0.5, 0.0, 0.1))

POSE = Transform.from_rpy((1.0, -2.0, 0.5), (0.1, 0.2, -0.3))


def labelled(name: str = "a-000", stamp_ns: int = 5, camera: Camera = CAMERA) -> LabelledFrame:
    rng = np.random.default_rng(stamp_ns)
    image = rng.integers(0, 256, (camera.height, camera.width, 3)).astype(np.uint8)
    labels = Hints.measured([[3.0, 4.5], [10.25, 20.0]], [1.5, 2.5], 0.02, source="lidar")
    return LabelledFrame(name, name.partition("-")[0], Frame(image, camera, stamp_ns), labels, POSE)


def test_a_frame_comes_back_as_it_was_written(tmp_path: Path) -> None:
    writer = LabelWriter(tmp_path)
    written = labelled()
    writer.add(written)
    writer.save()
    read = LabelFolder(tmp_path)[0]
    assert (read.name, read.recording, read.frame.stamp_ns) == ("a-000", "a", 5)
    assert read.frame.camera == CAMERA
    assert np.array_equal(read.frame.image, written.frame.image)
    assert np.array_equal(read.labels.pixels, written.labels.pixels)
    assert np.array_equal(read.labels.range_m, written.labels.range_m)
    assert read.labels.sources == ("lidar",)
    assert read.pose is not None
    assert np.array_equal(read.pose.rotation, POSE.rotation)
    assert np.array_equal(read.pose.translation_m, POSE.translation_m)


def test_frames_are_ordered_by_recording_and_time_over_all_folders(tmp_path: Path) -> None:
    for folder, name, stamp_ns in (("one", "b-0", 9), ("one", "a-1", 7), ("two", "a-0", 3)):
        writer = LabelWriter(tmp_path / folder)
        writer.add(labelled(name, stamp_ns))
        writer.save()
    frames = LabelFolder([tmp_path / "one", tmp_path / "two"])
    assert [frames[i].name for i in range(len(frames))] == ["a-0", "a-1", "b-0"]
    assert [frames.stamp_ns(i) for i in range(3)] == [3, 7, 9]


def test_a_writer_goes_on_where_another_stopped(tmp_path: Path) -> None:
    first = LabelWriter(tmp_path)
    first.add(labelled("a-0", 1))
    first.save()
    first.add(labelled("a-1", 2))  # not saved
    second = LabelWriter(tmp_path)
    assert second.has("a-0")
    assert not second.has("a-1")


def test_a_wide_image_is_reduced_and_its_labels_stay_on_their_rays() -> None:
    wide = Camera(1920, 1080, 1400.0, 1410.0, 950.0, 530.0)
    small = reduced(labelled(camera=wide))
    assert small.frame.camera.width == WIDTH
    assert small.frame.image.shape == (270, WIDTH, 3)
    before, after = (
        wide.unproject(labelled(camera=wide).labels.pixels),
        small.frame.camera.unproject(small.labels.pixels),
    )
    assert np.abs(before - after).max() < 1e-6


def test_a_folder_of_another_kind_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="grin teach"):
        LabelFolder(tmp_path)
    (tmp_path / "index.json").write_text('{"format": 1, "samples": []}')
    with pytest.raises(ValueError, match="expected 1"):
        LabelFolder(tmp_path)


def test_the_digest_changes_with_the_labels_and_not_with_the_folder(tmp_path: Path) -> None:
    def digest(name: str, frame: LabelledFrame) -> str:
        writer = LabelWriter(tmp_path / name)
        writer.add(frame)
        writer.save()
        return LabelFolder(tmp_path / name).digest()

    one = labelled()
    first = digest("first", one)
    assert digest("again", one) == first
    farther = replace(one.labels, range_m=one.labels.range_m * 2.0)
    others = (replace(one, labels=farther), replace(one, pose=None), labelled(stamp_ns=6))
    assert first not in {digest(str(number), other) for number, other in enumerate(others)}
