# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Workers on a Ray cluster for `fleet.run_all`, one process for every bag.

All machines need this package with the extras `bags` and `fleet`, and see inputs, outputs and the model under the same
paths (a shared file system). Ray's own retries are off: `run_all` counts the attempts, and the journal beside the
output says how far a worker came that was killed, on whatever machine the next one runs.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from grin_ros.core import remedies
from grin_ros.ros.bags.fleet import Work, WorkerDiedError, answer_of, report_of
from grin_ros.ros.bags.run import Job, Report

ENDED_S = 10.0
"""After a cancellation the running bags have this time to end."""
CONNECTED_S = 5.0
"""A cluster must accept a connection within this time."""


class Cluster:
    """A connected Ray cluster; it is a `launch` for `run_all`. Several threads may call it at the same time."""

    def __init__(self, ray: Any, cpus: int) -> None:
        """ray: the module, connected. cpus: the number that a bag gets."""
        self._ray = ray
        # max_calls=1 gives every bag a new process, as on one machine, so that nothing of one bag is left to the next.
        self._task = ray.remote(num_cpus=cpus, max_retries=0, max_calls=1)(answer_of)
        self._cpus = cpus
        self._running: set[Any] = set()
        self._changed = threading.Condition()

    @property
    def workers(self) -> int:
        """The number of bags that the cluster can work on at a time now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)) // self._cpus)

    def __call__(self, work: Work, job: Job) -> Report:
        """Return the report of `work(job)` on a machine of the cluster. Raises as `Launch` does."""
        ref = self._task.remote(work, everywhere(job))
        with self._changed:
            self._running.add(ref)
        try:
            return report_of(self._ray.get(ref))
        except self._ray.exceptions.RayError as error:  # the worker or its machine died, or the work has a bug
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise WorkerDiedError(f"its worker died ({lines[0]})") from error
        finally:
            with self._changed:
                self._running.discard(ref)
                self._changed.notify_all()

    def cancel(self) -> None:
        """End the running bags. Their journals stay."""
        with self._changed:
            for ref in self._running:
                self._ray.cancel(ref, force=True)
            self._changed.wait_for(lambda: not self._running, ENDED_S)


@contextmanager
def cluster(address: str, cpus: int) -> Iterator[Cluster]:
    """Connect to the running cluster at `address` ('auto': that of this machine). It goes on running afterwards.

    Raises ValueError if ray is not installed, or if no cluster answers.
    """
    try:
        import ray
    except ImportError as error:
        raise ValueError(f"--ray: {error}; type: {remedies.install('fleet')}") from error
    try:
        _check_reachable(address)
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"--ray {address}: {error}; start a cluster: ray start --head") from error
    connected = Cluster(ray, cpus)
    try:
        yield connected
    finally:
        connected.cancel()
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise OSError if nothing listens at HOST:PORT. Ray itself would try for many minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host.rpartition("/")[2], int(port)), CONNECTED_S).close()


def everywhere(job: Job) -> Job:
    """Return the job with absolute paths, because a worker runs in another folder. A model's name stays a name."""
    parameters = dict(job.parameters)
    model = parameters.get("model")
    if isinstance(model, str) and Path(model).is_dir():
        parameters["model"] = str(Path(model).resolve())
    return replace(
        job, input=str(Path(job.input).resolve()), output=str(Path(job.output).resolve()), parameters=parameters
    )
