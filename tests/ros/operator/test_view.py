# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin view`: each message becomes an entity of Rerun, and if Rerun is installed, of a recording."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from benchmarks.stand_in.camera import HEIGHT, WIDTH, CameraDriver, info_message, picture
from benchmarks.stand_in.engine import fake_depth_m
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.frame.depth_images import metres_message
from grin_ros.ros.inputs.messages import camera_from_info
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.operator.view import DISPLAYS, SIGMA_RANGE_M, Viewer, main, open_recording, sigma_colours

STAMP = np.datetime64(7, "s").astype("datetime64[ns]")


class Recording:
    """A recording that remembers what was logged."""

    def __init__(self) -> None:
        self.logged: dict[str, Any] = {}
        self.times: list[tuple[str, np.datetime64]] = []

    def log(self, entity: str, what: Any, static: bool = False) -> None:
        assert static == (entity == "/"), "only the axes hold for all times"
        self.logged[entity] = what

    def set_time(self, timeline: str, timestamp: np.datetime64) -> None:
        self.times.append((timeline, timestamp))


def messages() -> dict[str, Any]:
    """Return one message of each topic, all of one frame."""
    image = picture()
    depth_m = fake_depth_m(image)
    header = Header(frame_id="camera_optical")
    header.stamp.sec = 7
    info = info_message()
    info.header = header
    frame = Frame(image, camera_from_info(info))
    return {
        "image": image_message(image, 7),
        "depth/image": metres_message(depth_m, header),
        "depth/sigma": metres_message(depth_m * np.float32(0.1), header),
        "depth/camera_info": info,
        "points": cloud_message(frame, DepthEstimate(depth_m, depth_m * np.float32(0.1)), header),
    }


def test_every_topic_becomes_an_entity_with_its_stamp() -> None:
    def noted(name: str) -> Any:
        return lambda *values, **fields: SimpleNamespace(name=name, values=values, **fields)

    kinds = ("Image", "DepthImage", "Pinhole", "Points3D")
    rerun = SimpleNamespace(ViewCoordinates=SimpleNamespace(RDF="RDF"), **{name: noted(name) for name in kinds})
    recording = Recording()
    viewer = Viewer(rerun, recording)
    sent = messages()
    assert sent.keys() == viewer.on.keys()
    for topic, (kind, log) in viewer.on.items():
        assert isinstance(sent[topic], kind)
        log(sent[topic])
    logged = recording.logged
    assert logged["/"] == "RDF"
    assert set(recording.times) == {("stamp", STAMP)}
    depth_m = fake_depth_m(picture())
    np.testing.assert_array_equal(logged["camera/depth"].values[0], np.nan_to_num(depth_m, nan=0.0))
    assert logged["camera/depth"].meter == 1.0
    np.testing.assert_array_equal(logged["camera/image"].values[0], picture())
    assert (logged["camera"].width, logged["camera"].height) == (WIDTH, HEIGHT)
    (positions,) = logged["points"].values
    assert positions.shape == (np.isfinite(depth_m).sum(), 3)
    np.testing.assert_allclose(positions[:, 2], depth_m[np.isfinite(depth_m)], rtol=1e-6)
    assert logged["points"].colors.shape == positions.shape
    with pytest.raises(ValueError, match="encoding"):
        viewer.image(Image(height=1, width=1, encoding="none"))


def test_colours_go_from_small_to_large_sigma() -> None:
    sure, unsure, more, unknown = sigma_colours(np.array([0.0, SIGMA_RANGE_M, 9.0, np.nan], np.float32)).tolist()
    assert unsure == more == unknown != sure
    assert unsure[0] > unsure[2], "red"


def test_a_recording_of_rerun_holds_all_entities(tmp_path: Path) -> None:
    rerun = pytest.importorskip("rerun", reason="pip install 'grin_ros[rerun]'")
    path = tmp_path / "depth.rrd"
    recording = open_recording(rerun, path, None)
    viewer = Viewer(rerun, recording)
    for topic, message in messages().items():
        viewer.on[topic][1](message)
    recording.flush()
    recording.disconnect()
    assert path.stat().st_size > WIDTH * HEIGHT * 4
    data = path.read_bytes()
    for entity in (b"camera/depth", b"camera/sigma", b"camera/image", b"points"):
        assert entity in data


def test_without_a_display_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    assert main(["--seconds", "1"]) == 2
    assert "no display here" in capsys.readouterr().err


def test_the_command_records_what_is_published(tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="pip install 'grin_ros[rerun]'")
    path = tmp_path / "live.rrd"
    source = CameraDriver()
    ended = threading.Event()

    def publish() -> None:
        while not ended.wait(0.05):
            source.image.publish(image_message(picture(), 7))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        assert main(["--save", str(path), "--seconds", "2"]) == 0
    finally:
        ended.set()
        thread.join()
        source.close()
    assert b"camera/image" in path.read_bytes()
