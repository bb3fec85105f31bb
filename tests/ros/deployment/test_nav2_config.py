# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""config/nav2_costmap.yaml has names that Nav2 knows, topics of the node, and values that mark and clear.

Parameter names were read from the sources: navigation2, branch jazzy at f4108e5b1 (costmap_2d_ros.cpp, voxel_layer.cpp,
obstacle_layer.cpp, inflation_layer.cpp; collision_monitor_node.cpp, polygon.cpp, source.cpp, pointcloud.cpp), and
spatio_temporal_voxel_layer, branch ros2 at 403d9ed (spatio_temporal_voxel_layer.cpp).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from grin_ros.core.planning.obstacles import ObstacleSettings
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.parameters.table import BY_NAME
from tests.ros import ROOT

NAMES: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "costmap": "always_send_full_costmap filters footprint footprint_padding global_frame height "
        "initial_transform_timeout lethal_cost_threshold map_topic map_vis_z observation_sources origin_x origin_y "
        "plugins publish_frequency resolution robot_base_frame robot_radius rolling_window track_unknown_space "
        "transform_tolerance trinary_costmap unknown_cost_value update_frequency use_maximum width",
        "nav2_costmap_2d::VoxelLayer": "plugin enabled footprint_clearing_enabled min_obstacle_height "
        "max_obstacle_height z_voxels origin_z z_resolution unknown_threshold mark_threshold combination_method "
        "publish_voxel_map observation_sources",
        "nav2_costmap_2d::InflationLayer": "plugin enabled inflation_radius cost_scaling_factor inflate_unknown "
        "inflate_around_unknown",
        "spatio_temporal_voxel_layer/SpatioTemporalVoxelLayer": "plugin enabled observation_sources "
        "transform_tolerance publish_voxel_map voxel_size combination_method mark_threshold update_footprint_enabled "
        "track_unknown_space decay_model voxel_decay mapping_mode map_save_duration",
        "nav2_costmap_2d::ObstacleLayer": "plugin enabled footprint_clearing_enabled min_obstacle_height "
        "max_obstacle_height combination_method observation_sources",
        "source of nav2_costmap_2d::VoxelLayer": "topic sensor_frame observation_persistence expected_update_rate "
        "data_type min_obstacle_height max_obstacle_height inf_is_valid marking clearing obstacle_max_range "
        "obstacle_min_range raytrace_max_range raytrace_min_range",
        "source of spatio_temporal_voxel_layer/SpatioTemporalVoxelLayer": "topic sensor_frame observation_persistence "
        "expected_update_rate data_type min_obstacle_height max_obstacle_height inf_is_valid marking clearing "
        "obstacle_range min_z max_z vertical_fov_angle vertical_fov_padding horizontal_fov_angle decay_acceleration "
        "filter voxel_min_points clear_after_reading enabled model_type",
        "collision_monitor": "use_realtime_priority cmd_vel_in_topic cmd_vel_out_topic state_topic base_frame_id "
        "odom_frame_id transform_tolerance source_timeout base_shift_correction stop_pub_timeout polygons "
        "observation_sources",
        "polygon": "type action_type enabled min_points slowdown_ratio linear_limit angular_limit "
        "time_before_collision simulation_time_step visualize polygon_pub_topic polygon_subscribe_transient_local "
        "polygon_sub_topic footprint_topic sources_names points",
        "pointcloud": "type topic enabled source_timeout min_height max_height min_range use_global_height",
        "scan": "type topic enabled source_timeout",
    }.items()
}
NAMES = {**NAMES, "source of nav2_costmap_2d::ObstacleLayer": NAMES["source of nav2_costmap_2d::VoxelLayer"]}
LIDAR, SCAN = "/scan", "/grin/scan"
"""The topics of the robot's own lidar, and of the node's scan as nav2_example.launch.py names it."""
MESSAGES = {"pointcloud": "PointCloud2", "scan": "LaserScan"}
NODE_P95_S, NODE_PERIOD_S = 0.095, 1 / 14.3
"""The latency and the period of the slowest computer in the table of performance."""


