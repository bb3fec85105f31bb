# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for what threads and other processes do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

POLL_S = 0.002


def until(condition: Callable[[], object], limit_s: float, what: str = "a condition") -> None:
    """Wait until the condition holds. Fails with the name of what was waited for if that takes longer than limit_s."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(POLL_S)


def alive(pid: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
