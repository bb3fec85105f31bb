# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The page with points: complete in one file, small, and drawn by a browser without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("plotly", reason="the page needs plotly (pip install grin_ros[html])")

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.photo.page import MAX_POINTS, figure_of, write_page
from grin_ros.core.types import DepthEstimate, Frame

CAMERA = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = "MAP * ~NOTFOUND"
PURE_RED, PURE_BLUE = np.array([255, 0, 0], np.uint8), np.array([0, 0, 255], np.uint8)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wall, red on its left and blue on its right, with a part that has no depth and one beyond range."""
    image = np.empty((480, 640, 3), np.uint8)
    image[:, :320], image[:, 320:] = PURE_RED, PURE_BLUE
    depth_m = np.full((480, 640), 3.0, np.float32)
    depth_m[:100], depth_m[100:110] = np.nan, np.inf
    path = tmp_path_factory.mktemp("page") / "wall_points.html"
    count = write_page(path, Frame(image, CAMERA), DepthEstimate(depth_m, depth_m * np.float32(0.1), 0), "a wall")
    assert 20_000 < count < MAX_POINTS
    return path


def test_the_page_is_one_small_file_that_loads_nothing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 10e6
    assert re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=", text) == []
    assert "a wall: " in text


def test_the_figure_holds_the_points_with_their_sigma_and_three_ways_to_colour_them() -> None:
    points = np.array([[0.0, 0.1, 2.0], [1.0, 0.0, 3.0]], np.float32)
    colours = np.array([[255, 0, 0], [1, 2, 3]], np.uint8)
    figure = figure_of(points, colours, np.array([0.2, 0.3], np.float32), "two")
    (trace,) = figure["data"]
    assert (trace["x"], trace["z"], trace["customdata"]) == ([0.0, 1.0], [2.0, 3.0], [0.2, 0.3])
    assert trace["marker"]["color"] == ["#ff0000", "#010203"]
    (menu,) = figure["layout"]["updatemenus"]
    assert [button["label"] for button in menu["buttons"]] == ["picture", "depth", "sigma"]
    assert figure["layout"]["scene"]["camera"]["up"]["y"] == -1  # the optical frame: y points down


def test_a_picture_without_any_depth_gives_an_empty_page(tmp_path: Path) -> None:
    depth_m = np.full((48, 64), np.nan, np.float32)
    frame = Frame(np.zeros((48, 64, 3), np.uint8), CAMERA.resized(64, 48))
    assert write_page(tmp_path / "page.html", frame, DepthEstimate(depth_m, depth_m, 0), "nothing") == 0


@pytest.mark.skipif(BROWSER is None, reason="no browser here (apt install chromium)")
def test_a_browser_without_a_network_draws_the_points(page: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    command = [
        str(BROWSER), "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}",
        "--use-angle=swiftshader", "--enable-unsafe-swiftshader", f"--host-resolver-rules={OFFLINE}",
        "--window-size=800,600", "--virtual-time-budget=10000", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    red = (drawn[..., 2] > 200) & (drawn[..., :2] < 60).all(axis=-1)
    blue = (drawn[..., 0] > 200) & (drawn[..., 1:] < 60).all(axis=-1)
    assert red.sum() > 2000
    assert blue.sum() > 2000
    assert np.nonzero(red)[1].mean() < np.nonzero(blue)[1].mean(), "x points to the right"
