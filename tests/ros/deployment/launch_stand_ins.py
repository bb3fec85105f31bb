# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for `launch` and `launch_ros`, which are not on PyPI. They record what a launch file builds."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

from tests.ros import ROOT

FILES = sorted(path.name for path in (ROOT / "launch").glob("*.launch.py"))


class Made:
    """An object that the launch file makes. It keeps the arguments of its constructor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    @property
    def kind(self) -> str:
        return type(self).__name__


class LaunchConfiguration(Made):
    """The value of an argument. It comes from the context, which here is a dictionary."""

    def perform(self, context: dict[str, str]) -> str:
        return context[self.args[0]]


CLASSES = {
    "launch": ("LaunchContext", "LaunchDescription"),
    "launch.actions": (
        "DeclareLaunchArgument",
        "EmitEvent",
        "ExecuteProcess",
        "IncludeLaunchDescription",
        "LogInfo",
        "OpaqueFunction",
        "SetEnvironmentVariable",
        "TimerAction",
    ),
    "launch.events": ("Shutdown",),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch.substitutions": (),
    "launch_ros": (),
    "launch_ros.actions": ("LifecycleNode", "Node"),
    "launch_ros.substitutions": ("ExecutableInPackage",),
}


def modules() -> dict[str, ModuleType]:
    """Return module name -> stand-in, for sys.modules."""
    made = {}
    for name, classes in CLASSES.items():
        module = made[name] = ModuleType(name)
        for each in classes:
            setattr(module, each, type(each, (Made,), {}))
        if name == "launch.substitutions":
            module.LaunchConfiguration = LaunchConfiguration  # type: ignore[attr-defined]
    return made


def read_file(name: str) -> ModuleType:
    """Return a launch file as a module. It imports what sys.modules holds for `launch`."""
    spec = importlib.util.spec_from_file_location(name.replace(".", "_"), ROOT / "launch" / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def started(file: ModuleType, **given: str) -> dict[str, list[Made]]:
    """Return kind -> actions, with these arguments and the defaults of the others."""
    *arguments, opaque = file.generate_launch_description().args[0]
    context = {made.args[0]: made.kwargs["default_value"] for made in arguments}
    assert set(given) <= set(context), "not an argument of the launch file"
    context.update(given)
    assert None not in context.values(), "an argument without a default was not given"
    actions: dict[str, list[Made]] = {}
    for action in opaque.kwargs["function"](context):
        actions.setdefault(action.kind, []).append(action)
    return actions


def included(action: Made) -> tuple[str, dict[str, str]]:
    """Return file and arguments of an IncludeLaunchDescription."""
    return action.args[0].args[0], dict(action.kwargs.get("launch_arguments") or ())
