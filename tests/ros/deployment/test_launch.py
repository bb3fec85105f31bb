# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files with stand-ins for `launch`: what they start. test_launch_real.py runs them with the real one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ament_index_python.packages import PackageNotFoundError

from grin_ros.ros.bags.replay import parser as replay_parser
from grin_ros.ros.node.camera_names import parse_cameras
from grin_ros.ros.parameters.table import BY_NAME
from tests.ros import ROOT
from tests.ros.deployment.launch_stand_ins import FILES, Made, included, modules, read_file, started

LAUNCH, CONFIG = ROOT / "launch", ROOT / "config"
Read = Callable[[str], ModuleType]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    for name, module in modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    for variable in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(variable, raising=False)
    sys.modules.pop("grin_ros.ros.node.launching", None)
    yield read_file
    sys.modules.pop("grin_ros.ros.node.launching", None)  # it holds the stand-ins


def arguments(file: ModuleType) -> dict[str, tuple[str | None, str]]:
    """Return argument name -> (default, description)."""
    made = [each for each in file.generate_launch_description().args[0] if each.kind == "DeclareLaunchArgument"]
    return {each.args[0]: (each.kwargs["default_value"], each.kwargs["description"]) for each in made}


def test_all_launch_files_are_tested() -> None:
    names = {"grin", "multi_camera", "replay", "nav2_example", "dds_profile"}
    assert {f"{name}.launch.py" for name in names} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_argument_is_in_the_guide_with_its_default_and_description(read: Read, name: str) -> None:
    """docs/guides/launch.md has one table for each file: | `name` | default | description |."""
    text = (ROOT / "docs" / "guides" / "launch.md").read_text(encoding="utf-8")
    section = text.partition(f"## {name}")[2].partition("\n## ")[0]
    assert section, f"docs/guides/launch.md has no section '## {name}'"
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    expected = {}
    for argument, (default, description) in arguments(read(name)).items():
        assert description
        shown = "**needed**" if default is None else f"`{Path(default).name if Path(default).is_file() else default}`"
        expected[argument] = f"{shown if shown != '``' else ''} | {description}"
    assert rows == expected


@pytest.mark.parametrize("name", FILES)
def test_arguments_of_one_name_mean_the_same(read: Read, name: str) -> None:
    of_grin = arguments(read("grin.launch.py"))
    special = {"image", "namespace", "params_file", "scan"}  # their descriptions name what is special in a file
    for argument, value in arguments(read(name)).items():
        if argument in of_grin and argument not in special:
            assert value == of_grin[argument], argument


def test_without_arguments_the_parameter_file_decides_and_the_node_starts_itself(read: Read) -> None:
    (node,) = started(read("grin.launch.py"))["LifecycleNode"]
    assert (node.kwargs["package"], node.kwargs["executable"]) == ("grin_ros", "grin_node")
    file, overrides = node.kwargs["parameters"]
    assert file == str(CONFIG / "grin.yaml")
    assert overrides == {"use_sim_time": False, "autostart": True}
    assert node.kwargs["respawn"] is True
    assert node.kwargs["respawn_delay"] > 0


def test_arguments_reach_the_node(read: Read) -> None:
    actions = started(
        read("grin.launch.py"),
        namespace="robot",
        name="depth",
        image="/cam/image_raw",
        camera_info="/cam/camera_info",
        scan="/grin/scan",
        params_file="/robot.yaml",
        model="/models/mine",
        backend="reference",
        use_sim_time="true",
        autostart="false",
        respawn="false",
        compressed="True",
        log_level="debug",
    )
    node = actions["LifecycleNode"][0].kwargs
    assert (node["namespace"], node["name"], node["respawn"]) == ("robot", "depth", False)
    overrides = {"model": "/models/mine", "backend": "reference", "compressed": True}
    assert node["parameters"] == ["/robot.yaml", {**overrides, "use_sim_time": True, "autostart": False}]
    assert set(overrides) <= set(BY_NAME)
    assert dict(node["remappings"]) == {
        "image": "/cam/image_raw",
        "image/compressed": "/cam/image_raw/compressed",
        "camera_info": "/cam/camera_info",
        "scan": "/grin/scan",
    }
    assert node["arguments"] == ["--ros-args", "--log-level", "debug"]


@pytest.mark.parametrize(("name", "needed"), [("grin.launch.py", {}), ("multi_camera.launch.py", {"cameras": "a,b"})])
def test_the_dds_profile_is_set_before_the_process_starts_and_only_if_wanted(
    read: Read, name: str, needed: dict[str, str]
) -> None:
    actions = started(read(name), **needed)
    assert next(iter(actions)) == "IncludeLaunchDescription", "the process starts before the profile is set"
    assert included(actions["IncludeLaunchDescription"][0]) == (str(LAUNCH / "dds_profile.launch.py"), {})
    actions = started(read(name), dds_profile="false", **needed)
    assert "IncludeLaunchDescription" not in actions
    assert [made.args for made in actions["SetEnvironmentVariable"]] == [("GRIN_ROS_DDS_PROFILE", "false")]


