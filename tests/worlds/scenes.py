# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that every scene must pass, indoors and outdoors."""

from __future__ import annotations

import numpy as np

from grin_ros.worlds.scene import Scene


def check_meshes(scene: Scene, most_textures: int, most_triangles: float) -> None:
    """Check that the renderer can draw the meshes, and that the scene is not too large."""
    assert len(scene.textures) < most_textures
    assert sum(len(m.indices) for m in scene.meshes) < most_triangles
    assert (scene.solids[:, 1] >= scene.solids[:, 0]).all()
    for mesh in scene.meshes:
        assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.normals).all() and np.isfinite(mesh.uv).all()
        assert mesh.indices.min() >= 0 and mesh.indices.max() < len(mesh.vertices)
        assert mesh.layer.min() >= -1 and mesh.layer.max() < len(scene.textures)
        assert mesh.colour.min() >= 0 and mesh.colour.max() <= 1.001


def check_equal(scene: Scene, other: Scene) -> None:
    """Check that two scenes have the same meshes and textures."""
    for a, b in zip(scene.meshes, other.meshes, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.colour, b.colour)
    for image, again in zip(scene.textures, other.textures, strict=True):
        np.testing.assert_array_equal(image, again)
