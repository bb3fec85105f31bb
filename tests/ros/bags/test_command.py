# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag` on the command line: exit status and messages, and many bags at a time with workers that die."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.rosbag2 import CompressionMode
from sensor_msgs.msg import Image

from benchmarks.stand_in.engine import BACKEND, register
from grin_ros.ros.bags import command
from grin_ros.ros.bags.fleet import answer_of, run_all
from grin_ros.ros.bags.messages import deserialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.replay import Player
from grin_ros.ros.bags.run import run
from grin_ros.ros.bags.storage.formats import STORAGES
from tests.ros.bags import job as bag_job
from tests.ros.bags.drives import FRAMES, content, drive, job_of, of_topic
from tests.ros.bags.recorded import storage_file
from tests.ros.bags.sleepless import SleeplessNode


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def test_a_killed_workers_bag_is_done_once_and_none_is_lost(tmp_path: Path, fake_artifact: Path) -> None:
    sources = [drive(tmp_path / f"in_{index}") for index in range(2)]
    jobs = [job_of(p, tmp_path / "out" / p.name, fake_artifact, part_frames=2) for p in sources]
    outcomes = list(run_all(jobs, 2, bag_job.killed_once))
    assert {outcome.job.output: outcome.attempts for outcome in outcomes} == {jobs[0].output: 2, jobs[1].output: 1}
    run(job_of(sources[0], tmp_path / "alone", fake_artifact))
    for job in jobs:
        assert content(Path(job.output)) == content(tmp_path / "alone")


def test_a_bag_that_kills_every_worker_is_reported(tmp_path: Path, fake_artifact: Path) -> None:
    job = job_of(tmp_path / "in", tmp_path / "out", fake_artifact)
    (outcome,) = run_all([job], 1, launch=bag_job.nobody_answers)
    assert outcome.report is None
    assert outcome.attempts == 2
    assert "exit code -9" in outcome.error
    (outcome,) = run_all([job], 1, launch=lambda work, job: work(job))
    assert outcome.attempts == 1, "an error of the work itself is not tried again"
    assert "not a bag" in outcome.error
    with pytest.raises(ValueError, match="more than one input"):
        list(run_all([job, job], 1))