def test_the_dds_profile_is_set_unless_there_is_another(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = str(CONFIG / "fastdds.xml")
    for distribution, variable in (
        ("jazzy", "FASTRTPS_DEFAULT_PROFILES_FILE"),
        ("kilted", "FASTDDS_DEFAULT_PROFILES_FILE"),
    ):
        monkeypatch.setenv("ROS_DISTRO", distribution)
        for already in ("", profile):
            monkeypatch.setenv(variable, already)
            actions = started(read("dds_profile.launch.py"))
            assert [made.args for made in actions["SetEnvironmentVariable"]] == [(variable, profile)]
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/mine.xml")
    actions = started(read("dds_profile.launch.py"))
    assert "SetEnvironmentVariable" not in actions
    assert "FASTRTPS_DEFAULT_PROFILES_FILE is set already" in actions["LogInfo"][0].kwargs["msg"]


def test_transports_that_a_user_has_chosen_are_kept(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "LARGE_DATA")
    actions = started(read("dds_profile.launch.py"))
    assert "SetEnvironmentVariable" not in actions
    assert "FASTDDS_BUILTIN_TRANSPORTS is set already" in actions["LogInfo"][0].kwargs["msg"]
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "")
    assert "SetEnvironmentVariable" in started(read("dds_profile.launch.py")), "an empty variable chooses nothing"


def test_several_cameras_run_in_one_process(read: Read) -> None:
    actions = started(
        read("multi_camera.launch.py"),
        cameras="front=/front/image_raw, rear",
        namespace="robot1",
        model="mine",
        hints="scan=/scan",
        use_sim_time="true",
        autostart="false",
        log_level="warn",
    )
    (node,) = actions["Node"]
    assert (node.kwargs["package"], node.kwargs["executable"]) == ("grin_ros", "grin_multi_camera")
    assert node.kwargs["namespace"] == "robot1"
    assert "name" not in node.kwargs, "it would rename the node of every camera"
    switched = {"model": "mine", "hints.scan": True, "use_sim_time": True, "autostart": False}
    assert node.kwargs["parameters"][1] == switched
    assert node.kwargs["remappings"] == [("hints/scan", "/scan")], "relative, so that it holds for every camera"
    *cameras, ros, option, level = node.kwargs["arguments"]
    assert (ros, option, level) == ("--ros-args", "--log-level", "warn")
    assert [(camera.name, camera.image) for camera in parse_cameras(cameras)] == [
        ("front", "/front/image_raw"),
        ("rear", None),
    ]


def process_of(actions: dict[str, list[Made]]) -> tuple[list[Any], Made]:
    (process,) = actions["ExecuteProcess"]
    return process.kwargs["cmd"], process


def test_a_replay_by_grin_waits_for_the_node(read: Read) -> None:
    actions = started(
        read("replay.launch.py"),
        bag="drive",
        rate="0.5",
        loop="true",
        player="grin",
        viewer="none",
        namespace="robot",
        image="front/image_raw",
        compressed="true",
        model="mine",
        hints="scan=/scan",
    )
    (executable, command, *options), process = process_of(actions)
    assert (executable.kwargs, command) == ({"package": "grin_ros", "executable": "grin"}, "replay")
    parsed = replay_parser().parse_args(options)
    assert (parsed.bag, parsed.rate, parsed.loop) == ("drive", 0.5, True)
    assert parsed.wait == ["/robot/front/image_raw/compressed"]
    assert process.kwargs["on_exit"][0].kwargs["event"].kind == "Shutdown"
    file, passed = included(actions["IncludeLaunchDescription"][0])
    assert file == str(LAUNCH / "grin.launch.py")
    assert passed["use_sim_time"] == "true"
    assert (passed["model"], passed["namespace"], passed["respawn"]) == ("mine", "robot", "false")
    assert passed["hints"] == "scan=/scan"
    assert set(passed) <= set(arguments(read("grin.launch.py")))


