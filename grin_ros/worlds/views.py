# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render the views of one scene, as cameras would record them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.cameras.capture import STILL, capture_colour, capture_glass, capture_range, pose
from grin_ros.worlds.cameras.develop import develop, rolling_turn
from grin_ros.worlds.cameras.lenses import sample_lens
from grin_ros.worlds.registry import WORLDS, choose
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement, World

TRIES = 160  # placements tried in a scene
MOST_GLASS = 0.4  # the largest share of mirror pixels in a view; these pixels have no range to learn from
TRIES_OF_LENS = 16  # placements tried with one lens; keeps the shares of lenses in the views near the shares drawn


@dataclass(frozen=True)
class RenderedView:
    """A rendered image with its ranges and its origin.

    Attributes:
        image: The image, (h, w, 3) uint8 RGB.
        range_m: The range along the ray of each pixel, (h, w) float32 in metres; inf where nothing is hit, nan outside
            the lens and on mirrors.
        camera: The camera with its mounting.
        placement: The pose of the camera.
        world: The name of the world.
        scene_seed: The seed of the scene.
        number: The number of the view in its scene, from 0.
    """

    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    camera: Camera
    placement: Placement
    world: str
    scene_seed: int
    number: int


def render_views(
    renderer: Renderer,
    scene_seed: int,
    assets: Assets,
    views: int,
    worlds: Sequence[World] = WORLDS,
) -> Iterator[RenderedView]:
    """Yield up to ``views`` views of the scene of a seed, from at most TRIES random placements."""
    world = choose(scene_seed, worlds)
    scene = world.build(scene_seed, assets)
    renderer.load(scene.meshes, scene.textures, scene.lighting, scene.shadowless, scene.mirrors)
    rng = np.random.default_rng([scene_seed, 0xCA3])
    occlusion = float(rng.uniform(0.5, 1.2))
    size = (renderer.width, renderer.height)
    lens, lens_tries, number = sample_lens(rng, *size, world.narrowest_deg), 0, 0
    for _ in range(TRIES):
        if lens_tries == TRIES_OF_LENS:
            lens, lens_tries = sample_lens(rng, *size, world.narrowest_deg), 0
        lens_tries += 1
        placement, chance = world.place(rng, scene), float(rng.random())
        if placement is None:
            continue
        optical_from_world = pose(placement)
        range_m = capture_range(renderer, lens, optical_from_world)
        if not is_usable(range_m, world.closest_m, world.flattest_ln) or chance >= world.keep(range_m, lens):
            continue
        turn_rad = rolling_turn(lens, np.random.default_rng([scene_seed, number, 0x4011])) or STILL
        if turn_rad != STILL:
            range_m = capture_range(renderer, lens, optical_from_world, turn_rad)
        glass = capture_glass(renderer, lens, optical_from_world, turn_rad)
        if glass.mean() > MOST_GLASS:
            continue
        light = capture_colour(renderer, lens, optical_from_world, occlusion, turn_rad)
        image = develop(light, range_m, lens, rng)
        camera = lens.with_mounting(Mounting(placement.height_m, placement.roll_rad, placement.pitch_rad))
        yield RenderedView(image, without_glass(range_m, glass), camera, placement, world.name, scene_seed, number)
        lens_tries, number = TRIES_OF_LENS, number + 1
        if number == views:
            return


def without_glass(range_m: NDArray[np.float32], glass: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the ranges (h, w) with nan where ``glass`` (h, w) is True.

    The range of a mirror is that of its glass, but the image shows something else there.
    """
    return np.where(glass, np.float32(np.nan), range_m)


def is_usable(range_m: NDArray[np.float32], closest_m: float = 0.25, flattest_ln: float = 0.08) -> bool:
    """Return True if a view with these ranges (h, w) in metres satisfies the rules of its world.

    Nothing in the central 90 % of the area is nearer than closest_m, at most 35 % of the pixels are nearer than 1.8
    times closest_m, at least a fifth of the pixels shows a surface, and the standard deviation of the log range is
    above flattest_ln. Pixels outside the lens (nan) are ignored.
    """
    h, w = range_m.shape
    centre = range_m[round(h * 0.025) : round(h * 0.975), round(w * 0.025) : round(w * 0.975)]
    finite = range_m[np.isfinite(range_m)]
    if (
        finite.size < 0.2 * range_m.size
        or np.nanmin(centre) < closest_m
        or np.sum(finite < 1.8 * closest_m) > 0.35 * range_m.size
    ):
        return False
    return float(np.log(finite).std()) > flattest_ln
