# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Many bags at once: every bag in a process of its own, so that one which is killed takes no other with it.

A killed worker's bag is tried once more, from where its journal ends. That none is lost is counted here; that none is
written twice is the journal's, its lock's and the final renaming's doing (`data/bags_parts.py`). Where the work runs is
one argument, `start`: here, or on a cluster (`bag_ray.py`).
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection

from grin_ros.core.backends.engine import EngineError
from grin_ros.ros.bags.run import Job, Report, run

logger = logging.getLogger(__name__)

ATTEMPTS = 2


class WorkerDiedError(RuntimeError):
    """The worker ended without an answer: killed, out of memory, crashed in a library."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job: a report, or the reason why there is none. attempts: 2 where a worker died."""

    job: Job
    report: Report | None
    error: str = ""
    attempts: int = 1


Work = Callable[[Job], Report]
"""What a worker does with a job; a function that can be named from another process."""

Start = Callable[[Work, Job], Report]
"""Has a worker do it and waits. Raises WorkerDiedError, or ValueError or EngineError from the work."""


def in_process(work: Work, job: Job) -> Report:
    """`work(job)` in a new process of this machine."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of ONNX Runtime
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
    """In the worker: the report, or the reason why there is none. Another attempt would say the same."""
    try:
        return work(job)
    except (ValueError, OSError, EngineError) as error:  # texts for the operator
        return str(error)


def report_of(answer: Report | str) -> Report:
    """At home: the worker's report. Raises ValueError with its reason."""
    if isinstance(answer, Report):
        return answer
    raise ValueError(answer)


def _work(work: Work, job: Job, sender: Connection) -> None:
    try:
        sender.send(answer_of(work, job))
    except KeyboardInterrupt:  # of the whole command, which tells it
        return


def run_all(jobs: Sequence[Job], workers: int, work: Work = run, start: Start = in_process) -> Iterator[Outcome]:
    """Every job's outcome, as they come in, `workers` at a time. Raises ValueError for two jobs with one output."""
    outputs = [job.output for job in jobs]
    twice = sorted({output for output in outputs if outputs.count(output) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: more than one input has this name; give them other outputs")
    stop = threading.Event()
    with ThreadPoolExecutor(workers, "bags") as pool:
        waiting = [pool.submit(_attempts, job, work, start, stop) for job in jobs]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:  # interrupted: what runs ends, nothing new begins
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _attempts(job: Job, work: Work, start: Start, stop: threading.Event) -> Outcome:
    attempt = 0
    while True:
        attempt += 1
        try:
            return Outcome(job, start(work, job), attempts=attempt)
        except WorkerDiedError as error:
            if attempt == ATTEMPTS or stop.is_set():
                return Outcome(job, None, f"{error}, at attempt {attempt}", attempt)
            logger.warning("%s: %s; trying once more", job.input, error)
        except (ValueError, EngineError) as error:
            return Outcome(job, None, str(error), attempt)