def parameters(*path: str) -> dict[str, Any]:
    values = yaml.safe_load((ROOT / "config" / "nav2_costmap.yaml").read_text())
    for name in (*path, "ros__parameters"):
        values = values[name]
    return dict(values)


COSTMAP = parameters("local_costmap", "local_costmap")
MONITOR = parameters("collision_monitor")
VOXELS, STVL = COSTMAP["voxel_layer"], COSTMAP["stvl_layer"]
GLOBAL_COSTMAP = parameters("global_costmap", "global_costmap")
SCAN_LAYER = COSTMAP["scan_layer"]
LAYERS = {name: value for name, value in COSTMAP.items() if isinstance(value, dict)}
OF_NAV2_ITSELF = {"static_layer", "inflation_layer"}
"""Layers whose parameters may be left to those that Nav2 ships."""


def plain(values: Mapping[str, Any]) -> set[str]:
    """Return the names of all parameters that are not groups."""
    return {name for name, value in values.items() if not isinstance(value, dict)}


def groups(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if isinstance(value, dict)}


def message_on(topic: str) -> str:
    """Return the short name of the message type on a topic of the file."""
    output = OUTPUTS["scan"] if topic in (LIDAR, SCAN) else OUTPUTS[topic.removeprefix("/")]
    return output.type.rpartition("/")[2]


def test_nav2_declares_every_parameter() -> None:
    assert plain(COSTMAP) | plain(GLOBAL_COSTMAP) <= NAMES["costmap"]
    for layer in (*LAYERS.values(), *groups(GLOBAL_COSTMAP).values()):
        assert plain(layer) <= NAMES[layer["plugin"]]
        for source in groups(layer).values():
            assert source.keys() <= NAMES[f"source of {layer['plugin']}"]
    assert plain(MONITOR) <= NAMES["collision_monitor"]
    for name, group in groups(MONITOR).items():
        assert group.keys() <= NAMES["polygon" if name in MONITOR["polygons"] else group["type"]]


def test_everything_named_in_a_list_has_its_parameters() -> None:
    assert set(COSTMAP["plugins"]) <= LAYERS.keys()
    assert set(GLOBAL_COSTMAP["plugins"]) <= groups(GLOBAL_COSTMAP).keys() | OF_NAV2_ITSELF
    assert len(set(COSTMAP["plugins"]) & {"voxel_layer", "stvl_layer", "scan_layer"}) == 1
    for layer in (VOXELS, STVL, SCAN_LAYER):
        assert layer["observation_sources"].split() == list(groups(layer))
    assert set(MONITOR["observation_sources"]) <= groups(MONITOR).keys()
    assert set(MONITOR["polygons"]) <= groups(MONITOR).keys()


def test_the_global_costmap_uses_the_voxel_layer_of_the_local_one() -> None:
    """The obstacle layer clears in 2D and would erase low obstacles that have left the view."""
    assert "obstacle_layer" not in GLOBAL_COSTMAP["plugins"]
    assert GLOBAL_COSTMAP["voxel_layer"] == VOXELS


def test_the_scan_marks_less_far_than_it_reaches() -> None:
    """Nav2 takes +inf for a return at range_max - 0.0001 m, so marking up to there would mark open space."""
    scan = SCAN_LAYER["scan"]
    assert scan["inf_is_valid"] and scan["marking"] and scan["clearing"]
    range_max_m = ObstacleSettings().max_range_m
    assert (scan["obstacle_max_range"], scan["raytrace_max_range"]) == (4.9, 5.0)
    assert scan["obstacle_max_range"] < range_max_m - 1e-4 < scan["raytrace_max_range"]
    assert scan["max_obstacle_height"] > 0.0


@pytest.mark.parametrize("layer", [VOXELS, STVL, SCAN_LAYER], ids=["voxel", "stvl", "scan"])
def test_the_topics_of_the_costmap_have_its_types(layer: dict[str, Any]) -> None:
    for source in groups(layer).values():
        assert message_on(source["topic"]) == source["data_type"]


def test_the_topics_of_the_collision_monitor_have_its_types() -> None:
    for name in groups(MONITOR).keys() - set(MONITOR["polygons"]):
        source = MONITOR[name]
        assert message_on(source["topic"]) == MESSAGES[source["type"]]


