# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of a depth map from a few measured ranges: one robust factor for each frame.

One camera sees shape better than size, so most of the error of an estimate is one factor for the whole frame. If a
lidar or a range finder sees a part of the same scene, ln(measured) - ln(estimated) of its points is the logarithm of
that factor, and noise. There are outliers too, often all on one side: points that the camera does not see (parallax),
glass, errors of calibration. Therefore the shortest half of the values is found first, which outliers cannot move as
long as they are less than half, and then the mean of the values that agree with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate

MAX_RANGE_M = 15.0
"""Farther ranges are not used. Estimates have other errors far away, which would spoil the scale of near depth."""
MIN_POINTS = 10
"""The fewest points that give a scale."""
MOST_POINTS = 5000
"""More points take time and add nothing."""
MAX_SPREAD_LN = 0.5
"""If the points that agree best differ by more than this (one sigma), there is no scale."""
MIN_SPREAD_LN = 0.01
"""The smallest relative sigma of a point: a smaller one gives it no more weight."""
AGREES_SIGMAS = 2.5
"""A point that is farther than this many sigmas from the others is an outlier."""
PASSES = 3
"""The number of times that outliers are removed and the mean is computed again."""
SHAPE_SHARE = 0.5
"""The share of an estimate's relative sigma that is the error of its shape; the rest is that of its scale."""
BLOCKS = 16
"""Errors of neighbouring pixels are alike: points within 1 / 16 of the image's width count as one."""
EDGE_PX, EDGE_BEND_LN, EDGE_STEP_LN = 2, 0.1, 0.4
"""If ln(depth) bends or differs by more than this within 2 px to each side, there is an edge, and a point may have been
measured on its other side."""
_NEAR = np.array([[u, v] for u in (-EDGE_PX, 0, EDGE_PX) for v in (-EDGE_PX, 0, EDGE_PX)])
_HALF_NORMAL = 0.6745  # half the width of the shortest half of a normal distribution, in sigmas

PRIOR_LN = 0.3
"""The sigma of ln(scale) if nothing was measured."""
BELIEVED_SIGMAS = 4.0
"""A scale is refused if its logarithm is farther from 0 than this many sigmas of PRIOR_LN: a factor below 0.30 or above
3.32. A network is hardly ever wrong by so much; a wrong pose, wrong units or codes for "no return" are likelier."""


class NoScaleError(ValueError):
    """The ranges do not give the scale of this frame; the text says why."""


@dataclass(frozen=True)
class Scale:
    """A factor for depth and sigma.

    ln: its logarithm. error_ln: the sigma of that. used, offered: the number of ranges.
    """

    ln: float = 0.0
    error_ln: float = PRIOR_LN
    used: int = 0
    offered: int = 0

    @property
    def factor(self) -> float:
        """The factor by which depth and sigma are multiplied."""
        return math.exp(self.ln)


