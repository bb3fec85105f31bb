# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Large messages are made and freed with every frame: where their memory comes from between frames."""

from __future__ import annotations

import ctypes
import logging
import platform

logger = logging.getLogger(__name__)

KEPT_BYTES = 2**30
"""Freed memory up to this much stays with the process."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc


def keep_freed_memory() -> bool:
    """Let glibc's malloc keep what is freed; whether it does. For the process, at its start.

    As it comes, malloc returns every large block to the kernel, which hands it out again zeroed, page by page: with an
    18 MB cloud that took longer than all else that becomes of it (benchmarks/engines.py, 1280x720). The worker's thread
    takes from the same memory as all others, for an arena of a thread's own ends at 64 MB and is given back.
    """
    if platform.libc_ver()[0] != "glibc":
        logger.info("freed memory goes back to the system: this C library has no mallopt")
        return False
    mallopt = ctypes.CDLL(None).mallopt
    wanted = {_M_MMAP_THRESHOLD: KEPT_BYTES, _M_TRIM_THRESHOLD: KEPT_BYTES, _M_ARENA_MAX: 1}
    taken = [bool(mallopt(option, value)) for option, value in wanted.items()]  # each is asked, whatever the others say
    return all(taken)
