# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The posterior of an artifact with a hint network, by the number of the hints and by how they lie in the image.

A few hints that are spread over the image also tell how large errors are around each of them. Hints of one level plane,
as a 2D lidar gives, tell nothing of that above and below them: there, errors reach farther along the image's height
than along its width, because walls and most things stand upright.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grin_ros.core.hints.arrangement import LEVEL, SPREAD
from grin_ros.core.hints.covariance import Array, Features
from grin_ros.core.hints.posterior import Observed, Posterior, posterior
from grin_ros.core.hints.process import Process

BOTH_UP_TO = 100
"""The process without the hint network is heard too up to this number of hints. It errs elsewhere, so that the mean of
both errs less than either, by 1 to 2 %; with more hints that is not worth its time. Errors adapt to hints up to the
same number."""
LEVEL_UP_TO = 160
"""For hints of one level plane it is heard up to this number, which is that of a lidar's hints and the floor's."""
UPRIGHT = 5.0
"""With hints of one level plane, local errors reach so many times as far along the image's height as along its
width."""
ACROSS = 0.7
"""With such hints, the length of local errors along the image's width is multiplied by this."""
COLOUR = 0.45
"""With such hints, the length of local errors in colour is multiplied by this."""
LOCAL, EXPONENT = 2.5, 3.0
"""With such hints, the variances of local errors and of the exponent are multiplied by these: a low lidar measures what
stands before the wall, and the wall above it must not come nearer."""
DOUBT = 0.15
"""With such hints, this share of the correction is a further part of the deviation, because what is corrected lies
above and below all hints."""
AWAY = 0.15
"""So is this, in ln(range), for every width of the image that a pixel is above or below them."""


def both(grid: Features, hints: Observed, process: Process, shape: tuple[int, int], kind: str | None) -> Posterior:
    """Return the posterior with a hint network; for a few hints the mean of that and of the one without it.

    How far these two differ counts as a part of the deviation. kind: LEVEL or SPREAD; for hints that are neither
    the process stays as it is. The other arguments are those of `posterior`.
    """
    few = len(hints.residual_ln) <= (LEVEL_UP_TO if kind == LEVEL else BOTH_UP_TO)
    adapts, plain = few and kind == SPREAD, Process()
    if kind == LEVEL:
        process, plain = upright(process), upright(plain)
    found = posterior(grid, hints, process, shape, adapts=adapts)
    mean_ln, apart_ln = found.mean_ln, np.zeros_like(found.mean_ln)
    if few:
        plain_ln = posterior(grid.plain, hints.plain, plain, shape, adapts=adapts).mean_ln
        mean_ln, apart_ln = 0.5 * (mean_ln + plain_ln), mean_ln - plain_ln
    variance = found.deviation_ln**2 + apart_ln**2
    if kind == LEVEL:
        variance += (DOUBT * mean_ln) ** 2 + (AWAY * _away(grid.position, hints.pixels.position)) ** 2
    return found._replace(mean_ln=mean_ln, deviation_ln=np.sqrt(variance))


def _away(pixels: Array, hints: Array) -> Array:
    """Return how far pixels (N, 2) are above or below the curve through hints (M, 2), in widths of the image."""
    u, v = hints[np.argsort(hints[:, 0])].T
    return np.asarray(np.abs(pixels[:, 1] - np.interp(pixels[:, 0], u, v)), np.float32)


def upright(process: Process) -> Process:
    """Return the process for hints of one level plane."""
    return replace(
        process,
        local_upright=UPRIGHT,
        local_length=ACROSS * process.local_length,
        local_colour=COLOUR * process.local_colour,
        local_variance=LOCAL * process.local_variance,
        exponent_variance=EXPONENT * process.exponent_variance,
    )
