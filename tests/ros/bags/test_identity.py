# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Work is continued only if it is the same: another recording of the same name and size is other work."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import Job, run
from grin_ros.ros.bags.storage.fingerprint import END_BYTES, fingerprint
from grin_ros.ros.bags.storage.formats import STORAGES
from tests.ros.bags.drives import Raw, content, job_of, recorded
from tests.ros.bags.recorded import write


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def day(path: Path, storage: str, later_ns: int = 0) -> Path:
    """Write a drive. Those of two days differ in their log times only."""
    messages: list[Raw] = [raw for number in range(4) for raw in recorded(number)]
    return write(path, [(t, kind, time_ns + later_ns, data) for t, kind, time_ns, data in messages], storage)


def interrupted(job: Job) -> None:
    def stop(_: int, frames: int) -> None:
        if frames == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job, stop)


@pytest.mark.parametrize("storage", STORAGES)
def test_another_bag_of_the_same_name_and_size_is_other_work(tmp_path: Path, fake_artifact: Path, storage: str) -> None:
    source = day(tmp_path / "in", storage)
    job, done = (job_of(source, tmp_path / name, fake_artifact, part_frames=1) for name in ("begun", "done"))
    interrupted(job)
    run(done)
    known = Bag(source).names_and_sizes()
    for later_ns in range(1, 100):  # some are packed to the same size
        shutil.rmtree(source)
        day(source, storage, later_ns)
        if Bag(source).names_and_sizes() == known:
            break
    assert Bag(source).names_and_sizes() == known
    with pytest.raises(ValueError, match="other work, which differs in the input;"):
        run(job)
    with pytest.raises(ValueError, match="it exists already"):
        run(done)


def test_work_goes_on_with_another_number_of_threads(tmp_path: Path, fake_artifact: Path) -> None:
    """The command derives it from --workers and from the number of CPUs."""
    source = day(tmp_path / "in", "mcap")
    job = job_of(source, tmp_path / "out", fake_artifact, part_frames=1)
    interrupted(replace(job, parameters={**job.parameters, "threads": 1}))
    assert run(replace(job, parameters={**job.parameters, "threads": 2})).frames == 4
    run(replace(job, output=str(tmp_path / "whole")))
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert run(job).already


def test_the_refusal_names_the_options_that_differ(tmp_path: Path, fake_artifact: Path) -> None:
    job = job_of(day(tmp_path / "in", "mcap"), tmp_path / "out", fake_artifact, part_frames=1)
    interrupted(job)
    other = replace(job, every=3, images=("/front/image_raw",), parameters={**job.parameters, "publish_mm": False})
    with pytest.raises(ValueError, match="which differs in --every, --image, publish_mm; run the other command"):
        run(other)


def test_a_fingerprint_reads_both_ends(tmp_path: Path) -> None:
    file = tmp_path / "x"
    assert fingerprint(file) == ""
    found = set()
    for first, last in ((0, 0), (1, 0), (0, 1)):
        file.write_bytes(bytes([first]) + bytes(3 * END_BYTES) + bytes([last]))
        found.add(fingerprint(file))
    assert len(found) == 3


def test_a_copy_elsewhere_is_the_same_work(tmp_path: Path, fake_artifact: Path) -> None:
    source = day(tmp_path / "in", "mcap")
    job = job_of(source, tmp_path / "out", fake_artifact)
    run(job)
    shutil.copytree(source, tmp_path / "elsewhere" / "in")
    assert run(replace(job, input=str(tmp_path / "elsewhere" / "in"))).already
