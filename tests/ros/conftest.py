# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests with ROS. Their traffic stays on this machine, in a domain of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from benchmarks.stand_in import engine as fakes
from benchmarks.stand_in.engine import write_artifact
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.ros.dds_profile import TRANSPORTS_VARIABLE, profile_variables
from grin_ros.ros.node.lifecycle import GrinNode
from tests.ros import IN_PROCESS_DOMAIN, ROOT, own_domain


@pytest.fixture(scope="session", autouse=True)
def ros_environment() -> Iterator[None]:
    """Set the variables that ROS 2 reads, for this process and for those that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        patch.setenv("ROS_DOMAIN_ID", str(own_domain()))
        patch.setenv("AMENT_PREFIX_PATH", os.environ.get("AMENT_PREFIX_PATH") or sys.prefix)
        patch.delenv(TRANSPORTS_VARIABLE, raising=False)
        for name in profile_variables(os.environ):
            patch.setenv(name, str(ROOT / "config" / "fastdds.xml"))
        yield


@pytest.fixture(scope="module", autouse=True)
def stand_in_backend() -> Iterator[None]:
    """Make `backend:=fake` known in this process, for the tests of one file only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKENDS, fakes.BACKEND, f"{fakes.__name__}:FakeEngine")
        yield


@pytest.fixture(scope="session")
def fake_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an artifact for the stand-in backend."""
    return write_artifact(tmp_path_factory.mktemp("artifact") / "fake")


@pytest.fixture
def make(fake_artifact: Path) -> Iterator[Callable[..., Any]]:
    """Make nodes with these ROS arguments and start values (`__` in a name is a dot). They are closed at the end."""
    context = Context()
    rclpy.init(context=context, domain_id=IN_PROCESS_DOMAIN, signal_handler_options=SignalHandlerOptions.NO)
    made: list[GrinNode] = []

    def start(*arguments: str, **values: Any) -> Any:
        start_values = {"model": str(fake_artifact), "backend": fakes.BACKEND, **values}
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in start_values.items()]
        given = ["--ros-args", *arguments]
        made.append(GrinNode(context=context, parameter_overrides=overrides, cli_args=given))
        return made[-1]

    yield start
    for node in made:
        node.close()
    rclpy.shutdown(context=context)
