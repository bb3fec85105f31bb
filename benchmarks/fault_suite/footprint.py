# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The resources of a process: memory, threads and open files, to see whether it grows. Linux only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MB = 1e6


@dataclass(frozen=True)
class Footprint:
    """One moment of a process. resident_mb: its memory in RAM (RSS); private_mb: without files and shared memory."""

    resident_mb: float
    private_mb: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Read the footprint of a process. Raises OSError if it has ended or is not ours, or if there is no /proc."""
        folder = Path("/proc") / str(pid)
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        kilobytes = {name: int(status[name].split()[0]) for name in ("VmRSS", "RssAnon")}
        return cls(
            resident_mb=kilobytes["VmRSS"] * 1024 / MB,
            private_mb=kilobytes["RssAnon"] * 1024 / MB,
            threads=int(status["Threads"]),
            descriptors=len(os.listdir(folder / "fd")),
        )

    def __str__(self) -> str:
        return (
            f"{self.resident_mb:.1f} MB resident ({self.private_mb:.1f} private), "
            f"{self.threads} threads, {self.descriptors} descriptors"
        )
