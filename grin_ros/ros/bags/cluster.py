# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Workers of a Ray cluster for `bag_fleet.run_all`: another way to start the same work, a process for every bag.

The machines see inputs, outputs and model under the same paths (a shared file system) and have this package with the
extras `bags` and `fleet`. Ray's own retries are off: `run_all` counts the attempts, and the journal beside the output
says how far a killed worker came, on whatever machine the next one runs.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from grin_ros.ros.bags.fleet import Work, WorkerDiedError, answer_of, report_of
from grin_ros.ros.bags.run import Job, Report

ENDED_S = 10.0
KNOCKED_S = 5.0


class Cluster:
    """A connected Ray cluster; called, it is the `start` of `run_all`. Threads may call it side by side."""

    def __init__(self, ray: Any, cpus: int) -> None:
        """ray: the module, connected. cpus: that a bag gets."""
        self._ray = ray
        # max_calls: a new process for every bag, as on one machine; nothing of one bag is left to the next.
        self._task = ray.remote(num_cpus=cpus, max_retries=0, max_calls=1)(answer_of)
        self._cpus = cpus
        self._running: set[Any] = set()
        self._changed = threading.Condition()

    @property
    def workers(self) -> int:
        """Bags that it takes at a time now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)) // self._cpus)

    def __call__(self, work: Work, job: Job) -> Report:
        """`work(job)` somewhere in the cluster. Raises what a `Start` raises."""
        ref = self._task.remote(work, everywhere(job))
        with self._changed:
            self._running.add(ref)
        try:
            return report_of(self._ray.get(ref))
        except self._ray.exceptions.RayError as error:  # worker, machine or memory gone; or a bug, as in a process
            told = str(error).strip().splitlines() or [type(error).__name__]
            raise WorkerDiedError(f"its worker died ({told[0]})") from error
        finally:
            with self._changed:
                self._running.discard(ref)
                self._changed.notify_all()

    def cancel(self) -> None:
        """End the bags under way; their journals stay."""
        with self._changed:
            for ref in self._running:
                self._ray.cancel(ref, force=True)
            self._changed.wait_for(lambda: not self._running, ENDED_S)


@contextmanager
def cluster(address: str, cpus: int) -> Iterator[Cluster]:
    """Connect to the running cluster at `address` ('auto': the one of this machine), and leave it running afterwards.

    Raises ValueError where ray is not installed, or nothing answers there.
    """
    try:
        import ray
    except ImportError as error:
        raise ValueError(f"--ray: {error}; pip install 'grin_ros[fleet]'") from error
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"--ray {address}: {error}; start one with: ray start --head") from error
    connected = Cluster(ray, cpus)
    try:
        yield connected
    finally:
        connected.cancel()
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT; Ray itself would try for many minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host.rpartition("/")[2], int(port)), KNOCKED_S).close()


def everywhere(job: Job) -> Job:
    """The job with absolute paths: a worker runs in another folder. A model's name stays a name."""
    parameters = dict(job.parameters)
    model = parameters.get("model")
    if isinstance(model, str) and Path(model).is_dir():
        parameters["model"] = str(Path(model).resolve())
    return replace(
        job, input=str(Path(job.input).resolve()), output=str(Path(job.output).resolve()), parameters=parameters
    )
