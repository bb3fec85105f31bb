# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import pytest

from grin_ros.ros.node import memory

FAULTS = """
import resource, sys, threading
from grin_ros.ros.node.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def work():
    bytearray(b"x") * 40_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        bytearray(b"x") * 40_000_000
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def faults(how: str) -> int:
    """Return the page faults of a thread that allocates and frees ten large blocks."""
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


@pytest.mark.skipif(memory.platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_kept_memory_causes_few_page_faults() -> None:
    assert faults("keep") < 0.3 * faults("as it comes")


def test_another_c_library_is_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("musl", "1.2"))
    assert not memory.keep_freed_memory()
