# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The frame processor: a capture becomes the messages that are wanted, or a problem with its remedy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.stand_in.camera import info_message, picture
from benchmarks.stand_in.engine import BACKEND, FAILURE_GREEN, fake_depth_m, register
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import Frame
from grin_ros.ros.frame.processor import Capture, FrameProcessor, Processed
from grin_ros.ros.frame.topics import OUTPUTS
from grin_ros.ros.inputs.hints.config import HintConfig
from grin_ros.ros.inputs.hints.gathering import Gathered, HintInputs
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.problem import FrameRejectedError, Problem
from grin_ros.ros.message_types import message_class
from grin_ros.ros.operator.harness.messages import image_message
from grin_ros.ros.parameters.table import defaults, node_config
from tests.core.plausibility.pictures import flat, scene

EVERYTHING = {
    **{name: True for topic in OUTPUTS.values() for name in topic.switches},
    "mounting.known": True,
    "floor_scale": False,  # depth stays that of the stand-in
}


@pytest.fixture
def estimator(fake_artifact: Path) -> Iterator[Estimator]:
    register()
    engine = open_engine(BACKEND, load_artifact(fake_artifact), 1)
    yield Estimator(engine)
    engine.close()


def capture(image: Image | None = None, info: CameraInfo | None = None) -> Capture:
    return Capture(image or image_message(picture(1), 7), info or info_message(), arrived_s=0.0)


def processed(result: Processed | Problem) -> Processed:
    assert isinstance(result, Processed), result
    return result


def test_all_that_is_switched_on_is_made_in_the_order_of_the_table(estimator: Estimator) -> None:
    warnings: list[str] = []
    processor = FrameProcessor(estimator, open_converter(), warnings.append)
    result = processed(processor(capture(), node_config(EVERYTHING), lambda _: True))
    messages = dict(result.messages)
    assert list(messages) == list(OUTPUTS)
    assert warnings == []
    for name, message in messages.items():
        assert type(message) is message_class(OUTPUTS[name].type)
        assert not hasattr(message, "header") or message.header.stamp.sec == 7
    depth_m = np.frombuffer(messages["depth/image"].data, np.float32).reshape(24, 32)
    np.testing.assert_array_equal(depth_m, fake_depth_m(picture(1)))
    assert {"convert", "estimate", "encode", "denoise", "decode"} <= result.timings_ms.keys()


def test_what_is_not_wanted_or_switched_off_is_not_made(estimator: Estimator) -> None:
    processor = FrameProcessor(estimator, open_converter(), print)
    config = node_config({"publish_sigma": False})
    asked: list[str] = []

    def wanted(topic: str) -> bool:
        asked.append(topic)
        return topic in ("depth/image", "depth/camera_info")

    result = processed(processor(capture(), config, wanted))
    assert [topic for topic, _ in result.messages] == ["depth/image", "depth/camera_info"]
    assert "depth/sigma" not in asked and "depth/image_mm" not in asked, "switched off"


def test_a_message_is_made_when_it_is_asked_for(estimator: Estimator) -> None:
    """Depth leaves before the points are computed."""
    processor = FrameProcessor(estimator, open_converter(), print)
    asked: list[str] = []
    result = processed(processor(capture(), node_config({}), lambda topic: not asked.append(topic)))  # type: ignore[func-returns-value]
    assert next(result.messages)[0] == "depth/image"
    assert asked == ["depth/image"]


def test_without_a_mounting_each_warning_comes_once(estimator: Estimator) -> None:
    warnings: list[str] = []
    processor = FrameProcessor(estimator, open_converter(), warnings.append)
    for _ in range(2):
        result = processed(processor(capture(), node_config({}), lambda _: True))
        messages = dict(result.messages)
        assert "scan" not in messages and "obstacles" in messages
    floor, no_scan = warnings
    assert "obstacles contains the floor" in floor and "set mounting.known" in floor
    assert no_scan.startswith("scan is not published: ") and "set mounting.known" in no_scan


def test_input_that_cannot_be_used_is_a_problem_in_parts(estimator: Estimator) -> None:
    processor = FrameProcessor(estimator, open_converter(), print)
    image = image_message(picture(), 1)
    image.step = 11
    problem = processor(capture(image), node_config({}), lambda _: True)
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.remedy, problem.traceback) == ("bad image", "check the camera driver", "")
    assert problem.text.startswith("image: got step 11, expected at least 96 bytes a row")
    assert str(problem) == f"{problem.text}; {problem.remedy}"


def test_a_backend_that_fails_is_a_problem_with_its_traceback_and_the_next_frame_works(estimator: Estimator) -> None:
    processor = FrameProcessor(estimator, open_converter(), print)
    failing = picture()
    failing[0, 0, 1] = FAILURE_GREEN
    problem = processor(capture(image_message(failing, 1)), node_config({}), lambda _: True)
    assert isinstance(problem, Problem)
    assert problem.reason == "backend failed"
    assert "RuntimeError: out of memory" in problem.text and "Traceback" in problem.traceback
    processed(processor(capture(), node_config({}), lambda _: True))


