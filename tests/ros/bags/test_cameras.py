# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The cameras that `grin bag` finds in a bag."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from sensor_msgs.msg import CompressedImage, Image

from benchmarks.stand_in.camera import picture
from benchmarks.stand_in.engine import register
from grin_ros.ros.bags.messages import serialize
from grin_ros.ros.bags.run import run
from grin_ros.ros.message_types import type_name
from tests.ros.bags.drives import job_of, recorded
from tests.ros.bags.recorded import write


@pytest.fixture(autouse=True)
def fake_backend() -> None:
    register()


def test_colour_is_taken_before_grey_of_the_same_camera(
    tmp_path: Path, fake_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages = []
    for number in range(2):
        image, info, _ = recorded(number)
        pixels = picture(number)
        grey = Image(height=pixels.shape[0], width=pixels.shape[1], encoding="mono8", step=pixels.shape[1])
        grey.data = pixels[..., 0].tobytes()
        packed = CompressedImage(format="jpeg", data=cv2.imencode(".jpg", pixels[..., 0])[1].tobytes())
        messages += [
            ("/front/image_rect_color", *image[1:]),
            ("/front/image_rect_gray", type_name(Image), image[2], serialize(grey)),
            ("/front/mono/compressed", type_name(CompressedImage), image[2], serialize(packed)),
            info,
        ]
    assert run(job_of(write(tmp_path / "in", messages), tmp_path / "out", fake_artifact)).frames == 2
    text = "/front/image_rect_gray is left out: /front/image_rect_color shows the same camera in colour"
    assert text in caplog.text
    both = [("/front/image_color", *raw[1:]) if "gray" in raw[0] else raw for raw in messages]
    two = write(tmp_path / "two", [("/front/image_color", *messages[0][1:]), *both])
    with pytest.raises(ValueError, match="their outputs would have the same names; choose one with --image"):
        run(job_of(two, tmp_path / "neither", fake_artifact))