def test_the_command(tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = drive(tmp_path / "in")
    options = [
        "--model",
        str(fake_artifact),
        "--backend",
        BACKEND,
        "--points",
        "-p",
        "max_depth_m:=4.0",
        "--steps",
        "2",
    ]
    call = [str(source), str(tmp_path / "out"), *options]
    assert command.main(call) == 0
    assert f"{FRAMES} frames with depth" in capsys.readouterr().out
    depth = deserialize(of_topic(content(tmp_path / "out"), "/front/depth/image")[0][1], Image)
    depth_m = np.frombuffer(depth.data, np.float32)
    assert np.isinf(depth_m).any()
    assert np.nanmax(depth_m[~np.isinf(depth_m)]) <= 4.0
    assert command.main(call) == 0
    assert "an earlier run has finished it" in capsys.readouterr().out
    with storage_file(source).open("r+b") as stream:
        stream.truncate(storage_file(source).stat().st_size // 2)
    assert command.main([str(source), str(tmp_path / "half"), *options]) == command.INCOMPLETE
    assert "unreadable: in.mcap" in capsys.readouterr().err
    assert command.main([str(tmp_path / "none"), str(tmp_path / "x"), *options]) == command.WRONG_CALL
    assert "not a bag" in capsys.readouterr().err
    for wrong in (
        [str(source)],
        [*call, "-p", "steps:={"],
        [*call, "-p", "stepz:=1"],
        [*call, "--every", "0"],
        [*call, "--workers", "2"],
        [*call, "--start", "-1"],
        [*call, "--start", "nan"],
        [str(source), str(tmp_path / "x.mcap"), *options, "--storage", "sqlite3"],
    ):
        with pytest.raises(SystemExit) as stop:
            command.main(wrong)
        assert stop.value.code == command.WRONG_CALL


@pytest.mark.parametrize("described", [True, False], ids=["metadata", "no metadata"])
@pytest.mark.parametrize("mode", [CompressionMode.NONE, CompressionMode.FILE, CompressionMode.MESSAGE])
@pytest.mark.parametrize("storage", STORAGES)
def test_bag_and_replay_read_what_any_recorder_left(
    tmp_path: Path, fake_artifact: Path, storage: str, mode: CompressionMode, described: bool
) -> None:
    source = drive(tmp_path / "in", 2, storage, mode)
    written = content(source)
    if not described:
        (source / "metadata.yaml").unlink()
    status = command.main([str(source), str(tmp_path / "out"), "--model", str(fake_artifact), "--backend", BACKEND])
    assert status == (command.DONE if described else command.INCOMPLETE)
    found = content(tmp_path / "out")
    assert [m for m in found if "/depth/" not in m[0] and m[0] in {topic for topic, *_ in written}] == written
    assert len(of_topic(found, "/front/depth/image")) == 2
    node = SleeplessNode()
    Player(node, Bag(source)).play(1e6)  # type: ignore[arg-type]
    assert [m for m in node.published if m[0] != "/clock"] == [(topic, data) for topic, _, _, data in written]


def test_an_impossible_call_ends_with_one_sentence_before_the_work(
    tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", str(fake_artifact), "--backend", BACKEND]
    for wrong, expected in (
        (["--start", "1000"], "--start: got 1000 s, but the bag is 0.4 s long"),
        (["--image", "/nothing"], "/nothing: the bag has no such topic"),
        (["--topics", "/nothing"], "it has no topic /nothing"),
        (["--hints", "scan=/nothing"], "--hints: /nothing is no topic of this bag"),
    ):
        call = [str(drive(tmp_path / expected[2:9])), str(tmp_path / "out"), *options, *wrong]
        assert command.main(call) == command.WRONG_CALL
        (line,) = capsys.readouterr().err.splitlines()
        assert expected in line
    assert not list(tmp_path.glob("out*"))


def test_the_name_of_the_output_says_its_storage() -> None:
    parser = command.parser()
    for output, expected in (("x", "mcap"), ("x.mcap", "mcap"), ("x.db3", "sqlite3"), ("X.MCAP", "mcap")):
        assert command.jobs_of(parser.parse_args(["in", output]))[0].storage == expected
    assert command.jobs_of(parser.parse_args(["in", "x", "--storage", "sqlite3"]))[0].storage == "sqlite3"


def test_outputs_of_many_are_named_after_their_inputs() -> None:
    call = ["a/2026.01.02", "b/drive.mcap", "c/old.db3", "d/UP.MCAP", "--out", "out", "--workers", "2"]
    jobs = command.jobs_of(command.parser().parse_args(call))
    assert [job.output for job in jobs] == ["out/2026.01.02", "out/drive", "out/old", "out/UP"]
    assert all(int(job.parameters["threads"]) >= 1 for job in jobs), "the cores are shared out"


@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_that_cannot_grow_ends_with_one_sentence(
    tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str], storage: str
) -> None:
    job = job_of(drive(tmp_path / "in"), tmp_path / "worker", fake_artifact, storage=storage)
    call = [job.input, str(tmp_path / "out"), "--storage", storage]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as on a full disk, nothing more can be written
    try:
        status = command.main([*call, "--model", str(fake_artifact), "--backend", BACKEND])
        answer = answer_of(run, job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = {"mcap": "File too large", "sqlite3": "disk I/O error"}[storage]
    assert status == command.FAILED
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"grin bag: {tmp_path / 'out.partial'}: the output does not fit there ({error})")
    assert isinstance(answer, str)
    assert error in answer


def test_an_output_that_cannot_be_made_ends_with_one_sentence(
    tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = [str(drive(tmp_path / "in")), "/proc/out", "--model", str(fake_artifact), "--backend", BACKEND]
    assert command.main(call) == command.FAILED
    assert capsys.readouterr().err.splitlines()[-1] == (
        "grin bag: /proc/out.partial: this folder for the output cannot be made or written (No such file or "
        "directory); give an output in a folder that can be written"
    )


@pytest.mark.parametrize("name", ["in.db3#2", "in.db3?x", "100%20", "o#.db3"])
def test_a_name_that_sqlite_would_read_as_another_is_refused(
    tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    source = storage_file(drive(tmp_path / "in", 1, "sqlite3"))
    recorded, call = source.read_bytes(), ["--model", str(fake_artifact), "--backend", BACKEND]
    output = source.with_name(name)
    assert command.main([str(source), str(output), "--storage", "sqlite3", *call]) == command.WRONG_CALL
    assert "has one of the characters # ? %" in capsys.readouterr().err.splitlines()[-1]
    assert source.read_bytes() == recorded
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.db3", "metadata.yaml"]
    if output.suffix != ".db3":
        assert command.main([str(source), str(output), *call]) == command.DONE


def test_an_output_has_the_name_of_the_link_to_its_input(tmp_path: Path) -> None:
    source = drive(tmp_path / "in", 1)
    (tmp_path / "monday.mcap").symlink_to(storage_file(source))
    (tmp_path / "tuesday").symlink_to(source)
    inputs = [str(tmp_path / "monday.mcap"), str(tmp_path / "tuesday"), str(tmp_path / "tuesday" / ".." / "in")]
    jobs = command.jobs_of(command.parser().parse_args([*inputs, "--out", "out"]))
    assert [Path(job.output).name for job in jobs] == ["monday", "tuesday", "in"]


def test_an_unpacked_copy_that_does_not_fit_names_its_folder_and_the_variable(
    tmp_path: Path, fake_artifact: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = drive(tmp_path / "in", compression=CompressionMode.FILE)
    (tmp_path / "small").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "small"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        status = command.main([str(source), str(tmp_path / "out"), "--model", str(fake_artifact), "--backend", BACKEND])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == command.FAILED
    expected = f"grin bag: {tmp_path / 'small'}: an unpacked copy of in.mcap.zstd does not fit there (File too large)"
    assert capsys.readouterr().err.splitlines()[-1] == f"{expected}; set TMPDIR to a folder with more space"
