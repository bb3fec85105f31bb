# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration of sigma with hints, by number and kind of hints, on frames that training has not seen."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.core.geometry.log_depth import BEYOND
from grin_ros.core.hints.arrangement import LEVEL, SPREAD
from grin_ros.core.hints.both import BOTH_UP_TO, both
from grin_ros.core.hints.calibration import HintCalibration, HintFactor
from grin_ros.core.hints.covariance import Features
from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.lookup import sampled
from grin_ros.core.hints.posterior import Observed
from grin_ros.core.hints.process import Process
from grin_ros.core.hints.thinning import thinned
from grin_ros.core.types import Hints
from grin_ros.lab.datasets.hint_patterns import KINDS, SIGMA_LN, Scene
from grin_ros.lab.hints.batches import FARTHEST_M
from grin_ros.lab.hints.frames import UNSCALED, FrozenFrames
from grin_ros.lab.network.hints import HintNetwork

logger = logging.getLogger(__name__)

COUNTS = (*((SPREAD, count) for count in (1, 3, 10, 32, BOTH_UP_TO, BOTH_UP_TO + 1, 256, 500)), (LEVEL, 80))
WITHIN_TWO = 0.91
"""Errors have longer tails than a Gaussian. With its 0.95 within two sigma, one sigma would hold far more than 0.68."""
PIXELS, FEWEST = 2000, 100
"""So many pixels are drawn of each frame that has at least the second number of measured ones; sparse ones repeat."""


def calibrated(frames: FrozenFrames, network: HintNetwork, process: Process) -> HintCalibration:
    """Return the factors with which two sigma hold WITHIN_TWO of the errors, for each of COUNTS.

    Every frame counts alike. Frames whose depth has no scale are taken at the scale of the model. Raises ValueError if
    no frame has enough measured pixels.
    """
    found: dict[tuple[str, int], list[NDArray[np.float64]]] = {key: [] for key in COUNTS}
    rng = np.random.default_rng(0)
    counted = set()
    for index in range(len(frames)):
        for key, ratios in _ratios(frames, index, network, process, rng):
            found[key].append(ratios)
            counted.add(index)
    if not counted:
        raise ValueError(
            f"got {len(frames)} windows of kept-back frames, expected one with {FEWEST} measured pixels; keep more back"
        )
    factors = []
    for (kind, count), of_frames in found.items():
        if of_frames:
            together = np.concatenate(of_frames)
            scale = 0.5 * float(np.quantile(together, WITHIN_TWO))
            within = float(np.mean(together <= scale))
            logger.info("%s, %d hints: sigma times %.3f; %.3f within 1 sigma", kind, count, scale, within)
            factors.append(HintFactor(kind, count, round(scale, 4)))
    return HintCalibration(tuple(factors), f"{len(counted)} windows of frames that were not trained on")


def _ratios(
    frames: FrozenFrames, index: int, network: HintNetwork, process: Process, rng: np.random.Generator
) -> Iterator[tuple[tuple[str, int], NDArray[np.float64]]]:
    """Yield |error| / sigma of pixels that no hint has measured, for each of COUNTS."""
    rows, cols, scale = frames.rows, frames.cols, frames.scale
    found = frames.answers(index)
    with torch.inference_mode():
        tokens = torch.from_numpy(np.array(frames.tokens[index][None], np.float32))
        features = network.pixels(tokens, found.features)[0].numpy()
    ln = found.ln_range[0].numpy()
    range_m = np.array(frames.range_m[index], np.float32)
    height, width = range_m.shape
    ln_fine = cv2.resize(ln.reshape(rows, cols), (width, height))
    measured = np.isfinite(range_m) & (range_m > scale.min_m) & (range_m < FARTHEST_M)
    measured &= ln_fine < np.log(BEYOND * scale.max_m)
    if measured.sum() < FEWEST:
        return
    if frames.kind[index] == UNSCALED:
        range_m = range_m * np.exp(np.median(ln_fine[measured] - np.log(range_m[measured])))
    colour = np.array(frames.colour[index], np.float32)
    share = np.array([1.0, float(frames.aspect[index]) * width / height], np.float32) / width
    image = np.zeros((height, width, 3), np.uint8)
    grid = Features(found.position[0].numpy(), ln, found.colour[0].numpy(), Likeness.of(features))
    for kind, count in COUNTS:
        scene = Scene(image, range_m, measured, count, rng)
        pixels, ranges = KINDS["line" if kind == LEVEL else "uniform"](scene)
        if not len(pixels) or 2 * len(pixels) > measured.sum():
            continue
        hints = thinned(Hints.measured(pixels, ranges, SIGMA_LN), width)

        def at(values: NDArray[np.float32], pixels: NDArray[np.float32] = hints.pixels) -> NDArray[np.float32]:
            return sampled(values, pixels, width, height)

        ln_at = at(ln.reshape(rows, cols))
        likeness = Likeness.of(at(features.reshape(rows, cols, -1)))
        there = Features((hints.pixels + 0.5) * share, ln_at, at(colour), likeness)
        residual_ln = np.log(hints.range_m) - ln_at
        answer = both(grid, Observed(there, residual_ln, hints.sigma_ln), process, (rows, cols), kind)
        of_cells = (ln + answer.nearer_ln, answer.deviation_ln)
        mean, sigma = (cv2.resize(each.reshape(rows, cols), (width, height)) for each in of_cells)
        rest = measured.copy()
        rest[pixels[:, 1], pixels[:, 0]] = False
        chosen = rng.choice(np.flatnonzero(rest), PIXELS)
        error = np.abs(mean - np.log(np.where(measured, range_m, 1.0)))
        yield (kind, count), (error.ravel()[chosen] / sigma.ravel()[chosen]).astype(np.float64)
