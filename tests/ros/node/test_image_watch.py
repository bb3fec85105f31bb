# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The warning about missing images names the expected topic, the image topics that exist, and what to type.

If images came before, it names the publisher that has stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from grin_ros.ros import commands
from grin_ros.ros.message_types import COMPRESSED, IMAGE
from grin_ros.ros.node import image_watch as module
from grin_ros.ros.node.image_watch import LOGGED_AFTER_S, ImageWatch, is_picture, silence_text


@pytest.fixture(autouse=True)
def installed_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_has_ros2", lambda: True)


def test_other_image_topics_are_named_with_their_types() -> None:
    text = silence_text("/image", {"/front/image_raw": IMAGE, "/rear/image_raw": IMAGE})
    assert text.startswith("no image has arrived on /image for 5 s, so no depth is published; ")
    assert "/front/image_raw (sensor_msgs/msg/Image), /rear/image_raw (sensor_msgs/msg/Image)" in text
    assert text.endswith(
        "type: ros2 launch grin_ros grin.launch.py image:=/front/image_raw camera_info:=/front/camera_info"
    )


def test_a_compressed_topic_is_launched_as_such() -> None:
    text = silence_text("/image", {"/front/image_raw/compressed": COMPRESSED})
    assert text.endswith("image:=/front/image_raw camera_info:=/front/camera_info compressed:=true")


def test_a_graph_without_images_needs_a_camera() -> None:
    assert "start the camera driver" in silence_text("/image", {})


def test_a_topic_that_is_published_but_not_received_needs_the_doctor() -> None:
    assert "it has a publisher" in silence_text("/image", {"/image": IMAGE})
    assert "grin doctor" in silence_text("/image", {"/image": IMAGE})


def test_a_topic_that_has_fallen_silent_needs_its_publisher() -> None:
    text = silence_text("/image", {"/image": IMAGE, "/rear/image_raw": IMAGE}, came=True)
    assert text.endswith("stopped sending: check the camera driver, or continue the bag or the simulator")
    assert not any(word in text for word in ("QoS", "Fast DDS", "/rear/image_raw"))


def test_the_depth_of_another_camera_is_no_picture() -> None:
    names = ("/front/image_raw", "/rear/depth/image", "/rear/depth/image_mm", "/depth/sigma", "/depth/image_raw")
    assert [is_picture(name) for name in names] == [True, False, False, False, True]


def test_each_silence_has_a_warning_and_after_images_it_names_the_publisher(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clock = SimpleNamespace(now_s=100.0, monotonic=lambda: clock.now_s)
    monkeypatch.setattr(module, "time", clock)
    node = make()
    watch = ImageWatch(node, "/image")
    *_, timer = node.timers

    def said_after(seconds: float) -> str:
        clock.now_s += seconds
        timer.callback()
        return capfd.readouterr().err

    silent, stopped = "no image has arrived on /image for 5 s", "images came before, so their publisher has stopped"
    first = said_after(LOGGED_AFTER_S)
    assert silent in first
    assert stopped not in first
    for _ in range(2):
        watch.image_came()
        assert silent not in said_after(LOGGED_AFTER_S - 1.0)
        assert f"{silent}, so no depth is published; {stopped}" in said_after(1.0)
    assert silent not in said_after(LOGGED_AFTER_S)
    watch.close()
