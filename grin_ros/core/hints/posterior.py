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

An artifact with a hint network adds what that network knows of each pixel (likeness.py): further coordinates in which
pixels are compared, the size of the parts at each pixel, and an error that a pixel shares with no other.

Hints that disagree with the others lose their weight (Student's t noise, by reweighting with leave-one-out residuals).
Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2, 4.2 (Matern) and 5.4.2
(leave-one-out in closed form).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.process import Process

Array = NDArray[np.float32]

ROWS = 128
"""So many pixels are worked on at a time: their covariances with all hints stay in the processor's cache."""
COLOUR_WIDTH_PX = 160
"""Colours are compared on the image reduced to this width, which averages texture and noise away."""


class Features(NamedTuple):
    """The properties of N pixels that the covariance compares.

    position: (N, 2) as a share of the image's width. ln_range: (N,) logarithm of the network's range in metres. colour:
    (N, 3) in CIELAB divided by 100. likeness: the features of a hint network, None without one.
    """

    position: Array
    ln_range: Array
    colour: Array
    likeness: Likeness | None = None

    @property
    def plain(self) -> Features:
        """The same pixels without what a hint network says."""
        return self._replace(likeness=None)


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
    at_grid, at_hints = _Parts.of(grid, middle, process), _Parts.of(hints, middle, process)
    among = at_hints.covariance(at_hints)
    if hints.likeness is not None:
        noise = np.asarray(_own(hints, process) + sigma_ln**2, np.float32)
    else:
        noise = np.maximum(sigma_ln, np.float32(process.noise_floor)) ** 2
    weight = np.ones_like(noise)
    for _ in range(process.passes):
        inverse = _inverse(among, noise, weight)
        variance = 1.0 / np.diag(inverse)
        left_out = (inverse @ residual_ln) * variance  # each hint against what all others say of its pixel
        spread = np.maximum(variance - noise / weight + noise, noise)
        dof = np.float32(process.degrees_of_freedom)
        # Squared, so that a gross outlier loses its say and not only a part of it.
        weight = np.clip(((dof + 1.0) / (dof + left_out**2 / spread)) ** 2, 1e-4, 1.0).astype(np.float32)
    inverse = _inverse(among, noise, weight)
    told = inverse @ residual_ln
    prior = at_grid.variance
    mean, explained = np.empty_like(prior), np.empty_like(prior)
    for first in range(0, len(prior), ROWS):
        rows = slice(first, first + ROWS)
        between = at_grid.rows(rows).covariance(at_hints)
        mean[rows] = between @ told
        explained[rows] = np.einsum("nm,nm->n", between @ inverse, between)
    # Rounding may leave less than nothing; a thousandth of the prior is below the noise of any sensor.
    remaining = np.maximum(prior - explained, np.float32(1e-3) * prior)
    if grid.likeness is not None:
        dof = np.float32(process.scale_dof)
        missed = (dof + residual_ln @ told) / (dof + weight.sum())
        own = _own(grid, process)
        remaining, prior = missed * (remaining + own), prior + own
    return Posterior(mean, np.sqrt(remaining), np.sqrt(prior), weight)


def _own(pixels: Features, process: Process) -> Array:
    """Return the variance (N,) of the error that a pixel shares with no other, as the hint network says."""
    assert pixels.likeness is not None
    return np.asarray(np.float32(process.own_ln) ** 2 * np.exp(2.0 * pixels.likeness.own_gain), np.float32)


class _Parts(NamedTuple):
    """The parts of the covariance for N pixels: the product of `linear` (N, F), and a Matern covariance for each of
    `places`. variance (N,): the sum of all."""

    linear: Array
    places: tuple[_Place, ...]
    variance: Array

    @classmethod
    def of(cls, pixels: Features, middle: np.float32, process: Process) -> _Parts:
        ln, deviation = pixels.ln_range[:, None], pixels.ln_range - middle
        factor, exponent = np.sqrt([process.factor_variance, process.exponent_variance]).astype(np.float32)
        linear = [np.full_like(deviation, factor)[:, None], (exponent * deviation)[:, None]]
        smooth = [pixels.position / process.smooth_length, ln / process.smooth_ln]
        local = [
            pixels.position / process.local_length,
            ln / process.local_ln,
            pixels.colour / process.local_colour,
        ]
        gains = [np.full_like(deviation, 0.5 * np.log(v)) for v in (process.smooth_variance, process.local_variance)]
        if pixels.likeness is not None:
            linear.append(pixels.likeness.bases)
            smooth.append(pixels.likeness.smooth)
            local.append(pixels.likeness.local)
            gains = [gains[0] + pixels.likeness.smooth_gain, gains[1] + pixels.likeness.local_gain]
        together = np.concatenate(linear, axis=1)
        places = tuple(
            _Place.of(np.concatenate(at, axis=1), gain) for at, gain in zip((smooth, local), gains, strict=True)
        )
        variance = np.einsum("nf,nf->n", together, together) + sum(np.exp(2.0 * gain) for gain in gains)
        return cls(together, places, np.asarray(variance, np.float32))

    def rows(self, rows: slice) -> _Parts:
        return _Parts(self.linear[rows], tuple(place.rows(rows) for place in self.places), self.variance[rows])

    def covariance(self, other: _Parts) -> Array:
        """Return the covariance (N, M) with the pixels of `other`."""
        total = self.linear @ other.linear.T
        for one, two in zip(self.places, other.places, strict=True):
            total += one.matern(two)
        return total


class _Place(NamedTuple):
    """Coordinates of N pixels in units of a part's length: left @ right.T holds three times their squared distances.
    half_ln (N,): half the logarithm of the variance of the part there."""

    left: Array
    right: Array
    half_ln: Array

    @classmethod
    def of(cls, at: Array, half_ln: Array) -> _Place:
        squared, ones = 3.0 * np.einsum("ij,ij->i", at, at), np.ones(len(at))
        left, right = np.column_stack([-6.0 * at, squared, ones]), np.column_stack([at, ones, squared])
        return cls(left.astype(np.float32), right.astype(np.float32), half_ln)

    def rows(self, rows: slice) -> _Place:
        return _Place(self.left[rows], self.right[rows], self.half_ln[rows])

    def matern(self, other: _Place) -> Array:
        """Return the Matern covariance (N, M) with smoothness 3/2: exp(-d) (1 + d) times the variance."""
        scaled = self.left @ other.right.T
        np.maximum(scaled, 0.0, out=scaled)
        cv2.sqrt(scaled, scaled)
        decay = np.subtract(self.half_ln[:, None], scaled)
        decay += other.half_ln
        cv2.exp(decay, decay)
        scaled += 1.0
        scaled *= decay
        return scaled


def _inverse(covariance: Array, noise: Array, weight: Array) -> Array:
    """Return the inverse of `covariance` (M, M) + diag(noise / weight), which is symmetric and positive definite."""
    _, inverse = cv2.invert(covariance + np.diag(noise / weight), flags=cv2.DECOMP_CHOLESKY)
    return np.asarray(inverse, np.float32)
