# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The ranges that a fit gives its corners, with the noise of images and poses, and which of them may be hints."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.motion.config import LARGEST_SIGMA_LN, MIN_RANGE_M
from grin_ros.core.motion.triangulation import Fit

FEWEST_VIEWS = 2
"""A corner has a range if so many earlier views have it."""
AGREES = 2.0
"""A corner whose residual exceeds this many sigmas belongs to something that moves, or was followed wrongly."""


class Ranges(NamedTuple):
    """The ranges of the N corners of a fit.

    range_m (N,): along the rays of the present view. sigma_ln (N,): one sigma of ln(range). followed (N,): whether
    several views share the corner. agrees (N,): whether its residual is small. good (N,): whether it may be a hint.
    poses_ln: one sigma of ln(range) by which the noise of the poses makes all good ones too long or too short together.
    """

    range_m: NDArray[np.float64]
    sigma_ln: NDArray[np.float64]
    followed: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    good: NDArray[np.bool_]
    poses_ln: float


def ranges(fit: Fit, seen: NDArray[np.intp], noise_rad: float, distance_noise: float, max_range_m: float) -> Ranges:
    """Return the ranges of the corners of a fit.

    seen (N,): how many earlier views have each corner. noise_rad: one sigma of a ray, in rad. distance_noise,
    max_range_m: as in `MotionConfig`.
    """
    followed, agrees = seen >= FEWEST_VIEWS, fit.residual < AGREES * math.sqrt(2.0) * noise_rad
    with np.errstate(divide="ignore"):
        range_m, sigma_ln = 1.0 / fit.inverse, np.hypot(fit.sigma / fit.inverse, distance_noise)
    good = followed & agrees & (fit.inverse > 1.0 / max_range_m) & (fit.inverse < 1.0 / MIN_RANGE_M)
    good &= sigma_ln <= LARGEST_SIGMA_LN
    # All corners share at least the mean of the errors of the poses, which acts as a factor of all ranges.
    shared = (fit.shared[good] * range_m[good, None]).sum(axis=0) / max(1, good.sum())
    return Ranges(range_m, sigma_ln, followed, agrees, good, float(np.linalg.norm(shared)))
