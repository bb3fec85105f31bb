# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The meshes and textures of one scene in the memory of the GPU."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.shapes.mesh import Mesh


class SceneBuffers:
    """The uploaded meshes and textures of one scene. Meshes are drawn, or left out, as a whole.

    Attributes:
        low: The lower corner of each mesh, (n, 3).
        high: The upper corner of each mesh, (n, 3).
        centre: The middle of each mesh, (n, 3).
        radius: The radius of a ball around the centre that holds the mesh, (n,).
        range_vao: The vertices for the program that draws ranges.
        depth_vao: The vertices for the program that draws shadow maps.
        colour_vao: The vertices and materials for the program that draws colours.
        textures: The texture array.
    """

    def __init__(
        self,
        gl: moderngl.Context,
        range_program: moderngl.Program,
        depth_program: moderngl.Program,
        colour_program: moderngl.Program,
        meshes: Sequence[Mesh],
        textures: Sequence[NDArray[np.uint8]],
    ) -> None:
        """Upload the meshes, whose layers index ``textures``, each (256, 256, 3) uint8."""
        starts = np.cumsum([0, *[len(m.vertices) for m in meshes]])
        position = np.concatenate([m.vertices for m in meshes])
        other = np.empty((len(position), 11), np.float32)
        other[:, 0:3] = np.concatenate([m.normals for m in meshes])
        other[:, 3:5] = np.concatenate([m.uv for m in meshes])
        other[:, 5:8] = np.concatenate([m.colour for m in meshes])
        other[:, 8] = np.concatenate([m.layer for m in meshes])
        other[:, 9] = np.concatenate([m.gloss for m in meshes])
        other[:, 10] = np.concatenate([m.glow for m in meshes])
        indices = np.concatenate([m.indices + np.int32(s) for m, s in zip(meshes, starts, strict=False)])
        self._first = np.cumsum([0, *[m.indices.size for m in meshes]])
        self.low = np.stack([m.vertices.min(axis=0) for m in meshes]).astype(np.float64)
        self.high = np.stack([m.vertices.max(axis=0) for m in meshes]).astype(np.float64)
        self.centre, self.radius = (self.low + self.high) / 2, np.linalg.norm(self.high - self.low, axis=1) / 2
        vertex_buffer, other_buffer, index_buffer = (gl.buffer(a.tobytes()) for a in (position, other, indices))
        positions = (vertex_buffer, "3f", "in_position")
        materials = (other_buffer, "3f 2f 3f 3f", "in_normal", "in_uv", "in_colour", "in_material")
        self.range_vao = gl.vertex_array(range_program, [positions], index_buffer)
        self.depth_vao = gl.vertex_array(depth_program, [positions], index_buffer)
        self.colour_vao = gl.vertex_array(colour_program, [positions, materials], index_buffer)
        stack = np.stack(textures) if textures else np.full((1, 256, 256, 3), 255, np.uint8)
        self.textures = gl.texture_array((256, 256, len(stack)), 3, stack.tobytes())
        self.textures.build_mipmaps()
        self.textures.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._owned = (self.range_vao, self.depth_vao, self.colour_vao, vertex_buffer, other_buffer, index_buffer)

    def draw(
        self,
        vao: moderngl.VertexArray,
        chosen: NDArray[np.bool_],
        eye: NDArray[np.float64] | None = None,
        large_m: float = np.inf,
    ) -> None:
        """Draw the chosen meshes (n,).

        If ``eye`` (3,) is given, near meshes are drawn first and those with a radius above ``large_m`` (walls) last, so
        that hidden pixels are not shaded.
        """
        order = np.flatnonzero(chosen)
        if eye is not None:
            distance = np.linalg.norm(self.centre[order] - eye, axis=1) + 100.0 * (self.radius[order] > large_m)
            order = order[np.argsort(distance, kind="stable")]
        for k in order:
            first = int(self._first[k])
            vao.render(moderngl.TRIANGLES, vertices=int(self._first[k + 1]) - first, first=first)

    def release(self) -> None:
        """Free the memory on the GPU."""
        for item in (*self._owned, self.textures):
            item.release()
