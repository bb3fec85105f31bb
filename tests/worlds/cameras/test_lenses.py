# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of random lenses: their shares, their fields of view, and that every pixel has a ray."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.cameras.lenses import sample_lens


@pytest.fixture(scope="module")
def drawn() -> list[Camera]:
    rng = np.random.default_rng(0)
    return [sample_lens(rng, 320, 240) for _ in range(3000)]


def test_the_kinds_of_lenses_have_their_shares(drawn: list[Camera]) -> None:
    counts = Counter(camera.distortion_model for camera in drawn)
    assert set(counts) == {"none", "plumb_bob", "rational_polynomial", "equidistant"}
    assert 0.75 < counts["none"] / 3000 < 0.81 and 0.08 < counts["equidistant"] / 3000 < 0.12


def test_fields_of_view_are_in_their_ranges(drawn: list[Camera]) -> None:
    pinholes = [camera for camera in drawn if camera.distortion_model == "none"]
    fov = np.degrees(2 * np.arctan(160 / np.array([camera.fx for camera in pinholes])))
    assert fov.min() >= 15 and fov.max() <= 110
    assert 0.17 < np.sum(fov < 40) / len(drawn) < 0.23 and 0.5 < np.mean((fov > 40) & (fov < 75)) < 0.6
    ratio = np.array([camera.fy / camera.fx for camera in pinholes])
    assert 0.55 < ratio.min() < 0.7 and 2.4 < ratio.max() <= 2.6
    assert 0.57 < np.mean(np.abs(ratio - 1) <= 0.1) < 0.75 and np.mean(ratio > 1.33) > 0.15, "16:9 and wider"
    wide = [camera.fov_deg()[0] for camera in drawn if camera.distortion_model == "equidistant"][:60]
    assert min(wide) > 85 and max(wide) > 170


def test_principal_points_vary(drawn: list[Camera]) -> None:
    centre, size = np.array([159.5, 119.5]), np.array([320, 240])
    offset = np.abs((np.array([(camera.cx, camera.cy) for camera in drawn]) - centre) / size).max(axis=1)
    assert 0.02 < np.median(offset) < 0.05 and 0.05 < np.mean(offset > 0.1) < 0.15 and offset.max() <= 0.2


def test_distortion_never_folds_the_image_and_is_visible(drawn: list[Camera]) -> None:
    bent = [c for c in drawn if c.distortion_model in ("plumb_bob", "rational_polynomial")][:80]
    border = np.array([(0, 0), (0, 239), (319, 0), (319, 239), (0, 120), (319, 120), (160, 0), (160, 239)])
    shifts = []
    for camera in bent:
        rays = camera.unproject(border)
        assert np.isfinite(rays).all(), camera
        straight = rays[:, :2] / rays[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
        shifts.append(np.linalg.norm(straight - border, axis=1).max())
        fov = camera.fov_deg()[0]
        assert 38 < fov < 130, camera
    assert np.mean(np.array(shifts) > 3) > 0.8, "pixels, at the corners"


def test_no_lens_is_narrower_than_asked_for() -> None:
    rng = np.random.default_rng(5)
    fields = [2 * np.degrees(np.arctan(160 / sample_lens(rng, 320, 240, 42.0).fx)) for _ in range(300)]
    assert min(fields) >= 42.0
    assert np.median(fields) < 90.0
