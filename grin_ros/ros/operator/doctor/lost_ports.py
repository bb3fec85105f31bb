# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find processes that write into the shared memory of a process that was killed, although another has its place.

A participant of Fast DDS reads from a port, which is a file in shared memory. The participant that follows a killed one
removes this file and makes a new one. Writers notice that through the state in which the killed reader left its port.
Less than one kill in a hundred leaves a state that looks alive (Fast DDS 2.14.5, `benchmarks/faults.py --kills`). The
writers keep the removed file then, and the new reader receives nothing from them for as long as they run
(https://github.com/eProsima/Fast-DDS/issues/5469).

Locking the port of the killed reader keeps a new process off it, but while it has no reader, a writer can hang in it
for ever (https://github.com/eProsima/Fast-DDS/issues/6484). So the port is only reported.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from grin_ros.ros.operator.doctor.finding import Finding, error

PROCESSES = Path("/proc")
REMOVED_PORT = re.compile(r" (/\S*/(?:fastrtps|fastdds)_port(\d+)) \(deleted\)$", re.MULTILINE)
"""A line of /proc/PID/maps: the file of a port that has been removed."""
NOTICED_S = 3.0
"""The time after which writers have noticed what they can: Fast DDS looks at its ports every second."""
MAX_COMMAND = 60
"""At most so many characters of a command are shown."""


@dataclass(frozen=True)
class LostPort:
    """A port whose new reader receives nothing from a writer. Both are process ids."""

    port: int
    writer: int
    reader: int


def lost_ports() -> set[LostPort]:
    """Return the ports that are lost now, as far as the processes of this user show it.

    For a moment after a reader has been replaced, its port counts as lost although nothing is wrong. Empty on systems
    without /proc.
    """
    readers = _locks()
    found = set()
    for maps in PROCESSES.glob("[0-9]*/maps"):
        try:
            text = maps.read_text(errors="replace")
        except OSError:  # a process of another user, or one that has just ended
            continue
        for path, port in REMOVED_PORT.findall(text):
            try:
                lock = Path(f"{path}_el").stat()
            except OSError:  # nobody reads from this port any more
                continue
            reader = readers.get((lock.st_dev, lock.st_ino))
            if reader is not None:
                found.add(LostPort(int(port), int(maps.parent.name), reader))
    return found


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


def _locks() -> dict[tuple[int, int], int]:
    """Return, for the device and inode of each file that is locked by flock, the process that holds it.

    The reader of a port locks a file beside it.
    """
    try:
        lines = (PROCESSES / "locks").read_text().splitlines()
    except OSError:
        return {}
    found = {}
    for entry in (line.split() for line in lines):
        if entry[1] == "FLOCK":
            major, minor, inode = entry[5].split(":")
            found[os.makedev(int(major, 16), int(minor, 16)), int(inode)] = int(entry[4])
    return found


def _named(pid: int) -> str:
    """Return the number of a process with its command, for instance 'process 12 (python camera.py)'."""
    try:
        words = (PROCESSES / str(pid) / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return f"process {pid}"
    own = takewhile(lambda word: word != "--ros-args", words)
    return f"process {pid} ({' '.join(Path(word).name for word in own).strip()[:MAX_COMMAND]})"
