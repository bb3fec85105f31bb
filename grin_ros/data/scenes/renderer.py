# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rasterises a scene with OpenGL (EGL, no window): exact range per pixel centre, and a lit colour image.

Two passes per view. The range pass draws one sample per pixel at its centre (integer pixel coordinates are pixel
centres), so range is that of the surface on the pixel's ray and never an average. The colour pass draws linear light; a
final pass smooths stair steps along edges and measures how hidden each pixel is in the range image (screen-space
ambient occlusion). Multisampling was tried: on llvmpipe it takes three times as long as all the rest. The camera is
chosen by range alone, so colour is only drawn for views that are kept. Image rows run downwards in the frame buffer too
(the projection has no flip).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from grin_ros.data.scenes import shaders
from grin_ros.data.scenes.mesh import Mesh

NEAR_M, FAR_M = 0.03, 60.0
SHADOW_PX = 1024
MAX_LAMPS = 4  # as in the shader


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole numbers for an image of width x height; integer coordinates are pixel centres."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def clip_from_optical(self) -> NDArray[np.float64]:
        """(4, 4): optical frame (x right, y down, z forward) to clip space whose rows run downwards."""
        matrix = np.zeros((4, 4))
        matrix[0, 0] = 2 * self.fx / self.width
        matrix[0, 2] = 2 * (self.cx + 0.5) / self.width - 1
        matrix[1, 1] = 2 * self.fy / self.height
        matrix[1, 2] = 2 * (self.cy + 0.5) / self.height - 1
        matrix[2, 2] = (FAR_M + NEAR_M) / (FAR_M - NEAR_M)
        matrix[2, 3] = -2 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
        matrix[3, 2] = 1.0
        return matrix


@dataclass(frozen=True)
class Lighting:
    """Intensities are linear RGB.

    sun_direction: unit, from the sun into the room. lamps: (position, intensity), at most four; the first casts shadows
    downwards. ambient_up lights what faces up, ambient_down what faces down. room: lower and upper corner of the room,
    for the darkening of corners.
    """

    sun_direction: NDArray[np.float64]
    sun: NDArray[np.float64]
    lamps: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    ambient_up: NDArray[np.float64]
    ambient_down: NDArray[np.float64]
    room: tuple[NDArray[np.float64], NDArray[np.float64]]


