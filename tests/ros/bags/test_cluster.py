# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag --ray` on a cluster of one machine, with a worker that is killed half-way."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags import command
from grin_ros.ros.bags.cluster import cluster, everywhere
from grin_ros.ros.bags.fleet import WorkerDiedError, run_all
from grin_ros.ros.bags.run import Job, run
from tests.ros import ROOT
from tests.ros.bags import job as bag_job
from tests.ros.bags.drives import content, drive, job_of
from tests.ros.waiting import alive, until

STARTED_S = 90.0
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="clusters need ray (pip install grin_ros[fleet])"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a cluster with two CPUs whose workers can import these tests; it is ended afterwards."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"}
    # Ray's sockets lie in this folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray") as folder, open(f"{folder}.log", "w+b") as log:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--port=0", "--num-cpus=2"]
        command += ["--node-ip-address=127.0.0.1", "--include-dashboard=false", "--object-store-memory=80000000"]
        head = subprocess.Popen([*command, f"--temp-dir={folder}"], env=variables, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + STARTED_S
            while not (found := re.search(rb"--address='([^']+)'", Path(log.name).read_bytes())):
                assert head.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()
                time.sleep(0.1)
            yield found[1].decode()
        finally:
            head.terminate()
            head.wait(30.0)
            Path(log.name).unlink()


@needs_ray
def test_a_killed_workers_bag_is_done_once_and_none_is_lost(tmp_path: Path, fake_artifact: Path, address: str) -> None:
    register()
    sources = [drive(tmp_path / f"in_{index}") for index in range(2)]
    jobs = [job_of(p, tmp_path / "out" / p.name, fake_artifact, part_frames=2) for p in sources]
    with cluster(address, 1) as start:
        assert start.workers == 2
        outcomes = list(run_all(jobs, start.workers, bag_job.killed_once, start))
    assert sorted((Path(o.job.output).name, o.attempts) for o in outcomes) == [("in_0", 2), ("in_1", 1)]
    assert all(outcome.report for outcome in outcomes), [outcome.error for outcome in outcomes]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["in_0", "in_0.killed", "in_1"]
    run(job_of(sources[0], tmp_path / "alone", fake_artifact))
    for job in jobs:
        assert content(Path(job.output)) == content(tmp_path / "alone")


@needs_ray
def test_the_command(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    sources = [str(drive(tmp_path / name, frames=2)) for name in ("a", "b")] + [str(tmp_path / "none")]
    call = [*sources, "--out", str(tmp_path / "out"), "--ray", address, "--backend", "ort", "--topics"]
    assert command.main(call) == command.FAILED
    out, err = capsys.readouterr()
    assert "none: not a bag" in err
    for name in ("a", "b"):
        assert f"{tmp_path / 'out' / name}: 2 frames with depth" in out
        assert content(tmp_path / "out" / name)


@needs_ray
def test_leaving_the_cluster_ends_the_running_bags(tmp_path: Path, fake_artifact: Path, address: str) -> None:
    job = job_of(tmp_path / "in", tmp_path / "out", fake_artifact)
    mark = tmp_path / "out.pid"
    with ThreadPoolExecutor(1) as pool:
        with cluster(address, 1) as start:  # left as by an interruption
            waiting = pool.submit(start, bag_job.endless, job)
            until(lambda: mark.exists() and mark.read_text(), STARTED_S, "the work to begin")
        with pytest.raises(WorkerDiedError):
            waiting.result(STARTED_S)
    until(lambda: not alive(int(mark.read_text())), STARTED_S, "the worker to end")


@needs_ray
def test_a_missing_cluster_is_named_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    call = [str(tmp_path), "--out", str(tmp_path / "out"), "--ray", f"127.0.0.1:{port}"]
    assert command.main(call) == command.FAILED
    assert re.search(f"--ray 127.0.0.1:{port}: .*refused.* ray start --head", capsys.readouterr().err)


def test_without_ray_the_message_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command.main([str(tmp_path), "--out", str(tmp_path / "out"), "--ray", "auto"]) == command.FAILED
    assert "[fleet]" in capsys.readouterr().err


def test_a_job_for_a_worker_has_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    got = everywhere(Job("in", "out", {"model": "models/mine", "steps": 2}))
    assert (got.input, got.output) == (str(tmp_path / "in"), str(tmp_path / "out"))
    assert got.parameters == {"model": str(tmp_path / "models" / "mine"), "steps": 2}
    assert everywhere(Job("in", "out", {"model": "nano"})).parameters == {"model": "nano"}
