# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file, against small stand-ins of `launch` and `launch_ros`: neither is on PyPI. They record what is built.

Where a ROS installation has the real ones, the marked test at the end lets them read the file too.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition

from tests.ros.harness import ROOT

FILE = ROOT / "launch" / "grin.launch.py"


class Made:
    """Whatever the launch file calls: keeps its name and arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    @property
    def kind(self) -> str:
        return type(self).__name__


class LaunchConfiguration(Made):
    """Its value comes from the context, which here is a dictionary."""

    def perform(self, context: dict[str, str]) -> str:
        return context[self.args[0]]


STAND_INS = {
    "launch": ("LaunchContext", "LaunchDescription"),
    "launch.actions": (
        "DeclareLaunchArgument",
        "EmitEvent",
        "LogInfo",
        "OpaqueFunction",
        "RegisterEventHandler",
        "SetEnvironmentVariable",
    ),
    "launch.events": ("matches_action",),
    "launch.substitutions": (),
    "launch_ros": (),
    "launch_ros.actions": ("LifecycleNode",),
    "launch_ros.event_handlers": ("OnStateTransition",),
    "launch_ros.events": (),
    "launch_ros.events.lifecycle": ("ChangeState",),
}


def read_file() -> ModuleType:
    spec = importlib.util.spec_from_file_location("grin_launch", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for name, classes in STAND_INS.items():
        module = ModuleType(name)
        for made in classes:
            setattr(module, made, type(made, (Made,), {}))
        if name == "launch.substitutions":
            module.LaunchConfiguration = LaunchConfiguration  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    for variable in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return read_file()


def started(file: ModuleType, **given: str) -> dict[str, list[Made]]:
    """Kind -> actions, with these arguments and the defaults of the others."""
    description = file.generate_launch_description()
    *arguments, opaque = description.args[0]
    context = {made.args[0]: made.kwargs["default_value"] for made in arguments}
    assert set(given) <= set(context), "not an argument of the launch file"
    actions: dict[str, list[Made]] = {}
    for action in opaque.kwargs["function"]({**context, **given}):
        actions.setdefault(action.kind, []).append(action)
    return actions


def test_every_argument_is_described_and_all_that_were_asked_for_are_there(launch_file: ModuleType) -> None:
    arguments = launch_file.generate_launch_description().args[0][:-1]
    names = {made.args[0] for made in arguments}
    assert names >= {"namespace", "name", "image", "camera_info", "params_file", "model", "backend", "use_sim_time"}
    assert names >= {"compressed", "log_level", "dds_profile"}
    assert all(made.kwargs["description"] for made in arguments)


def test_without_arguments_the_parameter_file_decides(launch_file: ModuleType) -> None:
    (node,) = started(launch_file)["LifecycleNode"]
    assert (node.kwargs["package"], node.kwargs["executable"]) == ("grin_ros", "grin_node")
    file, overrides = node.kwargs["parameters"]
    assert file == str(ROOT / "config" / "grin.yaml")
    assert overrides == {"use_sim_time": False}


def test_arguments_reach_the_node(launch_file: ModuleType) -> None:
    actions = started(
        launch_file,
        namespace="robot",
        name="depth",
        image="/cam/image_raw",
        camera_info="/cam/camera_info",
        params_file="/robot.yaml",
        model="/models/mine",
        backend="reference",
        use_sim_time="true",
        compressed="True",
        log_level="debug",
    )
    node = actions["LifecycleNode"][0].kwargs
    assert (node["namespace"], node["name"]) == ("robot", "depth")
    assert node["parameters"] == [
        "/robot.yaml",
        {"model": "/models/mine", "backend": "reference", "compressed": True, "use_sim_time": True},
    ]
    assert dict(node["remappings"]) == {
        "image": "/cam/image_raw",
        "image/compressed": "/cam/image_raw/compressed",
        "camera_info": "/cam/camera_info",
    }
    assert node["arguments"] == ["--ros-args", "--log-level", "debug"]


def test_it_configures_and_then_activates_but_not_again_after_a_deactivation(launch_file: ModuleType) -> None:
    actions = started(launch_file)
    (node,) = actions["LifecycleNode"]
    (handler,) = (made.args[0].kwargs for made in actions["RegisterEventHandler"])
    assert handler["target_lifecycle_node"] is node
    assert (handler["start_state"], handler["goal_state"]) == ("configuring", "inactive")
    events = [emitted.kwargs["event"] for emitted in (*actions["EmitEvent"], *handler["entities"])]
    requested = [event.kwargs["transition_id"] for event in events]
    assert requested == [Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE]


def test_the_dds_profile_is_set_unless_there_is_one_or_it_is_not_wanted(
    launch_file: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = dict(made.args for made in started(launch_file)["SetEnvironmentVariable"])
    profile = str(ROOT / "config" / "fastdds.xml")
    assert variables == {"FASTRTPS_DEFAULT_PROFILES_FILE": profile, "FASTDDS_DEFAULT_PROFILES_FILE": profile}
    assert "SetEnvironmentVariable" not in started(launch_file, dds_profile="false")
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/mine.xml")
    actions = started(launch_file)
    assert "SetEnvironmentVariable" not in actions
    assert "FASTRTPS_DEFAULT_PROFILES_FILE is set already" in actions["LogInfo"][0].kwargs["msg"]


def test_a_word_that_is_no_truth_is_refused(launch_file: ModuleType) -> None:
    with pytest.raises(ValueError, match="launch argument compressed: got 'yes', expected true or false"):
        started(launch_file, compressed="yes")


@pytest.mark.ros
def test_the_real_launch_reads_the_file() -> None:
    launch = pytest.importorskip("launch", reason="launch is part of a ROS installation")
    pytest.importorskip("launch_ros", reason="launch_ros is part of a ROS installation")
    assert isinstance(read_file().generate_launch_description(), launch.LaunchDescription)
