# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and SIGKILL end the work on bags at once, with all processes that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from tests.ros import ROOT
from tests.ros.waiting import alive, until

STARTED_S = 60.0
ENDED_S = 60.0
CALL = """
import signal, sys
from grin_ros.ros.bags.fleet import in_process, run_all
from grin_ros.ros.bags.run import Job
from tests.ros.bags import job
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as `grin` does
how, *outputs = sys.argv[1:]
launch = in_process if how == "processes" else lambda work, job: work(job)
try:
    list(run_all([Job("in", output) for output in outputs], 2, job.endless, launch))
except KeyboardInterrupt:
    sys.exit(130)
"""


CASES = [
    *(
        (how, bags, number)
        for how, bags in (("processes", 2), ("processes", 1), ("here", 1))
        for number in (signal.SIGINT, signal.SIGTERM)
    ),
    ("processes", 2, signal.SIGKILL),
]


@pytest.mark.parametrize(("how", "bags", "number"), CASES)
def test_an_interruption_ends_the_work_and_its_processes(
    tmp_path: Path, how: str, bags: int, number: signal.Signals
) -> None:
    outputs = [str(tmp_path / f"out_{index}") for index in range(bags)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = started(how, outputs, variables)
    marks = [Path(f"{output}.pid") for output in outputs]
    try:
        until(lambda: all(mark.exists() and mark.read_text() for mark in marks), STARTED_S)
        workers = [int(mark.read_text()) for mark in marks]
        command.send_signal(number)
        assert command.wait(ENDED_S) == (-number if number == signal.SIGKILL else 130)
        until(lambda: not any(map(alive, workers)), ENDED_S)
        assert all(Path(f"{output}.ended").exists() for output in outputs), "temporary files are removed"
    finally:
        for mark in marks:
            if mark.exists() and alive(int(mark.read_text())):
                os.kill(int(mark.read_text()), signal.SIGKILL)
        command.kill()
        command.wait()


@pytest.mark.parametrize("wait_s", [0.0, 0.3, 0.8])
def test_ctrl_c_in_a_terminal_prints_no_traceback(tmp_path: Path, wait_s: float) -> None:
    """A terminal sends the signal to all processes, also to workers that have just been started."""
    outputs = [str(tmp_path / f"out_{index}") for index in range(2)]
    command = started("processes", outputs, {**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        until(lambda: children(command.pid) >= 2, STARTED_S)
        time.sleep(wait_s)  # so that workers are hit while they are imported, and while they work
        os.killpg(command.pid, signal.SIGINT)
        _, said = command.communicate(timeout=STARTED_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGKILL)
    assert command.returncode == 130
    assert "Traceback" not in said and "Exception" not in said


def started(how: str, outputs: list[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    """Start the call in a session of its own, so that a signal reaches the processes that it is meant for."""
    return subprocess.Popen(
        [sys.executable, "-c", CALL, how, *outputs],
        env=variables, start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def children(pid: int) -> int:
    """Return how many processes the threads of a process have started."""
    return sum(len(one.read_text().split()) for one in Path(f"/proc/{pid}/task").glob("*/children"))
