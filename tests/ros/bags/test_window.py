# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A part of a bag holds what it needs, and an output may be one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.interfaces import QosDurability, QosReliability

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags import command
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import run
from grin_ros.ros.bags.storage.formats import STORAGES
from tests.ros.bags.drives import FRAMES, content, drive, job_of, log_ns, of_topic, recorded
from tests.ros.bags.recorded import qos, write


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def test_a_part_of_a_bag_begins_with_what_still_holds(tmp_path: Path, fake_artifact: Path) -> None:
    latched = qos(QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL)
    messages = [raw for number in range(FRAMES) for raw in recorded(number) if number == 0 or "info" not in raw[0]]
    source = write(tmp_path / "in", [*messages, ("/map", *messages[2][1:])], qos={"/map": latched})
    run(job_of(source, tmp_path / "out", fake_artifact, start_s=0.1))
    found = content(tmp_path / "out")
    assert {time_ns for _, _, time_ns, _ in found} >= {log_ns(2)}
    assert [m for m in found if m[0] in ("/front/camera_info", "/map")] == [
        ("/front/camera_info", messages[1][1], log_ns(2), messages[1][3]),
        ("/map", messages[2][1], log_ns(2), messages[2][3]),
    ]
    assert min(time_ns for _, _, time_ns, _ in found) == log_ns(2)
    assert len(of_topic(found, "/front/depth/image")) == FRAMES - 2


def test_a_resumed_part_holds_them_once(tmp_path: Path, fake_artifact: Path) -> None:
    job = job_of(drive(tmp_path / "in"), tmp_path / "out", fake_artifact, start_s=0.1, part_frames=1)

    def stop(_: int, frames: int) -> None:
        if frames == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job, stop)
    run(job)
    run(replace(job, output=str(tmp_path / "whole")))
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_start_beyond_the_end_is_refused_before_the_work(tmp_path: Path, fake_artifact: Path) -> None:
    job = job_of(drive(tmp_path / "in"), tmp_path / "out", fake_artifact, start_s=1000.0)
    with pytest.raises(ValueError, match=r"--start: got 1000 s, but the bag is 0.4 s long; give fewer seconds"):
        run(job)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("storage", STORAGES)
def test_an_output_with_a_suffix_is_one_file(tmp_path: Path, fake_artifact: Path, storage: str) -> None:
    source = drive(tmp_path / "in")
    file = tmp_path / f"depth{STORAGES[storage].suffix}"
    job = job_of(source, file, fake_artifact, storage=storage, part_frames=2)
    report = run(job)
    assert file.is_file()
    assert not (tmp_path / f"{file.name}.partial").exists()
    run(replace(job, output=str(tmp_path / "folder")))
    bag = Bag(file)
    assert [(m.topic, m.kind, m.time_ns, m.data) for m in bag.messages()] == content(tmp_path / "folder")
    assert bag.damage == []
    assert run(job) == replace(report, already=True)
    with pytest.raises(ValueError, match="it exists already"):
        run(replace(job, every=2))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("suffix", [False, True], ids=["folder", "file"])
def test_a_window_without_images_is_incomplete_and_holds_what_still_holds(
    tmp_path: Path, fake_artifact: Path, storage: str, suffix: bool
) -> None:
    """The window is a pause of the recording, so no message at all lies in it."""
    source = write(tmp_path / "in", [*recorded(0), *recorded(100)])
    output = tmp_path / ("out" + STORAGES[storage].suffix * suffix)
    job = job_of(source, output, fake_artifact, start_s=1.0, end_s=2.0, storage=storage)
    report = run(job)
    assert (report.frames, report.complete) == (0, False)
    assert command.text_of(report) == "0 frames with depth: no image lies in what was read"
    bag = Bag(output)
    held = ("/front/camera_info", log_ns(0) + 10**9, recorded(0)[1][3])
    assert [(m.topic, m.time_ns, m.data) for m in bag.messages()] == [held]
    assert run(job) == replace(report, already=True)
    nothing = replace(job, output=str(tmp_path / "nothing"), topics=())
    assert run(nothing).frames == 0
    bag = Bag(tmp_path / "nothing")
    assert (list(bag.messages()), bag.damage) == ([], []), "a bag of no messages is a bag"