def _look(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    forward = direction / np.linalg.norm(direction)
    right = np.cross(forward, [0.0, 0, 1] if abs(forward[2]) < 0.95 else [0.0, 1, 0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def _bytes(matrix: NDArray[np.float64]) -> bytes:
    return np.ascontiguousarray(matrix.T, np.float32).tobytes()


def _floats(vector: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) for v in vector)


def _set(program: moderngl.Program, **values: bytes | float | tuple[float, ...]) -> None:
    """Sets uniforms by name; bytes are arrays and column-major matrices of float32. KeyError when it has none such."""
    for name, value in values.items():
        uniform = program[name]
        if not isinstance(uniform, moderngl.Uniform):
            raise KeyError(f"{name}: got a {type(uniform).__name__}, expected a uniform")
        if isinstance(value, bytes):
            uniform.write(value)
        else:
            uniform.value = value


class Renderer:
    """Holds the GL context and, after ``load``, one scene. Call ``close`` at the end.

    RuntimeError when EGL gives no context.
    """

    def __init__(self, width: int = 320, height: int = 240) -> None:
        settings: Any = {"backend": "egl"}
        try:
            self._gl = moderngl.create_context(standalone=True, **settings)
        except Exception as error:  # moderngl raises bare ones
            raise RuntimeError(
                f"no OpenGL context through EGL ({error}); install libegl1 and a Mesa or NVIDIA driver"
            ) from error
        self.width, self.height = width, height
        gl = self._gl
        gl.enable(moderngl.DEPTH_TEST)
        size = (width, height)
        self._range_program = gl.program(vertex_shader=shaders.RANGE_VERTEX, fragment_shader=shaders.RANGE_FRAGMENT)
        self._depth_program = gl.program(vertex_shader=shaders.DEPTH_VERTEX, fragment_shader=shaders.EMPTY_FRAGMENT)
        self._colour_program = gl.program(vertex_shader=shaders.COLOUR_VERTEX, fragment_shader=shaders.COLOUR_FRAGMENT)
        self._resolve_program = gl.program(
            vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.RESOLVE_FRAGMENT
        )
        self._range_texture = gl.texture(size, 1, dtype="f4")
        self._range_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._range_target = gl.framebuffer([self._range_texture], gl.depth_renderbuffer(size))
        self._colour_texture = gl.texture(size, 4, dtype="f2")
        self._colour_texture.repeat_x = self._colour_texture.repeat_y = False
        self._colour_target = gl.framebuffer([self._colour_texture], gl.depth_renderbuffer(size))
        self._resolved_texture = gl.texture(size, 4, dtype="f2")
        self._resolved = gl.framebuffer([self._resolved_texture])
        self._screen = gl.vertex_array(self._resolve_program, [])
        self._shadows = []
        for _ in range(2):
            texture = gl.depth_texture((SHADOW_PX, SHADOW_PX))
            texture.compare_func = "<="
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
            self._shadows.append((texture, gl.framebuffer([], texture)))
        self._scene: list[moderngl.Buffer | moderngl.VertexArray | moderngl.TextureArray] = []

    def close(self) -> None:
        """Frees the context."""
        self._release()
        self._gl.release()

    def _release(self) -> None:
        for item in self._scene:
            item.release()
        self._scene = []

    def load(
        self, meshes: list[Mesh], textures: list[NDArray[np.uint8]], lighting: Lighting, shadowless: int = 0
    ) -> None:
        """Uploads a scene.

        Each mesh is culled as a whole; its layers index textures, each (256, 256, 3) uint8. The last ``shadowless``
        meshes cast no shadow.
        """
        self._release()
        gl = self._gl
        counts = [len(m.vertices) for m in meshes]
        starts = np.cumsum([0, *counts])
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
        low = np.stack([m.vertices.min(axis=0) for m in meshes]).astype(np.float64)
        high = np.stack([m.vertices.max(axis=0) for m in meshes]).astype(np.float64)
        self._centre, self._radius = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
        vertex_buffer, other_buffer, index_buffer = (gl.buffer(a.tobytes()) for a in (position, other, indices))
        self._range_vao = gl.vertex_array(self._range_program, [(vertex_buffer, "3f", "in_position")], index_buffer)
        self._depth_vao = gl.vertex_array(self._depth_program, [(vertex_buffer, "3f", "in_position")], index_buffer)
        layout = [
            (vertex_buffer, "3f", "in_position"),
            (other_buffer, "3f 2f 3f 3f", "in_normal", "in_uv", "in_colour", "in_material"),
        ]
        self._colour_vao = gl.vertex_array(self._colour_program, layout, index_buffer)
        stack = np.stack(textures) if textures else np.full((1, 256, 256, 3), 255, np.uint8)
        array = gl.texture_array((256, 256, len(stack)), 3, stack.tobytes())
        array.build_mipmaps()
        array.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._textures = array
        self._scene = [
            self._range_vao,
            self._depth_vao,
            self._colour_vao,
            vertex_buffer,
            other_buffer,
            index_buffer,
            array,
        ]
        self._light(lighting, shadowless)

    def _light(self, lighting: Lighting, shadowless: int) -> None:
        low, high = lighting.room
        centre, radius = (low + high) / 2, float(np.linalg.norm(high - low) / 2)
        sun = np.eye(4)
        sun[:3, :3] = _look(lighting.sun_direction)
        sun[:3, 3] = -sun[:3, :3] @ centre
        sun = np.diag([1 / radius, 1 / radius, 1 / radius, 1.0]) @ sun
        lamp_position = lighting.lamps[0][0]
        view = np.eye(4)
        view[:3, :3] = _look(np.array([0.0, 0.0, -1.0]))
        view[:3, 3] = -view[:3, :3] @ lamp_position
        spread = 0.4 * SHADOW_PX / 2  # 136 degrees wide: most of the room below a ceiling lamp
        middle = SHADOW_PX / 2 - 0.5
        lamp = Intrinsics(SHADOW_PX, SHADOW_PX, spread, spread, middle, middle).clip_from_optical() @ view
        program = self._colour_program
        casters = np.arange(len(self._radius)) < len(self._radius) - shadowless
        for (_, target), matrix in zip(self._shadows, (sun, lamp), strict=True):
            target.use()
            target.clear(depth=1.0)
            _set(self._depth_program, clip_from_world=_bytes(matrix))
            self._draw(self._depth_vao, casters)
        _set(program, sun_clip=_bytes(sun), lamp_clip=_bytes(lamp))
        positions, powers = np.zeros((2, MAX_LAMPS, 3), np.float32)
        for k, (position, power) in enumerate(lighting.lamps[:MAX_LAMPS]):
            positions[k], powers[k] = position, power
        count = min(len(lighting.lamps), MAX_LAMPS)
        _set(program, lamp_position=positions.tobytes(), lamp_power=powers.tobytes(), lamp_count=count)
        _set(program, sun_direction=_floats(lighting.sun_direction), sun=_floats(lighting.sun))
        _set(program, ambient_up=_floats(lighting.ambient_up), ambient_down=_floats(lighting.ambient_down))
        _set(program, room_low=_floats(low), room_high=_floats(high))
        _set(program, textures=0, sun_shadow=1, lamp_shadow=2)

    def _visible(self, intrinsics: Intrinsics, optical_from_world: NDArray[np.float64]) -> NDArray[np.bool_]:
        centre = self._centre @ optical_from_world[:3, :3].T + optical_from_world[:3, 3]
        k = intrinsics
        keep = centre[:, 2] > -self._radius
        for normal in (
            (k.fx, 0.0, k.cx + 0.5),
            (-k.fx, 0.0, k.width - 0.5 - k.cx),
            (0.0, k.fy, k.cy + 0.5),
            (0.0, -k.fy, k.height - 0.5 - k.cy),
        ):
            plane = np.array(normal)
            keep &= centre @ (plane / np.linalg.norm(plane)) > -self._radius
        return np.asarray(keep)

    def _draw(self, vao: moderngl.VertexArray, keep: NDArray[np.bool_], eye: NDArray[np.float64] | None = None) -> None:
        """Draws the kept meshes, the near ones first and walls last (hidden pixels are then never shaded)."""
        chosen = np.flatnonzero(keep)
        if eye is not None:
            distance = np.linalg.norm(self._centre[chosen] - eye, axis=1) + 100.0 * (self._radius[chosen] > 1.3)
            chosen = chosen[np.argsort(distance, kind="stable")]
        for k in chosen:
            first = int(self._first[k])
            vao.render(moderngl.TRIANGLES, vertices=int(self._first[k + 1]) - first, first=first)

    def range_image(self, intrinsics: Intrinsics, optical_from_world: NDArray[np.float64]) -> NDArray[np.float32]:
        """Range along the ray in metres, (height, width) float32; inf where nothing is hit."""
        self._range_target.use()
        self._range_target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        clip = _bytes(intrinsics.clip_from_optical())
        _set(self._range_program, optical_from_world=_bytes(optical_from_world), clip_from_optical=clip)
        eye = -optical_from_world[:3, :3].T @ optical_from_world[:3, 3]
        self._draw(self._range_vao, self._visible(intrinsics, optical_from_world), eye)
        data = np.frombuffer(self._range_texture.read(), np.float32).reshape(self.height, self.width)
        return np.where(data > 0, data, np.float32(np.inf)).astype(np.float32)

    def colour_image(
        self, intrinsics: Intrinsics, optical_from_world: NDArray[np.float64], occlusion: float = 1.0
    ) -> NDArray[np.float32]:
        """Linear light (height, width, 3) float32 >= 0.

        Call it after range_image of the same view, whose result it uses.
        """
        self._colour_target.use()
        self._colour_target.clear(0.6, 0.75, 1.0, 1.0, depth=1.0)
        clip = intrinsics.clip_from_optical() @ optical_from_world
        eye = -optical_from_world[:3, :3].T @ optical_from_world[:3, 3]
        _set(self._colour_program, clip_from_world=_bytes(clip), eye=_floats(eye))
        self._textures.use(0)
        self._shadows[0][0].use(1)
        self._shadows[1][0].use(2)
        self._draw(self._colour_vao, self._visible(intrinsics, optical_from_world), eye)
        self._resolved.use()
        self._colour_texture.use(0)
        self._range_texture.use(1)
        f_px = float(np.sqrt(intrinsics.fx * intrinsics.fy))
        _set(self._resolve_program, colour=0, range_m=1, f_px=f_px, strength=occlusion)
        self._gl.disable(moderngl.DEPTH_TEST)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        self._gl.enable(moderngl.DEPTH_TEST)
        data = np.frombuffer(self._resolved_texture.read(), np.float16).reshape(self.height, self.width, 4)
        # The blur evens out the turned sampling pattern.
        open_sky = cv2.blur(np.ascontiguousarray(data[..., 3], np.float32), (5, 5))
        return np.asarray(data[..., :3] * open_sky[..., None], np.float32)
