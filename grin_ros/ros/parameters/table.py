# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters: one table, from which descriptors, checks, config/grin.yaml and the README's table are made.

    python -m grin_ros.ros.parameters.table --yaml       > config/grin.yaml
    python -m grin_ros.ros.parameters.table --markdown     the README's table

Imports no rclpy: `declare.py` brings the table to a node.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from grin_ros.core.backends.registry import AUTO, CHOICES
from grin_ros.core.config import nearest
from grin_ros.core.estimator import Settings
from grin_ros.core.geometry.camera import Mounting
from grin_ros.core.hints.config import ScaleConfig
from grin_ros.core.planning.config import NavigationConfig
from grin_ros.ros.parameters.planner_rows import PLANNER_PARAMETERS
from grin_ros.ros.parameters.row import Parameter, Value

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("model", "nano", "name of a shipped model, or path of an exported artifact", read_only=True),
    Parameter("backend", AUTO, f"what runs the network: {', '.join(CHOICES)}", read_only=True),
    Parameter(
        "fallback",
        "",
        "backends to take where backend cannot be used, in this order, as 'openvino, ort'; empty: configure fails",
        read_only=True,
        optional=True,
    ),
    Parameter(
        "watchdog_s",
        10.0,
        "a backend that takes longer for a frame is given up and another opened; 0: wait for ever",
        0.0,
        600.0,
        "s",
        read_only=True,
    ),
    Parameter("threads", 0, "CPU threads of the backend; 0 lets it choose", 0, 256, read_only=True),
    Parameter("compressed", False, "subscribe to image/compressed (JPEG or PNG) instead of image", read_only=True),
    Parameter("autostart", False, "configure and activate at start; else a lifecycle manager does it", read_only=True),
    Parameter("rectified", False, "the image is rectified (image_rect): its camera is P of camera_info, without D"),
    Parameter("steps", Settings.steps, "denoising steps a frame; more cost more time", 1, 50),
    Parameter("members", Settings.members, "ensemble size; depth is the median, sigma grows with their spread", 1, 32),
    Parameter(
        "latency_budget_ms",
        0.0,
        "from an image's arrival to its depth; fewer steps and members run where it is not held; 0: no budget",
        0.0,
        60000.0,
        "ms",
    ),
    Parameter("seed", Settings.seed, "of the noise, the same for every frame: a still scene stays still", 0, 2**31 - 1),
    Parameter(
        "smoothing",
        Settings.smoothing,
        "share of the previous answer that is kept to reduce flicker; 0: none",
        0.0,
        0.9,
    ),
    Parameter("min_depth_m", Settings.min_depth_m, "nearer depth is published as NaN", 0.001, 1000.0, "m"),
    Parameter("max_depth_m", Settings.max_depth_m, "farther depth is published as +inf", 0.001, 1000.0, "m"),
    Parameter(
        "max_relative_sigma",
        Settings.max_relative_sigma,
        "depth whose sigma / depth is larger is published as NaN; 0: no limit",
        0.0,
        10.0,
    ),
    Parameter("mounting.known", False, "whether height, roll and pitch below are true; they help the metric scale"),
    Parameter("mounting.height_m", 1.0, "camera centre above the ground", 0.01, 1000.0, "m"),
    Parameter("mounting.roll_deg", 0.0, "roll; positive: the camera's right side goes down", -180.0, 180.0, "degrees"),
    Parameter("mounting.pitch_deg", 0.0, "pitch; positive: the camera looks down", -90.0, 90.0, "degrees"),
    Parameter(
        "mounting.base_frame",
        "",
        "frame on the ground, such as base_footprint: height, roll and pitch come from tf2; empty: from the above",
        read_only=True,
        optional=True,
    ),
    Parameter("publish_depth", True, "depth/image, 32FC1 metres along z"),
    Parameter("publish_sigma", True, "depth/sigma, 32FC1 metres, one standard deviation of depth"),
    Parameter("publish_mm", False, "depth/image_mm, 16UC1 millimetres, 0 = invalid or beyond 65.535 m"),
    Parameter("publish_points", True, "points, PointCloud2 with sigma (computed only while somebody subscribes)"),
    Parameter("points_stride", 1, "every n-th row and column becomes a point", 1, 16),
    Parameter("points_rgb", True, "colour in the points"),
    *PLANNER_PARAMETERS,
    Parameter("diagnostics_period_s", 1.0, "time between two messages on /diagnostics", 0.1, 60.0, "s"),
)

