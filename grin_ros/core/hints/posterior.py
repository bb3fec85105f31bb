# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The fusion of measured ranges with the network's answer: a Gaussian process on what the network got wrong.

The process models the residual ln(measured range) - ln(range of the network) over the image, with the covariance of
covariance.py.

Hints that disagree with the others lose their weight: it is the probability that a hint is right, by how far it misses
what all others say of its pixel.

Hints beyond the first AT_ONCE come in a second turn: a process of local errors only, with what the first left to be
explained. Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2 and 5.4.2
(leave-one-out in closed form).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from grin_ros.core.hints.covariance import IN_CACHE, Array, Features, Parts
from grin_ros.core.hints.median import median
from grin_ros.core.hints.process import Process

AT_ONCE = 256
"""The process's cost grows with the third power of the number of hints. It takes no more than these at once."""
LARGEST_MISS, MOST_ADAPTED = 9.0, 4.0
"""A hint that misses by more than three times what was expected counts as one of three times. Variances become at most
so many times as large or as small."""
MOST_WRONG_LN = 9.0
"""The logarithm of the odds that a hint is wrong counts no more than this, so that its variance stays finite."""
EVERY = 4
"""The step between those rows and columns of a grid at which it is computed what all hints explain."""


class Observed(NamedTuple):
    """M hints. pixels: where they lie. residual_ln (M,): ln(measured) - ln(network). sigma_ln (M,): one sigma of each
    measurement. shared_ln (M, S): the part of sigma_ln that all hints of each of S sources share, 0 at those of others;
    None if nothing is shared."""

    pixels: Features
    residual_ln: Array
    sigma_ln: Array
    shared_ln: Array | None = None

    @property
    def plain(self) -> Observed:
        """The same hints without what a hint network says of their pixels."""
        return self._replace(pixels=self.pixels.plain)


class Posterior(NamedTuple):
    """mean_ln (N,): the expected ln(range) less that of the network. deviation_ln (N,): one sigma of what then remains.
    prior_ln (N,): that sigma without hints. weight (M,): 0 to 1, how far each hint was believed. left_out_ln (M,): the
    residual of each hint less what all others say of its pixel."""

    mean_ln: Array
    deviation_ln: Array
    prior_ln: Array
    weight: Array
    left_out_ln: Array

    @property
    def nearer_ln(self) -> Array:
        """The difference (N,) in ln(range) from the network to the range whose inverse is the expected inverse range.

        ln(range) has a normal distribution, so this is mean - variance / 2. Errors count in proportion to range, and an
        overestimate of a far range has no limit; the median would be too far for them.
        """
        return np.asarray(self.mean_ln - 0.5 * self.deviation_ln**2, np.float32)


def posterior(
    grid: Features, hints: Observed, process: Process, shape: tuple[int, int] | None = None, *, adapts: bool = False
) -> Posterior:
    """Fuse M hints with the network's answer at N pixels.

    shape: (rows, columns) if the pixels are a grid, row by row: the variance is then computed at some of them, and
    interpolated. adapts: the local errors, and those that pixels do not share, are as large at each pixel as hints at
    similar pixels say.
    """
    pixels, residual_ln, sigma_ln, shared_ln = hints
    middle = np.float32(median(grid.ln_range))
    at_grid, at_hints = Parts.of(grid, middle, process), Parts.of(pixels, middle, process)
    if shared_ln is not None:
        at_hints = at_hints.sharing(shared_ln)
        at_grid = at_grid.sharing(np.zeros((len(at_grid.variance), shared_ln.shape[1]), np.float32))
        sigma_ln = np.sqrt(np.maximum(sigma_ln**2 - (shared_ln**2).sum(axis=1), np.float32(1e-6)))
    floor = np.float32(0.0 if pixels.likeness is not None else process.noise_floor)
    measured = np.maximum(sigma_ln, floor) ** 2
    if adapts:
        at_grid, at_hints = _adapted(at_grid, at_hints, residual_ln, measured, process)
    noise = at_hints.own + measured
    turn = slice(0, AT_ONCE)
    told = _Told.by(at_hints.chosen(turn), residual_ln[turn], noise[turn], process)
    prior, weight, left_out_ln = at_grid.variance, told.weight, told.left_out_ln
    mean, remaining = told.answer(at_grid, shape)
    if len(residual_ln) > AT_ONCE:
        turn = slice(AT_ONCE, None)
        others = at_hints.chosen(turn)
        known_ln, unknown = told.answer(others)
        told = _Told.by(others.sharper(unknown), residual_ln[turn] - known_ln, noise[turn], process)
        further, remaining = told.answer(at_grid.sharper(remaining), shape)
        mean, weight = mean + further, np.concatenate([weight, told.weight])
        left_out_ln = np.concatenate([left_out_ln, told.left_out_ln])
    if grid.likeness is not None:
        remaining, prior = told.missed * (remaining + at_grid.own), prior + at_grid.own
    return Posterior(mean, np.sqrt(remaining), np.sqrt(prior), weight, left_out_ln)


def _adapted(grid: Parts, hints: Parts, residual_ln: Array, measured: Array, process: Process) -> tuple[Parts, Parts]:
    """Return the parts of grid and hints with errors as large as the hints say: at each pixel by how far those at
    similar pixels miss what all others say of them, squared, in units of what was expected. That counts as much as one
    hint that misses as far as expected.

    measured (M,): the variance of each measurement.
    """
    noise = hints.own + measured
    belief = _belief(next(hints.covariance(hints, len(noise))), residual_ln, noise, process)
    found = np.stack([belief.weight * np.minimum(belief.missed, LARGEST_MISS), belief.weight])

    def adapted(pixels: Parts) -> Parts:
        misses, count = pixels.alike(hints, found)
        return pixels.erring(np.clip((1.0 + misses) / (1.0 + count), 1.0 / MOST_ADAPTED, MOST_ADAPTED))

    return adapted(grid), adapted(hints)


