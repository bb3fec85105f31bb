# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render a scene with OpenGL (EGL, no window): the exact range at each pixel centre, and a lit colour image.

There are two passes per view. The range pass takes one sample at the centre of each pixel (integer pixel coordinates
are pixel centres), so a range always belongs to the surface on the pixel's ray and is never an average. The colour pass
draws linear light; a final pass smooths stair steps along edges and computes screen-space ambient occlusion from the
ranges. Multisampling was tried: with llvmpipe it takes three times as long as everything else. Views are chosen by
their ranges alone, so colour is only drawn for views that are kept. The rows of the frame buffers run downwards like
those of images, because the projection does not flip them.
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
from grin_ros.worlds.rendering.scene_buffers import SceneBuffers
from grin_ros.worlds.rendering.uniforms import column_major, floats, set_uniforms
from grin_ros.worlds.shapes.mesh import Mesh

NEAR_OUTDOORS_M = 0.08  # larger than NEAR_M, so that a 24 bit depth buffer separates surfaces that are far away
SHADOW_PX = 1024  # the width and height of shadow maps
FOCUS_M = 36.0  # outdoors, the radius of the sharp shadow map near the camera; a softer one covers the whole scene
MAX_LAMPS = 4  # the size of the lamp arrays in the shader


@dataclass(frozen=True)
class _Targets:
    """The textures and frame buffers for images of one size."""

    range_texture: moderngl.Texture
    range_target: moderngl.Framebuffer
    colour_texture: moderngl.Texture
    colour_target: moderngl.Framebuffer
    resolved_texture: moderngl.Texture
    resolved: moderngl.Framebuffer


