# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decide which hints are believed, before and after they are compared with the network's answer.

Before: a sensor that contradicts the network by more than a network is ever wrong is refused as a whole; its pose or
its units are wrong. Where the mounting is known and the network sees the floor where it must be, the floor itself is
evidence, so that corrections of what stands on it do not leak into it. After: hints that contradict each other are not
used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.posterior import sampled
from grin_ros.core.types import Frame, HintReport, Hints

MOST_LN, MOST_ON_FLOOR_LN = math.log(6.0), math.log(2.5)
"""A sensor is refused if the median of its hints asks for a larger factor than this: the first, or the second if the
network has seen the floor where it is. On the development frames and at distances from 0.4 m on, the network is wrong
by factors up to 4; wrong units or a wrong pose ask for more."""
FEWEST_EQUAL = 10
"""So many ranges of one sensor that are all the same, to the last bit, are no measurements."""
MOST_OUTLIERS = 0.5
"""If more than this share of the used hints contradicts the others, none is believed."""
FLOOR = "floor"
"""The name of the source whose hints are the floor."""
FLOOR_LN, FLOOR_BIAS_LN, BUMP_LN = 0.3, 0.2, 0.06
"""The floor is where the network's range differs from that of the ground plane by less than the first, on average over
the neighbourhood by less than the second, and from that average by less than the third: errors of the network are
smooth, and what stands on the floor is not. In shares of the camera's height, these are heights above the floor."""
BLOCK = 9
"""The side of the neighbourhood, in cells of the query grid."""
FLOOR_SIGMA_LN = 0.05
FLOOR_REACH = 8.0
"""The floor is trusted up to this many heights of the camera; beyond, a small pitch moves the plane far."""
MOST_FLOOR = 64
"""The largest number of hints of the floor. They are spread over it."""


@dataclass(frozen=True)
class Vetted:
    """hints: what is believed, with those of the floor; None if nothing is. refused: source -> why not."""

    hints: Hints | None
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The network's answer on the query grid of a frame.

    pixels: (N, 2). rays: (N, 3) unit rays. ln_range: (N,). rows, cols: N = rows * cols, row by row.
    """

    pixels: NDArray[np.floating]
    rays: NDArray[np.floating]
    ln_range: NDArray[np.float32]
    rows: int
    cols: int


def vetted(frame: Frame, hints: Hints, answer: Answer) -> Vetted:
    """Return the hints that may be fused with the answer."""
    camera = frame.camera
    grid = answer.ln_range.reshape(answer.rows, answer.cols)
    left = camera.contains(hints.pixels)
    differs_ln = np.log(hints.range_m) - sampled(grid, hints.pixels, camera.width, camera.height)
    floor = floor_hints(frame, answer)
    most_ln = MOST_LN if floor is None or len(floor) < MOST_FLOOR else MOST_ON_FLOOR_LN
    refused = {}
    for index, name in enumerate(hints.sources):
        own = left & (hints.source == index)
        middle_ln = float(np.median(differs_ln[own])) if own.any() else 0.0
        if own.sum() >= FEWEST_EQUAL and np.ptp(hints.range_m[own]) == 0.0:
            refused[name] = "all its ranges are the same; check whether the sensor still measures"
            left &= ~own
        elif abs(middle_ln) > most_ln:
            refused[name] = (
                f"its ranges ask for a factor of {math.exp(middle_ln):.3g}, and only {math.exp(-most_ln):.2f} to "
                f"{math.exp(most_ln):.1f} is believed; check that they are in metres, and the pose of the sensor"
            )
            left &= ~own
    if not left.any():
        return Vetted(None, refused)
    believed = hints if left.all() else hints.chosen(left)
    return Vetted(believed if floor is None else Hints.joined([believed, floor]), refused)


def floor_hints(frame: Frame, answer: Answer) -> Hints | None:
    """Return hints at pixels where the network sees the floor where the mounting says that it is; None if nowhere."""
    mounting = frame.camera.mounting
    if mounting is None:
        return None
    down = -(answer.rays @ mounting.up_optical())
    seen = down > 1.0 / FLOOR_REACH
    plane_ln = np.log(mounting.height_m / np.where(seen, down, 1.0))
    farther_ln = np.asarray(answer.ln_range - plane_ln, np.float32).reshape(answer.rows, answer.cols)
    near = seen.reshape(farther_ln.shape) & (np.abs(farther_ln) < FLOOR_LN)
    share = cv2.blur(near.astype(np.float32), (BLOCK, BLOCK))
    mean_ln = cv2.blur(np.where(near, farther_ln, np.float32(0.0)), (BLOCK, BLOCK)) / np.maximum(share, 1e-3)
    smooth = (np.abs(mean_ln) < FLOOR_BIAS_LN) & (np.abs(farther_ln - mean_ln) < BUMP_LN)
    (floor,) = np.nonzero((near & smooth).reshape(-1))
    if not len(floor):
        return None
    chosen = floor[np.linspace(0, len(floor) - 1, min(MOST_FLOOR, len(floor))).astype(np.intp)]
    return Hints.measured(answer.pixels[chosen], np.exp(plane_ln[chosen]), FLOOR_SIGMA_LN, FLOOR)


def judged(hints: Hints, vet: Vetted, report: HintReport | None) -> HintReport | None:
    """Return the report of the fusion with what was refused; nothing is used if the hints contradict each other.

    hints: all that were offered. report: None if none of them was fused. Returns None if no hint lies in the image.
    """
    if report is None:
        return HintReport(len(hints), 0, 0, 0.0, {}, vet.refused) if vet.refused else None
    measured = report.used - report.by_source.get(FLOOR, 0)
    if report.outliers <= MOST_OUTLIERS * measured:
        return replace(report, offered=len(hints), used=measured, refused=vet.refused)
    text = (
        f"{report.outliers} of {measured} hints contradict the others; check the pose of the sensor, and whether its "
        "stamps are the times of measurement"
    )
    return HintReport(len(hints), 0, report.outliers, 0.0, {}, {**dict.fromkeys(hints.sources, text), **vet.refused})
