# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The processor of this machine, for the choice of a backend and for the engines that are built for it."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def cpu_facts() -> dict[str, str]:
    """Return vendor, name and flags of this machine's processor; '' for what the system does not say."""
    facts = {"vendor": "", "name": platform.processor() or platform.machine(), "flags": ""}
    wanted = {"vendor_id": "vendor", "model name": "name", "flags": "flags", "Features": "flags"}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if not line.strip():  # the first processor is enough: they are all alike
            break
        name, _, value = line.partition(":")
        if name.strip() in wanted:
            facts[wanted[name.strip()]] = value.strip()
    return facts


def cpu_identity() -> str:
    """Return a text such as 'AMD EPYC x86_64 3f2a...'.

    It includes a hash of the flags, because virtual machines with one processor name may have different instructions.
    """
    facts = cpu_facts()
    flags = hashlib.sha256(" ".join(sorted(facts["flags"].split())).encode()).hexdigest()[:12]
    return f"{facts['name']} {platform.machine()} {flags}"
