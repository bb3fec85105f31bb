# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node and the whole of Nav2, whose local costmap and collision monitor see through this camera.

ros2 launch grin_ros nav2_example.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info

Nav2 starts as it is shipped (nav2_bringup), but for what config/nav2_costmap.yaml says otherwise. The robot brings its
transforms, a map or odometry, and a mounting for the node (see docs/guides/nav2.md).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_share_directory

from grin_ros.ros.node.launching import described, included
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
PASSED_ON = ("image", "camera_info", "params_file", "model", "backend", "compressed", "use_sim_time", "log_level")

ARGUMENTS = {
    "image": ("image", "image topic; with compressed:=true its /compressed is subscribed to"),
    "camera_info": ("camera_info", "camera_info topic of the same camera"),
    "params_file": (str(CONFIG / "grin.yaml"), "parameter file of the node; give it the mounting"),
    "nav2_params_file": ("", "Nav2's parameter file; empty: nav2_params.yaml of nav2_bringup"),
    "costmap_file": (str(CONFIG / "nav2_costmap.yaml"), "parameters that replace those of nav2_params_file"),
    "model": ("", "shipped model or path of an artifact; empty: as the parameter file says"),
    "backend": ("", "backend; empty: as the parameter file says"),
    "compressed": ("", "true or false; empty: as the parameter file says"),
    "use_sim_time": ("false", "take the time from /clock"),
    "log_level": ("info", "debug, info, warn or error"),
}


def generate_launch_description() -> LaunchDescription:
    """The arguments, and what is made of their values."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """The actions, once the arguments' values are known."""
    bringup = Path(get_package_share_directory("nav2_bringup"))
    base = Path(given["nav2_params_file"] or bringup / "params" / "nav2_params.yaml")
    together = replaced(read(base), read(Path(given["costmap_file"])))
    # Nav2's launch file takes one parameter file. It is read while Nav2 starts, so it stays.
    with tempfile.NamedTemporaryFile("w", prefix="grin_nav2_", suffix=".yaml", delete=False) as stream:
        yaml.safe_dump(together, stream, sort_keys=False)
    node = included(HERE / "grin.launch.py", **{name: given[name] for name in PASSED_ON})
    nav2 = included(
        bringup / "launch" / "navigation_launch.py",
        params_file=stream.name,
        use_sim_time=given["use_sim_time"],
        log_level=given["log_level"],
    )
    return [node, nav2]


def read(path: Path) -> dict[str, Any]:
    """A ROS parameter file. Raises ValueError where it is none."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path}: got {type(values).__name__}, expected a ROS parameter file")
    return values


def replaced(base: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `by`: mappings are merged, all else (lists too) is replaced."""
    merged = dict(base)
    for name, value in by.items():
        old = merged.get(name)
        merged[name] = replaced(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
