# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Work on many bags at once, each in a process of its own, so that the death of one process does not end the others.

The bag of a worker that died is tried once more, from where its journal ends. Journal, lock and final renaming
(`writing.py`) make sure that no message is written twice. The argument `launch` says where the work runs: on this
machine, or on a cluster (`cluster.py`).
"""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection

from grin_ros.core.backends.engine import EngineError
from grin_ros.ros.bags.run import Job, Report, run

logger = logging.getLogger(__name__)

ATTEMPTS = 2
"""A bag whose worker dies is tried this many times in all."""


class WorkerDiedError(RuntimeError):
    """A worker ended without an answer: it was killed, ran out of memory, or crashed in a library."""


@dataclass(frozen=True)
class Outcome:
    """The result of a job: a report, or the error because of which there is none. attempts: 2 if a worker died."""

    job: Job
    report: Report | None
    error: str = ""
    attempts: int = 1


Work = Callable[[Job], Report]
"""The function that a worker calls with a job. Another process must be able to import it."""

Launch = Callable[[Work, Job], Report]
"""Starts a worker and waits for its report. Raises WorkerDiedError, or ValueError or EngineError of the work."""


def in_process(work: Work, job: Job) -> Report:
    """Return the report of `work(job)` in a new process of this machine. Raises as `Launch` does."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of ONNX Runtime's threads
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, job, sender))
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        process.join()
        raise WorkerDiedError(f"its worker died (exit code {process.exitcode})") from None
    finally:
        receiver.close()
    process.join()
    return report_of(answer)


def answer_of(work: Work, job: Job) -> Report | str:
    """Return the report of `work(job)`, or the text of the error because of which there is none.

    The worker calls it. Another attempt would end with the same error.
    """
    try:
        return work(job)
    except (ValueError, OSError, sqlite3.Error, EngineError) as error:  # errors with texts for the operator
        return str(error)


def report_of(answer: Report | str) -> Report:
    """Return the report in an answer of `answer_of`. Raises ValueError with the text if it is an error."""
    if isinstance(answer, Report):
        return answer
    raise ValueError(answer)


def _work(work: Work, job: Job, sender: Connection) -> None:
    try:
        sender.send(answer_of(work, job))
    except KeyboardInterrupt:  # the whole command is interrupted, and its main process says so
        return


def run_all(jobs: Sequence[Job], workers: int, work: Work = run, launch: Launch = in_process) -> Iterator[Outcome]:
    """Work on `workers` jobs at a time, and yield each outcome when it is there.

    Raises ValueError if two jobs have the same output.
    """
    outputs = [job.output for job in jobs]
    twice = sorted({output for output in outputs if outputs.count(output) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: more than one input has this name; give each its own output")
    stop = threading.Event()
    with ThreadPoolExecutor(workers, "bags") as pool:
        waiting = [pool.submit(_attempts, job, work, launch, stop) for job in jobs]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:  # after an interruption the running bags end, and no new one begins
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _attempts(job: Job, work: Work, launch: Launch, stop: threading.Event) -> Outcome:
    attempt = 0
    while True:
        attempt += 1
        try:
            return Outcome(job, launch(work, job), attempts=attempt)
        except WorkerDiedError as error:
            if attempt == ATTEMPTS or stop.is_set():
                return Outcome(job, None, f"{error}, at attempt {attempt}", attempt)
            logger.warning("%s: %s; the bag is tried once more, from its journal", job.input, error)
        except (ValueError, EngineError) as error:
            return Outcome(job, None, str(error), attempt)
