# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The cameras of robots with the real node over DDS: lenses, regions of interest, changes, time jumps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from benchmarks.stand_in.engine import BACKEND, fake_depth_m
from benchmarks.stand_in.process import start_node
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.messages import DEPTH_TOPICS, FRAME_ID, image_message
from tests.ros.frame.test_cloud import read

STAMPS = itertools.count(1000)
OUTPUTS = ("depth/image", "depth/sigma", "depth/camera_info", "points")


@dataclass
class Time:
    """Publishes /clock: a tenth of a simulated second every 20 ms, from `start_s` on."""

    publisher: Any
    start_s: int = 1000
    ticks: Iterator[int] = field(default_factory=itertools.count)

    def tick(self) -> None:
        message = Clock()
        seconds, tenths = divmod(next(self.ticks), 10)
        message.clock.sec, message.clock.nanosec = self.start_s + seconds, tenths * 100_000_000
        self.publisher.publish(message)

    def jump(self, start_s: int) -> None:
        """Jump to another time, as a bag does that starts again."""
        self.start_s, self.ticks = start_s, itertools.count()


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClient]:
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "diagnostics_period_s": 0.1, "use_sim_time": True}
    reliable = [f"qos_overrides./{topic}.subscription.reliability:=reliable" for topic in ("image", "camera_info")]
    process = start_node(tmp_path_factory.mktemp("cameras") / "log", parameters, "-p", reliable[0], "-p", reliable[1])
    client = NodeClient(process)
    client.time = Time(client.ros.create_publisher(Clock, "/clock", 10))  # type: ignore[attr-defined]
    client.ros.create_timer(0.02, client.time.tick)  # type: ignore[attr-defined]
    client.bring_up(DEPTH_TOPICS)
    stamp_s = next(STAMPS)
    first = image_message(picture(), stamp_s)
    client.send_until(first, info_message(), lambda: all(client.stamped(t, stamp_s) for t in OUTPUTS), "frame")
    yield client
    client.close()
    assert process.stop() == 0, process.text()


def cloud_of(client: NodeClient, info: CameraInfo | None, stamp_s: int | None = None) -> tuple[NDArray[np.void], int]:
    """Send `info` and a picture. Return its point cloud and its stamp."""
    stamp_s = next(STAMPS) if stamp_s is None else stamp_s
    client.send(image_message(picture(), stamp_s), info)
    client.wait(lambda: all(client.stamped(topic, stamp_s) for topic in OUTPUTS), "outputs")
    return read(client.stamped("points", stamp_s)[0]), stamp_s


def directions(cloud: NDArray[np.void]) -> NDArray[np.float64]:
    """Return (H, W, 2): x / z and y / z of every point; NaN without a point."""
    return np.stack([cloud["x"] / cloud["z"], cloud["y"] / cloud["z"]], -1).astype(np.float64)


def pixels() -> NDArray[np.float64]:
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([u, v], -1).astype(np.float64)


def assert_seen(cloud: NDArray[np.void], expected: NDArray[Any]) -> None:
    """Assert that the point of every valid pixel lies in the direction (H, W, 2) of `expected`, at its depth."""
    depth_m = fake_depth_m(picture())
    valid = np.isfinite(depth_m)
    assert valid.mean() > 0.5
    np.testing.assert_allclose(cloud["z"][valid], depth_m[valid], rtol=1e-6)
    np.testing.assert_allclose(directions(cloud)[valid], expected[valid], atol=2e-5)
    assert np.isnan(cloud["z"][~valid]).all()


def test_the_image_of_a_fisheye_camera_needs_no_rectification(client: NodeClient) -> None:
    """The rays of the corners are 80 degrees off the axis. OpenCV's undistortion gives the expected directions."""
    f_px, d = 13.5, [0.02, -0.005, 0.001, -0.0002]
    info = info_message(distortion_model="equidistant", d=d)
    info.k = [f_px, 0.0, 15.5, 0.0, f_px, 11.5, 0.0, 0.0, 1.0]
    cloud, stamp_s = cloud_of(client, info)
    flat = pixels().reshape(-1, 1, 2)
    expected = cv2.fisheye.undistortPoints(flat, np.reshape(info.k, (3, 3)), np.array(d)).reshape(HEIGHT, WIDTH, 2)
    corner = np.degrees(np.arctan(np.hypot(*expected[-1, -1])))
    assert corner > 75.0
    ratio = directions(cloud) / expected
    assert np.nanmax(np.abs(ratio - 1.0)) < 1e-3
    assert np.isfinite(ratio).sum() > ratio.size / 2
    (relayed,) = client.stamped("depth/camera_info", stamp_s)
    assert (relayed.distortion_model, relayed.d.tolist()) == ("equidistant", d)