def match_scale(
    camera: Camera, estimate: DepthEstimate, points: NDArray[np.floating], max_range_m: float = MAX_RANGE_M
) -> Scale:
    """Return the scale of one frame from points (N, 3) in metres in its optical frame. Raises NoScaleError.

    A point counts if it is within max_range_m, the camera sees it, depth is known there, and no edge is near. Points
    with a small sigma weigh more. Points that differ from the others by more than 2.5 times half the claimed relative
    sigma are outliers. error_ln assumes that the error of the shape is the same over a sixteenth of the image's width.
    """
    offered = len(points)
    near = points[np.einsum("ij,ij->i", points, points) <= max_range_m**2]
    chosen = near[:: max(1, -(-len(near) // MOST_POINTS))]
    differences, weights, blocks = _compared(camera, estimate, np.asarray(chosen, np.float64))
    if len(differences) < MIN_POINTS:
        raise NoScaleError(
            f"{len(differences)} of {offered} ranges lie within {max_range_m:g} m on known, smooth depth of the image, "
            f"{MIN_POINTS} are needed"
        )
    centre, spread = _shortest_half(differences, weights)
    if spread > MAX_SPREAD_LN:
        raise NoScaleError(
            f"ranges and depth do not agree: one sigma of their ratio is a factor {math.exp(spread):.2f}; "
            "check where the range sensor is on the robot"
        )
    # Half of the points may agree better than the others by chance, so the claimed sigma is the least spread.
    claimed = float(np.median(1.0 / np.sqrt(weights)))
    spread = max(spread, SHAPE_SHARE * claimed)
    for _ in range(PASSES):
        agree = np.abs(differences - centre) <= AGREES_SIGMAS * spread
        centre = float(np.average(differences[agree], weights=weights[agree]))
        spread = max(spread, math.sqrt(float(np.average((differences[agree] - centre) ** 2, weights=weights[agree]))))
    believed_ln = BELIEVED_SIGMAS * PRIOR_LN
    if abs(centre) > believed_ln:
        raise NoScaleError(
            f"the ranges ask for a factor of {math.exp(centre):.3g}, and only {math.exp(-believed_ln):.2f} to "
            f"{math.exp(believed_ln):.2f} is believed; check scale.range_pose, that the ranges are in metres, and what "
            "the sensor's driver writes for rays without a return"
        )
    error_ln = spread / math.sqrt(max(1, len(np.unique(blocks[agree])) - 1))
    return Scale(centre, error_ln, int(agree.sum()), offered)


def _compared(
    camera: Camera, estimate: DepthEstimate, points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return ln(measured / estimated), weight, and block of the image, of the points that count."""
    pixels = camera.project(points)
    with np.errstate(invalid="ignore"):
        inside = (points[:, 2] > 0.0) & ((pixels >= EDGE_PX) & (pixels <= _last(camera) - EDGE_PX)).all(axis=1)
    u, v = np.rint(pixels[inside]).astype(np.intp).T
    z_m = points[inside, 2]
    with np.errstate(invalid="ignore", divide="ignore"):  # comparisons with NaN and inf are False
        around = np.log(estimate.depth_m[v[:, None] + _NEAR[:, 1], u[:, None] + _NEAR[:, 0]])
        bends = np.abs(around + around[:, ::-1] - 2.0 * around[:, len(_NEAR) // 2, None]).max(axis=1)
        counts = (bends <= EDGE_BEND_LN) & (np.ptp(around, axis=1) <= EDGE_STEP_LN)
    u, v, z_m = u[counts], v[counts], z_m[counts]
    depth_m, sigma_m = (values[v, u].astype(np.float64) for values in (estimate.depth_m, estimate.sigma_m))
    relative = np.nan_to_num(sigma_m / depth_m, nan=1.0)
    size = max(1, camera.width // BLOCKS)
    return np.log(z_m / depth_m), 1.0 / (relative**2 + MIN_SPREAD_LN**2), (v // size) * camera.width + u // size


def _last(camera: Camera) -> NDArray[np.int64]:
    return np.array([camera.width - 1, camera.height - 1])


def _shortest_half(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return middle and sigma of the narrowest interval that holds half of the weight, as of a normal distribution."""
    order = np.argsort(values, kind="stable")
    values, reached = values[order], np.concatenate([[0.0], np.cumsum(weights[order])])
    # The interval that begins at a value ends at the first value that completes half of the weight.
    ends = np.searchsorted(reached[1:], reached[:-1] + 0.5 * reached[-1] * (1.0 - 1e-9))
    begins = np.flatnonzero(ends < len(values))
    widths = values[ends[begins]] - values[begins]
    # Rounding makes equal widths differ. Of several equally narrow ones, the middle one is the most stable.
    narrow = begins[widths <= widths.min() + 1e-9]
    begin = int(narrow[len(narrow) // 2])
    end = int(ends[begin])
    middle = 0.5 * (values[begin] + values[end])
    return float(middle), float(values[end] - values[begin]) / 2.0 / _HALF_NORMAL


def scaled(estimate: DepthEstimate, scale: Scale) -> DepthEstimate:
    """Return depth and sigma times the factor; NaN and +inf stay. Relative sigma does not change."""
    factor = np.float32(scale.factor)
    return replace(estimate, depth_m=estimate.depth_m * factor, sigma_m=estimate.sigma_m * factor)