def test_a_replay_by_rosbag2_begins_after_the_delay_and_is_shown_in_rviz(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ament_index_python.packages.get_package_prefix", lambda package: f"/opt/ros/{package}")
    actions = started(read("replay.launch.py"), bag="drive", delay_s="3.5", image="/front/image_raw")
    (timer,) = actions["TimerAction"]
    assert timer.kwargs["period"] == 3.5
    command = timer.kwargs["actions"][0].kwargs["cmd"]
    assert command == ["ros2", "bag", "play", "drive", "--rate", "1.0", "--clock"]
    assert timer.kwargs["actions"][0].kwargs["on_exit"] is None
    (rviz,) = actions["Node"]
    assert (rviz.kwargs["package"], rviz.kwargs["parameters"]) == ("rviz2", [{"use_sim_time": True}])
    shown = Path(rviz.kwargs["arguments"][-1])
    assert shown.is_file(), "the RViz configuration is not there"
    (bridge,) = started(read("replay.launch.py"), bag="drive", viewer="foxglove")["Node"]
    assert bridge.kwargs["executable"] == "foxglove_bridge"


@pytest.mark.parametrize(("viewer", "package"), [("rviz", "rviz2"), ("foxglove", "foxglove-bridge")])
def test_a_viewer_that_is_not_installed_is_refused_with_what_to_type(
    read: Read, monkeypatch: pytest.MonkeyPatch, viewer: str, package: str
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("ament_index_python.packages.get_package_prefix", missing)
    with pytest.raises(ValueError, match=rf"apt install ros-\$ROS_DISTRO-{package}, or give viewer:=none"):
        started(read("replay.launch.py"), bag="b", viewer=viewer)


def test_nav2_gets_its_own_parameters_with_ours_replacing_them(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = ModuleType("ament_index_python.packages")
    packages.get_package_share_directory = lambda name: str(tmp_path / name)  # type: ignore[attr-defined]
    packages.PackageNotFoundError = PackageNotFoundError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ament_index_python.packages", packages)
    params = tmp_path / "nav2_bringup" / "params"
    params.mkdir(parents=True)
    (params / "nav2_params.yaml").write_text(
        "amcl: {ros__parameters: {alpha1: 0.2}}\n"
        "local_costmap: {local_costmap: {ros__parameters: {plugins: [a, b], robot_radius: 0.22}}}\n"
    )
    ours = tmp_path / "ours.yaml"
    ours.write_text("local_costmap: {local_costmap: {ros__parameters: {plugins: [c], c: {enabled: true}}}}\n")
    file = read("nav2_example.launch.py")
    actions = started(file, costmap_file=str(ours), image="/cam/image", use_sim_time="true", hints="scan=/scan")
    (grin, passed), (nav2, given) = map(included, actions["IncludeLaunchDescription"])
    assert (grin, passed["image"]) == (str(LAUNCH / "grin.launch.py"), "/cam/image")
    assert (passed["hints"], passed["scan"]) == ("scan=/scan", "/grin/scan")
    assert set(passed) <= set(arguments(read("grin.launch.py")))
    assert nav2 == str(tmp_path / "nav2_bringup" / "launch" / "navigation_launch.py")
    assert (given["use_sim_time"], passed["use_sim_time"]) == ("true", "true")
    together = yaml.safe_load(Path(given["params_file"]).read_text())
    Path(given["params_file"]).unlink()
    costmap = {"plugins": ["c"], "robot_radius": 0.22, "c": {"enabled": True}}
    assert together == {
        "amcl": {"ros__parameters": {"alpha1": 0.2}},
        "local_costmap": {"local_costmap": {"ros__parameters": costmap}},
    }
    ours.write_text("- no\n- mapping\n")
    with pytest.raises(ValueError, match="got list, expected a ROS parameter file"):
        started(file, costmap_file=str(ours))


def test_nav2_that_is_not_installed_is_refused_with_what_to_type(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("ament_index_python.packages.get_package_share_directory", missing)
    with pytest.raises(ValueError, match=r"sudo apt install ros-\$ROS_DISTRO-nav2-bringup"):
        started(read("nav2_example.launch.py"))


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("grin.launch.py", {"compressed": "yes"}, "compressed: got 'yes', expected true or false"),
        ("grin.launch.py", {"respawn": ""}, "respawn: got '', expected true or false"),
        ("multi_camera.launch.py", {"cameras": " , "}, "cameras: got ' , ', expected one or more, such as front,rear"),
        ("multi_camera.launch.py", {"cameras": "a,b,a"}, "got a more than once"),
        ("multi_camera.launch.py", {"cameras": "1a"}, "camera: got '1a', expected NAME or NAME=IMAGE_TOPIC"),
        ("multi_camera.launch.py", {"cameras": "a", "autostart": "on"}, "autostart: got 'on'"),
        ("replay.launch.py", {"bag": "b", "player": "vlc"}, "player: got 'vlc', expected rosbag2 or grin"),
        ("replay.launch.py", {"bag": "b", "viewer": "tv"}, "viewer: got 'tv', expected rviz, foxglove or none"),
        ("replay.launch.py", {"bag": "b", "loop": "2"}, "loop: got '2'"),
    ],
)
def test_a_wrong_value_is_refused(read: Read, name: str, given: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        started(read(name), **given)


def test_hints_switch_their_sources_on_and_are_remapped(read: Read) -> None:
    (node,) = started(read("grin.launch.py"), hints="scan=/scan depth=/tof/image")["LifecycleNode"]
    assert {("hints/scan", "/scan"), ("hints/depth", "/tof/image")} <= set(node.kwargs["remappings"])
    assert ("hints/depth/camera_info", "/tof/camera_info") in node.kwargs["remappings"]
    overrides = node.kwargs["parameters"][1]
    assert overrides["hints.scan"] is True and overrides["hints.depth"] is True and "hints.points" not in overrides
    with pytest.raises(ValueError, match="expected one of scan=TOPIC"):
        started(read("grin.launch.py"), hints="sonar=/a")
    with pytest.raises(ValueError, match="got /front and /rear for hints/scan, expected one topic; relay both to one"):
        started(read("grin.launch.py"), hints="scan=/front scan=/rear")
