# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that show nothing, and ordinary ones under bad light, by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
HEIGHT, WIDTH = 240, 320
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))


def nothing_to_see() -> Mapping[str, tuple[Picture, str]]:
    """Return name -> (picture, name of its doubt)."""
    random = np.random.default_rng(0)
    bars = np.asarray(BARS, np.uint8).repeat(WIDTH // len(BARS), axis=0)[None].repeat(HEIGHT, axis=0)
    lower = bars.copy()
    lower[HEIGHT * 2 // 3 :] = lower[HEIGHT * 2 // 3 :, ::-1] // 3
    noise = random.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    ten_bits = (scene() * 4.0).astype(np.uint16) // 256
    return {
        "black": (flat(0, 0, 0), "nearly black"),
        "covered lens with noise of the sensor": (noise // 43, "nearly black"),
        "10 bits in 16": (ten_bits.astype(np.uint8), "nearly black"),
        "white": (flat(255, 255, 255), "no contrast"),
        "empty YUV": (flat(0, 135, 0), "no contrast"),
        "grey with noise": (under_light(flat(128, 128, 128), 1.0, 6.0), "no contrast"),
        "noise": (noise, "noise"),
        "grey noise": (noise[..., :1].repeat(3, axis=2), "noise"),
        "noise in blocks": (noise[::4, ::4].repeat(4, axis=0).repeat(4, axis=1), "noise"),
        "colour bars": (bars, "test pattern"),
        "colour bars above other bars": (lower, "test pattern"),
    }


def ordinary() -> Mapping[str, Picture]:
    """Return name -> picture: a rendered room and street, bright, dark, noisy, in fog, and overexposed in part."""
    made = {}
    for name, picture in {"room": scene(), "night street": night_street()}.items():
        made[name] = picture
        made[f"{name}, noisy"] = under_light(picture, 1.0, 40.0)
        made[f"{name}, mirrored"] = np.ascontiguousarray(picture[:, ::-1])
    room = scene()
    made["dark corridor"] = under_light(room, 0.1, 0.0)
    made["dark corridor, noisy"] = under_light(room, 0.1, 3.0)
    made["room in fog"] = (room * 0.15 + 190.0).astype(np.uint8)
    made["room, half overexposed"] = under_light(room, 2.0, 0.0)
    made["room in grey"] = room.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    made["large room"] = room.repeat(4, axis=0).repeat(4, axis=1)
    return made


def flat(*colour: int) -> Picture:
    """Return a picture of one colour."""
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def scene() -> Picture:
    """Return a wall with boxes over a tiled floor."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), (150.0, 145.0, 130.0)) + (u / WIDTH * 40.0)[..., None]
    floor = v > HEIGHT * 0.55
    image[floor] = 70.0 + 50.0 * ((u // 20 + v // 20) % 2)[floor, None]
    image[70:160, 40:90] = (190.0, 60.0, 40.0)
    image[90:200, 200:240] = (40.0, 60.0, 150.0)
    return image.astype(np.uint8)


def night_street() -> Picture:
    """Return a black sky and a dark road with the light of a few lamps."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    light = np.where(v > HEIGHT // 2, 9.0, 1.0)
    for x in (60, 160, 290):
        light = light + 240.0 * np.exp(-np.hypot(u - x, v - 70) / 9.0)
    return np.stack([light, light * 0.9, light * 0.6], axis=-1).clip(0, 255).astype(np.uint8)


def under_light(picture: Picture, factor: float, noise: float) -> Picture:
    """Return a picture under other light. noise: standard deviation in grey levels."""
    random = np.random.default_rng(1)
    return (picture * factor + random.normal(0.0, noise, picture.shape)).clip(0, 255).astype(np.uint8)