def test_region_of_interest_and_binning_are_taken_into_account(client: NodeClient) -> None:
    """The delivered pixel (u, v) is the centre of a 2x2 block of the region of interest."""
    info = info_message(4 * WIDTH, 3 * HEIGHT, distortion_model="plumb_bob", d=[0.0] * 5, binning_x=2, binning_y=2)
    info.roi = RegionOfInterest(x_offset=10, y_offset=6, width=2 * WIDTH, height=2 * HEIGHT)
    cloud, _ = cloud_of(client, info)
    sensor = pixels() * 2 + 0.5 + (10, 6)
    k = np.reshape(info.k, (3, 3))
    assert_seen(cloud, (sensor - k[:2, 2]) / (k[0, 0], k[1, 1]))


def test_the_camera_of_a_rectified_image_is_the_matrix_p(client: NodeClient) -> None:
    info = info_message(p=[40.0, 0.0, 15.0, 0.0, 0.0, 41.0, 11.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    assert client.set_parameter("rectified", True) == (True, "")
    try:
        cloud, _ = cloud_of(client, info)
        assert_seen(cloud, (pixels() - (15.0, 11.0)) / (40.0, 41.0))
        stamp_s = next(STAMPS)
        client.send(image_message(picture(), stamp_s), info_message())
        client.wait(lambda: "got P[0] = 0" in client.value("last rejection"), "rejection")
        assert not client.stamped("depth/image", stamp_s)
    finally:
        assert client.set_parameter("rectified", False) == (True, "")


def pinhole(f_px: float) -> CameraInfo:
    info = info_message(d=[0.0] * 5)
    info.k = [f_px, 0.0, 15.5, 0.0, f_px, 11.5, 0.0, 0.0, 1.0]
    return info


def test_a_new_camera_info_changes_the_rays(client: NodeClient) -> None:
    """A zoom lens: the same image with another camera_info, and back."""
    for f_px in (30.0, 60.0, 30.0):
        cloud, _ = cloud_of(client, pinhole(f_px))
        assert_seen(cloud, (pixels() - (15.5, 11.5)) / f_px)
        client.wait(lambda f_px=f_px: f"fx {f_px:.1f}" in client.value("camera"), "camera in the diagnostics")


def test_camera_info_may_have_other_stamps_and_another_rate_than_the_images(client: NodeClient) -> None:
    """The newest camera_info is used, whatever its stamp, and by all images that follow it."""
    late = pinhole(50.0)
    late.header.stamp.sec = 3
    client.send(image_message(picture(), next(STAMPS)), pinhole(20.0))
    cloud, _ = cloud_of(client, late)
    assert_seen(cloud, (pixels() - (15.5, 11.5)) / 50.0)
    for _ in range(3):
        cloud, _ = cloud_of(client, None)
        assert_seen(cloud, (pixels() - (15.5, 11.5)) / 50.0)


def test_image_and_camera_info_of_different_resolutions_are_never_combined(client: NodeClient) -> None:
    cloud_of(client, info_message())
    large = picture(1, 2 * WIDTH, 2 * HEIGHT)

    def refused(image: NDArray[np.uint8], info: CameraInfo | None, text: str) -> None:
        stamp_s = next(STAMPS)
        before = int(client.value("rejected: other size") or 0)
        client.send(image_message(image, stamp_s), info)
        client.wait(lambda: int(client.value("rejected: other size") or 0) > before, "rejection")
        assert text in client.value("last rejection")
        assert "use the calibration of this resolution" in client.value("last rejection")
        assert not any(client.stamped(topic, stamp_s) for topic in DEPTH_TOPICS)

    refused(large, None, "describes 32x24 (after roi and binning), but the image is 64x48")
    stamp_s = next(STAMPS)
    client.send(image_message(large, stamp_s), info_message(2 * WIDTH, 2 * HEIGHT))
    client.wait(lambda: client.stamped("points", stamp_s), "points of the new size")
    assert client.stamped("points", stamp_s)[0].width == 2 * WIDTH
    refused(picture(), None, "describes 64x48 (after roi and binning), but the image is 32x24")
    cloud_of(client, info_message())


def test_all_outputs_have_the_frame_of_the_image(client: NodeClient) -> None:
    stamp_s = next(STAMPS)
    info = info_message()
    info.header.frame_id = "robot2/front_optical"
    client.send(image_message(picture(), stamp_s, "robot2/front_optical"), info)
    client.wait(lambda: all(client.stamped(topic, stamp_s) for topic in OUTPUTS), "outputs")
    assert {client.stamped(topic, stamp_s)[0].header.frame_id for topic in OUTPUTS} == {"robot2/front_optical"}
    assert FRAME_ID != "robot2/front_optical"


def test_the_node_goes_on_when_time_jumps_as_in_a_bag_that_starts_again(client: NodeClient) -> None:
    """Time jumps back twice and then far ahead. Every frame keeps its stamp, and diagnostics go on."""
    for start_s in (100, 20, 90_000):
        client.time.jump(start_s)  # type: ignore[attr-defined]
        near = range(start_s, start_s + 40)
        client.wait(
            lambda near=near: client.received["/diagnostics"][-1].header.stamp.sec in near, "diagnostics after the jump"
        )
        for topic in OUTPUTS:
            client.received[topic].clear()
        cloud_of(client, info_message(), start_s)
        client.wait(lambda: client.value("pending") == "0", "quiet")
