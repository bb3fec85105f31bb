# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of light from all directions: its mean, its directions as far as nine harmonics show them, and its level."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets, find_assets
from grin_ros.worlds.cameras.capture import pose
from grin_ros.worlds.indoor.furnished_room import build_room
from grin_ros.worlds.rendering.environment import (
    LUMINANCE,
    basis,
    directions,
    irradiance,
    mean_radiance,
    scaled,
    solid_angles,
    turned,
    two_toned,
)
from grin_ros.worlds.rendering.light import Lighting
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement
from grin_ros.worlds.seeds import sibling_generator
from grin_ros.worlds.shapes import mesh

COLOUR = np.array([0.3, 0.8, 1.4])
UNITS = st.tuples(st.floats(-1, 1), st.floats(0, 2 * np.pi)).map(
    lambda p: np.array([np.sqrt(1 - p[0] ** 2) * np.cos(p[1]), np.sqrt(1 - p[0] ** 2) * np.sin(p[1]), p[0]])
)


def light(radiance: NDArray[np.float32], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(basis(normal) @ irradiance(radiance))


@given(UNITS)
def test_a_uniform_map_lights_all_directions_alike(normal: NDArray[np.float64]) -> None:
    constant = np.broadcast_to(COLOUR.astype(np.float32), (32, 64, 3))
    np.testing.assert_allclose(light(constant, normal), COLOUR, rtol=5e-3)


@given(UNITS, UNITS)
def test_a_single_direction_gives_the_cosine_lobe(towards: NDArray[np.float64], normal: NDArray[np.float64]) -> None:
    """Nine harmonics have no terms above the second degree, so the error is up to 3/32 near the terminator."""
    height, width = 64, 128
    pixel = np.unravel_index(np.argmax(directions(height, width) @ towards), (height, width))
    radiance = np.zeros((height, width, 3), np.float32)
    radiance[pixel] = np.pi / solid_angles(height, width)[pixel]  # its irradiance is pi, so the result is the cosine
    cosine = float(directions(height, width)[pixel] @ normal)
    got = light(radiance, normal)
    assert np.abs(got - max(cosine, 0.0)).max() < 3 / 32 + 2e-3
    np.testing.assert_allclose(got, 1 / 4 + cosine / 2 + 5 / 32 * (3 * cosine**2 - 1), atol=2e-3)


@given(UNITS)
def test_a_two_toned_map_changes_linearly_from_below_to_above(normal: NDArray[np.float64]) -> None:
    up, down = COLOUR, 0.4 * COLOUR
    expected = down + (0.5 + 0.5 * normal[2]) * (up - down)
    np.testing.assert_allclose(light(two_toned(up, down), normal), expected, atol=6e-3)


def test_a_full_turn_does_not_change_a_map() -> None:
    radiance = np.random.default_rng(0).random((32, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(turned(radiance, 2 * np.pi), radiance, atol=1e-6)
    # A quarter turn to the left moves +x to +y.
    around = directions()
    quarter = turned(np.asarray(around, np.float32), np.pi / 2)
    np.testing.assert_allclose(quarter[16, 16], around[16, 32], atol=1e-6)
    assert around[16, 16, 1] > 0.99 and around[16, 32, 0] > 0.99


@given(st.integers(0, 2**32), st.floats(0.01, 10))
def test_scaling_sets_the_mean_luminance(seed: int, level: float) -> None:
    radiance = (np.random.default_rng(seed).random((32, 64, 3)) ** 4).astype(np.float32)
    assert float(mean_radiance(scaled(radiance, level)) @ LUMINANCE) == pytest.approx(level, rel=1e-4)


@pytest.mark.parametrize("maps", [0, 2])
def test_the_light_of_rooms_keeps_its_level_and_depends_on_direction(maps: int) -> None:
    rng = np.random.default_rng(1)
    found = tuple(scaled(rng.random((32, 64, 3)).astype(np.float32) ** 8, 1.0) for _ in range(maps))
    for seed in (3, 4):
        room, again = (build_room(seed, Assets(light_maps=found)).lighting for _ in range(2))
        assert room.around is not None and again.around is not None
        np.testing.assert_array_equal(room.around, again.around)
        even = (room.ambient_up + room.ambient_down) / 2
        assert float(mean_radiance(room.around) @ LUMINANCE) == pytest.approx(float(even @ LUMINANCE), rel=1e-4)
        lit = [light(room.around, np.array(n)) @ LUMINANCE for n in ((1.0, 0, 0), (-1.0, 0, 0), (0, 1.0, 0))]
        assert min(lit) > 0 and np.ptp(lit) > 0.01 * np.mean(lit)


def test_a_sibling_generator_draws_nothing_and_does_not_depend_on_earlier_draws() -> None:
    rng, other = np.random.default_rng([5, 1]), np.random.default_rng([5, 1])
    first = sibling_generator(rng, 7).random()
    assert rng.random() == other.random()
    assert sibling_generator(rng, 7).random() == first != sibling_generator(rng, 8).random()


def test_radiance_maps_are_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "light_mine"
    folder.mkdir()
    picture = np.full((16, 32, 3), 0.5, np.float32)
    picture[0, 0] = (1.0, 2.0, 9000.0)  # a red sun, in BGR
    assert cv2.imwrite(str(folder / "hall.hdr"), picture)
    (folder / "torn.exr").write_bytes(b"not a picture")
    found = find_assets(tmp_path, tmp_path / "none")
    (radiance,) = found.light_maps
    assert radiance.shape == (32, 64, 3) and radiance.dtype == np.float32 and radiance.min() >= 0
    assert float(mean_radiance(radiance) @ LUMINANCE) == pytest.approx(1.0, rel=1e-4)
    assert np.argmax(radiance[0, 0]) == 0 and radiance.max() < 40, "a sun is cut off"
    assert "light_mine: 1 maps of light" in found.used
    assert "maps of light of light_mine under their own licence" in found.licence
    assert any("cannot decode" in note and "torn.exr" in note and ".hdr" in note for note in found.notes)


@pytest.mark.egl
def test_walls_are_lit_from_the_direction_that_they_face(renderer: Renderer) -> None:
    around = np.where(directions()[..., :1] > 0, 2.0, 0.2) * np.ones(3)  # bright towards +x
    lighting = Lighting(
        np.array([0.0, 0.0, -1.0]),
        np.zeros(3),
        ((np.array([0.0, 0.0, 50.0]), np.zeros(3)),),
        np.ones(3),
        np.ones(3),
        (np.full(3, -60.0), np.full(3, 60.0)),
        around=around.astype(np.float32),
    )
    body = mesh.box((1.0, 1.0, 1.0)).painted((0.5, 0.5, 0.5), -1, 0.0).moved((0, 0, -0.5))
    renderer.load([body], [], lighting)
    camera, got = Camera(160, 120, 120.0, 120.0, 79.5, 59.5), []
    for yaw in (0.0, np.pi):  # from -x the camera sees the dark side, from +x the bright one
        placement = Placement(np.array([-3 * np.cos(yaw), 0.0, 0.0]), yaw, 0.0, 0.0, 0.0)
        renderer.range_image(camera, pose(placement))
        got.append(renderer.colour_image(camera, pose(placement), 0.0)[60, 80])
    for normal, seen in zip(((-1.0, 0.0, 0.0), (1.0, 0.0, 0.0)), got, strict=True):
        np.testing.assert_allclose(seen, 0.5 * light(around.astype(np.float32), np.array(normal)), rtol=0.01)
