# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The whole demo: two processes over DDS with the stand-in backend. The files that it writes are read again."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from numpy.typing import NDArray

from benchmarks.stand_in.engine import BACKEND, fake_depth_m
from grin_ros.core.geometry.camera import Camera
from grin_ros.ros.operator.demo import command
from grin_ros.ros.operator.demo.record import Recorder
from grin_ros.ros.operator.demo.scene import PERIOD_S, depth_from_disparity, motorcycle, window
from grin_ros.ros.operator.demo.summary import DemoError, Summary, table
from grin_ros.ros.operator.harness.messages import OUTPUTS, Received, header_stamp_ns
from grin_ros.ros.operator.harness.process import HarnessError

SECONDS, RATE_HZ = 3.0, 5.0
FAKE_NODE = "benchmarks.stand_in.node"


@pytest.fixture(autouse=True, scope="module")
def environment_as_before() -> Iterator[None]:
    """Keep the domain of the tests, which the demo would replace, and restore the environment, which it changes."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "prepare_environment", lambda: None)
        yield
    os.environ.clear()
    os.environ.update(before)


def options(out: Path, model: Path, *more: str) -> Namespace:
    arguments = ["--seconds", str(SECONDS), "--rate", str(RATE_HZ), "--out", str(out), "--model", str(model)]
    return command.parser().parse_args([*arguments, "--backend", BACKEND, *more])


@dataclass(frozen=True)
class Run:
    out: Path
    summary: Summary


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, fake_artifact: Path) -> Run:
    out = tmp_path_factory.mktemp("demo") / "demo_output"
    return Run(out, command.run(options(out, fake_artifact, "--steps", "1", "--members", "2"), FAKE_NODE))


@pytest.fixture(scope="module")
def bag(run: Run) -> dict[str, list[tuple[Any, Any]]]:
    """Return topic -> [(mcap message, decoded)], read by the format's own library from the definitions in the file."""
    found = defaultdict(list)
    with (run.out / "grin_demo.mcap").open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for schema, channel, message, decoded in reader.iter_decoded_messages():
            assert schema.encoding == "ros2msg"
            assert channel.message_encoding == "cdr"
            found[channel.topic].append((message, decoded))
    return found


def stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec) * 10**9 + int(message.header.stamp.nanosec)


def pixels(message: Any, dtype: Any, *channels: int) -> NDArray[Any]:
    return np.frombuffer(message.data, dtype).reshape(message.height, message.width, *channels)


def test_every_frame_is_accounted_for(run: Run) -> None:
    summary = run.summary
    assert summary.frames_sent == SECONDS * RATE_HZ
    assert 0 < summary.frames_received <= summary.frames_sent
    assert summary.frames_dropped == summary.frames_sent - summary.frames_received
    assert 0.0 < summary.latency_p50_ms <= summary.latency_p95_ms
    assert summary.rate_hz > 0.0


def test_summary_is_flat_and_names_backend_and_artifact(run: Run) -> None:
    values = json.loads((run.out / "summary.json").read_text())
    assert values == run.summary.__dict__
    assert all(isinstance(value, (int, float, str)) for value in values.values())
    assert values["backend"] == "fake backend of the tests"
    name, _, digest = values["artifact"].partition(" ")
    assert name == "fake"
    assert len(digest) == 12


def test_bag_holds_every_topic_of_one_camera(bag: dict[str, list[tuple[Any, Any]]]) -> None:
    frames = ("/image", "/camera_info", "/depth/image", "/depth/sigma", "/depth/camera_info", "/points")
    assert bag.keys() == {*frames, "/diagnostics"}
    stamps = {topic: {stamp_ns(decoded) for _, decoded in bag[topic]} for topic in frames}
    assert stamps["/depth/image"]
    assert all(stamps[topic] == stamps["/depth/image"] for topic in frames)
    assert {decoded.header.frame_id for topic in frames for _, decoded in bag[topic]} == {"camera_optical_frame"}


def test_log_times_are_those_of_publication_and_arrival(bag: dict[str, list[tuple[Any, Any]]]) -> None:
    times = [message.log_time for messages in bag.values() for message, _ in messages]
    assert max(times) - min(times) < 60e9
    assert all(message.log_time == stamp_ns(decoded) for message, decoded in bag["/image"])
    assert all(message.log_time > stamp_ns(decoded) for message, decoded in bag["/depth/image"])


