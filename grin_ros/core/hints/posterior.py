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

The smooth and the local part have a Cauchy covariance, variance / (1 + distance^2). It is a mixture of Gaussians of all
lengths, errs no more than a Matern covariance does here, and needs no root and no exponential.

An artifact with a hint network adds what that network knows of each pixel (likeness.py): further coordinates in which
pixels are compared, the size of the parts at each pixel, and an error that a pixel shares with no other.

Hints that disagree with the others lose their weight (Student's t noise, by reweighting with leave-one-out residuals).
Hints beyond the first AT_ONCE come in a second turn: a process of local errors only, with what the first left to be
explained. Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2, 4.2 (the Cauchy
covariance is the rational quadratic one with alpha = 1) and 5.4.2 (leave-one-out in closed form).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.process import Process

Array = NDArray[np.float32]

ROWS = 128
"""So many pixels are worked on at a time: their covariances with all hints stay in the processor's cache."""
AT_ONCE = 256
"""The process's cost grows with the third power of the number of hints. It takes no more than these at once."""
BOTH_UP_TO = 100
"""With a hint network, the process without it is heard too up to this number of hints. It errs elsewhere, so that the
mean of both errs less than either, by 1 to 2 %; with more hints that is not worth its time."""
SHARPER, WIDER = 3.0, 4.0
"""In the second turn the lengths of the local part are divided by the first of these. Its variance is the second times
what the first turn leaves, because that cannot tell such sharp errors from those that pixels do not share."""
EVERY = 4
"""The step between those rows and columns of a grid at which it is computed what all hints explain."""
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
    prior_ln (N,): that sigma without hints. weight (M,): 0 to 1, how far each hint was believed."""

    mean_ln: Array
    deviation_ln: Array
    prior_ln: Array
    weight: Array

    @property
    def nearer_ln(self) -> Array:
        """The difference (N,) in ln(range) from the network to the range whose inverse is the expected inverse range.

        ln(range) has a normal distribution, so this is mean - variance / 2. Errors count in proportion to range, and an
        overestimate of a far range has no limit; the median would be too far for them.
        """
        return np.asarray(self.mean_ln - 0.5 * self.deviation_ln**2, np.float32)


def colours(image: NDArray[np.uint8]) -> Array:
    """Return the image (H, W, 3) uint8 RGB as CIELAB / 100, float32, reduced to COLOUR_WIDTH_PX columns."""
    height, width = image.shape[:2]
    while width > COLOUR_WIDTH_PX:  # by halves, which takes a third of the time of one step
        smaller = max(COLOUR_WIDTH_PX, width // 2)
        height, width = max(1, round(height * smaller / width)), smaller
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    scaled = image.astype(np.float32) / np.float32(255.0)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32) / np.float32(100.0)


def sampled(values: NDArray[np.float32], pixels: NDArray[np.floating], width: int, height: int) -> Array:
    """Return `values` (h, w[, c]), which cover an image of width x height, at its `pixels` (N, 2), bilinearly."""
    rows, cols = values.shape[:2]
    u = ((pixels[:, 0] + 0.5) * (cols / width) - 0.5).astype(np.float32)
    v = ((pixels[:, 1] + 0.5) * (rows / height) - 0.5).astype(np.float32)
    found = cv2.remap(values, u[:, None], v[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0] if values.ndim == 3 else found.reshape(-1), np.float32)


def posterior(grid: Features, hints: Observed, process: Process, shape: tuple[int, int] | None = None) -> Posterior:
    """Fuse M hints with the network's answer at N pixels.

    shape: (rows, columns) if the pixels are a grid, row by row: the variance is then computed at some of them, and
    interpolated.
    """
    pixels, residual_ln, sigma_ln, shared_ln = hints
    middle = np.float32(np.median(grid.ln_range))
    at_grid, at_hints = _Parts.of(grid, middle, process), _Parts.of(pixels, middle, process)
    if shared_ln is not None:
        at_hints = at_hints.sharing(shared_ln)
        at_grid = at_grid.sharing(np.zeros((len(at_grid.variance), shared_ln.shape[1]), np.float32))
        sigma_ln = np.sqrt(np.maximum(sigma_ln**2 - (shared_ln**2).sum(axis=1), np.float32(1e-6)))
    if pixels.likeness is not None:
        noise = np.asarray(_own(pixels, process) + sigma_ln**2, np.float32)
    else:
        noise = np.maximum(sigma_ln, np.float32(process.noise_floor)) ** 2
    turn = slice(0, AT_ONCE)
    told = _Told.by(at_hints.chosen(turn), residual_ln[turn], noise[turn], process)
    prior, weight = at_grid.variance, told.weight
    mean, remaining = told.answer(at_grid, shape)
    if len(residual_ln) > AT_ONCE:
        turn = slice(AT_ONCE, None)
        others = at_hints.chosen(turn)
        known_ln, unknown = told.answer(others)
        told = _Told.by(others.sharper(unknown), residual_ln[turn] - known_ln, noise[turn], process)
        further, remaining = told.answer(at_grid.sharper(remaining), shape)
        mean, weight = mean + further, np.concatenate([weight, told.weight])
    if grid.likeness is not None:
        own = _own(grid, process)
        remaining, prior = told.missed * (remaining + own), prior + own
    return Posterior(mean, np.sqrt(remaining), np.sqrt(prior), weight)


def both(grid: Features, hints: Observed, process: Process, shape: tuple[int, int] | None = None) -> Posterior:
    """Return the posterior with a hint network; for a few hints the mean of that and of the one without it.

    How far these two differ counts as a part of the deviation. The arguments are those of `posterior`.
    """
    found = posterior(grid, hints, process, shape)
    if len(hints.residual_ln) > BOTH_UP_TO:
        return found
    plain_ln = posterior(grid.plain, hints.plain, Process(), shape).mean_ln
    deviation_ln = np.hypot(found.deviation_ln, found.mean_ln - plain_ln)
    return found._replace(mean_ln=0.5 * (found.mean_ln + plain_ln), deviation_ln=deviation_ln)


def _own(pixels: Features, process: Process) -> Array:
    """Return the variance (N,) of the error that a pixel shares with no other, as the hint network says."""
    assert pixels.likeness is not None
    return np.asarray(np.float32(process.own_ln) ** 2 * np.exp(2.0 * pixels.likeness.own_gain), np.float32)


class _Parts(NamedTuple):
    """The parts of the covariance for N pixels: the product of `linear` (N, F), and a Cauchy covariance for each of
    `places`. variance (N,): the sum of all."""

    linear: Array
    places: tuple[_Place, ...]
    variance: Array

    @classmethod
    def of(cls, pixels: Features, middle: np.float32, process: Process) -> _Parts:
        deviation = pixels.ln_range - middle
        factor, exponent = np.sqrt([process.factor_variance, process.exponent_variance]).astype(np.float32)
        linear = [np.full_like(deviation, factor)[:, None], (exponent * deviation)[:, None]]
        all_three = np.concatenate([pixels.position, pixels.ln_range[:, None], pixels.colour], axis=1)
        lengths = np.array([process.smooth_length] * 2 + [process.smooth_ln], np.float32)
        smooth = [all_three[:, :3] / lengths]
        lengths = np.array([process.local_length] * 2 + [process.local_ln] + [process.local_colour] * 3, np.float32)
        local = [all_three / lengths]
        sizes = [np.full_like(deviation, np.sqrt(v)) for v in (process.smooth_variance, process.local_variance)]
        if pixels.likeness is not None:
            linear.append(pixels.likeness.bases)
            smooth.append(pixels.likeness.smooth)
            local.append(pixels.likeness.local)
            sizes[0] *= np.exp(pixels.likeness.smooth_gain)
            sizes[1] *= np.exp(pixels.likeness.local_gain)
        together = np.concatenate(linear, axis=1)
        places = tuple(
            _Place(np.concatenate(at, axis=1), size) for at, size in zip((smooth, local), sizes, strict=True)
        )
        variance = np.einsum("nf,nf->n", together, together) + sum(size**2 for size in sizes)
        return cls(together, places, np.asarray(variance, np.float32))

    def chosen(self, which: slice | NDArray[np.intp]) -> _Parts:
        """Return some of the pixels."""
        places = tuple(_Place(at[which], size[which]) for at, size in self.places)
        return _Parts(self.linear[which], places, self.variance[which])

    def sharing(self, shared: Array) -> _Parts:
        """Return the parts with `shared` (N, S), products of which are covariances too."""
        variance = self.variance + (shared**2).sum(axis=1)
        return self._replace(linear=np.concatenate([self.linear, shared], axis=1), variance=variance)

    def sharper(self, remaining: Array) -> _Parts:
        """Return the parts of the second turn: local errors only. remaining (N,): the variance after the first."""
        variance = np.minimum(np.float32(WIDER) * remaining, self.variance)
        place = _Place(np.float32(SHARPER) * self.places[-1].at, np.sqrt(variance))
        return _Parts(self.linear[:, :0], (place,), variance)

    def scaled(self, factor: Array) -> _Parts:
        """Return the parts with errors that are larger by `factor` (N,)."""
        places = tuple(place._replace(size=factor * place.size) for place in self.places)
        return _Parts(factor[:, None] * self.linear, places, factor**2 * self.variance)

    def covariance(self, other: _Parts, step: int) -> Iterator[Array]:
        """Yield `step` rows at a time of the covariance (N, M) with the pixels of `other`. The next rows come in the
        same memory."""
        factors = [(one.left(), two.right()) for one, two in zip(self.places, other.places, strict=True)]
        memory = np.empty((2, step, len(other.variance)), np.float32)
        for first in range(0, len(self.variance), step):
            rows = slice(first, first + step)
            total, inverse = memory[:, : len(self.variance[rows])]
            np.matmul(self.linear[rows], other.linear.T, out=total)
            for left, right in factors:
                np.matmul(left[rows], right, out=inverse)
                total += np.reciprocal(inverse, out=inverse)
            yield total


class _Place(NamedTuple):
    """at (N, F): coordinates of N pixels in units of a part's length. size (N,): the deviation of the part there."""

    at: Array
    size: Array

    def left(self) -> Array:
        """Return (N, F + 2), whose product with `right` is (1 + squared distance) / (size * size)."""
        squared, share = np.einsum("nf,nf->n", self.at, self.at), 1.0 / self.size[:, None]
        return np.concatenate([(-2.0 * share) * self.at, (squared[:, None] + 1.0) * share, share], axis=1)

    def right(self) -> Array:
        """Return (F + 2, M)."""
        squared, share = np.einsum("nf,nf->n", self.at, self.at), 1.0 / self.size
        return np.concatenate([share * self.at.T, share[None], (squared * share)[None]])


class _Told(NamedTuple):
    """The evidence of M hints. hints: in units of the deviation that is expected of their residuals. inverse (M, M): of
    the covariance of these residuals. told (M,): inverse times residuals. weight (M,): of each. missed: how much larger
    the residuals are than expected, squared."""

    hints: _Parts
    told: Array
    inverse: Array
    weight: Array
    missed: np.float32

    @classmethod
    def by(cls, hints: _Parts, residual_ln: Array, noise: Array, process: Process) -> _Told:
        among = next(hints.covariance(hints, len(noise)))
        weight, dof = np.ones_like(noise), np.float32(process.degrees_of_freedom)
        # The variance (M,) that the others leave at each hint's pixel. It hardly depends on the weights, so it is
        # computed once: solving for the residuals takes a quarter of the time of an inverse.
        unknown = np.maximum(1.0 / np.diag(_inverse(among + np.diag(noise))) - noise, np.float32(0.0))
        for _ in range(process.passes):
            _, solved = cv2.solve(among + np.diag(noise / weight), residual_ln[:, None], flags=cv2.DECOMP_CHOLESKY)
            left_out = solved[:, 0] * (unknown + noise / weight)  # each hint against what all others say of its pixel
            # Squared, so that a gross outlier loses its say and not only a part of it.
            weight = ((dof + 1.0) / (dof + left_out**2 / (unknown + noise))) ** 2
            weight = np.clip(weight, 1e-4, 1.0).astype(np.float32)
        scale = np.asarray(1.0 / np.sqrt(hints.variance + noise / weight), np.float32)
        residual = scale * residual_ln
        inverse = _inverse(scale * (among + np.diag(noise / weight)) * scale[:, None])
        told = np.asarray(inverse @ residual, np.float32)
        missed = (process.scale_dof + residual @ told) / (process.scale_dof + weight.sum())
        return cls(hints.scaled(scale), told, inverse, weight, np.float32(missed))

    def answer(self, pixels: _Parts, shape: tuple[int, int] | None = None) -> tuple[Array, Array]:
        """Return the expected residual (N,) and the variance (N,) that remains.

        With a shape, what all hints explain of the variance is computed at few pixels. Between them, how much more that
        is than what the best hint alone explains is interpolated.
        """
        rows, cols = shape or (0, 0)
        step, some = (EVERY * cols, slice(0, cols, EVERY)) if shape else (ROWS, slice(None))
        mean, best, explained = [], [], []
        for between in pixels.covariance(self.hints, step):
            mean.append(between @ self.told)
            best.append(between.max(axis=1))
            between = between[some]
            explained.append(np.einsum("nm,nm->n", between @ self.inverse, between))
        if shape is None:
            return np.concatenate(mean), _left(pixels.variance, np.concatenate(explained))
        prior = pixels.variance.reshape(shape)
        left_ln = np.log(_left(prior, np.concatenate(best).reshape(shape) ** 2) / prior)
        few = prior[::EVERY, ::EVERY]
        more_ln = np.log(_left(few, np.stack(explained)) / few) - left_ln[::EVERY, ::EVERY]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        place = np.array([[1.0 / EVERY, 0.0, 0.0], [0.0, 1.0 / EVERY, 0.0]])  # of a pixel among those few
        left_ln += cv2.warpAffine(more_ln, place, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.concatenate(mean), np.asarray(np.exp(left_ln) * prior, np.float32).reshape(-1)


def _left(prior: Array, explained: Array) -> Array:
    """Return what is left of the variance `prior`. Rounding may leave less than nothing; a thousandth of the prior is
    below the noise of any sensor."""
    return np.asarray(np.maximum(prior - explained, np.float32(1e-3) * prior), np.float32)


def _inverse(covariance: NDArray[np.floating]) -> Array:
    """Return the inverse of a covariance (M, M)."""
    return np.asarray(cv2.invert(covariance, flags=cv2.DECOMP_CHOLESKY)[1], np.float32)
