# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Two cameras in one process over DDS: each has its own topics, parameters and diagnostics; they share an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image, LaserScan

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from benchmarks.stand_in.engine import BACKEND, fake_depth_m
from benchmarks.stand_in.process import start_node
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.kept_maps import KeptMaps
from grin_ros.ros.node import multi_camera
from grin_ros.ros.node.camera_names import CameraName, parse_cameras
from grin_ros.ros.operator.harness.client import CONFIGURE, NodeClient
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.operator.harness.process import NodeProcess

FRONT, REAR = "/robot/front/grin", "/robot/rear/grin"
LIMIT_M = 4.0

PARAMETERS = f"""
/**:
  ros__parameters:
    backend: {BACKEND}
    diagnostics_period_s: 0.1
    mounting.known: true
    mounting.height_m: 0.5
    floor_scale: false
/robot/rear/grin:
  ros__parameters:
    max_depth_m: {LIMIT_M}
"""


def process(folder: Path, model: Path, *cameras: str) -> NodeProcess:
    parameters = folder / "parameters.yaml"
    parameters.write_text(PARAMETERS)
    return start_node(
        folder / "log",
        {"model": str(model), "autostart": True},
        *("-r", "__ns:=/robot", "--params-file", str(parameters), "--", *cameras, "--ros-args"),
        module="benchmarks.stand_in.multi_camera",
    )


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClient]:
    """Return a client of the front camera, whose image topic is /image. That of the rear is /rear_cam/image_raw."""
    folder = tmp_path_factory.mktemp("multi_camera")
    node = process(folder, fake_artifact, "front=/image", "rear=/rear_cam/image_raw")
    client = NodeClient(node, FRONT)
    yield client
    client.close()
    assert node.stop() == 0, node.text()
    assert "Traceback" not in node.text()


def diagnostics(client: NodeClient, name: str) -> dict[str, str]:
    """Return the newest diagnostic values of one node."""
    for message in reversed(client.received["/diagnostics"]):
        for status in message.status:
            if status.name == f"{name.lstrip('/')}: depth":
                return {pair.key: pair.value for pair in status.values}
    return {}


def test_both_nodes_start_by_themselves_and_share_one_engine(client: NodeClient) -> None:
    for name in (FRONT, REAR):
        client.wait(lambda name=name: diagnostics(client, name).get("lifecycle state") == "active", f"{name} active")
    assert client.state() == "active"
    assert client.process is not None
    assert client.process.text().count("golden sample max error") == 1, "the two nodes do not share one engine"


def test_each_camera_has_its_own_depth_calibration_and_parameters(client: NodeClient) -> None:
    rear_image: Any = client.ros.create_publisher(Image, "/rear_cam/image_raw", 10)
    rear_info: Any = client.ros.create_publisher(CameraInfo, "/rear_cam/camera_info", 10)
    topics = {"/robot/front/depth/image": Image, "/robot/rear/depth/image": Image}
    for topic, kind in topics.items():
        client.subscribe(topic, kind)
    wide = info_message(2 * WIDTH, HEIGHT)
    front, rear = picture(1), picture(2, 2 * WIDTH, HEIGHT)

    def both() -> bool:
        rear_info.publish(wide)
        rear_image.publish(image_message(rear, 2))
        return bool(client.stamped("/robot/front/depth/image", 1) and client.stamped("/robot/rear/depth/image", 2))

    client.send_until(image_message(front, 1), info_message(), both, "depth of both cameras")
    expected_rear = fake_depth_m(rear)
    expected_rear[expected_rear > LIMIT_M] = np.inf
    for topic, stamp_s, expected in (
        ("/robot/front/depth/image", 1, fake_depth_m(front)),
        ("/robot/rear/depth/image", 2, expected_rear),
    ):
        for message in client.received[topic]:
            assert message.header.stamp.sec == stamp_s, "depth of the other camera"
        got = np.frombuffer(client.stamped(topic, stamp_s)[0].data, np.float32).reshape(expected.shape)
        np.testing.assert_array_equal(got, expected)
    client.wait(lambda: f"{2 * WIDTH}x{HEIGHT}" in diagnostics(client, REAR).get("camera", ""), "the rear camera")
    client.wait(lambda: f"{WIDTH}x{HEIGHT}" in diagnostics(client, FRONT).get("camera", ""), "the front camera")


