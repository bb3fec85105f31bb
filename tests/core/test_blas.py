# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""NumPy's OpenBLAS has one thread in a process that uses grin_ros, whatever is imported first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THREADS = """
import ctypes
for path in {line.split()[-1] for line in open("/proc/self/maps") if "openblas" in line}:
    library = ctypes.CDLL(path)
    for name in ("openblas_get_num_threads", "scipy_openblas_get_num_threads", "scipy_openblas_get_num_threads64_"):
        if hasattr(library, name):
            print(getattr(library, name)())
"""


def threads(imports: str, **variables: str) -> int:
    """Return the number of threads of OpenBLAS after these imports in a process of its own."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", f"import {imports}\n{THREADS}"]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout
    if not said:
        pytest.skip("NumPy does not use OpenBLAS here")
    return int(said.split()[0])


@pytest.mark.parametrize("imports", ["grin_ros, numpy", "numpy, grin_ros"])
def test_openblas_has_one_thread_whatever_is_imported_first(imports: str) -> None:
    assert threads(imports) == 1


@pytest.mark.parametrize("imports", ["grin_ros, numpy", "numpy, grin_ros"])
def test_a_number_that_the_environment_asks_for_stays(imports: str) -> None:
    assert threads(imports, OPENBLAS_NUM_THREADS="2") == min(2, len(os.sched_getaffinity(0)))
