# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ports of Fast DDS in shared memory, and what the killing of a process leaves of them.

A participant of Fast DDS reads from ports, which are files in shared memory, and locks a file beside each. Whoever
sends to it maps the port. A participant that starts after a killed one takes the first port whose lock is free: it
removes the file and makes a new one. Writers notice that through the state in which the killed reader left its port.
Now and then this state looks alive. The writers keep the removed file then, and the new reader receives nothing from
them for as long as they run (Fast DDS 2.14.5, https://github.com/eProsima/Fast-DDS/issues/5469).

A node of this package avoids such ports when it starts. `grin doctor` finds processes that did not.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
PORT = re.compile(r" (/\S*/(?:fastrtps|fastdds)_port(\d+))( \(deleted\))?$", re.MULTILINE)
"""The end of a line of /proc/PID/maps about a port, and whether its file has been removed."""


@dataclass(frozen=True)
class LostPort:
    """A port whose new reader receives nothing from a writer. Both are process ids."""

    port: int
    writer: int
    reader: int


@contextmanager
def dead_ports_avoided() -> Iterator[None]:
    """Keep participants that are made meanwhile off the ports of killed processes that others have mapped.

    These ports are locked as their reader would do it, so that Fast DDS takes others. Outside, a lock would make every
    other process that starts print an error of Fast DDS. This does nothing on systems without /proc.
    """
    mapped = {path for _, path, _, removed in _mapped_ports() if not removed}
    with ExitStack() as held:
        for path in sorted(mapped):
            with suppress(OSError):  # it has never had a reader, belongs to another user, or its reader is alive
                lock = held.enter_context(open(f"{path}_el", "rb"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def lost_ports() -> set[LostPort]:
    """Return the ports that are lost now, as far as the processes of this user show it.

    For a moment after a reader has been replaced, its port counts as lost although nothing is wrong. Empty on systems
    without /proc.
    """
    readers = _locks()
    found = set()
    for writer, path, port, removed in _mapped_ports():
        if not removed:
            continue
        try:
            lock = Path(f"{path}_el").stat()
        except OSError:  # nobody reads from this port any more
            continue
        reader = readers.get((lock.st_dev, lock.st_ino))
        if reader is not None:
            found.add(LostPort(port, writer, reader))
    return found


def _mapped_ports() -> Iterator[tuple[int, str, int, bool]]:
    """Yield (process id, path, number, whether the file has been removed) of each port that a process has mapped."""
    for maps in PROCESSES.glob("[0-9]*/maps"):
        try:
            text = maps.read_text(errors="replace")
        except OSError:  # a process of another user, or one that has just ended
            continue
        for path, port, removed in PORT.findall(text):
            yield int(maps.parent.name), path, int(port), bool(removed)


def _locks() -> dict[tuple[int, int], int]:
    """Return, for the device and inode of each file that is locked by flock, the process that holds it."""
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
