# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the seed of a scene to the views that are kept of it, exposed as a camera would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grin_ros.data.scenes.assets import Assets
from grin_ros.data.scenes.cameras import View, bare, keep_probability, passes, propose
from grin_ros.data.scenes.indoor.layout import furnish
from grin_ros.data.scenes.renderer import Renderer


@dataclass(frozen=True)
class RenderedView:
    """image (h, w, 3) uint8 RGB, range_m (h, w) float32, the view, the seed of its scene, and its number there."""

    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    view: View
    scene_seed: int
    number: int


def render_views(
    renderer: Renderer, scene_seed: int, assets: Assets, views: int, tries: int = 120
) -> Iterator[RenderedView]:
    """Up to ``views`` kept views of the room of a seed, out of ``tries`` proposed."""
    scene = furnish(scene_seed, assets)
    renderer.load(scene.meshes, scene.textures, scene.lighting, scene.shadowless)
    rng = np.random.default_rng([scene_seed, 0xCA3])
    occlusion = float(rng.uniform(0.5, 1.2))
    number = 0
    for _ in range(tries):
        view = propose(rng, scene, renderer.width, renderer.height)
        chance = float(rng.random())
        if view is None:
            continue
        range_m = renderer.range_image(view.intrinsics, view.optical_from_world)
        if not passes(range_m):
            continue
        keep = keep_probability(float(np.median(range_m)))
        # One in eight of the views on a bare wall or floor stays: real recordings have some.
        if chance > keep or (chance > 0.12 * keep and bare(range_m, view.intrinsics)):
            continue
        light = renderer.colour_image(view.intrinsics, view.optical_from_world, occlusion)
        yield RenderedView(develop(light, rng), range_m, view, scene_seed, number)
        number += 1
        if number == views:
            return


def develop(light: NDArray[np.float32], rng: Generator) -> NDArray[np.uint8]:
    """Linear light (h, w, 3) to an 8 bit sRGB image (h, w, 3).

    Auto exposure with an error, a filmic shoulder, vignetting, and the sRGB curve.
    """
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    metered = float(np.exp(np.log(np.maximum(luminance[::4, ::4], 1e-3)).mean()))
    exposure = float(rng.uniform(0.13, 0.34)) / max(0.6 * metered + 0.4 * float(luminance.mean()), 1e-3)
    shoulder = float(rng.uniform(0.0, 0.6))
    fall = 0.35 * float(rng.random()) * float(rng.random() < 0.5)
    v, u = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j].astype(np.float32)
    x = light * (exposure * (1 - fall * (u * u + v * v) / 2))[..., None]
    x = np.clip(x * (1 + x * np.float32(shoulder / 9)) / (1 + np.float32(shoulder) * x), 0, 1)
    srgb = _SRGB[(x * 4095 + 0.5).astype(np.int32)]
    mean = float(srgb.mean()) / 255
    wanted = float(np.clip(mean, 0.22, 0.64))
    if wanted != mean:  # keeps every image between too dark and too bright
        srgb = np.clip(srgb.astype(np.float32) * (wanted / max(mean, 1e-3)), 0, 255).astype(np.uint8)
    return np.asarray(srgb, np.uint8)


def _srgb_table() -> NDArray[np.uint8]:
    """(4096,): 8 bit sRGB of linear light in [0, 1]."""
    linear = np.arange(4096) / 4095
    curve = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (curve * 255 + 0.5).astype(np.uint8)


_SRGB = _srgb_table()