def test_depth_is_that_of_the_image_with_its_stamp(bag: dict[str, list[tuple[Any, Any]]]) -> None:
    images = {stamp_ns(decoded): pixels(decoded, np.uint8, 3) for _, decoded in bag["/image"]}
    for _, decoded in bag["/depth/image"]:
        assert decoded.encoding == "32FC1"
        np.testing.assert_array_equal(pixels(decoded, np.float32), fake_depth_m(images[stamp_ns(decoded)]))


def test_figures_follow_from_the_bag(run: Run, bag: dict[str, list[tuple[Any, Any]]]) -> None:
    """Compute AbsRel, delta1 and coverage by their definitions, from the messages and the whole photograph."""
    photograph = motorcycle()
    x0, y0 = photograph.camera.cx, photograph.camera.cy
    cameras = {stamp_ns(decoded): decoded for _, decoded in bag["/depth/camera_info"]}
    sigmas = {stamp_ns(decoded): pixels(decoded, np.float32) for _, decoded in bag["/depth/sigma"]}
    figures = []
    for _, decoded in bag["/depth/image"]:
        stamp = stamp_ns(decoded)
        x, y = round(x0 - cameras[stamp].k[2]), round(y0 - cameras[stamp].k[5])
        truth = photograph.depth_m[y : y + decoded.height, x : x + decoded.width]
        depth, sigma = pixels(decoded, np.float32), sigmas[stamp]
        both = np.isfinite(truth) & np.isfinite(depth)
        p, s, g = depth[both].astype(float), sigma[both].astype(float), truth[both].astype(float)
        off = np.abs(p - g)
        figures.append((np.mean(off / g), np.mean(np.maximum(p / g, g / p) < 1.25), np.mean(off <= s)))
    got = (run.summary.abs_rel, run.summary.delta1, run.summary.coverage_1sigma)
    np.testing.assert_allclose(got, np.mean(figures, axis=0), atol=1e-4)


def test_ply_holds_coloured_points_on_the_rays_of_the_camera(run: Run, bag: dict[str, list[tuple[Any, Any]]]) -> None:
    header, _, body = (run.out / "points.ply").read_bytes().partition(b"end_header\n")
    lines = header.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    properties = [line.split()[1:] for line in lines if line.startswith("property")]
    kinds = {"float": "<f4", "uchar": "u1"}
    points = np.frombuffer(body, [(name, kinds[kind]) for kind, name in properties])
    assert f"element vertex {len(points)}" in lines
    assert len(points) > 50_000
    np.testing.assert_allclose(points["sigma"], 0.1 * points["z"], rtol=1e-5)
    np.testing.assert_allclose(points["z"], 1.0 + points["red"] / 32.0, rtol=1e-6)

    def projected(info: Any) -> NDArray[np.float64]:
        camera = Camera.from_k(info.k, info.d, info.distortion_model, info.width, info.height)
        return camera.project(np.stack([points[axis] for axis in "xyz"], axis=-1).astype(np.float64))

    # It is the cloud of the first frame: there, and there only, every point lies on a pixel of its own colour.
    images = {stamp_ns(decoded): pixels(decoded, np.uint8, 3) for _, decoded in bag["/image"]}
    fits = []
    for _, info in bag["/camera_info"]:
        uv = projected(info)
        u, v = np.rint(uv).astype(int).T
        inside = (u >= 0) & (v >= 0) & (u < info.width) & (v < info.height)
        seen = images[stamp_ns(info)][v[inside], u[inside]]
        colours = np.stack([points[name] for name in ("red", "green", "blue")], axis=-1)
        fits.append(inside.all() and np.abs(uv - np.rint(uv)).max() < 0.01 and np.array_equal(seen, colours[inside]))
    assert [index for index, fit in enumerate(fits) if fit] == [0]


def test_panel_is_a_picture(run: Run) -> None:
    picture = cv2.imread(str(run.out / "panel.png"))
    assert picture is not None
    assert picture.shape[1] > 1500, "five tiles: image, measured depth, depth, sigma, error"
    assert picture.std() > 20


def test_table_names_every_figure(run: Run) -> None:
    text = table(run.summary)
    for word in ("AbsRel", "delta1", "sigma coverage", "p50 / p95", "Hz", "dropped", "fake backend", "it was named"):
        assert word in text


