# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A camera on its way through one rendered scene: frame after frame with exact ranges, one lens, one exposure rule.

Worlds draw single views; what changes from frame to frame (recorded drives, flicker) needs neighbouring ones. The
mounting of the lens stays (height, roll and pitch), position and heading follow a smooth closed path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.cameras.capture import capture_colour, capture_glass, capture_range, pose
from grin_ros.worlds.cameras.develop import expose
from grin_ros.worlds.registry import choose, named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement, Scene, World
from grin_ros.worlds.views import RenderedView, is_usable, without_glass

REACH_M, TURN_RAD = 0.25, 0.12
_TRIES = 400
_LOOK_AT = 5  # places of a path that are looked at before it is taken


def render_sequence(
    renderer: Renderer,
    scene_seed: int,
    assets: Assets,
    lens: Camera,
    frames: int,
    *,
    reach_m: float = REACH_M,
    turn_rad: float = TURN_RAD,
    worlds: Sequence[World] = (),
) -> list[RenderedView]:
    """`frames` views along one path through the scene of a seed, number 0 upwards; the last is beside the first.

    lens: with the mounting. reach_m, turn_rad: how far the path leads from its middle, 0 for a camera that stands.
    worlds: by default rooms, whose ground is level. Raises ValueError for a lens without a mounting, for no frames, and
    where the scene has no such path.
    """
    if lens.mounting is None:
        raise ValueError("lens: got no mounting, expected one; a sequence keeps height, roll and pitch")
    if frames < 1:
        raise ValueError(f"frames: got {frames}, expected 1 or more")
    world = choose(scene_seed, worlds or named(("room",)))
    scene = world.build(scene_seed, assets)
    renderer.load(scene.meshes, scene.textures, scene.lighting, scene.shadowless, scene.mirrors)
    rng = np.random.default_rng([scene_seed, 0x5E9])
    for _ in range(_TRIES):
        start, chance = world.place(rng, scene), float(rng.random())
        if start is None:
            continue
        path = drive(mounted(start, lens), frames, reach_m, turn_rad)
        looked_at = path[:: max(1, frames // _LOOK_AT)]
        if any(scene.blocks(p.position) or not _inside(p, scene) for p in path):
            continue
        ranges = [capture_range(renderer, lens, pose(placement)) for placement in looked_at]
        if all(map(is_usable, ranges)) and chance < world.keep(ranges[0], lens):
            return [_view(renderer, world, scene_seed, lens, p, number) for number, p in enumerate(path)]
    raise ValueError(f"scene {scene_seed}: none of {_TRIES} paths is free and worth seeing; take another seed")


def drive(start: Placement, frames: int, reach_m: float, turn_rad: float) -> list[Placement]:
    """A closed path: forward and back, a little to the side, the heading swinging twice as fast."""
    ahead = np.array([math.cos(start.yaw_rad), math.sin(start.yaw_rad), 0.0])
    left = np.array([-ahead[1], ahead[0], 0.0])
    phases = 2.0 * np.pi * np.arange(frames) / frames
    return [
        replace(
            start,
            position=start.position + reach_m * (math.sin(phase) * ahead + 0.3 * math.sin(2.0 * phase) * left),
            yaw_rad=start.yaw_rad + turn_rad * math.sin(2.0 * phase),
        )
        for phase in phases
    ]


def mounted(placement: Placement, lens: Camera) -> Placement:
    """The place on the ground and the heading of `placement`, with the lens's height, roll and pitch."""
    mounting = lens.mounting
    assert mounting is not None
    rise = np.array([0.0, 0.0, mounting.height_m - placement.height_m])
    return Placement(
        placement.position + rise, placement.yaw_rad, mounting.pitch_rad, mounting.roll_rad, mounting.height_m
    )


def _view(
    renderer: Renderer, world: World, scene_seed: int, lens: Camera, placement: Placement, number: int
) -> RenderedView:
    optical_from_world = pose(placement)
    range_m = capture_range(renderer, lens, optical_from_world)
    glass = capture_glass(renderer, lens, optical_from_world)
    light = capture_colour(renderer, lens, optical_from_world)
    # The same draws for every frame: the exposure follows the light as a camera's does, its rule stays.
    image = expose(light, ~np.isnan(range_m), np.random.default_rng([scene_seed, 0xE5]))
    return RenderedView(image, without_glass(range_m, glass), lens, placement, world.name, scene_seed, number)


def _inside(placement: Placement, scene: Scene) -> bool:
    low, high = scene.bounds
    return bool(np.all(placement.position > low + 0.08) and np.all(placement.position < high - 0.08))
