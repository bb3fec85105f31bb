# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The treatment of hints of motion, which lie at corners of the image and not at pixels that were chosen at random.

Corners lie where surfaces end, so the pixel of a hint may show the surface beside it. They crowd on textured things and
leave whole walls out, so hints are often far from where they are needed. The numbers were chosen on the rendered drives
of benchmarks/motion.py and on the red kitchen, together.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.posterior import Posterior
from grin_ros.core.hints.process import Process

Index = NDArray[np.intp]

EDGE = 0.7
"""Half the spread of ln(range) in the neighbourhood of a hint is added to its sigma with this factor."""
CONTRADICTS_LN = 0.5
"""A hint is doubted if its correction, in ln(range), differs from the median of all by more than this. A person who
walks towards a robot that drives towards him looks like something that stands, several times nearer. On the rendered
drives half of such hints are wrong."""
CONTRADICTS_MOUNTED_LN = 0.3
"""The same where the mounting is known, because the camera alone is nearer to the truth then."""
PER_EXCESS = 2.0
"""The sigma of a hint that is doubted grows by this for each unit of ln(range) beyond that limit."""

LOCAL, OWN = 2.0, 1.5
"""The variance of the local errors and the deviation of those that pixels do not share are larger by these factors."""
REACH = (0.15, 0.3)
"""Up to the first of these distances from the nearest hint, in widths of the image, corrections are believed; from the
second on they are not. What a robot that turns sees for the first time is not corrected by what leaves the view."""
WIDER = 1.35
"""With a hint network, sigma is larger by this factor than with hints at random pixels."""


def process_at_corners(process: Process) -> Process:
    """Return the process for hints at corners."""
    return replace(process, local_variance=LOCAL * process.local_variance, own_ln=OWN * process.own_ln)


def edge_sigma_ln(ln_range: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sigma (rows, cols) that a hint has because its pixel may show the surface beside it.

    ln_range (rows, cols): of the network, on the query grid.
    """
    around = np.ones((3, 3), np.uint8)
    return np.asarray(0.5 * EDGE * (cv2.dilate(ln_range, around) - cv2.erode(ln_range, around)), np.float32)


def contradiction_sigma_ln(residual_ln: NDArray[np.float32], mounted: bool) -> NDArray[np.float32]:
    """Return the sigma (M,) that hints of motion have because they contradict the network and the other hints.

    residual_ln (M,): ln(measured range) - ln(range of the network), of all hints. mounted: whether the mounting is
    known.
    """
    limit_ln = np.float32(CONTRADICTS_MOUNTED_LN if mounted else CONTRADICTS_LN)
    excess = np.abs(residual_ln - np.median(residual_ln)) - limit_ln
    return np.asarray(PER_EXCESS * np.maximum(excess, 0.0), np.float32)


def cautious(found: Posterior, cells: tuple[Index, Index], shape: tuple[int, int]) -> Posterior:
    """Return the posterior with smaller corrections where hints explain little, and none far from all hints.

    The correction of a pixel is multiplied by the share of its variance that the hints explain.

    cells: row (M,) and column (M,) of the hints on the query grid. shape: its (rows, columns).
    """
    empty = np.ones(shape, np.uint8)
    empty[cells] = 0
    away = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).reshape(-1)
    # Its squares are whole numbers; the last bits of the roots differ from call to call by where memory lies.
    away = np.sqrt(np.rint(away * away)) / np.float32(shape[1])
    held = np.interp(away, REACH, (1.0, 0.0))
    explained = np.clip(1.0 - (found.deviation_ln / found.prior_ln) ** 2, 0.0, 1.0)
    mean_ln = found.mean_ln * explained * held
    deviation_ln = np.sqrt(held * found.deviation_ln**2 + (1.0 - held) * found.prior_ln**2)
    return found._replace(mean_ln=mean_ln.astype(np.float32), deviation_ln=deviation_ln.astype(np.float32))
