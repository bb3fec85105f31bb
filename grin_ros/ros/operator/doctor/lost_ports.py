# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find processes that send into the shared memory of a process that was killed, although another has its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from grin_ros.ros.dds_ports import PROCESSES, lost_ports
from grin_ros.ros.operator.doctor.finding import Finding, error

NOTICED_S = 3.0
"""The time after which writers have noticed what they can: Fast DDS looks at its ports every second."""
MAX_COMMAND = 60
"""At most so many characters of a command are shown."""


def lost_port_findings() -> Iterator[Finding]:
    """Yield an error for each writer whose messages are lost to a reader."""
    found = lost_ports()
    if found:
        time.sleep(NOTICED_S)
        found &= lost_ports()
    for writer, reader in sorted({(each.writer, each.reader) for each in found}):
        yield error(
            f"{_named(writer)} sends into shared memory that is gone: {_named(reader)} has taken the place of a "
            "process that was killed, and receives nothing from it",
            f"start {_named(writer)} anew; end processes with Ctrl-C or SIGTERM, not with SIGKILL",
        )


def _named(pid: int) -> str:
    """Return the number of a process with its command, for instance 'process 12 (python camera.py)'."""
    try:
        words = (PROCESSES / str(pid) / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return f"process {pid}"
    own = takewhile(lambda word: word != "--ros-args", words)
    return f"process {pid} ({' '.join(Path(word).name for word in own).strip()[:MAX_COMMAND]})"
