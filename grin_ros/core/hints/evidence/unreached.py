# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pixels at which a sensor met nothing up to its reach: what is there is farther away.

A depth camera of 3 m measures what is near and is silent about the rest. Its hints alone would draw everything else
towards the camera, because they have been selected by range. Where it is silent and the network sees something beyond
its reach, the network's own answer counts as a hint of little certainty. Where the network sees something much nearer,
the silence has another reason, such as glass or a black surface, and says nothing.
"""

from __future__ import annotations

import math

import numpy as np

from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.answer import Answer
from grin_ros.core.hints.covariance import Array
from grin_ros.core.hints.lookup import sampled
from grin_ros.core.hints.sources import UNREACHED
from grin_ros.core.types import Hints, Unreached

NEARER_LN = 0.3
"""The network may see the pixel nearer than the reach by this, in ln(range); if it is nearer still, silence says
nothing."""
PAST_LN = 0.2
"""The thing there counts as farther than the reach by at least this."""
SIGMA_LN = 0.3
"""One sigma of ln(range) of such a hint. It is added to the deviation of an answer beyond the reach."""
CONSIDERED = 2000
"""The largest number of pixels that are looked at. They are spread over all."""
MOST = 60
"""The largest number of such hints. They are spread over the pixels that may be hints."""
SHARE = 0.5
"""They are also at most this share of the number of all other hints."""


def beside_unreached(camera: Camera, hints: Hints, answer: Answer) -> Hints:
    """Return the hints with those of pixels beyond the reach of their sensors.

    answer: that of the camera alone.
    """
    silent = hints.unreached
    if silent is None:
        return hints
    inside = np.flatnonzero(camera.contains(silent.pixels))
    if not len(inside):
        return hints
    inside = inside[evenly(len(inside), CONSIDERED)]
    pixels, reach_ln = silent.pixels[inside], np.log(silent.reach_m[inside])
    alone_ln = sampled(answer.ln_range.reshape(answer.rows, answer.cols), pixels, camera.width, camera.height)
    farther = np.flatnonzero(alone_ln > reach_ln - NEARER_LN)
    chosen = farther[evenly(len(farther), min(MOST, math.ceil(SHARE * len(hints))))]
    ln_range = np.maximum(alone_ln, reach_ln + PAST_LN)[chosen]
    more = Hints.measured(pixels[chosen], np.exp(ln_range), SIGMA_LN, UNREACHED)
    return Hints.joined([hints, more]) or hints


def widened(deviation_ln: Array, ln_range: Array, silent: Unreached | None) -> Array:
    """Return the deviation (N,) of an answer ln_range (N,), which is larger beyond the reach of a sensor."""
    if silent is None or not len(silent.reach_m):
        return deviation_ln
    beyond = ln_range > math.log(float(silent.reach_m.min()))
    return np.where(beyond, np.hypot(deviation_ln, np.float32(SIGMA_LN)), deviation_ln)
