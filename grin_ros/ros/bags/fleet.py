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
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

from grin_ros.core.backends.engine import EngineError
from grin_ros.ros.bags.run import Job, Report, run

logger = logging.getLogger(__name__)

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
"""The signals that end the work."""
ATTEMPTS = 2
"""A bag whose worker dies is tried this many times in all."""
CANCEL_AGAIN_S = 0.05
ENDED_S = 10.0
"""A worker that was told to end has this time, and is killed then."""


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


class Processes:
    """Starts each worker as a process of this machine. Several threads may call it at the same time."""

    def __init__(self) -> None:
        self._running: dict[multiprocessing.process.BaseProcess, float | None] = {}
        """Process -> when it was told to end."""

    def __call__(self, work: Work, job: Job) -> Report:
        """Return the report of `work(job)` in a new process. Raises as `Launch` does."""
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of ONNX Runtime's threads
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(work, job, sender))
        resource_tracker.ensure_running()  # its start would allow interruptions again; here it is for a single job
        with _uninterrupted():  # the worker inherits this, so that `_work` can end it quietly
            process.start()
        self._running[process] = None
        sender.close()
        try:
            answer = receiver.recv()
        except EOFError:
            process.join()
            raise WorkerDiedError(f"its worker died (exit code {process.exitcode})") from None
        except BaseException:  # an interruption of the main thread
            process.terminate()
            process.join(ENDED_S)
            process.kill()
            raise
        finally:
            receiver.close()
            process.join()
            self._running.pop(process, None)
        return report_of(answer)

    def kill(self) -> None:
        """Kill the running workers at once. Their journals stay."""
        for process in tuple(self._running):
            process.kill()

    def cancel(self) -> None:
        """Tell the running workers to end, and kill those that were told long ago. Their journals stay."""
        now_s = time.monotonic()
        for process, told_s in tuple(self._running.items()):
            if told_s is None:
                process.terminate()
                self._running[process] = now_s
            elif now_s - told_s > ENDED_S:
                process.kill()


in_process = Processes()
"""The `Launch` of this machine."""


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
    for number in INTERRUPTIONS:
        signal.signal(number, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
        sender.send(answer_of(work, job))
    except KeyboardInterrupt:  # the whole command is interrupted, and its main process says so
        return


def _end_with_parent() -> None:
    """Interrupt this worker when the process that has started it is gone, which may have been killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let interruptions of this thread, and of threads and processes that it starts, wait. For processes, `_work` ends
    the waiting."""
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)


def _interrupt(*_: object) -> None:
    """End the work of this process, so that it removes its temporary files, and let no second signal disturb that."""
    for number in INTERRUPTIONS:
        signal.signal(number, lambda *_: None)  # with SIG_IGN, Python prints one that has come already as an error
    raise KeyboardInterrupt


def run_all(jobs: Sequence[Job], workers: int, work: Work = run, launch: Launch = in_process) -> Iterator[Outcome]:
    """Work on `workers` jobs at a time, and yield each outcome when it is there.

    A single job is launched from the thread of the caller, so that an interruption reaches it. With several, an
    interruption ends the workers by `launch.cancel`, if there is such a method, and waits for them. Raises ValueError
    if two jobs have the same output.
    """
    outputs = [job.output for job in jobs]
    twice = sorted({output for output in outputs if outputs.count(output) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: more than one input has this name; give each its own output")
    stop = threading.Event()
    if len(jobs) == 1:
        yield _attempts(jobs[0], work, launch, stop)
        return
    resource_tracker.ensure_running()  # a thread that starts it takes interruptions, which then do not wake this one
    with ThreadPoolExecutor(workers, "bags") as pool:
        waiting: list[Future[Outcome]] = []
        try:
            with _uninterrupted():
                waiting += [pool.submit(_attempts, job, work, launch, stop) for job in jobs]
            for done in as_completed(waiting):
                yield done.result()
        finally:  # after an interruption the running bags end, and no new one begins
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            _cancel(launch, waiting)


def _cancel(launch: Launch, waiting: Sequence[Future[Outcome]]) -> None:
    """End the workers by `launch.cancel`, if there is such a method; at a second interruption by `launch.kill`."""
    end = getattr(launch, "cancel", None)
    if end is None:
        return
    try:
        _until_done(end, waiting)
    except KeyboardInterrupt:
        _until_done(getattr(launch, "kill", end), waiting)


def _until_done(end: Callable[[], None], waiting: Sequence[Future[Outcome]]) -> None:
    while not all(each.done() for each in waiting):
        end()  # again and again: a thread may be about to start a worker
        time.sleep(CANCEL_AGAIN_S)


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
