# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag --ranges`: the scale of depth is corrected by recorded ranges, as the node does it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Float32

from benchmarks.stand_in.camera import HEIGHT, WIDTH
from benchmarks.stand_in.engine import fake_depth_m, register
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.run import Job, run
from grin_ros.ros.message_types import type_name
from tests.ros.bags.drives import Raw, content, job_of, log_ns, of_topic, recorded
from tests.ros.bags.recorded import write
from tests.ros.inputs.lidar import FACTOR, lidar, scene

FRAMES = 6


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def drive(path: Path) -> Path:
    """Frames of one second each; a broken range message first, then ranges before each of them but the last."""
    messages: list[Raw] = [("/lidar", type_name(PointCloud2), log_ns(0) - 9, b"\0\1\0\0broken")]
    for number in range(FRAMES):
        if number < FRAMES - 1:
            ranges = serialize(lidar(100 + number + 0.01))
            messages.append(("/lidar", type_name(PointCloud2), log_ns(number) - 1, ranges))
        messages += recorded(number, pixels=scene())
    return write(path, messages)


def job(tmp_path: Path, artifact: Path, name: str = "out", **options: object) -> Job:
    made = job_of(tmp_path / "in", tmp_path / name, artifact, ranges=("/lidar",), **options)
    return replace(made, parameters={**made.parameters, "scale.from_ranges": True})


def test_ranges_correct_depth_and_the_scale_is_written(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(tmp_path / "in")
    with caplog.at_level(logging.WARNING):
        assert run(job(tmp_path, fake_artifact)).frames == FRAMES
    assert "/lidar at 1999999999991 ns is not used: sensor_msgs/msg/PointCloud2: got 10 bytes" in caplog.text
    written = content(tmp_path / "out")
    factors, sigmas = (
        [deserialize(data, Float32).data for _, data in of_topic(written, f"/front/{name}")]
        for name in ("depth/scale", "depth/scale_sigma")
    )
    assert factors[:-1] == [pytest.approx(FACTOR, rel=0.03)] * (FRAMES - 1)
    assert 1.0 < factors[-1] < factors[-2], "without ranges of its own time a frame's scale fades"
    assert all(0.0 < sigma < 0.1 for sigma in sigmas[:-1]) and sigmas[-1] > sigmas[-2]
    for factor, (_, data) in zip(factors, of_topic(written, "/front/depth/image"), strict=True):
        depth_m = np.frombuffer(deserialize(data, Image).data, np.float32).reshape(HEIGHT, WIDTH)
        np.testing.assert_allclose(depth_m, fake_depth_m(scene()) * np.float32(factor), rtol=1e-5)


def test_an_interrupted_run_gives_the_same_scale(tmp_path: Path, fake_artifact: Path) -> None:
    drive(tmp_path / "in")
    run(job(tmp_path, fake_artifact, "whole", part_frames=2))

    def stop(_: int, frames: int) -> None:
        if frames == 3:
            raise KeyboardInterrupt

    resumed = job(tmp_path, fake_artifact, "resumed", part_frames=2)
    with pytest.raises(KeyboardInterrupt):
        run(resumed, stop)
    run(resumed)
    assert content(tmp_path / "resumed") == content(tmp_path / "whole")


def test_ranges_that_do_not_fit_are_refused(tmp_path: Path, fake_artifact: Path) -> None:
    write(tmp_path / "in", [*recorded(0), *recorded(0, "/rear"), *recorded(1, pixels=scene())])
    good = job(tmp_path, fake_artifact)
    with pytest.raises(ValueError, match=r"/lidar: the bag has no such LaserScan or PointCloud2 topic; the bag has: n"):
        run(good)
    with pytest.raises(ValueError, match=r"scale\.from_ranges is true, but 0 range topics .* with --ranges"):
        run(replace(good, ranges=()))
    write(tmp_path / "two", [*recorded(0), *recorded(0, "/rear"), ("/lidar", type_name(PointCloud2), log_ns(0), b"")])
    with pytest.raises(ValueError, match=r"belongs to one camera, but there are 2; choose one with --image"):
        run(replace(good, input=str(tmp_path / "two")))
