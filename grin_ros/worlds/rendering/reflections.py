# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mirror images: where mirror glass is visible, the scene is drawn again as the mirrored camera sees it.

The image of a mirror is drawn with the pixels of the camera, from the mirrored position, and clipped to what lies
before the glass. It is then copied to the pixels that show the glass of that plane. Other mirrors appear in it as grey
glass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import moderngl
import numpy as np
from numpy.typing import NDArray

from grin_ros.worlds.rendering import shaders
from grin_ros.worlds.rendering.projection import View
from grin_ros.worlds.rendering.uniforms import column_major, floats, set_uniforms
from grin_ros.worlds.shapes.mesh import Mesh

SILVER = (0.90, 0.93, 0.91)  # the share of light that a mirror reflects
_CLIP_DISTANCE_0 = 0x3000  # GL_CLIP_DISTANCE0, for which moderngl has no name
_ON_PLANE_M = 0.004  # points this near to a plane belong to its glass
_LEAST_PX = 6  # a mirror that covers fewer pixels is not drawn


def planes_of(mirrors: Sequence[Mesh]) -> list[NDArray[np.float64]]:
    """Return the planes (4,) of flat meshes, each plane once: its unit normal into the room and minus its distance."""
    planes: list[NDArray[np.float64]] = []
    for mesh in mirrors:
        normal, point = mesh.normals[0].astype(np.float64), mesh.vertices[0].astype(np.float64)
        normal /= np.linalg.norm(normal)
        plane = np.append(normal, -normal @ point)
        if not any(np.allclose(plane, other, atol=1e-3) for other in planes):
            planes.append(plane)
    return planes


class Reflections:
    """The programs and frame buffers for mirror images. They are freed with the OpenGL context."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._program = gl.program(vertex_shader=shaders.SKY_VERTEX, fragment_shader=shaders.MIRROR_FRAGMENT)
        self._screen = gl.vertex_array(self._program, [])
        self._images: dict[tuple[int, int], tuple[moderngl.Texture, moderngl.Framebuffer]] = {}

    def draw(
        self,
        view: View,
        signed: NDArray[np.float32],
        planes: Sequence[NDArray[np.float64]],
        draw: Callable[[View], None],
        range_texture: moderngl.Texture,
        onto: moderngl.Framebuffer,
    ) -> None:
        """Replace the light on mirror glass by mirror images.

        Args:
            view: The view.
            signed: The ranges of the view, (h, w), negative on glass.
            planes: The planes of the mirrors.
            draw: A function that draws the light of a view into the target in use.
            range_texture: The texture that contains ``signed``.
            onto: The frame buffer with the light of the view.
        """
        glass = signed < 0
        if not glass.any():
            return
        points, size = view.points(np.abs(signed)), (view.camera.width, view.camera.height)
        for plane in planes:
            seen = glass & (np.abs(points @ plane[:3] + plane[3]) < _ON_PLANE_M)
            if np.count_nonzero(seen) < _LEAST_PX or view.eye @ plane[:3] + plane[3] <= 0:
                continue
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            left, top = int(columns[0]), int(rows[0])
            region = (left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
            texture, target = self._image(size)
            target.use()
            target.scissor = region
            target.clear(0.6, 0.75, 1.0, 1.0, depth=1.0)
            self._gl.enable_direct(_CLIP_DISTANCE_0)
            draw(view.mirrored(plane))
            self._gl.disable_direct(_CLIP_DISTANCE_0)
            self._copy(view, plane, texture, range_texture, onto)

    def _image(self, size: tuple[int, int]) -> tuple[moderngl.Texture, moderngl.Framebuffer]:
        """Return the texture and frame buffer for mirror images of a size. They are made at the first call."""
        if size not in self._images:
            texture = self._gl.texture(size, 4, dtype="f2")
            self._images[size] = texture, self._gl.framebuffer([texture], self._gl.depth_renderbuffer(size))
        return self._images[size]

    def _copy(
        self,
        view: View,
        plane: NDArray[np.float64],
        texture: moderngl.Texture,
        range_texture: moderngl.Texture,
        onto: moderngl.Framebuffer,
    ) -> None:
        onto.use()
        texture.use(0)
        range_texture.use(1)
        across = column_major(view.optical_from_world[:3, :3].T)
        set_uniforms(self._program, lens=view.slopes, world_from_optical=across)
        set_uniforms(self._program, eye=floats(view.eye), plane=floats(plane))
        set_uniforms(self._program, image=0, range_m=1, silver=SILVER, on_plane_m=_ON_PLANE_M)
        self._gl.disable(moderngl.DEPTH_TEST)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        self._gl.enable(moderngl.DEPTH_TEST)