def test_each_camera_has_its_own_frame_of_the_scan(client: NodeClient) -> None:
    """In one frame, what the rear camera sees would lie in front of the robot."""
    rear_image: Any = client.ros.create_publisher(Image, "/rear_cam/image_raw", 10)
    rear_info: Any = client.ros.create_publisher(CameraInfo, "/rear_cam/camera_info", 10)
    scans = ("/robot/front/scan", "/robot/rear/scan")
    for topic in scans:
        client.subscribe(topic, LaserScan)

    def both() -> bool:
        rear_info.publish(info_message())
        rear_image.publish(image_message(picture(4), 4))
        return all(client.received[topic] for topic in scans)

    client.send_until(image_message(picture(4), 4), info_message(), both, "the scans of both cameras")
    frames = [{message.header.frame_id for message in client.received[topic]} for topic in scans]
    assert frames == [{"front_scan"}, {"rear_scan"}]


def test_one_camera_goes_on_while_the_other_is_deactivated(client: NodeClient) -> None:
    from grin_ros.ros.operator.harness.client import CLEANUP, DEACTIVATE

    assert client.change(DEACTIVATE)
    assert client.change(CLEANUP)
    before = int(diagnostics(client, REAR)["published"])
    rear_image: Any = client.ros.create_publisher(Image, "/rear_cam/image_raw", 10)
    rear_info: Any = client.ros.create_publisher(CameraInfo, "/rear_cam/camera_info", 10)

    def more() -> bool:
        rear_info.publish(info_message())
        rear_image.publish(image_message(picture(), 3))
        return int(diagnostics(client, REAR)["published"]) > before

    client.wait(more, "depth of the rear camera")
    assert client.change(CONFIGURE)
    assert client.state() == "inactive"


def test_the_rays_of_all_cameras_are_kept_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = SimpleNamespace(get_namespace=lambda: "/", destroy_node=lambda: None)
    monkeypatch.setattr(multi_camera, "Node", lambda *_, **__: probe)
    monkeypatch.setattr(multi_camera, "GrinNode", lambda **options: options)
    names = [f"camera{number}" for number in range(12)]
    assert len(multi_camera.open_nodes(parse_cameras(names))) == 12
    cameras = [Camera(64, 48, 50.0 + number, 50.0, 32.0, 24.0) for number in range(12)]
    first = [camera.rays() for camera in cameras]
    assert all(camera.rays() is rays for camera, rays in zip(cameras, first, strict=True))
    KeptMaps.serve(1)


def test_a_camera_name_becomes_namespace_and_remappings() -> None:
    plain, far = parse_cameras(["front", "rear/left=/cams/rl/image_raw"])
    assert plain.ros_arguments("/") == ["--ros-args", "-r", "__ns:=/front"]
    assert far.ros_arguments("/robot")[1:] == [
        *("-r", "__ns:=/robot/rear/left"),
        *("-r", "image:=/cams/rl/image_raw"),
        *("-r", "image/compressed:=/cams/rl/image_raw/compressed"),
        *("-r", "camera_info:=/cams/rl/camera_info"),
    ]
    assert CameraName.parse("front=image_raw").ros_arguments("/")[-1] == "camera_info:=camera_info"


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        (["1front"], "got '1front', expected NAME or NAME=IMAGE_TOPIC"),
        (["front="], "got 'front='"),
        (["/front"], "got '/front'"),
        ([""], "got ''"),
        (["front", "rear", "front=/x"], "got front more than once"),
    ],
)
def test_wrong_names_are_refused(texts: list[str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_cameras(texts)
