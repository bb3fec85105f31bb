# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The memory of large messages, which are made and freed with every frame."""

from __future__ import annotations

import ctypes
import logging
import platform

logger = logging.getLogger(__name__)

KEPT_BYTES = 2**30
"""The process keeps up to this many freed bytes."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc


def keep_freed_memory() -> bool:
    """Let glibc's malloc keep freed memory. Return True if it will. Call it when the process starts.

    By default malloc returns every large block to the kernel, which clears it page by page when it is allocated again.
    For an 18 MB point cloud that took more time than filling and sending it (benchmarks/engines.py, 1280x720). All
    threads use one arena, because the arena of a thread ends at 64 MB and is then returned to the kernel.
    """
    if platform.libc_ver()[0] != "glibc":
        logger.info("this C library has no mallopt: it returns freed memory, so large messages take longer")
        return False
    mallopt = ctypes.CDLL(None).mallopt
    wanted = {_M_MMAP_THRESHOLD: KEPT_BYTES, _M_TRIM_THRESHOLD: KEPT_BYTES, _M_ARENA_MAX: 1}
    # Every option is set, even if another one is refused.
    taken = [bool(mallopt(option, value)) for option, value in wanted.items()]
    return all(taken)
