# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the node and Nav2, whose local costmap and collision monitor use the obstacles that this camera sees.

ros2 launch grin_ros nav2_example.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info \
    params_file:=$PWD/my_robot.yaml

Nav2's navigation_launch.py starts, with the parameters of config/nav2_costmap.yaml in place of its own. Map and
localisation are not started. docs/guides/nav2.md says what the robot must provide.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from grin_ros.ros.node.launching import described, included, shared
from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent / "config"
PASSED_ON = (
    *("image", "camera_info", "hints", "scan", "params_file"),
    *("model", "backend", "compressed", "use_sim_time", "log_level"),
)

ARGUMENTS = {
    **shared("image", "camera_info", "hints"),
    "scan": ("/grin/scan", "The topic of the scan that the node publishes. /scan is left to the lidar of the robot."),
    "params_file": (str(CONFIG / "grin.yaml"), "The parameter file of the node. It must contain the mounting."),
    "nav2_params_file": ("", "The parameter file of Nav2. If empty, nav2_params.yaml of nav2_bringup is used."),
    "costmap_file": (str(CONFIG / "nav2_costmap.yaml"), "A file of parameters that replace those of nav2_params_file."),
    **shared("model", "backend", "compressed", "use_sim_time", "log_level"),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the actions that follow from them."""
    return described(ARGUMENTS, start)


def start(given: dict[str, str]) -> list[Any]:
    """Return the actions for these values of the arguments."""
    try:
        bringup = Path(get_package_share_directory("nav2_bringup"))
    except PackageNotFoundError as error:
        raise ValueError(
            "the package nav2_bringup is not installed; type: sudo apt install ros-$ROS_DISTRO-nav2-bringup"
        ) from error
    base = Path(given["nav2_params_file"] or bringup / "params" / "nav2_params.yaml")
    together = replaced(read(base), read(Path(given["costmap_file"])))
    # Nav2's launch file takes one parameter file and reads it while Nav2 starts, so the file is not deleted.
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
    """Return the contents of a ROS parameter file. Raises ValueError if it is something else."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"{path}: got {type(values).__name__}, expected a ROS parameter file")
    return values


def replaced(base: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `by` in it: mappings are merged, everything else, lists too, is replaced."""
    merged = dict(base)
    for name, value in by.items():
        old = merged.get(name)
        merged[name] = replaced(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
