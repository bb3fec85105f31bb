# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Workers of `grin bag` that die or never end: one is killed in the midst of a bag, one never answers, one waits."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags.fleet import Work, WorkerDiedError
from grin_ros.ros.bags.run import Job, Report, run

KILL_AFTER_FRAMES = 5


def killed_once(job: Job) -> Report:
    """The real thing with the fake backend; but the first that comes to in_0 kills itself in its midst, as the kernel
    does where memory is short."""
    register()
    mark = Path(f"{job.output}.killed")

    def watch(_: int, frames: int) -> None:
        if frames >= KILL_AFTER_FRAMES and Path(job.input).name == "in_0" and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return run(job, watch)


def endless(job: Job) -> Report:
    """Says which process it is, in a file beside the output, and never ends by itself."""
    Path(f"{job.output}.pid").write_text(str(os.getpid()))
    while True:
        signal.pause()


def nobody_answers(_: Work, job: Job) -> Report:
    """Starts nothing, and tells that it died."""
    raise WorkerDiedError(f"{job.input}: its worker died (exit code -9)")