class Renderer:
    """A renderer with an OpenGL context of its own. Call ``load`` before rendering, and ``close`` at the end.

    ``width`` and ``height`` are the size of views in pixels; images of other sizes can be rendered too. Raise
    RuntimeError if EGL provides no context.
    """

    def __init__(self, width: int = 320, height: int = 240) -> None:
        settings: Any = {"backend": "egl"}
        try:
            self._gl = moderngl.create_context(standalone=True, **settings)
        except Exception as error:  # moderngl raises Exception itself
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
        self._loaded: list[SceneBuffers | moderngl.Texture] = []

    def _targets(self, camera: Camera) -> _Targets:
        """Return the targets for the size of the camera's images. They are made at the first call."""
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
        """Free the context and everything in it."""
        self._release()
        self._gl.release()

    def _release(self) -> None:
        for item in self._loaded:
            item.release()
        self._loaded = []

    def load(
        self,
        meshes: Sequence[Mesh],
        textures: Sequence[NDArray[np.uint8]],
        lighting: Lighting,
        shadowless: int = 0,
        mirrors: Sequence[Mesh] = (),
    ) -> None:
        """Upload a scene. It replaces the scene that was loaded before.

        Args:
            meshes: The meshes. Each is drawn as a whole or not at all; its layers index ``textures``.
            textures: The textures, each (256, 256, 3) uint8.
            lighting: The light sources.
            shadowless: The number of meshes at the end of ``meshes`` that cast no shadow.
            mirrors: Flat meshes of mirror glass. They cast no shadow.
        """
        self._release()
        meshes, shadowless = [*meshes, *mirrors], shadowless + len(mirrors)
        self._glass, self._mirrors = np.arange(len(meshes)) >= len(meshes) - len(mirrors), planes_of(mirrors)
        self._casters = np.arange(len(meshes)) < len(meshes) - shadowless
        programs = self._range_program, self._depth_program, self._colour_program
        self._scene = scene = SceneBuffers(self._gl, *programs, meshes, textures)
        self._loaded, self._lighting = [scene], lighting
        self._depths, self._large_m = (NEAR_M, FAR_M), 1.3
        if lighting.sky is not None:
            # The far plane is far enough for any two points of the scene.
            far_m = max(FAR_M, float(np.linalg.norm(scene.high.max(axis=0) - scene.low.min(axis=0))))
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
            spread = 0.4 * SHADOW_PX / 2  # a view of 136 degrees: most of the room below a ceiling lamp
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
        """Upload the light from all directions: harmonics for matt surfaces, a map with mipmaps for glossy ones."""
        around = lighting.around
        if around is None:
            around = environment.two_toned(lighting.ambient_up, lighting.ambient_down)
        harmonics = environment.irradiance(around).astype(np.float32)
        around_map = self._gl.texture((around.shape[1], around.shape[0]), 3, around.tobytes(), dtype="f4")
        around_map.build_mipmaps()
        around_map.filter, around_map.repeat_y = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR), False
        self._around = around_map
        self._loaded.append(around_map)
        set_uniforms(self._colour_program, around_light=harmonics.tobytes(), around_map=3)
        set_uniforms(self._colour_program, ambient_down=floats(lighting.ambient_down))

    def _cast(
        self, light: str, number: int, clip: NDArray[np.float64], chosen: NDArray[np.bool_] | None = None
    ) -> None:
        """Draw a shadow map and use it for the light of this name ('sun' or 'lamp').

        ``clip`` (4, 4) is the projection of the light; ``chosen`` (n,) limits the meshes that are drawn.
        """
        target = self._shadows[number][1]
        target.use()
        target.clear(depth=1.0)
        set_uniforms(self._depth_program, clip_from_world=column_major(clip))
        self._scene.draw(self._scene.depth_vao, self._casters if chosen is None else chosen & self._casters)
        set_uniforms(self._colour_program, **{f"{light}_clip": column_major(clip)})

    def _focus(self, eye: NDArray[np.float64], forward: NDArray[np.float64]) -> None:
        """Draw the sharp shadow map of the sun where the camera looks."""
        direction = self._lighting.sun_direction
        centre = eye + 0.6 * FOCUS_M * forward * [1.0, 1.0, 0.0]
        off = self._scene.centre - centre
        along, radius = off @ direction, self._scene.radius
        near = np.linalg.norm(off - along[:, None] * direction, axis=1) < radius + 1.5 * FOCUS_M
        self._cast("sun", 0, parallel(direction, centre, FOCUS_M, 150.0), near & (np.abs(along) < 150 + radius))

    def range_image(self, camera: Camera, optical_from_world: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the range along the ray of each pixel, (h, w) float32 in metres; inf where nothing is hit.

        The camera is taken as a pinhole: its distortion is ignored.
        """
        targets = self._targets(camera)
        targets.range_target.use()
        targets.range_target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        view = View(camera, clip_from_optical(camera, *self._depths), optical_from_world)
        clip, visible = column_major(view.lens), view.sees(self._scene.centre, self._scene.radius)
        set_uniforms(self._range_program, optical_from_world=column_major(optical_from_world), clip_from_optical=clip)
        for glass, drawn in ((1.0, visible & ~self._glass), (-1.0, visible & self._glass)):
            set_uniforms(self._range_program, glass=glass)
            self._scene.draw(self._scene.range_vao, drawn, view.eye, self._large_m)
        data = np.abs(self._signed(camera))
        return np.where(data > 0, data, np.float32(np.inf)).astype(np.float32)

    def _signed(self, camera: Camera) -> NDArray[np.float32]:
        """Return the ranges (h, w) that were drawn last: negative on mirrors, 0 where nothing is hit."""
        data = np.frombuffer(self._targets(camera).range_texture.read(), np.float32)
        return data.reshape(camera.height, camera.width)

    @property
    def mirrors(self) -> int:
        """The number of planes of the scene that contain mirrors."""
        return len(self._mirrors)

    def glass_image(self, camera: Camera) -> NDArray[np.bool_]:
        """Return an image (h, w) that is True on mirrors. Call it after ``range_image`` of the same view."""
        return np.asarray(self._signed(camera) < 0)

    def colour_image(
        self, camera: Camera, optical_from_world: NDArray[np.float64], occlusion: float = 1.0
    ) -> NDArray[np.float32]:
        """Return linear light, (h, w, 3) float32 >= 0. Call it after ``range_image`` of the same view.

        ``occlusion`` is the strength of the ambient occlusion.
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
        # The blur removes the noise of the sampling pattern, which is rotated from pixel to pixel.
        open_sky = cv2.blur(np.ascontiguousarray(data[..., 3], np.float32), (5, 5))
        return np.asarray(data[..., :3] * open_sky[..., None], np.float32)

    def _draw_light(self, view: View) -> None:
        """Draw lit surfaces into the target in use."""
        set_uniforms(self._colour_program, clip_from_world=column_major(view.clip_from_world))
        set_uniforms(self._colour_program, eye=floats(view.eye), before=floats(view.before))
        self._scene.textures.use(0)
        self._shadows[0][0].use(1)
        self._shadows[1][0].use(2)
        self._around.use(3)
        visible = view.sees(self._scene.centre, self._scene.radius)
        self._scene.draw(self._scene.colour_vao, visible, view.eye, self._large_m)

    def _draw_sky(self, view: View) -> None:
        """Draw the sky where nothing was drawn yet."""
        across = column_major(view.optical_from_world[:3, :3].T)
        set_uniforms(self._sky_program, lens=view.slopes, world_from_optical=across)
        self._gl.depth_func = "<="
        self._sky.render(moderngl.TRIANGLES, vertices=3)
        self._gl.depth_func = "<"
