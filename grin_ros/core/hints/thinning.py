# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fewer hints that say as much: spread over the image and over range, the exact ones first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.posterior import AT_ONCE
from grin_ros.core.types import Hints

MOST_HINTS = 2 * AT_ONCE
"""Two turns of the posterior: those that are spread best, and as many again."""
MOST_COMPARED = 30_000
"""The largest number of hints that are compared with the network's answer. A cloud of a depth camera has ten times as
many, and OpenCV's remap takes at most 32,766 pixels."""
COLUMNS = 24
"""The image is divided into cells of a COLUMNS-th of its width."""
STEP_LN = 0.2
"""Hints of one cell whose ranges differ by more than this factor's logarithm count as different."""


def thinned(hints: Hints, width: int, most: int = MOST_HINTS) -> Hints:
    """Return at most `most` hints: in turn the most exact one of every cell of the image and step of range, then the
    second of each, and so on. They are in this order if they are more than the posterior takes at once. Equally exact
    ones come in the order of `_scattered`, so the result does not depend on the order of the hints but for those of one
    pixel.
    """
    if len(hints) <= min(most, AT_ONCE):
        return hints
    scattered = np.argsort(_scattered(hints.pixels), kind="stable")
    order = scattered[np.argsort(hints.sigma_ln[scattered], kind="stable")]
    size = max(1.0, width / COLUMNS)
    cells = np.floor(hints.pixels[order] / size).astype(np.int64)
    steps = np.floor(np.log(hints.range_m[order]) / STEP_LN).astype(np.int64)
    _, cell = np.unique((cells[:, 0] << 32) + (cells[:, 1] << 16) + steps, return_inverse=True)
    turn = _rank_within(cell.reshape(-1))
    return hints.chosen(order[np.argsort(turn, kind="stable")[:most]])


def comparable(hints: Hints, camera: Camera) -> Hints:
    """Return at most MOST_COMPARED hints, those in the image that are spread best; all of them if they are no more.

    `thinned` then chooses the same ones as from all, but for equals.
    """
    if len(hints) <= MOST_COMPARED:
        return hints
    inside = camera.contains(hints.pixels)
    if not inside.any():
        return hints.chosen(np.arange(MOST_COMPARED))
    return thinned(hints.chosen(inside), camera.width, MOST_COMPARED)


def _scattered(pixels: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return a number (N,) for each pixel that says nothing of where it lies, the same one in every frame.

    Clouds and depth images come row by row. In that order the lower rows would have no hint where there are more cells
    than hints, and each surface would be measured at its upper edge.
    """
    u, v = np.floor(pixels).astype(np.int64).astype(np.uint32).T
    mixed = u * np.uint32(0x9E3779B1) ^ v * np.uint32(0x85EBCA77)  # odd factors of xxHash
    mixed = (mixed ^ mixed >> np.uint32(15)) * np.uint32(0x2C1B3C6D)
    return np.asarray(mixed >> np.uint32(16), np.uint16)


def _rank_within(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each entry how many entries of its group stand before it."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(starts, len(groups)))
    ranks = np.empty(len(groups), np.intp)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return ranks
