# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The covariance of what the network got wrong at two pixels, in ln(range). It is a sum of parts with a plain meaning:

- one factor for the whole image, because a single camera sees shape better than size;
- one exponent for the whole image, because networks squeeze near and far together;
- smooth errors that neighbouring pixels of similar range share;
- local errors that neighbouring pixels of similar range and similar colour share, so that a correction does not leak
  over the edge of an object.

The smooth and the local part have a Cauchy covariance, variance / (1 + distance^2). It is a mixture of Gaussians of all
lengths, errs no more than a Matern covariance does here, and needs no root and no exponential. It is the rational
quadratic one with alpha = 1 of Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapter 4.2.

An artifact with a hint network adds what that network knows of each pixel (likeness.py): further coordinates in which
pixels are compared, the size of the parts at each pixel, and an error that a pixel shares with no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.hints.likeness import Likeness
from grin_ros.core.hints.process import Process

Array = NDArray[np.float32]

SHARPER = 3.0
"""The lengths of the local part are divided by this in the second turn."""
LARGER = 4.0
"""The variance of the local part in the second turn is this times what the first turn leaves, because that cannot tell
such sharp errors from those that pixels do not share."""

IN_CACHE = 512
"""So many pixels are compared with all hints at a time; the result stays in the processor's cache."""


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


class Parts(NamedTuple):
    """The parts of the covariance for N pixels: the product of `linear` (N, F), and a Cauchy covariance for each of
    `places`. variance (N,): the sum of all. own (N,): the variance of the error that a pixel shares with no other, 0
    without a hint network."""

    linear: Array
    places: tuple[Place, ...]
    variance: Array
    own: Array

    @classmethod
    def of(cls, pixels: Features, middle: np.float32, process: Process) -> Parts:
        deviation = pixels.ln_range - middle
        factor, exponent = np.sqrt([process.factor_variance, process.exponent_variance]).astype(np.float32)
        linear = [np.full_like(deviation, factor)[:, None], (exponent * deviation)[:, None]]
        all_three = np.concatenate([pixels.position, pixels.ln_range[:, None], pixels.colour], axis=1)
        smooth = [all_three[:, :3] / np.array([*[process.smooth_length] * 2, process.smooth_ln], np.float32)]
        across, upright = process.local_length, process.local_length * process.local_upright
        lengths = [across, upright, process.local_ln, *[process.local_colour] * 3]
        local = [all_three / np.array(lengths, np.float32)]
        sizes = [np.full_like(deviation, np.sqrt(v)) for v in (process.smooth_variance, process.local_variance)]
        own = np.zeros_like(deviation)
        if pixels.likeness is not None:
            linear.append(pixels.likeness.bases)
            smooth.append(pixels.likeness.smooth)
            local.append(pixels.likeness.local)
            sizes[0] *= np.exp(pixels.likeness.smooth_gain)
            sizes[1] *= np.exp(pixels.likeness.local_gain)
            own = np.asarray(np.float32(process.own_ln) ** 2 * np.exp(2.0 * pixels.likeness.own_gain), np.float32)
        together = np.concatenate(linear, axis=1)
        places = tuple(Place(np.concatenate(at, axis=1), size) for at, size in zip((smooth, local), sizes, strict=True))
        variance = np.einsum("nf,nf->n", together, together) + sum(size**2 for size in sizes)
        return cls(together, places, np.asarray(variance, np.float32), own)

    def chosen(self, which: slice | NDArray[np.intp]) -> Parts:
        """Return some of the pixels."""
        places = tuple(Place(at[which], size[which]) for at, size in self.places)
        return Parts(self.linear[which], places, self.variance[which], self.own[which])

    def sharing(self, shared: Array) -> Parts:
        """Return the parts with `shared` (N, S), products of which are covariances too."""
        variance = self.variance + (shared**2).sum(axis=1)
        return self._replace(linear=np.concatenate([self.linear, shared], axis=1), variance=variance)

    def alike(self, other: Parts, values: Array) -> Array:
        """Return the sums (K, N) of values (K, M) at the pixels of `other`, each times the square of the correlation of
        the local errors there with those at these N pixels."""
        one, two = (parts.places[-1]._replace(size=np.ones_like(parts.variance)) for parts in (self, other))
        left, right = two.left(), one.right()
        found = []
        for first in range(0, len(self.variance), IN_CACHE):
            correlation = left @ right[:, first : first + IN_CACHE]
            np.reciprocal(correlation, out=correlation)
            found.append(values @ np.square(correlation, out=correlation))
        return np.concatenate(found, axis=1)

    def erring(self, factor: Array) -> Parts:
        """Return the parts with the variance of the local errors, and of a pixel's own, multiplied by `factor` (N,)."""
        *others, local = self.places
        places = (*others, local._replace(size=np.sqrt(factor) * local.size))
        variance = self.variance + (factor - 1.0) * local.size**2
        return Parts(self.linear, places, variance, factor * self.own)

    def sharper(self, remaining: Array) -> Parts:
        """Return the parts of the second turn: local errors only. remaining (N,): the variance after the first."""
        variance = np.minimum(np.float32(LARGER) * remaining, self.variance)
        place = Place(np.float32(SHARPER) * self.places[-1].at, np.sqrt(variance))
        return Parts(self.linear[:, :0], (place,), variance, self.own)

    def scaled(self, factor: Array) -> Parts:
        """Return the parts with errors that are larger by `factor` (N,)."""
        places = tuple(place._replace(size=factor * place.size) for place in self.places)
        return Parts(factor[:, None] * self.linear, places, factor**2 * self.variance, factor**2 * self.own)

    def covariance(self, other: Parts, step: int) -> Iterator[Array]:
        """Yield the covariance (N, M) with the pixels of `other`, `step` columns at a time. The next ones come in the
        same memory."""
        factors = [(one.left(), two.right()) for one, two in zip(self.places, other.places, strict=True)]
        linear = np.ascontiguousarray(other.linear.T)
        memory = np.empty((4, len(self.variance), min(step, len(other.variance))), np.float32)
        for first in range(0, len(other.variance), step):
            columns = slice(first, first + step)
            total, one, two, product = memory[..., : linear[:, columns].shape[1]]
            np.matmul(self.linear, linear[:, columns], out=total)
            (left, right), *second = factors
            np.matmul(left, right[:, columns], out=one)
            if not second:
                total += np.reciprocal(one, out=one)
            for left, right in second:  # 1 / one + 1 / two with one division, which takes as long as four sums
                np.matmul(left, right[:, columns], out=two)
                np.multiply(one, two, out=product)
                one += two
                one /= product
                total += one
            yield total


class Place(NamedTuple):
    """at (N, F): coordinates of N pixels in units of a part's length. size (N,): the deviation of the part there."""

    at: Array
    size: Array

    def left(self) -> Array:
        """Return (N, F + 2), whose product with `right` is (1 + squared distance) / (size * size)."""
        squared, share = np.einsum("nf,nf->n", self.at, self.at), 1.0 / self.size[:, None]
        return np.concatenate([(-2.0 * share) * self.at, (squared[:, None] + 1.0) * share, share], axis=1)

    def right(self) -> Array:
        """Return (F + 2, M)."""
        count, features = self.at.shape
        found = np.empty((features + 2, count), np.float32)
        np.divide(np.float32(1.0), self.size, out=found[-2])
        np.multiply(self.at.T, found[-2], out=found[:-2])
        np.multiply(np.einsum("nf,nf->n", self.at, self.at), found[-2], out=found[-1])
        return found
