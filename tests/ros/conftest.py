# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ROS traffic of the tests stays on this machine and in a domain of its own."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ros.fakes import write_artifact
from tests.ros.harness import ROOT


@pytest.fixture(scope="session", autouse=True)
def ros_environment() -> Iterator[None]:
    """What ROS 2 reads when a context is made, here and in the processes that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("ROS_DOMAIN_ID", str(random.SystemRandom().randint(1, 100)))
        patch.setenv("AMENT_PREFIX_PATH", os.environ.get("AMENT_PREFIX_PATH") or sys.prefix)
        for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
            patch.setenv(name, str(ROOT / "config" / "fastdds.xml"))
        yield


@pytest.fixture(scope="session")
def fake_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For `backend:=fake`."""
    return write_artifact(tmp_path_factory.mktemp("artifact") / "fake")
