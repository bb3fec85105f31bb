# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of the node's parameters. Descriptors, checks, config/grin.yaml and the documentation are made from it.

    grin parameters              prints config/grin.yaml
    grin parameters --markdown   prints the table for the documentation

Imports no rclpy: `declare.py` declares the parameters to a node.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grin_ros.core.command_line import DONE, CommandParser
from grin_ros.core.config import nearest
from grin_ros.core.estimator import Settings
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.config import NavigationConfig
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.parameters.hint_rows import HINT_PARAMETERS
from grin_ros.ros.parameters.node_rows import DIAGNOSTIC_PARAMETERS, NODE_PARAMETERS
from grin_ros.ros.parameters.planner_rows import PLANNER_PARAMETERS
from grin_ros.ros.parameters.row import Parameter, Value

PARAMETERS: tuple[Parameter, ...] = (*NODE_PARAMETERS, *PLANNER_PARAMETERS, *HINT_PARAMETERS, *DIAGNOSTIC_PARAMETERS)

BY_NAME: Mapping[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}

YAML_WIDTH = 110
"""Comments in config/grin.yaml are wrapped at this column."""


@dataclass(frozen=True)
class NodeConfig:
    """All parameters, checked, in the types of the modules that use them."""

    model: str
    backend: str
    fallback: str
    watchdog_s: float
    threads: int
    compressed: bool
    rectified: bool
    settings: Settings
    latency_budget_ms: float
    mounting: Mounting | None
    mounting_frame: str
    hints: HintConfig
    switched_on: frozenset[str]
    """The boolean parameters that are true; the table of topics names those that switch a topic on."""
    points_stride: int
    points_rgb: bool
    navigation: NavigationConfig
    diagnostics_period_s: float


def defaults() -> dict[str, Value]:
    """Return parameter name -> default."""
    return {parameter.name: parameter.default for parameter in PARAMETERS}


def node_config(values: Mapping[str, Value], camera: str = "camera") -> NodeConfig:
    """Return the configuration for `values` by parameter name; a missing value is the default.

    camera: the name of the camera, by which the cameras of one process differ.
    Raises ValueError for an unknown name, a wrong type, a value out of range, and values that contradict each other.
    """
    complete = defaults()
    for name, value in values.items():
        if name not in BY_NAME:
            raise ValueError(
                f"parameter '{name}' is not known{nearest(name, BY_NAME) or '; `grin parameters` lists all'}"
            )
        complete[name] = BY_NAME[name].accepted(value)

    def number(name: str) -> float:
        return float(complete[name])

    settings = Settings(
        steps=int(complete["steps"]),
        members=int(complete["members"]),
        seed=int(complete["seed"]),
        min_depth_m=number("min_depth_m"),
        max_depth_m=number("max_depth_m"),
        max_relative_sigma=number("max_relative_sigma"),
        smoothing=number("smoothing"),
        floor_scale=bool(complete["floor_scale"]),
    )
    mounting = Mounting(
        number("mounting.height_m"),
        math.radians(number("mounting.roll_deg")),
        math.radians(number("mounting.pitch_deg")),
    )
    return NodeConfig(
        model=str(complete["model"]),
        backend=str(complete["backend"]),
        fallback=str(complete["fallback"]),
        watchdog_s=number("watchdog_s"),
        threads=int(complete["threads"]),
        compressed=bool(complete["compressed"]),
        rectified=bool(complete["rectified"]),
        settings=settings,
        latency_budget_ms=number("latency_budget_ms"),
        mounting=mounting if complete["mounting.known"] else None,
        mounting_frame=str(complete["mounting.base_frame"]),
        hints=HintConfig.from_parameters(complete, SOURCES),
        switched_on=frozenset(name for name, value in complete.items() if value is True),
        points_stride=int(complete["points_stride"]),
        points_rgb=bool(complete["points_rgb"]),
        navigation=NavigationConfig.from_parameters(complete, camera),
        diagnostics_period_s=number("diagnostics_period_s"),
    )


def yaml_text() -> str:
    """Return config/grin.yaml: every parameter with its default, grouped by its dots, described in a comment."""
    lines = [
        "# SPDX-FileCopyrightText: 2026 The grin_ros authors",
        "# SPDX-License-Identifier: Apache-2.0",
        "# Made by: grin parameters > config/grin.yaml",
        "/**:",
        "  ros__parameters:",
    ]
    group = ""
    for parameter in PARAMETERS:
        here, _, name = parameter.name.rpartition(".")
        if here != group:
            lines += [f"    {here}:"] if here else []
            group = here
        indent = "      " if here else "    "
        notes = [f"{parameter.type_name} {parameter.range_text} {parameter.unit}".strip().replace("  ", " ")]
        notes += ["read only when the node starts"] * parameter.read_only
        for text in (parameter.description, f"({', '.join(notes)})"):
            lines += textwrap.wrap(
                text,
                YAML_WIDTH,
                initial_indent=f"{indent}# ",
                subsequent_indent=f"{indent}# ",
                break_on_hyphens=False,
            )
        lines.append(f"{indent}{name}: {_literal(parameter.default)}")
    return "\n".join(lines) + "\n"


def markdown_table() -> str:
    """Return the table of all parameters for the documentation."""
    lines = ["| parameter | type | default | range | live | description |", f"|{' --- |' * 6}"]
    for parameter in PARAMETERS:
        limits = f"{parameter.range_text} {parameter.unit}".strip()
        lines.append(
            f"| `{parameter.name}` | {parameter.type_name} | `{_literal(parameter.default)}` | {limits} "
            f"| {'no' if parameter.read_only else 'yes'} | {parameter.description} |"
        )
    return "\n".join(lines) + "\n"


def _literal(value: Value) -> str:
    """Return the value as YAML writes it. A whole double keeps its point; without it ROS would read an integer."""
    return json.dumps(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin parameters`, and return its exit code."""
    parser = CommandParser(
        "parameters",
        "Print a parameter file of the node with every parameter, its default and its description.",
        "grin parameters > grin.yaml",
        notes="Start the node with it: grin_node --ros-args --params-file grin.yaml -p autostart:=true",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table for the documentation instead")
    print(markdown_table() if parser.parse_args(argv).markdown else yaml_text(), end="")
    return DONE
