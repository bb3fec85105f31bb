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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.rendering import environment, shaders
from grin_ros.worlds.rendering.light import Lighting
from grin_ros.worlds.rendering.projection import FAR_M, NEAR_M, View, clip_from_optical, look, parallel
from grin_ros.worlds.rendering.reflections import Reflections, planes_of
from grin_ros.worlds.rendering.uniforms import column_major, floats, set_uniforms
from grin_ros.worlds.shapes.mesh import Mesh

NEAR_OUTDOORS_M = 0.08  # so that a 24 bit depth buffer tells surfaces apart far away
SHADOW_PX = 1024
FOCUS_M = 36.0  # outdoors: radius of the sharp shadows about the view; softer ones reach the whole scene
MAX_LAMPS = 4  # as in the shader


@dataclass(frozen=True)
class _Targets:
    """What images of one size are drawn into."""

    range_texture: moderngl.Texture
    range_target: moderngl.Framebuffer
    colour_texture: moderngl.Texture
    colour_target: moderngl.Framebuffer
    resolved_texture: moderngl.Texture
    resolved: moderngl.Framebuffer


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
        self._range_program = gl.program(vertex_shader=shaders.RANGE_VERTEX, fragment_shader=shaders.RANGE_FRAGMENT)
        self._depth_program = gl.program(vertex_shader=shaders.DEPTH_VERTEX, fragment_shader=shaders.EMPTY_FRAGMENT)
        self._colour_program = gl.program(vertex_shader=shaders.COLOUR_VERTEX, fragment_shader=shaders.COLOUR_FRAGMENT)
        self._resolve_program = gl.program(
            vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.RESOLVE_FRAGMENT
        )
        self._sky_program = gl.program(vertex_shader=shaders.SKY_VERTEX, fragment_shader=shaders.SKY_FRAGMENT)
        self._sky = gl.vertex_array(self._sky_program, [])
        self._reflections = Reflections(gl)
        self._sizes: dict[tuple[int, int], _Targets] = {}
        self._screen = gl.vertex_array(self._resolve_program, [])
        self._shadows = []
        for _ in range(2):
            texture = gl.depth_texture((SHADOW_PX, SHADOW_PX))
            texture.compare_func = "<="
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
            self._shadows.append((texture, gl.framebuffer([], texture)))
        self._scene: list[moderngl.Buffer | moderngl.VertexArray | moderngl.TextureArray | moderngl.Texture] = []

    def _targets(self, camera: Camera) -> _Targets:
        """Those of the camera's image size, made when first asked for."""
        size = (camera.width, camera.height)
        if size not in self._sizes:
            gl = self._gl
            ranges, colour = gl.texture(size, 1, dtype="f4"), gl.texture(size, 4, dtype="f2")
            ranges.filter = (moderngl.NEAREST, moderngl.NEAREST)
            colour.repeat_x = colour.repeat_y = False
            resolved = gl.texture(size, 4, dtype="f2")
            self._sizes[size] = _Targets(
                ranges,
                gl.framebuffer([ranges], gl.depth_renderbuffer(size)),
                colour,
                gl.framebuffer([colour], gl.depth_renderbuffer(size)),
                resolved,
                gl.framebuffer([resolved]),
            )
        return self._sizes[size]

    def close(self) -> None:
        """Frees the context."""
        self._release()
        self._gl.release()

    def _release(self) -> None:
        for item in self._scene:
            item.release()
        self._scene = []

    def load(
        self,
        meshes: Sequence[Mesh],
        textures: list[NDArray[np.uint8]],
        lighting: Lighting,
        shadowless: int = 0,
        mirrors: Sequence[Mesh] = (),
    ) -> None:
        """Uploads a scene.

        Each mesh is culled as a whole; its layers index textures, each (256, 256, 3) uint8. The last ``shadowless``
        meshes cast no shadow, nor does the glass of mirrors, flat meshes besides.
        """
        self._release()
        meshes, shadowless = [*meshes, *mirrors], shadowless + len(mirrors)
        self._glass, self._mirrors = np.arange(len(meshes)) >= len(meshes) - len(mirrors), planes_of(mirrors)
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
        self._lighting, self._shadowless = lighting, shadowless
        self._depths = (NEAR_M, FAR_M)
        self._large_m = 1.3
        if lighting.sky is not None:
            # Far enough for any two points of the scene.
            far_m = max(FAR_M, float(np.linalg.norm(high.max(axis=0) - low.min(axis=0))))
            self._depths, self._large_m = (NEAR_OUTDOORS_M, far_m), 25.0
        self._light(lighting)

    def _light(self, lighting: Lighting) -> None:
        low, high = lighting.room
        program, sky = self._colour_program, lighting.sky
        centre, radius = (low + high) / 2, float(np.linalg.norm(high - low) / 2)
        set_uniforms(program, outdoors=float(sky is not None))
        if sky is None:
            self._cast("sun", 0, parallel(lighting.sun_direction, centre, radius, radius))
            lamp_position = lighting.lamps[0][0]
            view = np.eye(4)
            view[:3, :3] = look(np.array([0.0, 0.0, -1.0]))
            view[:3, 3] = -view[:3, :3] @ lamp_position
            spread = 0.4 * SHADOW_PX / 2  # 136 degrees wide: most of the room below a ceiling lamp
            middle = SHADOW_PX / 2 - 0.5
            lamp = clip_from_optical(Camera(SHADOW_PX, SHADOW_PX, spread, spread, middle, middle))
            self._cast("lamp", 1, lamp @ view)
            haze, horizon, zenith, haze_per_m = (np.zeros(3),) * 3 + (0.0,)
        else:
            self._cast("lamp", 1, parallel(lighting.sun_direction, centre, radius, radius + 60.0))
            haze, horizon, zenith, haze_per_m = sky.haze, sky.horizon, sky.zenith, sky.haze_per_m
            to_sun = -lighting.sun_direction
            set_uniforms(self._sky_program, zenith=floats(zenith), horizon=floats(horizon), glow=floats(sky.glow))
            set_uniforms(self._sky_program, cloud=floats(sky.cloud), to_sun=floats(to_sun), textures=0)
            set_uniforms(self._sky_program, clouds=float(sky.clouds), cover=sky.cover)
        set_uniforms(program, haze=floats(haze), haze_per_m=haze_per_m, horizon=floats(horizon), zenith=floats(zenith))
        positions, powers = np.zeros((2, MAX_LAMPS, 3), np.float32)
        for k, (position, power) in enumerate(lighting.lamps[:MAX_LAMPS]):
            positions[k], powers[k] = position, power
        count = min(len(lighting.lamps), MAX_LAMPS)
        set_uniforms(program, lamp_position=positions.tobytes(), lamp_power=powers.tobytes(), lamp_count=count)
        set_uniforms(program, sun_direction=floats(lighting.sun_direction), sun=floats(lighting.sun))
        self._surround(lighting)
        set_uniforms(program, room_low=floats(low), room_high=floats(high))
        set_uniforms(program, textures=0, sun_shadow=1, lamp_shadow=2)

    def _surround(self, lighting: Lighting) -> None:
        """Uploads the light from all around: harmonics for what is matt, a map with its blurred levels for gloss."""
        around = lighting.around
        if around is None:
            around = environment.two_toned(lighting.ambient_up, lighting.ambient_down)
        harmonics = environment.irradiance(around).astype(np.float32)
        around_map = self._gl.texture((around.shape[1], around.shape[0]), 3, around.tobytes(), dtype="f4")
        around_map.build_mipmaps()
        around_map.filter, around_map.repeat_y = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR), False
        self._around = around_map
        self._scene.append(around_map)
        set_uniforms(self._colour_program, around_light=harmonics.tobytes(), around_map=3)
        set_uniforms(self._colour_program, ambient_down=floats(lighting.ambient_down))

    def _cast(
        self, light: str, number: int, clip: NDArray[np.float64], casters: NDArray[np.bool_] | None = None
    ) -> None:
        """Draws the shadow map of a number and gives it to the light of that name."""
        if casters is None:
            casters = np.ones(len(self._radius), bool)
        target = self._shadows[number][1]
        target.use()
        target.clear(depth=1.0)
        set_uniforms(self._depth_program, clip_from_world=column_major(clip))
        self._draw(self._depth_vao, casters & (np.arange(len(casters)) < len(casters) - self._shadowless))
        set_uniforms(self._colour_program, **{f"{light}_clip": column_major(clip)})

    def _focus(self, eye: NDArray[np.float64], forward: NDArray[np.float64]) -> None:
        """Sharp shadows where the view looks."""
        direction = self._lighting.sun_direction
        centre = eye + 0.6 * FOCUS_M * forward * [1.0, 1.0, 0.0]
        off = self._centre - centre
        along = off @ direction
        near = np.linalg.norm(off - along[:, None] * direction, axis=1) < self._radius + 1.5 * FOCUS_M
        self._cast("sun", 0, parallel(direction, centre, FOCUS_M, 150.0), near & (np.abs(along) < 150 + self._radius))

    def _draw(self, vao: moderngl.VertexArray, keep: NDArray[np.bool_], eye: NDArray[np.float64] | None = None) -> None:
        """Draws the kept meshes, the near ones first and walls last (hidden pixels are then never shaded)."""
        chosen = np.flatnonzero(keep)
        if eye is not None:
            distance = np.linalg.norm(self._centre[chosen] - eye, axis=1) + 100.0 * (
                self._radius[chosen] > self._large_m
            )
            chosen = chosen[np.argsort(distance, kind="stable")]
        for k in chosen:
            first = int(self._first[k])
            vao.render(moderngl.TRIANGLES, vertices=int(self._first[k + 1]) - first, first=first)

    def range_image(self, camera: Camera, optical_from_world: NDArray[np.float64]) -> NDArray[np.float32]:
        """Range along the ray in metres, (h, w) float32 of the camera's size; inf where nothing is hit.

        The camera is drawn as a pinhole.
        """
        targets = self._targets(camera)
        targets.range_target.use()
        targets.range_target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        view = View(camera, clip_from_optical(camera, *self._depths), optical_from_world)
        clip, visible = column_major(view.lens), view.sees(self._centre, self._radius)
        set_uniforms(self._range_program, optical_from_world=column_major(optical_from_world), clip_from_optical=clip)
        for glass, drawn in ((1.0, visible & ~self._glass), (-1.0, visible & self._glass)):
            set_uniforms(self._range_program, glass=glass)
            self._draw(self._range_vao, drawn, view.eye)
        data = np.abs(self._signed(camera))
        return np.where(data > 0, data, np.float32(np.inf)).astype(np.float32)

    def _signed(self, camera: Camera) -> NDArray[np.float32]:
        """(h, w) ranges as drawn last: negative on mirrors, 0 where nothing is hit."""
        data = np.frombuffer(self._targets(camera).range_texture.read(), np.float32)
        return data.reshape(camera.height, camera.width)

    @property
    def mirrors(self) -> int:
        """How many planes of the scene have mirrors in them."""
        return len(self._mirrors)

    def glass_image(self, camera: Camera) -> NDArray[np.bool_]:
        """Whether a pixel (h, w) shows a mirror. Call it after range_image of the same view, whose result it uses."""
        return np.asarray(self._signed(camera) < 0)

    def colour_image(
        self, camera: Camera, optical_from_world: NDArray[np.float64], occlusion: float = 1.0
    ) -> NDArray[np.float32]:
        """Linear light (h, w, 3) float32 >= 0 of the camera's size.

        Call it after range_image of the same view, whose result it uses.
        """
        targets = self._targets(camera)
        view = View(camera, clip_from_optical(camera, *self._depths), optical_from_world)
        outdoors = self._lighting.sky is not None
        if outdoors:
            self._focus(view.eye, optical_from_world[2, :3])
        targets.colour_target.use()
        targets.colour_target.clear(0.6, 0.75, 1.0, 1.0, depth=1.0)
        self._draw_light(view)
        if outdoors:
            self._draw_sky(view)
        if self._mirrors:
            signed, onto = self._signed(camera), targets.colour_target
            self._reflections.draw(view, signed, self._mirrors, self._draw_light, targets.range_texture, onto)
        targets.resolved.use()
        targets.colour_texture.use(0)
        targets.range_texture.use(1)
        f_px = float(np.sqrt(camera.fx * camera.fy))
        set_uniforms(self._resolve_program, colour=0, range_m=1, f_px=f_px, strength=occlusion)
        set_uniforms(self._resolve_program, reach_m=0.5 if outdoors else 0.22)
        self._gl.disable(moderngl.DEPTH_TEST)
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        self._gl.enable(moderngl.DEPTH_TEST)
        data = np.frombuffer(targets.resolved_texture.read(), np.float16).reshape(camera.height, camera.width, 4)
        # The blur evens out the turned sampling pattern.
        open_sky = cv2.blur(np.ascontiguousarray(data[..., 3], np.float32), (5, 5))
        return np.asarray(data[..., :3] * open_sky[..., None], np.float32)

    def _draw_light(self, view: View) -> None:
        """Draws lit surfaces into the target in use."""
        set_uniforms(self._colour_program, clip_from_world=column_major(view.clip_from_world))
        set_uniforms(self._colour_program, eye=floats(view.eye), before=floats(view.before))
        self._textures.use(0)
        self._shadows[0][0].use(1)
        self._shadows[1][0].use(2)
        self._around.use(3)
        self._draw(self._colour_vao, view.sees(self._centre, self._radius), view.eye)

    def _draw_sky(self, view: View) -> None:
        """Draws the sky where nothing is yet."""
        across = column_major(view.optical_from_world[:3, :3].T)
        set_uniforms(self._sky_program, lens=view.slopes, world_from_optical=across)
        self._gl.depth_func = "<="
        self._sky.render(moderngl.TRIANGLES, vertices=3)
        self._gl.depth_func = "<"
