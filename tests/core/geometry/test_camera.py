# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras: validation, image geometry (resize, crop, binning, ROI) and errors."""

from __future__ import annotations

import math
import re
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from tests.core.geometry.lenses import cameras

FAST = settings(max_examples=60)
K = (500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0)
COUNTS = {"": 0, "none": 0, "plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}
GOOD: dict[str, Any] = {"width": 640, "height": 480, "fx": 500.0, "fy": 510.0, "cx": 320.0, "cy": 240.0}


def coordinate_image(width: int, height: int) -> NDArray[np.float64]:
    """An image (H, W, 2) whose every pixel holds its own [u, v]."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)


# --- image geometry ---


@FAST
@given(cameras(), st.integers(1, 3000), st.integers(1, 3000), st.floats(0, 1), st.floats(0, 1))
def test_resizing_commutes_with_rays(camera: Camera, width: int, height: int, a: float, b: float) -> None:
    small = camera.resized(width, height)
    edges = np.array([a * camera.width, b * camera.height])  # measured from the image's corner
    original = edges - 0.5
    scaled = edges * (width / camera.width, height / camera.height) - 0.5
    np.testing.assert_allclose(small.unproject(scaled), camera.unproject(original), atol=1e-9)


def test_resizing_agrees_with_area_interpolation() -> None:
    camera = Camera(60, 40, 50.0, 52.0, 29.0, 21.0, "plumb_bob", (-0.1, 0.02, 0.001, -0.001))
    resized = cv2.resize(coordinate_image(60, 40), (20, 10), interpolation=cv2.INTER_AREA)
    small = camera.resized(20, 10).unproject(coordinate_image(20, 10))
    np.testing.assert_allclose(small, camera.unproject(resized), atol=1e-6)  # cv2's weights are float32


@FAST
@given(cameras(max_side=120), st.data())
def test_roi_and_binning_agree_with_the_delivered_image(camera: Camera, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, camera.width - 1))
    y = data.draw(st.integers(0, camera.height - 1))
    width = data.draw(st.integers(1, camera.width - x))
    height = data.draw(st.integers(1, camera.height - y))
    bx, by = data.draw(st.integers(1, min(4, width))), data.draw(st.integers(1, min(4, height)))
    delivered = Camera.from_camera_info(
        camera.width, camera.height, camera.K.ravel(), camera.distortion, camera.distortion_model,
        binning_x=bx, binning_y=by, roi=(x, y, width, height),
    )  # fmt: skip
    assert delivered == camera.cropped(x, y, width, height).binned(bx, by)

    # What a sensor does: cut the window out, then average blocks. The ray of the mean coordinate is the block's ray.
    image = coordinate_image(camera.width, camera.height)[y : y + height, x : x + width]
    rows, cols = height // by, width // bx
    binned = image[: rows * by, : cols * bx].reshape(rows, by, cols, bx, 2).mean(axis=(1, 3))
    assert (delivered.height, delivered.width) == (rows, cols)
    np.testing.assert_allclose(delivered.unproject(coordinate_image(cols, rows)), camera.unproject(binned), atol=1e-9)


@given(cameras(max_side=120))
def test_the_mirrored_camera_has_the_mirrored_rays(camera: Camera) -> None:
    camera = camera.with_mounting(Mounting(1.0, 0.3, -0.2))
    mirrored = camera.mirrored()
    np.testing.assert_allclose(mirrored.rays(), camera.rays()[:, ::-1] * [-1, 1, 1], atol=1e-6)
    assert mirrored.mounting is not None
    np.testing.assert_allclose(mirrored.mounting.up_optical(), [-1, 1, 1] * Mounting(1.0, 0.3, -0.2).up_optical())
    back = mirrored.mirrored()
    assert (back.distortion, back.mounting) == (camera.distortion, camera.mounting)
    assert back.cx == pytest.approx(camera.cx) and camera.with_mounting(None).mirrored().mounting is None


@pytest.mark.parametrize("roi", [None, (0, 0, 0, 0), (0, 0, 640, 480)])
@pytest.mark.parametrize("binning", [0, 1])
def test_camera_info_defaults_mean_the_full_image(roi: tuple[int, int, int, int] | None, binning: int) -> None:
    camera = Camera.from_camera_info(640, 480, K, [], "", binning_x=binning, binning_y=binning, roi=roi)
    assert camera == Camera(**GOOD)


def test_from_k_takes_messages_arrays_and_matrices() -> None:
    d = [-0.1, 0.01, 0.0, 0.0, 0.0]
    expected = Camera(**GOOD, distortion_model="plumb_bob", distortion=tuple(d))
    assert Camera.from_k(K, d, "plumb_bob", 640, 480) == expected
    assert Camera.from_k(np.array(K).reshape(3, 3), np.array(d), "plumb_bob", np.int32(640), 480) == expected  # type: ignore[arg-type]
    np.testing.assert_array_equal(expected.K.ravel(), K)
    assert hash(Camera.from_k(K, d, "plumb_bob", 640, 480)) == hash(expected)


@pytest.mark.parametrize("length", range(15))
@pytest.mark.parametrize(("model", "count"), COUNTS.items())
def test_d_of_any_length_is_the_lens_of_its_model_unless_more_than_zeros_are_left_over(
    model: str, count: int, length: int
) -> None:
    values = tuple(0.001 * (number + 1) for number in range(length))
    shown = values[:count]
    lens = Camera(**GOOD, distortion_model=model, distortion=shown + (0.0,) * (count - len(shown)))
    # Coefficients that are missing are zeros, and zeros after the last one say nothing.
    assert Camera(**GOOD, distortion_model=model, distortion=shown + (0.0,) * (length - len(shown))) == lens
    assert lens.distortion == shown + (0.0,) * (count - len(shown))
    if length > count:
        with pytest.raises(ValueError, match=r"expected .*zero.*; .*(D|calibrate)"):
            Camera(**GOOD, distortion_model=model, distortion=values)


@pytest.mark.parametrize("model", COUNTS)
def test_an_empty_d_is_a_lens_without_distortion(model: str) -> None:
    camera = Camera(**GOOD, distortion_model=model)
    point = (0.3, -0.2, 1.0)
    angle = math.atan(math.hypot(0.3, 0.2)) / math.hypot(0.3, 0.2) if model == "equidistant" else 1.0
    np.testing.assert_allclose(camera.project(point), [320 + 500 * 0.3 * angle, 240 - 510 * 0.2 * angle])


def test_mounting_survives_every_change_of_the_image() -> None:
    mounting = Mounting(1.2, 0.1, 0.2)
    camera = Camera.from_camera_info(
        640, 480, K, [], "none", binning_x=2, binning_y=2, roi=(10, 10, 200, 200), mounting=mounting
    )
    assert camera.resized(50, 60).cropped(0, 0, 10, 10).mounting == mounting
    assert camera.with_mounting(None).mounting is None


def test_fov_of_known_cameras() -> None:
    assert Camera(200, 100, 100.0, 50.0, 99.5, 49.5).fov_deg() == pytest.approx((90.0, 90.0))
    # Equidistant without coefficients: the angle is the pixel distance over f, here 240 and 120 degrees.
    fisheye = Camera(480, 240, 180 / math.pi * 2, 180 / math.pi * 2, 239.5, 119.5, "equidistant", (0.0,) * 4)
    assert fisheye.fov_deg() == pytest.approx((240.0, 120.0))
    # A lens that ends inside the image gives the angle up to its end (barrel with k1 = -1: r < 1 / sqrt(3)).
    ending = Camera(2001, 2001, 500.0, 500.0, 1000.0, 1000.0, "plumb_bob", (-1.0, 0.0, 0.0, 0.0))
    assert ending.fov_deg()[0] == pytest.approx(60.0, abs=4.0)
    assert all(math.isnan(angle) for angle in ending.cropped(0, 0, 10, 10).fov_deg())


# --- errors say what was got, what was expected, and what to do ---


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("fisheye", "equidistant"),
        ("Kannala-Brandt", "equidistant"),
        ("EQUIDISTANT", "equidistant"),
        ("radtan", "plumb_bob"),
        ("Plumb Bob", "plumb_bob"),
        ("rational-polynomial", "rational_polynomial"),
        ("pinhole", "none"),
    ],
)
def test_a_lens_model_is_known_by_its_other_names(name: str, model: str) -> None:
    d = () if model == "none" else (0.1, 0.01, 0.001, 0.0001)
    assert Camera(**{**GOOD, "distortion_model": name, "distortion": d}) == Camera(
        **{**GOOD, "distortion_model": model, "distortion": d}
    )


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({"width": 0}, ["image width: got 0", "from 1 to 16384", "CameraInfo"]),
        ({"height": 16385}, ["image height: got 16385", "from 1 to 16384"]),
        ({"width": 640.5}, ["image width: got 640.5", "whole number"]),
        ({"fx": 0.0}, ["uncalibrated camera", "K[0] = 0", "camera_calibration", "camera_info_url"]),
        ({"fx": -1.0}, ["fx = -1.0", "expected positive", "calibrate"]),
        ({"fy": 0.0}, ["fy = 0.0", "expected positive"]),
        ({"cx": math.nan}, ["nan", "expected finite", "calibrate"]),
        ({"fy": math.inf}, ["inf", "expected finite"]),
        ({"distortion": (math.nan,) * 5, "distortion_model": "plumb_bob"}, ["D: got [nan", "expected finite"]),
        ({"distortion_model": "plumb_bib"}, ["'plumb_bib'", "none, plumb_bob, rational_polynomial, equidistant",
                                             "nearest is 'plumb_bob'"]),
        ({"distortion_model": "fisheye624"}, ["got 'fisheye624'", "calibrate the camera again with one of them"]),
        ({"distortion_model": "mei"}, ["expected one of none, plumb_bob", "; calibrate the camera again with one of"]),
        ({"distortion_model": "pinhole", "distortion": (0.1,) * 5}, ["got 'pinhole'", "only zero", "name the model"]),
        ({"distortion_model": "fisheye", "distortion": (0.1,) * 5}, ["got [0.1] after the first 4"]),
        ({"distortion_model": "", "distortion": (0.1,) * 5}, ["got ''", "only zero", "name the model"]),
        ({"distortion_model": "none", "distortion": (0.1,)}, ["got 'none'", "only zero"]),
        ({"distortion_model": "plumb_bob", "distortion": (0.1,) * 8},
         ["D of plumb_bob: got [0.1, 0.1, 0.1] after the first 5 (k1 k2 p1 p2 k3)", "expected nothing or zeros there",
          "set distortion_model to rational_polynomial"]),
        ({"distortion_model": "plumb_bob", "distortion": (0.1,) * 12}, ["after the first 5", "correct D"]),
        ({"distortion_model": "equidistant", "distortion": (0.1,) * 5},
         ["D of equidistant: got [0.1] after the first 4 (k1 k2 k3 k4)", "correct D or distortion_model"]),
        ({"distortion_model": "rational_polynomial", "distortion": (0.1,) * 12}, ["thin-prism", "zeros after"]),
        ({"distortion_model": "rational_polynomial", "distortion": (0.1,) * 14}, ["tilt", "calibrate again"]),
    ],
)  # fmt: skip
def test_bad_camera_is_refused(change: dict[str, Any], texts: list[str]) -> None:
    with pytest.raises(ValueError, match=re.escape(texts[0])) as error:
        Camera(**{**GOOD, **change})
    for text in texts[1:]:
        assert text in str(error.value)


def test_a_skew_below_a_hundredth_of_a_pixel_is_the_rounding_of_a_calibration() -> None:
    for skew in (2e-5, -0.0099):
        assert Camera.from_k((500.0, skew, *K[2:]), [], "", 640, 480) == Camera(**GOOD)
    assert Camera.from_k((*K[:8], 1.0 + 1e-12), [], "", 640, 480) == Camera(**GOOD)


def test_bad_k_is_refused() -> None:
    with pytest.raises(ValueError, match="uncalibrated camera"):
        Camera.from_camera_info(640, 480, [0.0] * 9, [], "")
    with pytest.raises(ValueError, match=r"got 12 numbers, expected 9.*CameraInfo\.k"):
        Camera.from_k([1.0] * 12, [], "", 640, 480)
    for skew in (3.0, -0.02, math.nan):
        with pytest.raises(ValueError, match="no skew"):
            Camera.from_k((500.0, skew, *K[2:]), [], "", 640, 480)
    for number in (3, 6, 7, 8):
        with pytest.raises(ValueError, match="no skew"):
            Camera.from_k([math.nan if i == number else k for i, k in enumerate(K)], [], "", 640, 480)
    with pytest.raises(ValueError, match="scale K"):
        Camera.from_k([2 * k for k in K], [], "", 640, 480)


@pytest.mark.parametrize("window", [(-1, 0, 10, 10), (0, 0, 641, 10), (0, 471, 10, 10), (5, 5, 0, 0)])
def test_bad_roi_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"region of interest: got .* inside the 640x480 px image.*unbinned pixels"):
        Camera.from_camera_info(640, 480, K, [], "", roi=window)


@pytest.mark.parametrize(("bx", "by"), [(641, 1), (1, 481), (-1, 1)])
def test_bad_binning_is_refused(bx: int, by: int) -> None:
    with pytest.raises(ValueError, match=r"binning: got .*at least 1x1.*binning_x and binning_y"):
        Camera.from_camera_info(640, 480, K, [], "", binning_x=bx, binning_y=by)


def test_bad_shapes_are_refused() -> None:
    camera = Camera(**GOOD)
    with pytest.raises(ValueError, match=r"pixels: got shape \(5, 3\), expected \(\.\.\., 2\).*last axis"):
        camera.unproject(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"points: got shape \(\), expected \(\.\.\., 3\)"):
        camera.project(1.0)
