# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The warning about missing images names the expected topic, the image topics that exist, and what to type."""

from __future__ import annotations

from grin_ros.ros.frame.topics import COMPRESSED, IMAGE
from grin_ros.ros.node.image_watch import is_picture, silence_text


def test_other_image_topics_are_named_with_their_types() -> None:
    text = silence_text("/image", {"/front/image_raw": IMAGE, "/rear/image_raw": IMAGE})
    assert text.startswith("no image has arrived on /image for 5 s, so no depth is published; ")
    assert "/front/image_raw (sensor_msgs/msg/Image), /rear/image_raw (sensor_msgs/msg/Image)" in text
    assert text.endswith("type: ros2 launch grin_ros grin.launch.py image:=/front/image_raw")


def test_a_compressed_topic_is_launched_as_such() -> None:
    text = silence_text("/image", {"/front/image_raw/compressed": COMPRESSED})
    assert text.endswith("image:=/front/image_raw compressed:=true")


def test_a_graph_without_images_needs_a_camera() -> None:
    assert "start the camera driver" in silence_text("/image", {})


def test_a_topic_that_is_published_but_not_received_needs_the_doctor() -> None:
    assert "it has a publisher" in silence_text("/image", {"/image": IMAGE})
    assert "grin doctor" in silence_text("/image", {"/image": IMAGE})


def test_the_depth_of_another_camera_is_no_picture() -> None:
    names = ("/front/image_raw", "/rear/depth/image", "/rear/depth/image_mm", "/depth/sigma", "/depth/image_raw")
    assert [is_picture(name) for name in names] == [True, False, False, False, True]
