# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lens models: agreement with OpenCV, inversion over the whole image, and honest NaN outside the domain."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import pixel_grid
from tests.core.geometry.lenses import cameras

FAST = settings(max_examples=80)
SEEDS = st.integers(0, 2**32 - 1)
WILD = st.floats(-2.0, 2.0)
TANGENTIAL = st.floats(-0.005, 0.005)


def whole_image(camera: Camera) -> NDArray[np.float64]:
    """A grid of pixels over the image, its corners and the principal point."""
    w, h = camera.width - 0.5, camera.height - 0.5
    special = [[-0.5, -0.5], [w, -0.5], [-0.5, h], [w, h], [camera.cx, camera.cy]]
    return np.concatenate([pixel_grid(camera.width, camera.height, 24, 18), np.array(special)])


@FAST
@given(cameras())
def test_projection_inverts_unprojection_over_the_whole_image(camera: Camera) -> None:
    pixels = whole_image(camera)
    rays = camera.unproject(pixels)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=-1), 1.0, atol=1e-12)  # also: none is NaN
    np.testing.assert_allclose(camera.project(rays), pixels, atol=0.01)


@pytest.mark.parametrize(
    "camera",
    [
        Camera(1280, 720, 800.0, 800.0, 640.0, 360.0, "plumb_bob", (-0.35, 0.15, 0.001, -0.0007, -0.03)),
        # Numerator and denominator nearly cancel, as in the calibrations that depth cameras come with.
        Camera(1024, 768, 490.0, 490.0, 511.5, 385.0, "rational_polynomial",
               (0.68, -2.65, 0.0006, -0.0001, 1.52, 0.55, -2.48, 1.45)),
        # Its corners look beyond 90 degrees from the axis.
        Camera(1280, 800, 400.0, 400.0, 640.0, 400.0, "equidistant", (0.03, -0.01, 0.005, -0.001)),
    ],
    ids=lambda camera: camera.distortion_model,
)  # fmt: skip
def test_strong_lenses_are_inverted_at_every_pixel(camera: Camera) -> None:
    pixels = pixel_grid(camera.width, camera.height, camera.width, camera.height)
    np.testing.assert_allclose(camera.project(camera.unproject(pixels)), pixels, atol=0.01)


@FAST
@given(cameras(), SEEDS)
def test_projection_is_opencvs(camera: Camera, seed: int) -> None:
    random = np.random.default_rng(seed)
    rays = camera.unproject(random.uniform((-0.5, -0.5), (camera.width - 0.5, camera.height - 0.5), (50, 2)))
    points = rays * random.uniform(0.1, 100.0, (50, 1))
    zero, d = np.zeros(3), np.array(camera.distortion)
    if camera.distortion_model == "equidistant":
        expected, _ = cv2.fisheye.projectPoints(points[:, None], zero, zero, camera.K, d)
    else:
        expected, _ = cv2.projectPoints(points, zero, zero, camera.K, d if len(d) else np.zeros(4))
    np.testing.assert_allclose(camera.project(points), expected[:, 0], atol=1e-6)


@FAST
@given(
    st.one_of(
        st.tuples(st.just("plumb_bob"), st.tuples(WILD, WILD, TANGENTIAL, TANGENTIAL, WILD)),
        st.tuples(
            st.just("rational_polynomial"), st.tuples(WILD, WILD, TANGENTIAL, TANGENTIAL, WILD, WILD, WILD, WILD)
        ),
        st.tuples(st.just("equidistant"), st.tuples(WILD, WILD, WILD, WILD)),
    )
)
def test_any_coefficients_give_the_right_ray_or_nan(lens: tuple[str, tuple[float, ...]]) -> None:
    model, coefficients = lens
    camera = Camera(640, 480, 300.0, 300.0, 320.0, 240.0, model, coefficients)
    pixels = whole_image(camera)
    back = camera.project(camera.unproject(pixels))
    error = np.abs(back - pixels)
    assert np.isfinite(error[-1]).all()  # the principal point is always inside
    assert not (error > 0.01).any()
    # A NaN ray projects to NaN, and a ray is never given that cannot be projected.
    np.testing.assert_array_equal(np.isnan(back).any(axis=-1), np.isnan(camera.unproject(pixels)).any(axis=-1))


@FAST
@example((0.0, 0.0, 0.0), (0.0, 0.0, -2.220446049250313e-16), 0.0, 1.0)
@given(st.tuples(WILD, WILD, WILD), st.tuples(WILD, WILD, WILD), st.floats(0, 2 * math.pi), st.floats(0, 3))
def test_every_point_that_a_radial_lens_sees_is_found_again(
    top: tuple[float, float, float], bottom: tuple[float, float, float], azimuth: float, radius: float
) -> None:
    camera = Camera(
        640, 480, 300.0, 300.0, 320.0, 240.0, "rational_polynomial", (top[0], top[1], 0.0, 0.0, top[2], *bottom)
    )
    point = np.array([radius * math.cos(azimuth), radius * math.sin(azimuth), 1.0])
    beyond = point * (1.001, 1.001, 1.0)  # a hair inside the fold, where inversion is well posed
    assume(np.isfinite(camera.project(point)).all() and np.isfinite(camera.project(beyond)).all())
    np.testing.assert_allclose(camera.unproject(camera.project(point)), point / np.linalg.norm(point), atol=1e-4)