BY_NAME: Mapping[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}


@dataclass(frozen=True)
class Switches:
    """What is published, and how dense the points are."""

    depth: bool
    sigma: bool
    mm: bool
    points: bool
    points_stride: int
    points_rgb: bool
    navigation: NavigationConfig


@dataclass(frozen=True)
class NodeConfig:
    """All parameters, checked, in the terms of those who use them."""

    model: str
    backend: str
    fallback: str
    watchdog_s: float
    threads: int
    compressed: bool
    autostart: bool
    rectified: bool
    settings: Settings
    latency_budget_ms: float
    mounting: Mounting | None
    mounting_frame: str
    scale: ScaleConfig
    switches: Switches
    diagnostics_period_s: float


def defaults() -> dict[str, Value]:
    """name -> default of every parameter."""
    return {parameter.name: parameter.default for parameter in PARAMETERS}


def node_config(values: Mapping[str, Value]) -> NodeConfig:
    """Check `values` (a missing one has its default) and arrange them.

    Raises ValueError: unknown name (with the nearest known), wrong type, out of range, or two that contradict.
    """
    for name, value in values.items():
        if name not in BY_NAME:
            raise ValueError(f"parameter '{name}' is not known{nearest(name, BY_NAME)}")
        BY_NAME[name].check(value)
    complete = {**defaults(), **values}

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
    )
    mounting = Mounting(
        number("mounting.height_m"),
        math.radians(number("mounting.roll_deg")),
        math.radians(number("mounting.pitch_deg")),
    )
    switches = Switches(
        depth=bool(complete["publish_depth"]),
        sigma=bool(complete["publish_sigma"]),
        mm=bool(complete["publish_mm"]),
        points=bool(complete["publish_points"]),
        points_stride=int(complete["points_stride"]),
        points_rgb=bool(complete["points_rgb"]),
        navigation=NavigationConfig.from_parameters(complete),
    )
    return NodeConfig(
        model=str(complete["model"]),
        backend=str(complete["backend"]),
        fallback=str(complete["fallback"]),
        watchdog_s=number("watchdog_s"),
        threads=int(complete["threads"]),
        compressed=bool(complete["compressed"]),
        autostart=bool(complete["autostart"]),
        rectified=bool(complete["rectified"]),
        settings=settings,
        latency_budget_ms=number("latency_budget_ms"),
        mounting=mounting if complete["mounting.known"] else None,
        mounting_frame=str(complete["mounting.base_frame"]),
        scale=ScaleConfig.from_parameters(complete),
        switches=switches,
        diagnostics_period_s=number("diagnostics_period_s"),
    )


def yaml_text() -> str:
    """config/grin.yaml: every parameter with its default, grouped by its dots, described in a comment."""
    lines = [
        "# SPDX-FileCopyrightText: 2026 The grin_ros authors",
        "# SPDX-License-Identifier: Apache-2.0",
        "# Made by: python -m grin_ros.ros.parameters.table --yaml",
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
        notes = [f"{parameter.type_name}{f' {parameter.range_text}' if parameter.range_text else ''}"]
        notes += [parameter.unit] * bool(parameter.unit) + ["set at start only"] * parameter.read_only
        lines.append(f"{indent}# {parameter.description} ({', '.join(notes)})")
        lines.append(f"{indent}{name}: {_literal(parameter.default)}")
    return "\n".join(lines) + "\n"


def markdown_table() -> str:
    """The README's table of parameters."""
    lines = ["| parameter | type | default | range | live | what it is |", "|---|---|---|---|---|---|"]
    for parameter in PARAMETERS:
        limits = f"{parameter.range_text} {parameter.unit}".strip()
        lines.append(
            f"| `{parameter.name}` | {parameter.type_name} | `{_literal(parameter.default)}` | {limits} "
            f"| {'no' if parameter.read_only else 'yes'} | {parameter.description} |"
        )
    return "\n".join(lines) + "\n"


def _literal(value: Value) -> str:
    """The value as YAML writes it; a whole double keeps its point, or ROS would read an integer."""
    return json.dumps(value)


def main() -> None:
    """Print the YAML file or the README's table."""
    parser = argparse.ArgumentParser(description="Print the node's parameters.")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--yaml", action="store_true", help="as config/grin.yaml")
    form.add_argument("--markdown", action="store_true", help="as the README's table")
    print(yaml_text() if parser.parse_args().yaml else markdown_table(), end="")


if __name__ == "__main__":
    main()
