# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node publishes obstacles, free_space and scan over DDS: the right numbers and frames, and live switches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message
from benchmarks.stand_in.engine import BACKEND, fake_depth_m
from benchmarks.stand_in.process import start_node
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.obstacles import ObstacleSettings, free_points, obstacle_points, trusted_pixels
from grin_ros.core.planning.scan import level_scan
from grin_ros.core.types import DepthEstimate
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.messages import camera_from_info
from grin_ros.ros.message_types import message_class
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import FRAME_ID, image_message
from tests.ros.frame.test_cloud import read

STAMPS = itertools.count(100)
CLOUDS = ("obstacles", "free_space")
TOPICS = {name: message_class(OUTPUTS[name].type) for name in ("obstacles", "free_space", "scan")}
HEARD = {"depth/image": Image, **TOPICS}


def scene() -> NDArray[np.uint8]:
    """Return an image of two surfaces for the stand-in backend: 2 m on the left, 4 m on the right, no depth above."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[:, : WIDTH // 2, 0], image[:, WIDTH // 2 :, 0] = 32, 96
    image[: HEIGHT // 4, :, 0] = 0
    return image


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClient]:
    """A client that hears all topics of a node that knows its mounting."""
    parameters = {
        "model": str(fake_artifact),
        "backend": BACKEND,
        "diagnostics_period_s": 0.1,
        "mounting.known": True,
        "floor_scale": False,  # depth stays that of the stand-in
        "mounting.height_m": 0.5,
        "mounting.pitch_deg": 5.0,
    }
    reliable = [f"qos_overrides./{topic}.subscription.reliability:=reliable" for topic in ("image", "camera_info")]
    process = start_node(tmp_path_factory.mktemp("node") / "log", parameters, "-p", reliable[0], "-p", reliable[1])
    made = NodeClient(process)
    made.bring_up(HEARD)
    first = image_message(scene(), 99)
    made.send_until(first, info_message(), lambda: all(made.stamped(topic, 99) for topic in HEARD), "frame")
    made.wait(lambda: made.value("pending") == "0", "diagnostics")
    yield made
    made.close()
    assert process.stop() == 0, process.text()


def send(client: NodeClient, topics: tuple[str, ...]) -> int:
    """Send a frame, wait for these outputs of it, and return its stamp."""
    stamp_s = next(STAMPS)
    client.send(image_message(scene(), stamp_s), info_message())
    client.wait(lambda: all(client.stamped(topic, stamp_s) for topic in topics), "outputs")
    return stamp_s


def test_the_messages_hold_what_the_planning_code_computes(client: NodeClient) -> None:
    stamp_s = send(client, tuple(TOPICS))
    obstacles, free_space, scan = (client.stamped(topic, stamp_s)[0] for topic in TOPICS)
    camera = camera_from_info(info_message()).with_mounting(Mounting(0.5, 0.0, math.radians(5.0)))
    depth_m = fake_depth_m(scene())
    estimate, settings = DepthEstimate(depth_m, np.float32(0.1) * depth_m), ObstacleSettings()
    trusted = trusted_pixels(camera, estimate, settings)
    for cloud, points, names in (
        (obstacles, obstacle_points(camera, estimate, settings, trusted), ["x", "y", "z", "sigma"]),
        (free_space, free_points(camera, estimate, settings, trusted), ["x", "y", "z"]),
    ):
        assert cloud.header.frame_id == FRAME_ID and cloud.is_dense
        assert (cloud.height, cloud.width) == (1, len(points)) and len(points) > 100
        got = read(cloud)[0]
        assert list(got.dtype.names or ()) == names
        np.testing.assert_allclose(np.stack([got[name] for name in names], axis=1), points, rtol=1e-6)
    expected = level_scan(camera, estimate, settings, trusted, 0.5, 0.1)
    assert scan.header.frame_id == "camera_scan" and scan.header.stamp == obstacles.header.stamp
    np.testing.assert_allclose(np.array(scan.ranges), expected.ranges_m, rtol=1e-6)
    assert np.isfinite(expected.ranges_m).any()
    geometry = (scan.angle_min, scan.angle_max, scan.angle_increment, scan.range_min, scan.range_max)
    assert geometry == pytest.approx(
        (
            expected.angle_min_rad,
            expected.angle_max_rad,
            expected.increment_rad,
            expected.range_min_m,
            expected.range_max_m,
        )
    )
    assert (scan.time_increment, scan.scan_time, len(scan.intensities)) == (0.0, 0.0, 0)


def test_settings_and_switches_change_while_it_runs(client: NodeClient) -> None:
    dense = client.stamped("obstacles", send(client, CLOUDS))[0].width
    assert client.set_parameter("obstacles.voxel_m", 0.5) == (True, "")
    assert client.set_parameter("scan.frame_id", "front_level") == (True, "")
    stamp_s = send(client, tuple(TOPICS))
    assert client.stamped("obstacles", stamp_s)[0].width < dense / 4
    assert client.stamped("scan", stamp_s)[0].header.frame_id == "front_level"

    assert client.set_parameter("publish_obstacles", False) == (True, "")
    off = send(client, ("scan",))
    assert client.set_parameter("publish_obstacles", True) == (True, "")
    assert client.set_parameter("publish_scan", False) == (True, "")
    on = send(client, CLOUDS)
    assert client.set_parameter("publish_scan", True) == (True, "")
    send(client, tuple(TOPICS))  # what was not published before this will not come any more
    assert not any(client.stamped(topic, off) for topic in CLOUDS)
    assert not client.stamped("scan", on)
    for name, value in (("obstacles.voxel_m", 0.05), ("scan.frame_id", "camera_scan")):
        assert client.set_parameter(name, value) == (True, "")


def test_without_a_mounting_it_says_once_what_to_set(client: NodeClient) -> None:
    assert client.set_parameter("mounting.known", False) == (True, "")
    stamps = [send(client, CLOUDS) for _ in range(3)]
    assert client.set_parameter("mounting.known", True) == (True, "")
    send(client, tuple(TOPICS))
    assert not any(client.stamped("scan", stamp_s) for stamp_s in stamps)
    assert client.process is not None
    text = "scan is not published: the camera's mounting is not known, so nothing has a height; set mounting.known"
    assert client.process.text().count(text) == 1


def test_obstacles_without_a_mounting_are_a_warning_on_diagnostics(client: NodeClient) -> None:
    def status_says_floor(wanted: bool, what: str) -> None:
        """Send frames without a stamp, which have no age to warn of, until the status is as wanted."""

        def reached() -> bool:
            status = client.status()
            return status is not None and ("obstacles contains the floor" in status.message) == wanted

        client.send_until(image_message(scene(), 0), info_message(), reached, what)

    with_band = client.stamped("obstacles", send(client, CLOUDS))[0].width
    assert client.set_parameter("mounting.known", False) == (True, "")
    without_mounting = client.stamped("obstacles", send(client, CLOUDS))[0].width
    status_says_floor(True, "warning")
    assert client.set_parameter("obstacles.height_band", False) == (True, "")
    assert client.stamped("obstacles", send(client, CLOUDS))[0].width == without_mounting > with_band > 0
    status_says_floor(False, "end of the warning after the band was switched off")
    assert client.set_parameter("obstacles.height_band", True) == (True, "")
    assert client.set_parameter("mounting.known", True) == (True, "")
    send(client, tuple(TOPICS))
    status_says_floor(False, "end of the warning with a mounting")
    assert client.process is not None
    assert client.process.text().count("so obstacles contains the floor and a costmap may mark it") == 1


def test_a_band_upside_down_is_refused(client: NodeClient) -> None:
    done, reason = client.set_parameter("obstacles.min_height_m", 3.0)
    assert not done and "expected min < max" in reason
