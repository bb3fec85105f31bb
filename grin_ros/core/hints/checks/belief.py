# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decide which hints are believed, before and after they are compared with the network's answer.

Before: a sensor that contradicts the network by more than a network is ever wrong is refused as a whole; its pose or
its units are wrong. After: hints that contradict each other are not used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from grin_ros.core.hints.answer import Answer
from grin_ros.core.hints.evidence.floor import ALONE, Floor, floor_of
from grin_ros.core.hints.lookup import sampled
from grin_ros.core.hints.median import median
from grin_ros.core.hints.sensors.gates import all_equal
from grin_ros.core.hints.sources import OWN_SOURCES
from grin_ros.core.types import Frame, HintReport, Hints

MOST_LN = math.log(6.0)
"""A sensor is refused if the median of its hints asks for a larger factor than this. On the development frames and at
distances from 0.4 m on, the network is wrong by factors up to 4; wrong units or a wrong pose ask for more."""
MOST_ON_FLOOR_LN = math.log(2.5)
"""The same where the network has seen the floor where it is."""
MOST_OUTLIERS = 0.5
"""If more than this share of the used hints contradicts the others, none is believed."""
FEWEST_TELLING = 12
"""No hint is believed either if hints tell nothing of one another. That is judged from this number of hints on."""
UNTOLD_LN = 0.2
"""Hints tell nothing of one another if what the others say of a hint misses it by more than this, on median. Random
ranges are such hints. On real frames, right hints with up to 30 % of outliers are none."""
UNTOLD_SHARE = 0.5
"""It must also miss by more than this share of what the network, times one factor, misses a hint by."""


@dataclass(frozen=True)
class Vetted:
    """hints: what is believed; None if nothing is. floor: as the camera alone shows it. refused: source -> why not."""

    hints: Hints | None
    floor: Floor
    refused: Mapping[str, str] = field(default_factory=dict)


def vetted(frame: Frame, hints: Hints, answer: Answer) -> Vetted:
    """Return the hints that may be fused with the answer."""
    camera = frame.camera
    grid = answer.ln_range.reshape(answer.rows, answer.cols)
    left = camera.contains(hints.pixels)
    differs_ln = np.log(hints.range_m) - sampled(grid, hints.pixels, camera.width, camera.height)
    floor = floor_of(camera, answer)
    most_ln = MOST_ON_FLOOR_LN if floor.share >= ALONE else MOST_LN
    refused = {}
    for index, name in enumerate(hints.sources):
        own = left & (hints.source == index)
        middle_ln = median(differs_ln[own])
        if all_equal(hints.range_m[own]):
            refused[name] = "all its ranges are the same; check whether the sensor still measures"
            left &= ~own
        elif abs(middle_ln) > most_ln:
            refused[name] = (
                f"its ranges ask for a factor of {math.exp(middle_ln):.3g}, and only {math.exp(-most_ln):.2f} to "
                f"{math.exp(most_ln):.1f} is believed; check that they are in metres, and the pose of the sensor"
            )
            left &= ~own
    if not left.any():
        return Vetted(None, floor, refused)
    return Vetted(hints if left.all() else hints.chosen(left), floor, refused)


def judged(hints: Hints, vet: Vetted, report: HintReport | None) -> HintReport | None:
    """Return the report of the fusion with what was refused; nothing is used if the hints contradict each other.

    hints: all that were offered. report: None if none of them was fused. Returns None if no hint lies in the image.
    """
    if report is None:
        return HintReport(0, 0, 0.0, {}, vet.refused) if vet.refused else None
    measured = report.used - sum(report.by_source.get(name, 0) for name in OWN_SOURCES)
    reason = _contradiction(report, measured)
    if not reason:
        return replace(report, used=measured, refused=vet.refused)
    text = f"{reason}; check the pose of the sensor, and whether its stamps are the times of measurement"
    return HintReport(0, report.outliers, 0.0, {}, {**dict.fromkeys(hints.sources, text), **vet.refused})


def _contradiction(report: HintReport, measured: int) -> str:
    """Return why the hints that were measured contradict each other; empty if they do not."""
    if report.outliers > MOST_OUTLIERS * measured:
        return f"{report.outliers} of {measured} hints contradict the others"
    untold = report.left_out_ln > max(UNTOLD_LN, UNTOLD_SHARE * report.apart_ln)
    if measured >= FEWEST_TELLING and untold:
        return (
            f"{measured} hints tell nothing of one another, and miss each other by {math.expm1(report.left_out_ln):.0%}"
        )
    return ""
