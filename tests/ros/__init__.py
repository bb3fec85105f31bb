# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of grin_ros.ros. ROOT is the folder of the repository."""

import fcntl
import random
import tempfile
from io import IOBase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LOCKS: list[IOBase] = []


def own_domain() -> int:
    """Return a ROS domain that no other process of tests on this machine uses. It is kept until this process ends."""
    domains = range(1, 102)
    for domain in random.SystemRandom().sample(domains, len(domains)):
        try:
            lock = (Path(tempfile.gettempdir()) / f"grin_ros_domain_{domain}").open("w")
        except OSError:  # a file of another user
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _LOCKS.append(lock)
        return domain
    raise RuntimeError("got no ROS domain that is free, expected one of 1 to 101; end other runs of the tests")


IN_PROCESS_DOMAIN = own_domain()
"""The domain of nodes inside the test process: for a while Fast DDS still announces the services of a closed context of
the same process, and a client in the domain of other processes would send its request to one of them."""