@pytest.mark.parametrize(("coverage", "said"), [(0.98, "are smaller than"), (0.4, "are larger than"), (0.69, "")])
def test_table_explains_a_coverage_that_is_far_from_gaussian(run: Run, coverage: float, said: str) -> None:
    text = table(replace(run.summary, coverage_1sigma=coverage))
    assert ("sigma was fitted on many scenes" in text) == bool(said)
    assert said in text


def test_a_missing_model_fails_with_the_node_s_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--out", str(tmp_path / "out"), "--model", "nanno", "--seconds", "1"]) == 1
    told = capsys.readouterr().err
    assert "grin demo: The node refused to configure" in told
    assert "nanno" in told


def test_a_dead_node_fails_with_its_last_log_lines(tmp_path: Path, fake_artifact: Path) -> None:
    with pytest.raises(HarnessError, match=r"exit code 1\.(.|\n)*No module named nothing_of_the_kind"):
        command.run(options(tmp_path, fake_artifact), "nothing_of_the_kind")


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--rate", "-1"], ["--seconds", "nan"]])
def test_a_call_without_frames_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert "expected a number above 0" in capsys.readouterr().err


def received(topic: str, stamp: int) -> Received:
    return Received(topic, b"", stamp, stamp + 1)


def test_a_silent_topic_is_named() -> None:
    recorder = Recorder()
    recorder.sent(7, motorcycle())
    for topic in OUTPUTS.keys() - {"depth/sigma"}:
        recorder(received(topic, 7))
    with pytest.raises(DemoError, match="nothing came on depth/sigma in answer to 1 frames"):
        command.check_complete(recorder)
    recorder(received("depth/sigma", 6))
    with pytest.raises(DemoError, match="no frame came back with all of its outputs"):
        command.check_complete(recorder)


def test_recorder_keeps_some_frames_whole_and_the_times_of_all() -> None:
    recorder, view = Recorder(keep_hz=2.0), motorcycle()
    stamps = [index * 10**8 for index in range(20)]  # 10 Hz for 2 s
    for stamp in stamps:
        recorder.sent(stamp, view)
        for topic in OUTPUTS:
            recorder(received(topic, stamp))
    assert list(recorder.kept) == list(recorder.complete()) == [0, 5 * 10**8, 10 * 10**8, 15 * 10**8]
    assert list(recorder.arrivals["points"]) == stamps
    recorder(received("points", 123))  # not one of ours
    assert 123 not in recorder.kept


@pytest.mark.parametrize(("encapsulation", "order"), [(b"\0\1\0\0", "little"), (b"\0\0\0\0", "big")])
def test_stamp_of_serialised_bytes(encapsulation: bytes, order: Any) -> None:
    data = encapsulation + (5).to_bytes(4, order) + (123_456_789).to_bytes(4, order)
    assert header_stamp_ns(data) == 5_123_456_789


def test_ground_truth_is_in_metres() -> None:
    view = motorcycle()
    assert view.image.shape == (500, 741, 3)
    assert (view.camera.width, view.camera.height) == (741, 500)
    known = view.depth_m[np.isfinite(view.depth_m)]
    assert known.size / view.depth_m.size > 0.9
    assert 2.0 < known.min() < known.max() < 5.5  # a garage
    # f = 1000 px, B = 0.2 m, doffs = 20 px: 80 px of disparity are 2 m; unknown disparity is unknown depth.
    depth = depth_from_disparity(np.array([80.0, np.inf, np.nan]), 1000.0, 0.2, 20.0)
    np.testing.assert_allclose(depth, [2.0, np.nan, np.nan])


def test_window_moves_smoothly_and_keeps_rays_and_truth() -> None:
    whole = motorcycle()
    offsets = []
    for index in range(round(PERIOD_S * 10) + 1):
        view = window(whole, index / 10)
        x, y = round(whole.camera.cx - view.camera.cx), round(whole.camera.cy - view.camera.cy)
        offsets.append((x, y))
        assert view.image.shape == (480, 640, 3)
        np.testing.assert_array_equal(view.image, whole.image[y : y + 480, x : x + 640])
        np.testing.assert_array_equal(view.depth_m, whole.depth_m[y : y + 480, x : x + 640])
        np.testing.assert_allclose(view.camera.unproject([9.0, 5.0]), whole.camera.unproject([x + 9.0, y + 5.0]))
    assert np.abs(np.diff(offsets, axis=0)).max() <= 4
    assert offsets[0] == offsets[-1]
    assert len(set(offsets)) > 80