@pytest.mark.parametrize("layer", [VOXELS, GLOBAL_COSTMAP["voxel_layer"]], ids=["local", "global"])
def test_the_lidar_of_the_robot_stays_in_both_costmaps(layer: dict[str, Any]) -> None:
    """The lists of the file take the place of those of Nav2, in which the lidar is."""
    assert "scan" in layer["observation_sources"].split()
    lidar = layer["scan"]
    assert lidar["topic"] == LIDAR and lidar["marking"] and lidar["clearing"]
    assert lidar["expected_update_rate"] == 0.0, "without a lidar the costmap would never be current"
    assert layer["min_obstacle_height"] == lidar["min_obstacle_height"] == 0.0, "lidars near the floor mark too"
    assert layer["obstacles"]["min_obstacle_height"] > 0.0


def test_the_lidar_of_the_robot_stays_in_the_collision_monitor() -> None:
    assert "scan" in MONITOR["observation_sources"]
    assert MONITOR["scan"]["topic"] == LIDAR


def test_the_layer_of_the_scan_takes_that_of_the_node() -> None:
    assert SCAN_LAYER["scan"]["topic"] == SCAN
    assert f'"scan": ("{SCAN}", ' in (ROOT / "launch" / "nav2_example.launch.py").read_text()


def test_the_voxel_layer_marks_obstacles_and_clears_free_space() -> None:
    marks, clears = VOXELS["obstacles"], VOXELS["free_space"]
    assert (marks["marking"], marks["clearing"]) == (True, False)
    assert (clears["marking"], clears["clearing"]) == (False, True)
    settings = ObstacleSettings()
    assert marks["obstacle_max_range"] <= settings.max_range_m
    assert clears["raytrace_max_range"] == settings.cleared_range_m > marks["obstacle_max_range"]
    # The height filter comes before clearing, so it must let through every ray within the range.
    assert clears["min_obstacle_height"] <= -settings.cleared_range_m
    assert clears["max_obstacle_height"] >= settings.cleared_range_m + float(BY_NAME["mounting.height_m"].default)
    assert 0.0 < marks["min_obstacle_height"] < marks["max_obstacle_height"] == VOXELS["max_obstacle_height"]
    for source in (marks, clears):
        assert source["observation_persistence"] == 0.0  # the latest only
        assert not source.get("inf_is_valid")


def test_the_voxels_reach_above_the_camera_and_everything_marked() -> None:
    assert VOXELS["z_voxels"] <= 16
    top_m = VOXELS["origin_z"] + VOXELS["z_voxels"] * VOXELS["z_resolution"]
    assert top_m >= VOXELS["max_obstacle_height"]
    assert top_m > float(BY_NAME["mounting.height_m"].default)
    assert min(COSTMAP["width"], COSTMAP["height"]) >= 2 * ObstacleSettings().max_range_m
    assert {type(COSTMAP["width"]), type(COSTMAP["height"])} == {int}  # Nav2 declares them so


def test_stvl_marks_and_clears_with_sources_of_their_own() -> None:
    marks, clears = STVL["obstacles"], STVL["obstacles_view"]
    assert (marks["marking"], marks["clearing"]) == (True, False)
    assert (clears["marking"], clears["clearing"]) == (False, True)
    assert marks["obstacle_range"] == VOXELS["obstacles"]["obstacle_max_range"]
    assert clears["max_z"] > marks["obstacle_range"]
    assert clears["decay_acceleration"] > 0.0, "or being in view clears nothing"
    # Nothing else empties a buffer that only clears.
    assert marks["clear_after_reading"] and clears["clear_after_reading"]


def test_the_collision_monitor_tolerates_a_slow_node_but_not_one_that_has_ended() -> None:
    assert 2 * (NODE_P95_S + NODE_PERIOD_S) <= MONITOR["source_timeout"] <= 1.0
    assert not MONITOR["obstacles"]["use_global_height"], "the cloud has no field height"


def test_a_wrong_name_is_found() -> None:
    assert not {"z_voxel"} <= NAMES["nav2_costmap_2d::VoxelLayer"]
    assert not {"obstacle_range"} <= NAMES["source of nav2_costmap_2d::VoxelLayer"]
