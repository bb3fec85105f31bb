# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input: depth is that of the camera alone, to the bit, and diagnostics say what was wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.stand_in.camera import info_message
from benchmarks.stand_in.engine import BACKEND, fake_depth_m, register
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.hints.checks.live_check import EVERY
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed
from grin_ros.ros.inputs.hints.gathering import HintInputs
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.parameters.table import node_config
from tests.ros.inputs.hints.wall import cloud, scan
from tests.ros.inputs.lidar import lidar_points, scene

STAMP_NS = 100_000_000_000
Take = Callable[[str, Any], None]


def points(factor: float = 1.0, noise_ln: float = 0.0, stamp_ns: int = STAMP_NS, count: int | None = None) -> Any:
    right = lidar_points()
    if count is not None:
        right = np.tile(right, (-(-count // len(right)), 1))[:count]
    wrong = np.exp(noise_ln * np.random.default_rng(0).standard_normal(len(right)))
    return cloud(right * (factor * wrong)[:, None], stamp_ns=stamp_ns)


def in_frame(name: str) -> Any:
    message = points()
    message.header.frame_id = name
    return message


BAD: Mapping[str, tuple[dict[str, Any], Callable[[Take], None], str]] = {
    "nothing": ({}, lambda _: None, "nothing has come on hints/points yet"),
    "in the future": (
        {},
        lambda take: take("hints/points", points(stamp_ns=STAMP_NS + 10**10)),
        "10.00 s newer than the image",
    ),
    "without tf": ({"hints.points_pose": "tf"}, lambda take: take("hints/points", points()), "tf does not hold"),
    "integers": (
        {},
        lambda take: take("hints/points", cloud(1e3 * lidar_points(), kind="i2", stamp_ns=STAMP_NS)),
        "got x, y, z of the types int16, int16, int16, expected float32 or float64, in metres",
    ),
    "all NaN": ({}, lambda take: take("hints/points", cloud(np.full((500, 3), np.nan))), "no return 500"),
    "all equal": ({}, lambda take: take("hints/points", cloud(np.full((500, 3), 2.0))), "no return 500"),
    "all outliers": ({}, lambda take: take("hints/points", points(noise_ln=2.0)), "contradict the others"),
    "in millimetres": ({"hints.max_range_m": 200.0}, lambda take: take("hints/points", points(factor=30.0)), "factor"),
    "beside the camera": (
        {"hints.points_pose": "0 0 0 0 0 180"},
        lambda take: take("hints/points", points()),
        "outside the image",
    ),
}


@pytest.fixture(scope="module")
def estimator(fake_artifact: Path) -> Iterator[Estimator]:
    register()
    engine = open_engine(BACKEND, load_artifact(fake_artifact), 1)
    yield Estimator(engine)
    engine.close()


def processed(estimator: Estimator, parameters: Mapping[str, Any], give: Callable[[Take], None]) -> Processed:
    config = node_config({"hints.points": True, "hints.points_pose": "0 0 0 0 0 0", **parameters})
    inputs = HintInputs(config.hints, TransformTree())
    give(inputs.take)
    processor = FrameProcessor(estimator, open_converter(), print, hints=inputs)
    result = processor(Capture(image_message(scene(), 100), info_message(), 0.0), config, lambda _: True)
    assert isinstance(result, Processed), result
    return result


@pytest.mark.parametrize("name", BAD)
def test_depth_is_that_of_the_camera_alone_and_the_reason_is_told(name: str, estimator: Estimator) -> None:
    parameters, give, reason = BAD[name]
    found = processed(estimator, parameters, give)
    np.testing.assert_array_equal(found.estimate.depth_m, fake_depth_m(scene()))
    assert found.hints is not None and found.hints.used("points") == 0
    assert reason in found.hints.text("points"), found.hints.text("points")


def test_the_same_points_without_a_fault_do_correct_depth(estimator: Estimator) -> None:
    found = processed(estimator, {}, lambda take: take("hints/points", points()))
    assert found.hints is not None and found.hints.used("points") > 50 and not found.hints.why_none("points")
    assert np.median(found.estimate.depth_m / fake_depth_m(scene())) > 1.2
    assert "1 of 30 different views" in found.hints.poses


def test_one_bad_sensor_does_not_spoil_a_good_one(estimator: Estimator) -> None:
    def both(take: Take) -> None:
        take("hints/points", points())
        take("hints/scan", enlarged(scan(stamp_ns=STAMP_NS)))

    found = processed(estimator, {"hints.scan": True, "hints.scan_pose": "0 0 0 0 0 0"}, both)
    assert found.hints is not None and found.hints.used("points") > 50
    assert "factor" in found.hints.why_none("scan")


def test_a_change_of_a_parameter_of_hints_begins_the_checks_anew(estimator: Estimator) -> None:
    first, second = (
        node_config({"hints.points": True, "hints.points_pose": "0 0 0 0 0 0", "hints.points_sigma": sigma})
        for sigma in (0.01, 0.02)
    )
    inputs = HintInputs(first.hints, TransformTree())
    inputs.take("hints/points", points())
    processor = FrameProcessor(estimator, open_converter(), print, hints=inputs)
    capture = Capture(image_message(scene(), 100), info_message(), 0.0)
    found = [processor(capture, config, lambda _: True) for config in (*[first] * EVERY, second)]
    assert isinstance(found[-2], Processed) and found[-2].hints is not None and found[-2].hints.miss is not None
    assert isinstance(found[-1], Processed) and found[-1].hints is not None and found[-1].hints.miss is None


def enlarged(message: Any) -> Any:
    """Return the scan with ranges that are too large by a factor of 20."""
    message.range_max = 1e3
    message.ranges = [20.0 * value for value in message.ranges]
    return message


def test_ten_million_points_and_a_thousand_messages_a_second_take_little_time(estimator: Estimator) -> None:
    huge = points(count=10_000_000)

    def flood(take: Take) -> None:
        for step in range(1000):
            message = points(stamp_ns=STAMP_NS - 10**9 + step * 10**6) if step % 100 == 0 else huge
            take("hints/points", message)
        take("hints/points", huge)

    began_s = time.monotonic()
    found = processed(estimator, {}, flood)
    assert found.hints is not None and found.hints.used("points") > 50
    assert time.monotonic() - began_s < 30.0  # with all points of all messages it would take minutes