@FAST
@given(st.tuples(WILD, WILD, WILD, WILD), st.floats(0, 2 * math.pi), st.floats(0, 3.13))
def test_every_point_that_a_fisheye_sees_is_found_again(
    lens: tuple[float, float, float, float], azimuth: float, theta: float
) -> None:
    camera = Camera(640, 480, 300.0, 300.0, 320.0, 240.0, "equidistant", lens)

    def ray(angle: float) -> NDArray[np.float64]:
        side = math.sin(angle)
        return np.array([side * math.cos(azimuth), side * math.sin(azimuth), math.cos(angle)])

    assume(np.isfinite(camera.project(ray(theta))).all() and np.isfinite(camera.project(ray(theta * 1.001))).all())
    np.testing.assert_allclose(camera.unproject(camera.project(ray(theta))), ray(theta), atol=1e-4)


def test_barrel_lens_ends_at_its_turning_point() -> None:
    # x (1 - r^2) grows up to r = 1 / sqrt(3), where it is 2 / (3 sqrt(3)) = 0.3849.
    camera = Camera(641, 481, 1000.0, 1000.0, 320.0, 240.0, "plumb_bob", (-1.0, 0.0, 0.0, 0.0))
    assert np.isfinite(camera.project([1 / math.sqrt(3) - 1e-6, 0.0, 1.0])).all()
    assert np.isnan(camera.project([1 / math.sqrt(3) + 1e-6, 0.0, 1.0])).all()
    assert np.isfinite(camera.unproject([320.0 + 384.8, 240.0])).all()
    assert np.isnan(camera.unproject([320.0 + 385.0, 240.0])).all()


def test_tangential_terms_do_not_turn_the_image_over() -> None:
    # Along x the image of (x, 0) is x + 3 p2 x^2: it turns at x = -1 / (6 p2) although the radial part is the identity.
    camera = Camera(640, 480, 100.0, 100.0, 320.0, 240.0, "plumb_bob", (0.0, 0.0, 0.0, 0.1))
    assert np.isfinite(camera.project([-1.66, 0.0, 1.0])).all()
    assert np.isnan(camera.project([-1.67, 0.0, 1.0])).all()


def test_pole_of_the_rational_lens_bounds_its_domain() -> None:
    # x / (1 - r^2) grows without bound towards r = 1: every pixel has a ray, no point beyond 45 degrees has a pixel.
    camera = Camera(640, 480, 10.0, 10.0, 320.0, 240.0, "rational_polynomial", (0, 0, 0, 0, 0, -1.0, 0, 0))
    assert np.isnan(camera.project([1.1, 0.0, 1.0])).all()
    rays = camera.unproject(whole_image(camera))
    assert (rays[:, 2] > math.sqrt(0.5)).all()


@pytest.mark.parametrize("model", ["none", "plumb_bob", "rational_polynomial"])
def test_nothing_behind_a_pinhole_is_seen(model: str) -> None:
    d = {"none": (), "plumb_bob": (0.1,) * 5, "rational_polynomial": (0.1,) * 8}[model]
    camera = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, model, d)
    points = [[0.1, 0.1, -1.0], [0.1, 0.1, 0.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 1.0], [0.1, 0.1, 1.0]]
    assert np.isnan(camera.project(points)).all(axis=-1).tolist() == [True, True, True, True, False]


def test_fisheye_sees_beside_and_behind() -> None:
    f_px = 100.0
    camera = Camera(641, 641, f_px, f_px, 320.0, 320.0, "equidistant", (0.0,) * 4)
    np.testing.assert_allclose(camera.project([1.0, 0.0, 0.0]), [320 + f_px * math.pi / 2, 320])
    np.testing.assert_allclose(camera.project([0.0, 1.0, -1.0]), [320, 320 + f_px * math.pi * 0.75])
    np.testing.assert_allclose(camera.unproject([320.0, 320.0 - f_px * math.pi * 0.75]), [0, -(0.5**0.5), -(0.5**0.5)])
    np.testing.assert_allclose(camera.unproject([320.0, 320.0]), [0.0, 0.0, 1.0])
    # Nothing is farther from the axis than 180 degrees, and there the direction in the image is undefined.
    assert np.isnan(camera.unproject([320.0 + f_px * math.pi + 0.1, 320.0])).all()
    assert np.isnan(camera.project([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 1.0]])).all()


def test_fisheye_ends_at_its_turning_point() -> None:
    # theta (1 - theta^2 / 12) grows up to theta = 2, where it is 4 / 3.
    camera = Camera(640, 480, 100.0, 100.0, 320.0, 240.0, "equidistant", (-1 / 12, 0.0, 0.0, 0.0))
    assert np.isfinite(camera.unproject([320.0 + 133.3, 240.0])).all()
    assert np.isnan(camera.unproject([320.0 + 133.4, 240.0])).all()
    assert np.isnan(camera.project([math.sin(2.01), 0.0, math.cos(2.01)])).all()


def test_pixels_that_are_not_numbers_have_no_ray() -> None:
    for model, d in (("none", ()), ("plumb_bob", (0.1,) * 4), ("equidistant", (0.01,) * 4)):
        camera = Camera(640, 480, 500.0, 500.0, 320.0, 240.0, model, d)
        rays = camera.unproject([[np.nan, 0.0], [np.inf, 0.0], [10.0, 10.0]])
        assert np.isnan(rays).all(axis=-1).tolist() == [True, True, False], model