def test_the_mounting_comes_from_its_source_or_else_from_the_configuration(estimator: Estimator) -> None:
    config = node_config({**defaults(), "mounting.known": True, "mounting.height_m": 0.5})
    result: Any = FrameProcessor(estimator, open_converter(), print)(capture(), config, lambda _: True)
    assert processed(result).frame.camera.mounting == Mounting(0.5)
    given = Mounting(0.9, 0.1, 0.2)
    source = FrameProcessor(estimator, open_converter(), print, mounting=lambda _, __: given)
    assert processed(source(capture(), config, lambda _: True)).frame.camera.mounting == given

    def unknown(_: str, __: int) -> Mounting:
        raise FrameRejectedError(Problem("no transform", "tf: none", "publish it"))

    refused = FrameProcessor(estimator, open_converter(), print, mounting=unknown)
    assert refused(capture(), config, lambda _: True) == Problem("no transform", "tf: none", "publish it")


def test_settings_are_those_of_the_configuration_of_each_frame(estimator: Estimator) -> None:
    processor = FrameProcessor(estimator, open_converter(), print)
    near = processed(processor(capture(), node_config({"max_depth_m": 4.0}), lambda _: False))
    far = processed(processor(capture(), node_config({}), lambda _: False))
    assert np.isposinf(near.estimate.depth_m).any() and not np.isposinf(far.estimate.depth_m).any()


def test_from_a_picture_that_shows_nothing_planners_get_nothing(estimator: Estimator) -> None:
    warnings: list[str] = []
    processor = FrameProcessor(estimator, open_converter(), warnings.append)
    config = node_config(EVERYTHING)
    made = []
    for pixels in (flat(255, 255, 255), flat(255, 255, 255), scene()):
        info = info_message(pixels.shape[1], pixels.shape[0])
        result = processed(processor(capture(image_message(pixels, 7), info), config, lambda _: True))
        made.append({name for name, _ in result.messages})
    assert made[0] == made[1] == made[2] - {"obstacles", "free_space", "scan"}
    assert {"free_space", "scan", "obstacles", "depth/image"} <= made[2]
    assert [doubt.name for doubt in result.doubts] == []
    doubt, *refused = warnings
    assert doubt.startswith("the picture has no contrast")
    assert refused == [
        f"{topic} is not published: the picture shows nothing (no contrast), so planners get nothing"
        for topic in ("obstacles", "free_space", "scan")
    ]


def test_an_estimate_that_is_nowhere_certain_is_a_doubt_and_planners_get_nothing(estimator: Estimator) -> None:
    processor = FrameProcessor(estimator, open_converter(), print)
    strict = {"obstacles.max_relative_sigma": 0.01}
    blind = processed(processor(capture(), node_config({**EVERYTHING, **strict}), lambda _: True))
    assert [each.name for each in blind.doubts] == ["nothing certain"]
    assert "sigma / depth at most 0.01" in blind.doubts[0].text
    assert not {name for name, _ in blind.messages} & {"obstacles", "free_space", "scan"}
    image, info = image_message(scene(), 7), info_message(*scene().shape[1::-1])
    image.header.frame_id = info.header.frame_id = "/camera"
    both = processed(processor(capture(image, info), node_config({**EVERYTHING, **strict}), lambda _: True))
    assert [each.name for each in both.doubts] == ["nothing certain", "frame name"]  # the first is in the diagnostics
    off = {"publish_obstacles": False, "publish_scan": False}
    assert processed(processor(capture(), node_config({**strict, **off}), lambda _: True)).doubts == ()


class Patient(HintInputs):
    """Hints that come only while the network is at work, or not within two seconds."""

    def __init__(self, began: threading.Event) -> None:
        super().__init__(node_config({}).hints, TransformTree())
        self._began, self.beside = began, False

    def gather(self, frame: Frame, frame_id: str, config: HintConfig) -> Gathered:
        self.beside = self._began.wait(2.0)
        return super().gather(frame, frame_id, config)


def test_hints_are_gathered_while_the_network_is_at_work(estimator: Estimator, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()
    encode = estimator.engine.encode

    def noted(inputs: Any) -> Any:
        began.set()
        return encode(inputs)

    monkeypatch.setattr(estimator.engine, "encode", noted)
    hints = Patient(began)
    result = processed(
        FrameProcessor(estimator, open_converter(), print, hints=hints)(capture(), node_config({}), bool)
    )
    assert hints.beside
    assert {"gather", "await", "estimate"} <= result.timings_ms.keys()
