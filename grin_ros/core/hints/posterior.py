# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The fusion of measured ranges with the network's answer: a Gaussian process on what the network got wrong.

The process models the residual ln(measured range) - ln(range of the network) over the image. Its covariance is a sum of
parts, each with a plain meaning:

- one factor for the whole image, because a single camera sees shape better than size;
- one exponent for the whole image, because networks squeeze near and far together;
- smooth errors that neighbouring pixels of similar range share;
- local errors that neighbouring pixels of similar range and similar colour share, so that a correction does not leak
  over the edge of an object.

Hints that disagree with the others lose their weight (Student's t noise, by reweighting with leave-one-out residuals).
Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2, 4.2 (Matern) and 5.4.2
(leave-one-out in closed form).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

COLOUR_WIDTH_PX = 160
"""Colours are compared on the image reduced to this width, which averages texture and noise away."""


class Features(NamedTuple):
    """The properties of N pixels that the covariance compares.

    position: (N, 2) as a share of the image's width. ln_range: (N,) logarithm of the network's range in metres. colour:
    (N, 3) in CIELAB divided by 100.
    """

    position: Array
    ln_range: Array
    colour: Array


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
    local_ln: float = 0.32
    local_colour: float = 0.47
    """The length in colour, in units of 100 of CIELAB."""
    noise_floor: float = 0.027
    """A hint's sigma of ln(range) is at least this: neither its pixel nor the network's range there is exact."""
    degrees_of_freedom: float = 5.0
    """The degrees of freedom of Student's t distribution of the noise. Fewer accept more outliers."""
    passes: int = 4
    """The number of times that the weights of the hints are computed again."""


class Posterior(NamedTuple):
    """mean_ln (N,): add it to ln(range) of the network. deviation_ln (N,): one sigma of what then remains.
    prior_ln (N,): that sigma without hints. weight (M,): 0 to 1, how far each hint was believed."""

    mean_ln: Array
    deviation_ln: Array
    prior_ln: Array
    weight: Array


def colours(image: NDArray[np.uint8]) -> Array:
    """Return the image (H, W, 3) uint8 RGB as CIELAB / 100, float32, reduced to COLOUR_WIDTH_PX columns."""
    height, width = image.shape[:2]
    if width > COLOUR_WIDTH_PX:
        size = (COLOUR_WIDTH_PX, max(1, round(height * COLOUR_WIDTH_PX / width)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    scaled = image.astype(np.float32) / np.float32(255.0)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32) / np.float32(100.0)


def sampled(values: NDArray[np.float32], pixels: NDArray[np.floating], width: int, height: int) -> Array:
    """Return `values` (h, w[, c]), which cover an image of width x height, at its `pixels` (N, 2), bilinearly."""
    rows, cols = values.shape[:2]
    u = ((pixels[:, 0] + 0.5) * (cols / width) - 0.5).astype(np.float32)
    v = ((pixels[:, 1] + 0.5) * (rows / height) - 0.5).astype(np.float32)
    found = cv2.remap(values, u[:, None], v[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0] if values.ndim == 3 else found.reshape(-1), np.float32)


def posterior(grid: Features, hints: Features, residual_ln: Array, sigma_ln: Array, process: Process) -> Posterior:
    """Fuse M hints with the network's answer at N pixels.

    residual_ln (M,): ln(measured) - ln(network) at the hints. sigma_ln (M,): one sigma of each measurement.
    """
    middle = np.float32(np.median(grid.ln_range))
    at_hints = _covariance(hints, hints, middle, process)
    noise = np.maximum(sigma_ln, np.float32(process.noise_floor)) ** 2
    weight = np.ones_like(noise)
    for _ in range(process.passes):
        inverse = np.linalg.inv(at_hints + np.diag(noise / weight))
        variance = 1.0 / np.diag(inverse)
        left_out = (inverse @ residual_ln) * variance  # each hint against what all others say of its pixel
        spread = np.maximum(variance - noise / weight + noise, noise)
        dof = np.float32(process.degrees_of_freedom)
        # Squared, so that a gross outlier loses its say and not only a part of it.
        weight = np.clip(((dof + 1.0) / (dof + left_out**2 / spread)) ** 2, 1e-4, 1.0).astype(np.float32)
    inverse = np.linalg.inv(at_hints + np.diag(noise / weight))
    between = _covariance(grid, hints, middle, process)
    prior = _variance(grid, middle, process)
    explained = np.einsum("nm,nm->n", between @ inverse, between)
    # Rounding may leave less than nothing; a thousandth of the prior is below the noise of any sensor.
    remaining = np.maximum(prior - explained, np.float32(1e-3) * prior)
    mean = np.asarray(between @ (inverse @ residual_ln), np.float32)
    return Posterior(mean, np.sqrt(remaining), np.sqrt(prior), weight)


def _covariance(a: Features, b: Features, middle: np.float32, process: Process) -> Array:
    one, two = a.ln_range - middle, b.ln_range - middle
    total = np.float32(process.exponent_variance) * np.outer(one, two)
    total += np.float32(process.factor_variance)
    smooth = _squared(a.position, b.position, process.smooth_length)
    smooth += _squared(a.ln_range[:, None], b.ln_range[:, None], process.smooth_ln)
    total += _matern(smooth, process.smooth_variance)
    local = _squared(a.position, b.position, process.local_length)
    local += _squared(a.ln_range[:, None], b.ln_range[:, None], process.local_ln)
    local += _squared(a.colour, b.colour, process.local_colour)
    total += _matern(local, process.local_variance)
    return np.asarray(total, np.float32)


def _variance(a: Features, middle: np.float32, process: Process) -> Array:
    alike = process.factor_variance + process.smooth_variance + process.local_variance
    return np.float32(alike) + np.float32(process.exponent_variance) * (a.ln_range - middle) ** 2


def _squared(a: Array, b: Array, length: float) -> Array:
    """Squared distances (N, M) between rows, in units of `length`."""
    a, b = a / np.float32(length), b / np.float32(length)
    squared = (-2.0 * a) @ b.T
    squared += np.einsum("ij,ij->i", a, a)[:, None]
    squared += np.einsum("ij,ij->i", b, b)
    return np.asarray(np.maximum(squared, 0.0, out=squared), np.float32)


def _matern(squared: Array, variance: float) -> Array:
    """The Matern covariance with smoothness 3/2 of squared distances."""
    scaled = np.sqrt(np.float32(3.0) * squared)
    return np.asarray(np.float32(variance) * (1.0 + scaled) * np.exp(-scaled), np.float32)
