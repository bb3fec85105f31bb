# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sequences: a camera moves through one rendered scene, and every frame comes with exact ranges.

Data sets contain single views. Recorded drives and the measurement of flicker need neighbouring frames instead. The
height, roll and pitch of the camera are constant; its position and heading follow a smooth closed path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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

REACH_M, TURN_RAD = 0.25, 0.12  # how far the path leads from its middle: in metres and in radians of heading
_TRIES = 400  # the number of paths that are tried before giving up
_LOOK_AT = 5  # the number of views of a path that are checked before the path is accepted


def render_sequence(
    renderer: Renderer,
    scene_seed: int,
    assets: Assets,
    lens: Camera,
    frames: int,
    *,
    reach_m: float = REACH_M,
    turn_rad: float = TURN_RAD,
    path: Callable[[Placement], list[Placement]] | None = None,
) -> list[RenderedView]:
    """Return ``frames`` views along a closed path through a room, whose ground is level.

    Args:
        renderer: The renderer. The scene is loaded into it.
        scene_seed: The seed of the scene.
        assets: The assets that the scene is built from.
        lens: The camera, with its mounting.
        frames: The number of views, at least 1.
        reach_m: How far the path leads from its middle; 0 for a camera that stands still.
        turn_rad: How far the heading swings to each side.
        path: Makes another path than the closed one of a start; ``frames``, ``reach_m`` and ``turn_rad`` are not used.

    Raises:
        ValueError: The lens has no mounting, ``frames`` is less than 1, or no free path was found in the scene.
    """
    if lens.mounting is None:
        raise ValueError("lens: got no mounting, expected one; a sequence needs constant height, roll and pitch")
    if frames < 1:
        raise ValueError(f"frames: got {frames}, expected 1 or more")
    world = choose(scene_seed, named(("room",)))
    scene = world.build(scene_seed, assets)
    renderer.load(scene.meshes, scene.textures, scene.lighting, scene.shadowless, scene.mirrors)
    rng = np.random.default_rng([scene_seed, 0x5E9])
    for _ in range(_TRIES):
        start, chance = world.place(rng, scene), float(rng.random())
        if start is None:
            continue
        mounted = with_mounting(start, lens)
        way = path(mounted) if path else closed_path(mounted, frames, reach_m, turn_rad)
        looked_at = way[:: max(1, len(way) // _LOOK_AT)]
        if any(scene.blocks(p.position) or not _inside(p, scene) for p in way):
            continue
        ranges = [capture_range(renderer, lens, pose(placement)) for placement in looked_at]
        if all(map(is_usable, ranges)) and chance < world.keep(ranges[0], lens):
            return [_view(renderer, world, scene_seed, lens, p, number) for number, p in enumerate(way)]
    raise ValueError(f"scene {scene_seed}: none of {_TRIES} paths is free and has usable views; take another seed")


def closed_path(start: Placement, frames: int, reach_m: float, turn_rad: float) -> list[Placement]:
    """Return the placements of a closed path around ``start``.

    The camera moves forward and back and a little to the sides, while its heading swings twice as fast.
    """
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


def with_mounting(placement: Placement, lens: Camera) -> Placement:
    """Return ``placement`` with the height, roll and pitch of the lens's mounting instead of its own."""
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
    # Every frame uses the same random numbers: the exposure adapts to the light, but its settings stay the same.
    image = expose(light, ~np.isnan(range_m), np.random.default_rng([scene_seed, 0xE5]))
    return RenderedView(image, without_glass(range_m, glass), lens, placement, world.name, scene_seed, number)


def _inside(placement: Placement, scene: Scene) -> bool:
    low, high = scene.bounds
    return bool(np.all(placement.position > low + 0.08) and np.all(placement.position < high - 0.08))
