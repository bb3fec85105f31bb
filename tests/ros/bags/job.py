# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Work functions for `grin bag` that die or never end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from benchmarks.stand_in.engine import register
from grin_ros.ros.bags.fleet import Work, WorkerDiedError
from grin_ros.ros.bags.run import Job, Report, run

KILL_AFTER_FRAMES = 5
POLL_S = 0.05


def killed_once(job: Job) -> Report:
    """Run the job with the stand-in backend. The first worker on in_0 kills itself half-way, as the kernel does when
    memory is short."""
    register()
    mark = Path(f"{job.output}.killed")

    def watch(_: int, frames: int) -> None:
        if frames >= KILL_AFTER_FRAMES and Path(job.input).name == "in_0" and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return run(job, watch)


def endless(job: Job) -> Report:
    """Write the process id to a file beside the output, and wait for ever. Leave a mark at an orderly end."""
    try:
        Path(f"{job.output}.pid").write_text(str(os.getpid()))
        while True:
            time.sleep(POLL_S)  # signal.pause would sleep through a signal that comes just before it
    finally:
        Path(f"{job.output}.ended").touch()


def nobody_answers(_: Work, job: Job) -> Report:
    """Start no worker, and raise the error of one that died."""
    raise WorkerDiedError(f"{job.input}: its worker died (exit code -9)")
