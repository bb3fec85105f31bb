# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of boxes, sheets and pillows: they are closed, and their normals point outwards."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.shapes.mesh import Mesh, boxes, pillow, sheet


def _volume(mesh: Mesh) -> float:
    """Return the volume by the divergence theorem. It is positive if the faces point outwards."""
    a, b, c = (mesh.vertices[mesh.indices[:, k]].astype(np.float64) for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_boxes_have_the_given_volume_colours_and_part_of_the_texture() -> None:
    low = np.array([[0.0, 0, 0], [2, 1, 0]])
    high = low + np.array([[1.0, 2, 3], [0.5, 0.5, 0.5]])
    window = np.array([[0.0, 0, 0.5, 1], [0.5, 0, 1, 1]])
    mesh = boxes(low, high, np.array([[1.0, 0, 0], [0, 1, 0]]), np.array([4, 7]), window)
    assert abs(_volume(mesh) - 6.125) < 1e-6
    assert mesh.layer[:24].tolist() == [4] * 24 and mesh.colour[24].tolist() == [0, 1, 0]
    assert mesh.uv[:24, 0].max() == 0.5 and mesh.uv[24:, 0].min() == 0.5
    middle = (low + high)[:, None].repeat(24, axis=1).reshape(-1, 3) / 2
    assert ((mesh.vertices - middle) * mesh.normals).sum(axis=1).min() > 0


def test_the_volume_of_a_pillow_is_between_ball_and_box() -> None:
    size = (0.6, 0.4, 0.2)
    volumes = [_volume(pillow(size, squareness, 40)) for squareness in (1.0, 0.5, 0.1)]
    assert 0.5 * 0.048 < volumes[0] < volumes[1] < volumes[2] < 0.048
    low, high = pillow(size, 0.3).bounds()
    np.testing.assert_allclose(high - low, size, rtol=1e-5)
    assert low[2] == 0


def test_the_normals_of_a_sheet_are_right_handed() -> None:
    y, x = np.mgrid[0:3, 0:4].astype(float)
    mesh = sheet(np.stack([x, y, 0.1 * x], -1), 0.5)
    np.testing.assert_allclose(mesh.normals[:, 2] > 0.9, True)
    a, b, c = (mesh.vertices[mesh.indices[:, k]] for k in range(3))
    turned = np.cross(b - a, c - a)
    assert (turned[:, 2] > 0).all()
    assert abs(mesh.uv[:, 1].max() - 4.0) < 1e-6
