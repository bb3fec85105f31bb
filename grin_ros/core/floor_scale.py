# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of depth from the floor, where the mounting of the camera is known.

The network sees the shape of a place better than its size. With a factor too many, its floor is a level plane at a
wrong height, and the mounting says what height is right. Every factor is weighed by how much of the image would then be
floor, by how little would lie below it, and by how often a network is wrong by such a factor. The mean over all factors
moves little where little floor is seen.

Table-tops are level planes too. Where the floor below them is in view, they have too much below them. Where it is not,
the plane may be the floor at a wrong height or a table-top at the right one. Which of them it is depends on the height
that the answer gives it above the ground, and on how far the camera looks down.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.hints.answer import Answer

MOST_LN, STEP_LN = 1.3, 0.02
"""The logarithms of the factors that are weighed."""
BLOCK = 5
"""The side of the neighbourhood in which the answer is compared with the ground, in cells of the query grid."""
FLAT_LN = 0.05
"""Floor is where the answer keeps to the ground, up to a factor: the standard deviation of ln(range) from it in the
neighbourhood is smaller than this."""
ON_LN = 0.08
"""A pixel so near the ground lies on it. In shares of the camera's height, this and the next are heights."""
BELOW_LN = 0.1
"""A pixel that is farther than the ground by more than this lies below it."""
EVIDENCE = 0.04
"""This share of the rays that meet the ground, seen as floor, multiplies the probability of a factor by e."""
DOUBT = 0.1
"""This share of them, seen below the floor, divides that evidence by e."""
ENOUGH = 0.3
"""The rays that meet the ground count for less if they are fewer than this share of all."""
WRONG_LN = 0.4
"""One standard deviation of ln(factor) by which networks are wrong."""
TABLE_M, TABLE_SIGMA_M = 0.7, 0.2
"""The height of table-tops, benches and desks above the ground, and its standard deviation."""
TABLES, TABLES_PER_RAD, MOST_TABLES = 0.2, 0.5, 0.9
"""The share of level planes that are table-tops: of a level camera, how much it grows with the pitch, and at most."""

_EDGES = np.arange(-MOST_LN, MOST_LN + STEP_LN / 2, STEP_LN)
_FACTORS_LN = 0.5 * (_EDGES[1:] + _EDGES[:-1])
_WRONG = np.exp(-0.5 * (_FACTORS_LN / WRONG_LN) ** 2) / WRONG_LN  # the density of each, as often as networks are wrong
_ON = np.ones(2 * round(ON_LN / STEP_LN) + 1)
_BELOW = round(BELOW_LN / STEP_LN)


def floor_scale_ln(mounting: Mounting, answer: Answer) -> float:
    """Return ln(factor) by which the ranges of an answer are too long by its floor; 0 where it shows none."""
    plane_ln, farther_ln = answer.on_ground(mounting)
    meets = np.isfinite(plane_ln)
    count = np.count_nonzero(meets)
    if not count:
        return 0.0
    level = meets & _level(farther_ln, meets, answer.rows, answer.cols)
    on = np.convolve(_histogram(farther_ln[level]), _ON, "same") / count
    beyond = np.cumsum(_histogram(farther_ln[meets])[::-1])[::-1] / count
    below = np.concatenate([beyond[_BELOW:], np.zeros(_BELOW)])
    seen = min(1.0, count / (ENOUGH * len(meets)))
    evidence = seen * on * np.exp(-below / DOUBT) / EVIDENCE
    weight = np.exp(evidence - evidence.max()) * _WRONG
    return float((weight * _is_floor(mounting)) @ _FACTORS_LN / weight.sum())


def _is_floor(mounting: Mounting) -> NDArray[np.float64]:
    """Return how probable it is, for each factor, that the plane it would bring to the ground is the floor and not a
    table-top."""
    below_m = mounting.height_m * np.exp(_FACTORS_LN)  # from the camera to the plane, as the answer gives it
    height_m = mounting.height_m - below_m
    # The density is one of ln(factor), with which the height changes by below_m.
    table = np.exp(-0.5 * ((height_m - TABLE_M) / TABLE_SIGMA_M) ** 2) / TABLE_SIGMA_M * below_m
    share = min(TABLES + TABLES_PER_RAD * max(mounting.pitch_rad, 0.0), MOST_TABLES)
    floor = (1.0 - share) * _WRONG
    return np.asarray(floor / (floor + share * table))


def _level(farther_ln: NDArray[np.float32], meets: NDArray[np.bool_], rows: int, cols: int) -> NDArray[np.bool_]:
    """Return where the answer keeps to the ground up to a factor, (N,)."""
    block = (BLOCK, BLOCK)
    grid, inside = farther_ln.reshape(rows, cols), meets.reshape(rows, cols).astype(np.float32)
    share = np.maximum(cv2.blur(inside, block), np.float32(1e-3))
    mean_ln, square_ln = cv2.blur(grid, block) / share, cv2.blur(grid**2, block) / share
    return np.asarray((square_ln - mean_ln**2).reshape(-1) < FLAT_LN**2)


def _histogram(values_ln: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return how many values there are of each factor; those beyond the ends count at the ends."""
    return np.histogram(np.clip(values_ln, _EDGES[0], _EDGES[-1]), _EDGES)[0]