class _Belief(NamedTuple):
    """weight (M,): 0 to 1, how far each hint is believed. missed (M,): the square of how far it misses what all others
    say of its pixel, in units of what was expected. noise (M,): the variance with which it counts, so that it moves the
    answer at its pixel by `weight` of what it would if it was right for sure. left_out_ln (M,): how far it misses."""

    weight: Array
    missed: Array
    noise: Array
    left_out_ln: Array


def _belief(among: Array, residual_ln: Array, noise: Array, process: Process) -> _Belief:
    """Return how far each hint is believed.

    among (M, M): the covariance of what the network got wrong at the hints. noise (M,): their variances if they are
    right.
    """
    # The variance (M,) that the others leave at each hint's pixel. It hardly depends on the weights, so it is
    # computed once: solving for the residuals takes a quarter of the time of an inverse.
    inverse = cv2.invert(_with_noise(among, noise), flags=cv2.DECOMP_CHOLESKY)[1]
    unknown = np.maximum(1.0 / np.diag(inverse) - noise, np.float32(0.0))
    belief = _Belief(np.ones_like(noise), np.ones_like(noise), noise, residual_ln)
    for odds_ln in process.odds_ln:
        solved = _solved(_with_noise(among, belief.noise), residual_ln[:, None])
        left_out_ln = solved[:, 0] * (unknown + belief.noise)
        missed = left_out_ln**2 / (unknown + noise)
        wrong = np.exp(np.minimum(0.5 * missed - np.float32(odds_ln), np.float32(MOST_WRONG_LN)))
        belief = _Belief(1.0 / (1.0 + wrong), missed, noise + wrong * (unknown + noise), left_out_ln)
    return belief


class _Told(NamedTuple):
    """The evidence of M hints. hints: in units of the deviation that is expected of their residuals. expected (M, M):
    the covariance of these residuals. told (M,): its inverse times the residuals. weight (M,), left_out_ln (M,): those
    of `_Belief`. missed: how much larger the residuals are than expected, squared."""

    hints: Parts
    told: Array
    expected: Array
    weight: Array
    left_out_ln: Array
    missed: np.float32

    @classmethod
    def by(cls, hints: Parts, residual_ln: Array, noise: Array, process: Process) -> _Told:
        among = next(hints.covariance(hints, len(noise)))
        weight, _, noise, left_out_ln = _belief(among, residual_ln, noise, process)
        scale = np.asarray(1.0 / np.sqrt(hints.variance + noise), np.float32)
        residual = scale * residual_ln
        expected = scale * _with_noise(among, noise) * scale[:, None]
        told = _solved(expected, residual[:, None])[:, 0]
        missed = (process.scale_dof + residual @ told) / (process.scale_dof + weight.sum())
        return cls(hints.scaled(scale), told, expected, weight, left_out_ln, np.float32(missed))

    def answer(self, pixels: Parts, shape: tuple[int, int] | None = None) -> tuple[Array, Array]:
        """Return the expected residual (N,) and the variance (N,) that remains.

        With a shape, what all hints explain of the variance is computed at few pixels. Between them, how much more that
        is than what the best hint alone explains is interpolated.
        """
        rows, cols = shape or (0, 0)
        step, some = (EVERY * cols, slice(0, cols, EVERY)) if shape else (IN_CACHE, slice(None))
        mean, best, few = [], [], []
        for between in self.hints.covariance(pixels, step):
            mean.append(self.told @ between)
            best.append(between.max(axis=0))
            few.append(between[:, some].copy())
        seen = np.concatenate(few, axis=1)
        explained = np.einsum("mn,mn->n", _solved(self.expected, seen), seen)
        if shape is None:
            return np.concatenate(mean), _left(pixels.variance, explained)
        prior = pixels.variance.reshape(shape)
        left_ln = np.log(_left(prior, np.concatenate(best).reshape(shape) ** 2) / prior)
        rough = prior[::EVERY, ::EVERY]
        more_ln = np.log(_left(rough, explained.reshape(rough.shape)) / rough) - left_ln[::EVERY, ::EVERY]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        place = np.array([[1.0 / EVERY, 0.0, 0.0], [0.0, 1.0 / EVERY, 0.0]])  # of a pixel among those few
        left_ln += cv2.warpAffine(more_ln, place, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.concatenate(mean), np.asarray(np.exp(left_ln) * prior, np.float32).reshape(-1)


def _left(prior: Array, explained: Array) -> Array:
    """Return what is left of the variance `prior`. Rounding may leave less than nothing; a thousandth of the prior is
    below the noise of any sensor."""
    return np.asarray(np.maximum(prior - explained, np.float32(1e-3) * prior), np.float32)


def _with_noise(among: Array, noise: Array) -> Array:
    """Return the covariance (M, M) with the variance of the noise (M,) on its diagonal."""
    found = among.copy()
    found.reshape(-1)[:: len(noise) + 1] += noise
    return found


def _solved(covariance: Array, values: Array) -> Array:
    """Return the inverse of a covariance (M, M) times values (M, N)."""
    return np.asarray(cv2.solve(covariance, values, flags=cv2.DECOMP_CHOLESKY)[1], np.float32)
