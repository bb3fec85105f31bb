# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of the Gaussian process that fuses hints with the network's answer (posterior.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """The variances of the parts, in ln^2, and their lengths. The defaults were chosen on development
    frames, for 10 to 100 hints and for one line of a lidar: `grin evaluate DIR --hints uniform:32 line`."""

    factor_variance: float = 0.10
    exponent_variance: float = 0.03
    smooth_variance: float = 0.11
    smooth_length: float = 0.63
    """The length as a share of the image's width, as `local_length` is too."""
    smooth_ln: float = 0.78
    """The length in ln(range), as `local_ln` is too."""
    local_variance: float = 0.05
    local_length: float = 0.2
    local_upright: float = 1.0
    """The length along the image's height is this many times `local_length`."""
    local_ln: float = 0.32
    local_colour: float = 0.47
    """The length in colour, in units of 100 of CIELAB."""
    noise_floor: float = 0.027
    """A hint's sigma of ln(range) is at least this: neither its pixel nor the network's range there is exact."""
    own_ln: float = 0.05
    """With a hint network: one sigma of the error that a pixel shares with no other, in place of the floor."""
    scale_dof: float = 10.0
    """With a hint network: all variances of a frame are multiplied by how far its hints miss what was expected of them,
    as in a Student's t process with these degrees of freedom. More trust the expectation more."""
    odds_ln: tuple[float, ...] = (0.0, 2.0, 7.0)
    """The logarithm of the odds that a hint is right that says just what all others say, each time the weights are
    computed. These odds fall with the square of its miss as a normal distribution does: at 7, a hint that misses by 3.7
    times of what was expected may be right or wrong. The first times are strict, so that several outliers cannot
    vouch for one another; at the last one, right hints that were doubted are believed again."""
