# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The floor as a hint beside hints that do not measure it: those of one plane, as a 2D lidar gives, and corners.

Their correction would drag the floor along. Where the mounting of the camera is known, so is the range of the floor,
and where depth is near that range, the floor is a hint too. It is looked for twice. In the answer of the camera alone,
it is believed only if it covers much of where it could be, because an answer of the wrong scale places other things
there. A rough answer with hints then has the right scale.

Sensors whose hints are spread over the image measure the floor themselves. Beside them the floor made depth worse
(docs/notes/hints.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.answer import Answer
from grin_ros.core.hints.arrangement import CORNERS, LEVEL, arrangement
from grin_ros.core.hints.sources import FLOOR
from grin_ros.core.types import Hints

FAR_LN = 0.3
"""The floor is where the answer's range differs from that of the ground plane by less than this. In shares of the
camera's height, this and the next two are heights above the floor."""
BIAS_LN = 0.2
"""On average over the neighbourhood, it differs by less than this."""
BUMP_LN = 0.06
"""From that average, it differs by less than this: errors of the network are smooth, and what stands on the floor is
not."""
STRICTER = 2.0 / 3.0
"""In a rough answer that knew the floor already, FAR_LN, BIAS_LN and BUMP_LN are multiplied by this."""
ALONE = 0.4
"""The floor in the answer of the camera alone counts if it covers at least this share of where it could be. On renders
of robots, three fifths of what the camera alone takes for floor are floor where it covers less, and more than four
fifths where it covers more."""
WITH_HINTS = 0.2
"""The same for the floor in the rough answer with hints."""
BLOCK = 9
"""The side of the neighbourhood, in cells of the query grid."""
SIGMA_LN = 0.1
"""A hint of the floor is as uncertain as this, because where the answer shows the floor, something else may be."""
WIDER = 1.35
"""With a hint network, sigma beside hints of the floor and of one plane is larger by this factor: if the floor is wrong
somewhere, it is wrong in a whole region."""
MOST = 56
"""The largest number of hints of the floor. They are spread over it. Beside the 200 of motion, no more are fused at
once."""


class Floor(NamedTuple):
    """hints: the floor where it was seen; None if nowhere. share: how much of where it could be that is, 0 to 1."""

    hints: Hints | None
    share: float


def floor_of(camera: Camera, answer: Answer, strictness: float = 1.0) -> Floor:
    """Return the floor where the answer sees it where the mounting says that it is.

    strictness: multiplies FAR_LN, BIAS_LN and BUMP_LN.
    """
    far_ln, bias_ln, bump_ln = (strictness * limit for limit in (FAR_LN, BIAS_LN, BUMP_LN))
    if camera.mounting is None:
        return Floor(None, 0.0)
    plane_ln, farther_ln = answer.on_ground(camera.mounting)
    below, farther_ln = np.isfinite(plane_ln), farther_ln.reshape(answer.rows, answer.cols)
    near = below.reshape(farther_ln.shape) & (np.abs(farther_ln) < far_ln)
    share = cv2.blur(near.astype(np.float32), (BLOCK, BLOCK))
    mean_ln = cv2.blur(np.where(near, farther_ln, np.float32(0.0)), (BLOCK, BLOCK)) / np.maximum(share, 1e-3)
    smooth = (np.abs(mean_ln) < bias_ln) & (np.abs(farther_ln - mean_ln) < bump_ln)
    (floor,) = np.nonzero((near & smooth).reshape(-1))
    if not len(floor):
        return Floor(None, 0.0)
    chosen = floor[evenly(len(floor), MOST)]
    hints = Hints.measured(answer.pixels[chosen], np.exp(plane_ln[chosen]), SIGMA_LN, FLOOR)
    return Floor(hints, len(floor) / int(below.sum()))


def beside_floor(camera: Camera, hints: Hints, first: Floor, roughly: Callable[[Hints, str], Answer]) -> Hints:
    """Return hints of sensors and of motion with those of the floor, where these help.

    first: the floor as the camera alone shows it. roughly: gives a rough answer with hints, and is told how those that
    were measured lie (`arrangement`).
    """
    kind = arrangement(hints, camera) if camera.mounting is not None else None
    if kind not in (CORNERS, LEVEL):
        return hints
    known = first.share >= ALONE
    before = _joined(hints, first) if known else hints
    second = floor_of(camera, roughly(before, kind), STRICTER if known else 1.0)
    return _joined(hints, second) if second.share >= WITH_HINTS else before


def _joined(hints: Hints, floor: Floor) -> Hints:
    return hints if floor.hints is None else Hints.joined([hints, floor.hints]) or hints
