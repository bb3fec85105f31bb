# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A process with its log in a file, and the node as such a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

NODE = "grin_ros.ros.node.single_camera"


class HarnessError(RuntimeError):
    """The node ended, refused a request or did not answer in time. The text ends with the last lines of its log."""


class LoggedProcess:
    """A process whose output goes to a file. As a context manager it is stopped at the end of the block.

    It ends with this object, and with this program, at the latest.
    """

    def __init__(self, log: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start `command` in a session of its own. `environment` is added to that of this process."""
        self.log = log
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        variables.pop("_ROS_WHEELS_BOOTSTRAP_COMPLETE", None)  # the wheels set it for one process, not for its children
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        weakref.finalize(self, self._process.kill)  # one that nobody stops ends with this program

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        """Return True while the process runs."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raise HarnessError if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise HarnessError(f"The process ended with exit code {code}. Its last log lines:\n{self.tail()}")

    def text(self) -> str:
        """Return everything that the process has logged."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.text().splitlines()[-lines:]) or "(it logged nothing)"

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and to all that it has started, as Ctrl-C in a terminal does."""
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(self.pid, number)

    def wait(self, timeout_s: float) -> int:
        """Wait for the end of the process and return its exit code. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def stop(self, timeout_s: float = 20.0) -> int:
        """Interrupt the process, kill it if it does not end within `timeout_s`, and return its exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if not self.alive():
                break
            self.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(timeout_s)
        return self.wait(timeout_s)

    def __enter__(self) -> LoggedProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class NodeProcess(LoggedProcess):
    """The node as a process: `python -m MODULE --ros-args ARGUMENTS -p NAME:=VALUE ...`."""

    def __init__(
        self,
        log: Path,
        parameters: Mapping[str, Any],
        *arguments: str,
        module: str = NODE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the node. `arguments` are further words for ROS, such as '-r', 'image:=/camera/image_raw'."""
        command = [sys.executable, "-m", module, "--ros-args", *arguments]
        for name, value in parameters.items():
            command += ["-p", f"{name}:={json.dumps(value)}"]  # JSON is YAML: a text in quotes stays a text
        super().__init__(log, command, environment)
