# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The scale of a depth map from a few measured ranges: one factor a frame, robust, and smooth over time.

One camera sees shape better than size, so most of an estimate's error is one factor for the whole frame. Where a lidar
or a range finder sees a part of the same scene, ln(measured) - ln(estimated) of its points has that factor's logarithm
in common. What else it has: points that the camera does not see (parallax), glass, calibration: outliers, often all on
one side. So: the shortest half of the values first, which outliers short of a half cannot move, then the mean of what
agrees with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate

MAX_RANGE_M = 15.0
"""An estimate is wrong in another way far away than near: farther ranges would spoil the scale of what is near."""
MIN_POINTS = 10
MOST_POINTS = 5000
"""More say nothing new, and cost time."""
MAX_SPREAD_LN = 0.5
"""Where those that agree best still differ by more than this (one sigma), they do not agree."""
MIN_SPREAD_LN = 0.01
AGREES_SIGMAS = 2.5
PASSES = 3
SHAPE_SHARE = 0.5
"""Of an estimate's relative sigma, this much is taken to be its shape's error, the rest the scale's."""
BLOCKS = 16
"""Errors of neighbouring pixels are much the same: points within 1 / 16 of the image's width count as one."""
EDGE_PX, EDGE_BEND_LN, EDGE_STEP_LN = 2, 0.1, 0.4
"""Where ln(depth) bends or differs by more than this within 2 px to each side, there is an edge, and a point may have
been measured on its other side."""
_NEAR = np.array([[u, v] for u in (-EDGE_PX, 0, EDGE_PX) for v in (-EDGE_PX, 0, EDGE_PX)])
_HALF_NORMAL = 0.6745  # half the width of the shortest half of a normal distribution, in sigmas

PRIOR_LN = 0.3
"""Sigma of ln(scale) while nothing is measured."""


class NoScaleError(ValueError):
    """The ranges do not give this frame's scale; its text says why."""


@dataclass(frozen=True)
class Scale:
    """Multiply depth and sigma by `factor`. error_ln: sigma of its logarithm. used, offered: of the ranges."""

    ln: float = 0.0
    error_ln: float = PRIOR_LN
    used: int = 0
    offered: int = 0

    @property
    def factor(self) -> float:
        return math.exp(self.ln)


def match_scale(
    camera: Camera, estimate: DepthEstimate, points: NDArray[np.floating], max_range_m: float = MAX_RANGE_M
) -> Scale:
    """The scale of one frame from points (N, 3) in metres in its optical frame. Raises NoScaleError.

    Those farther than max_range_m do not count.
    Points count where the camera sees them, depth is known, and no edge is near; those with a small sigma weigh more.
    Those that differ from the rest by more than 2.5 times half the claimed relative sigma are outliers.
    error_ln takes it that the estimate's shape is wrong in the same way over a sixteenth of the image's width.
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
    # Half of the points may agree by chance better than the rest does: what the estimate claims lets these in.
    claimed = float(np.median(1.0 / np.sqrt(weights)))
    spread = max(spread, SHAPE_SHARE * claimed)
    for _ in range(PASSES):
        agree = np.abs(differences - centre) <= AGREES_SIGMAS * spread
        centre = float(np.average(differences[agree], weights=weights[agree]))
        spread = max(spread, math.sqrt(float(np.average((differences[agree] - centre) ** 2, weights=weights[agree]))))
    error_ln = spread / math.sqrt(max(1, len(np.unique(blocks[agree])) - 1))
    return Scale(centre, error_ln, int(agree.sum()), offered)


def _compared(
    camera: Camera, estimate: DepthEstimate, points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Of the points that count: ln(measured / estimated), weight, and the block of the image that they lie in."""
    pixels = camera.project(points)
    with np.errstate(invalid="ignore"):
        inside = (points[:, 2] > 0.0) & ((pixels >= EDGE_PX) & (pixels <= _last(camera) - EDGE_PX)).all(axis=1)
    u, v = np.rint(pixels[inside]).astype(np.intp).T
    z_m = points[inside, 2]
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN and inf are neither smooth nor known
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
    """Middle and sigma (as of a normal distribution) of the narrowest interval that holds half of the weight."""
    order = np.argsort(values, kind="stable")
    values, reached = values[order], np.concatenate([[0.0], np.cumsum(weights[order])])
    # The interval that begins at each value ends at the first that completes a half.
    ends = np.searchsorted(reached[1:], reached[:-1] + 0.5 * reached[-1] * (1.0 - 1e-9))
    begins = np.flatnonzero(ends < len(values))
    widths = values[ends[begins]] - values[begins]
    # Rounding makes equal widths differ; of many as narrow, the one in their middle is the steadiest.
    narrow = begins[widths <= widths.min() + 1e-9]
    begin = int(narrow[len(narrow) // 2])
    end = int(ends[begin])
    middle = 0.5 * (values[begin] + values[end])
    return float(middle), float(values[end] - values[begin]) / 2.0 / _HALF_NORMAL


def scaled(estimate: DepthEstimate, scale: Scale) -> DepthEstimate:
    """Depth and sigma times the factor; NaN and +inf stay. Relative sigma stays what it was."""
    factor = np.float32(scale.factor)
    return replace(estimate, depth_m=estimate.depth_m * factor, sigma_m=estimate.sigma_m * factor)
