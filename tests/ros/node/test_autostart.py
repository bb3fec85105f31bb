# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A node with autostart is active, or says why it cannot be and can be started later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from tests.ros.in_process import value, verdict

Make = Callable[..., Any]


@pytest.fixture
def make(make: Make) -> Make:
    """Make nodes that have tried to start themselves."""

    def start(**values: Any) -> Any:
        node = make(**values)
        node.autostart()
        return node

    return start


def test_with_autostart_the_node_is_active(make: Make) -> None:
    node = make(autostart=True)
    assert value(node, "lifecycle state") == "active"
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS


def test_without_autostart_the_node_stays_unconfigured(make: Make) -> None:
    assert value(make(), "lifecycle state") == "unconfigured"


def test_a_node_that_cannot_start_says_why_and_can_be_started_later(make: Make) -> None:
    node = make(autostart=True, max_depth_m=-1.0)
    assert value(node, "lifecycle state") == "unconfigured"
    assert "max_depth_m: got -1.0" in verdict(node)[1]
    node.set_parameters([Parameter("max_depth_m", value=20.0)])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_an_autostart_that_is_not_a_bool_starts_nothing_and_fails_configure(make: Make) -> None:
    node = make(autostart="yes")
    assert value(node, "lifecycle state") == "unconfigured"
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert "autostart: got 'yes'" in verdict(node)[1]
