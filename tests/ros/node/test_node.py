# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One node process over DDS for this whole file: good frames, every kind of bad input, parameters, lifecycle.

The backend is the one of `fakes`, so every published number can be checked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import ParameterType, ParameterValue
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, LaserScan

from benchmarks.stand_in.camera import HEIGHT, WIDTH, info_message, picture
from benchmarks.stand_in.engine import BACKEND, FAILURE_GREEN, fake_depth_m
from benchmarks.stand_in.process import start_node
from grin_ros.ros.operator.harness.client import ACTIVATE, CONFIGURE, DEACTIVATE, NodeClient
from grin_ros.ros.operator.harness.messages import DEPTH_TOPICS, FRAME_ID, image_message
from grin_ros.ros.operator.harness.process import NodeProcess
from tests.ros.frame.test_cloud import read

STAMPS = itertools.count(100)
DEFAULT_OUTPUTS = ("depth/image", "depth/sigma", "depth/camera_info", "points")
COUNTED = ("received", "published", "dropped", "rejected", "failed", "pending")


@pytest.fixture(scope="module")
def node(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    parameters = {"model": str(fake_artifact), "backend": BACKEND, "diagnostics_period_s": 0.1}
    # With reliable subscriptions every message that a test sends arrives exactly once.
    reliable = [f"qos_overrides./{topic}.subscription.reliability:=reliable" for topic in ("image", "camera_info")]
    process = start_node(tmp_path_factory.mktemp("node") / "log", parameters, "-p", reliable[0], "-p", reliable[1])
    yield process
    assert process.stop() == 0, process.text()


@pytest.fixture(scope="module")
def client(node: NodeProcess) -> Iterator[NodeClient]:
    client = NodeClient(node)
    client.bring_up(DEPTH_TOPICS)
    stamp_s = next(STAMPS)
    first = image_message(picture(), stamp_s)
    client.send_until(first, info_message(), lambda: all(client.stamped(t, stamp_s) for t in DEFAULT_OUTPUTS), "frame")
    settled(client)
    yield client
    client.close()


def send_good(client: NodeClient, image: Image | None = None, topics: tuple[str, ...] = DEFAULT_OUTPUTS) -> int:
    """Send a good frame and wait for its outputs. Return its stamp in seconds."""
    stamp_s = next(STAMPS)
    sent = image_message(picture(stamp_s), stamp_s) if image is None else image
    sent.header.stamp.sec = stamp_s
    client.send(sent, info_message())
    client.wait(lambda: all(client.stamped(topic, stamp_s) for topic in topics), "outputs")
    return stamp_s


def counts(client: NodeClient) -> dict[str, int]:
    """Return the counts of the newest diagnostics."""
    return {key: int(client.value(key) or -1) for key in COUNTED}


def settled(client: NodeClient) -> dict[str, int]:
    """Wait for a diagnostic message, newer than this call, with nothing pending. Return its counts."""
    before = len(client.received["/diagnostics"])
    client.wait(lambda: len(client.received["/diagnostics"]) > before + 1 and client.value("pending") == "0", "quiet")
    return counts(client)


def test_the_outputs_have_header_size_and_values_of_the_frame(client: NodeClient) -> None:
    stamp_s = next(STAMPS)
    image, info = picture(stamp_s), info_message()
    message = image_message(image, stamp_s)
    message.header.stamp.nanosec = 123456789
    client.send(message, info)
    client.wait(lambda: all(client.stamped(topic, stamp_s) for topic in DEFAULT_OUTPUTS), "outputs")
    depth, sigma, relayed, points = (client.stamped(topic, stamp_s)[0] for topic in DEFAULT_OUTPUTS)
    assert all(output.header == message.header for output in (depth, sigma, relayed, points))
    expected = fake_depth_m(image)
    for output, metres in ((depth, expected), (sigma, np.float32(0.1) * expected)):
        assert (output.encoding, output.height, output.width, output.is_bigendian) == ("32FC1", HEIGHT, WIDTH, 0)
        got = np.frombuffer(output.data, np.float32).reshape(HEIGHT, WIDTH)
        np.testing.assert_array_equal(got, metres)
    assert np.isnan(expected).any()
    assert (relayed.k.tolist(), relayed.d.tolist()) == (info.k.tolist(), info.d.tolist())
    cloud = read(points)
    np.testing.assert_allclose(cloud["z"], expected, rtol=1e-6)
    np.testing.assert_array_equal(cloud["sigma"], np.float32(0.1) * expected)


def test_diagnostics_name_what_runs_and_their_counts_add_up(client: NodeClient) -> None:
    settled(client)
    for message in list(client.received["/diagnostics"]):
        values = {pair.key: pair.value for pair in message.status[0].values}
        numbers = {key: int(values[key]) for key in COUNTED}
        assert numbers["received"] == sum(numbers[key] for key in COUNTED[1:]), numbers
    assert client.value("lifecycle state") == "active"
    assert client.value("backend") == "fake backend of the tests"
    assert client.value("model").startswith("fake (")
    assert len(client.value("artifact")) == 12
    assert f"{FRAME_ID} {WIDTH}x{HEIGHT} plumb_bob" in client.value("camera")
    for stage in ("wait", "convert", "encode", "denoise", "decode", "publish", "total"):
        assert float(client.value(f"latency {stage} p50 (ms)")) <= float(client.value(f"latency {stage} p95 (ms)"))
    assert client.value("invalid ratio") == "0.250"
    status = client.status()
    assert status is not None
    assert status.name == "grin: depth"


def image_with(**fields: Any) -> Image:
    image = image_message(picture(), 0)
    for name, value in fields.items():
        setattr(image, name, value)
    return image


def other_frame() -> CameraInfo:
    info = info_message()
    info.header.frame_id = "another_camera"
    return info


def failing() -> Image:
    image = picture()
    image[0, 0, 1] = FAILURE_GREEN
    return image_message(image, 0)


GOOD_IMAGE, GOOD_INFO = image_with(), info_message()
BAD = {
    "zero K": (GOOD_IMAGE, info_message(k=[0.0] * 9), "bad camera_info", "uncalibrated camera: got K[0] = 0"),
    "K[0]=0": (GOOD_IMAGE, info_message(k=[0.0, 0, 16, 0, 32, 12, 0, 0, 1]), "bad camera_info", "uncalibrated"),
    "NaN K": (GOOD_IMAGE, info_message(k=[math.nan] * 9), "bad camera_info", "expected finite numbers"),
    "other size": (GOOD_IMAGE, info_message(64, 48), "other size", "describes 64x48"),
    "other frame": (GOOD_IMAGE, other_frame(), "other frame", "got frame_id 'another_camera'"),
    "unknown distortion": (GOOD_IMAGE, info_message(distortion_model="warp"), "bad camera_info", "warp"),
    "zero-size info": (GOOD_IMAGE, info_message(0, 0), "bad camera_info", "image width: got 0"),
    "unknown encoding": (image_with(encoding="rgb9"), GOOD_INFO, "bad image", "did you mean 'rgb8'"),
    "depth as image": (image_with(encoding="32FC1"), GOOD_INFO, "bad image", "got encoding '32FC1', which is depth"),
    "truncated": (image_with(data=bytes(100)), GOOD_INFO, "bad image", "truncated: got 100 bytes"),
    "no data": (image_with(data=b""), GOOD_INFO, "bad image", "truncated: got 0 bytes"),
    "short step": (image_with(step=WIDTH * 3 - 1), GOOD_INFO, "bad image", "got step 95"),
    "zero-size image": (image_with(width=0, height=0, step=0, data=b""), GOOD_INFO, "bad image", "got 0x0"),
    "huge image": (
        image_with(width=60000, height=60000, step=180000, data=bytes(1000)),
        GOOD_INFO,
        "bad image",
        "got 60000x60000, expected 1 to 64000000 pixels",
    ),
    "failing backend": (failing(), GOOD_INFO, "backend failed", "RuntimeError: out of memory"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_its_reason_and_the_next_good_frame_works(
    client: NodeClient, node: NodeProcess, name: str
) -> None:
    image, info, reason, text = BAD[name]
    stamp_s = next(STAMPS)
    image.header.stamp.sec = stamp_s
    kind = "failed" if reason == "backend failed" else "rejected"
    before = settled(client)[kind]
    client.send(image, info)
    client.wait(lambda: counts(client)[kind] == before + 1, f"rejection of {name}")
    status = client.status()
    assert status is not None
    assert status.level == DiagnosticStatus.ERROR
    assert text in status.message
    assert kind == "failed" or client.value(f"rejected: {reason}")
    if reason not in {earlier[2] for earlier in list(BAD.values())[: list(BAD).index(name)]}:
        assert text in node.text()  # the first of a reason is logged at once, the others with the next period
    send_good(client)
    assert not any(client.stamped(topic, stamp_s) for topic in DEPTH_TOPICS), "something was published"
    assert client.state() == "active"


def test_messages_that_rclpy_cannot_decode_do_not_end_the_node(client: NodeClient, node: NodeProcess) -> None:
    """rclpy raises an exception before it calls the node."""
    raw = serialize_message(image_message(picture(), next(STAMPS)))
    client.image_publisher.publish(raw.replace(FRAME_ID.encode(), b"\xff" * len(FRAME_ID)))  # not UTF-8
    client.image_publisher.publish(raw[: len(raw) // 2])
    client.image_publisher.publish(b"\x00\x01\x00\x00" + bytes([0xFF]) * 64)  # lengths of 4 GB
    before = node.text().count("the node goes on")
    client.ask_to_set("steps", ParameterValue(type=77))  # rclpy raises and never answers
    client.wait(lambda: node.text().count("the node goes on") > before, "log of the parameter's type")
    send_good(client)


def test_a_camera_info_that_came_once_serves_after_deactivate_and_activate(client: NodeClient) -> None:
    assert client.change(DEACTIVATE)
    assert client.change(ACTIVATE)
    client.wait_connected(DEPTH_TOPICS)
    stamp_s = next(STAMPS)
    client.send(image_message(picture(), stamp_s), None)
    client.wait(lambda: client.stamped("depth/image", stamp_s), "depth")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("steps", "2", "Wrong parameter type"),
        ("steps", 2.0, "Wrong parameter type"),
        ("steps", 0, "out of range"),
        ("steps", 51, "out of range"),
        ("members", 33, "out of range"),
        ("max_depth_m", 0.0, "out of range"),
        ("max_depth_m", math.nan, "out of range"),
        ("max_depth_m", 0.05, "expected 0 < min < max"),
        ("points_stride", 0, "out of range"),
        ("publish_points", 1, "Wrong parameter type"),
        ("mounting.height_m", -1.0, "out of range"),
        ("model", "nano", "read-only"),
        ("backend", "ort", "read-only"),
        ("stepz", 1, "undeclared"),
        ("steps", ParameterValue(type=ParameterType.PARAMETER_NOT_SET), "cannot be undeclared"),
    ],
)
def test_a_wrong_parameter_is_refused_with_a_reason(client: NodeClient, name: str, value: Any, text: str) -> None:
    accepted, reason = client.set_parameter(name, value)
    assert not accepted
    assert text in reason


def test_descriptors_can_be_asked_for(client: NodeClient) -> None:
    steps, model = client.describe("steps", "model")
    assert (steps.integer_range[0].from_value, steps.integer_range[0].to_value) == (1, 50)
    assert "number of denoising steps" in steps.description
    assert model.read_only


def test_switches_and_limits_can_change_while_the_node_runs(client: NodeClient) -> None:
    def with_parameters(**values: Any) -> None:
        for name, value in values.items():
            assert client.set_parameter(name, value) == (True, "")

    with_parameters(publish_mm=True, publish_sigma=False, points_stride=4, points_rgb=False, max_depth_m=4.0)
    stamp_s = send_good(client, topics=("depth/image", "depth/image_mm", "points", "depth/camera_info"))
    expected = fake_depth_m(picture(stamp_s))
    expected[expected > 4.0] = np.inf
    depth, millimetres, points = (client.stamped(t, stamp_s)[0] for t in ("depth/image", "depth/image_mm", "points"))
    np.testing.assert_array_equal(np.frombuffer(depth.data, np.float32).reshape(HEIGHT, WIDTH), expected)
    whole = np.where(np.isfinite(expected), np.rint(expected * 1000), 0).astype(np.uint16)
    np.testing.assert_array_equal(np.frombuffer(millimetres.data, np.uint16).reshape(HEIGHT, WIDTH), whole)
    assert (points.height, points.width) == (HEIGHT // 4, WIDTH // 4)
    assert [field.name for field in points.fields] == ["x", "y", "z", "sigma"]
    assert not client.stamped("depth/sigma", stamp_s)

    with_parameters(publish_depth=False, publish_mm=False, publish_points=False, publish_sigma=True, max_depth_m=80.0)
    stamp_s = send_good(client, topics=("depth/sigma", "depth/camera_info"))
    with_parameters(publish_depth=True, publish_points=True, points_stride=1, points_rgb=True)
    send_good(client)
    assert not any(client.stamped(topic, stamp_s) for topic in ("depth/image", "depth/image_mm", "points"))


def test_a_subscriber_of_a_scan_that_cannot_be_made_is_warned_of(client: NodeClient) -> None:
    def message() -> str:
        status = client.status()
        return status.message if status else ""

    client.subscribe("scan", LaserScan)
    image = image_message(picture())  # without a stamp, nothing is old
    client.send_until(image, info_message(), lambda: "so scan is not published" in message(), "warning about the scan")
    assert client.set_parameter("publish_scan", False)[0]
    client.send_until(image, info_message(), lambda: "scan" not in message(), "status without the scan")
    settled(client)
    assert client.set_parameter("publish_scan", True)[0]


def test_the_mounting_can_change_while_the_node_runs(client: NodeClient) -> None:
    assert client.set_parameter("mounting.known", True) == (True, "")
    send_good(client)
    client.wait(lambda: "mounting known" in client.value("camera"), "mounting in the diagnostics")
    assert client.set_parameter("mounting.known", False) == (True, "")


@pytest.mark.parametrize("encoding", ["bgr8", "rgba8", "mono8", "yuyv", "bayer_rggb8", "mono16"])
def test_other_encodings_padded_and_big_endian_over_dds(client: NodeClient, encoding: str) -> None:
    """The picture is grey, so that its red is the same in every encoding. Rows are padded; mono16 is big-endian."""
    grey = 160
    pixel = {"rgba8": [grey] * 4, "bgr8": [grey] * 3, "yuyv": [153, 128], "mono16": [grey, grey]}.get(encoding, [grey])
    row = bytes(pixel * WIDTH) + b"\x00" * 5
    image = Image(height=HEIGHT, width=WIDTH, encoding=encoding, step=len(row), is_bigendian=1, data=row * HEIGHT)
    image.header.frame_id = FRAME_ID
    stamp_s = send_good(client, image)
    depth_m = np.frombuffer(client.stamped("depth/image", stamp_s)[0].data, np.float32)
    np.testing.assert_allclose(depth_m, 1 + grey / 32, atol=1.01 / 32)


def test_two_hundred_illegal_transitions_change_nothing(client: NodeClient, node: NodeProcess) -> None:
    for index in range(200):
        transition_id, label = ((CONFIGURE, ""), (ACTIVATE, ""), (2, ""), (99, ""), (0, "dance"))[index % 5]
        assert not client.change(transition_id, label), (transition_id, label)
    assert client.state() == "active"
    ours, of_kilted = "is not possible from 'active'; nothing was changed", "Unable to start transition 2"
    assert ours in node.text() or of_kilted in node.text()
    send_good(client)


def test_an_inactive_node_publishes_nothing_and_can_be_activated_again(client: NodeClient) -> None:
    assert client.change(DEACTIVATE)
    assert not client.change(DEACTIVATE)
    client.wait(lambda: client.image_publisher.get_subscription_count() == 0, "unsubscription")
    client.wait(lambda: client.value("lifecycle state") == "inactive", "state in the diagnostics")
    assert client.change(ACTIVATE)
    client.wait_connected(DEPTH_TOPICS)
    send_good(client)


def test_the_counts_still_add_up_at_the_end(client: NodeClient) -> None:
    numbers = settled(client)
    assert numbers["pending"] == 0
    assert numbers["received"] == sum(numbers[key] for key in COUNTED[1:])
    assert numbers["rejected"] + numbers["failed"] >= len(BAD)
