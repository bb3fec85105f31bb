# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Smoothing over time against flicker: an exponential average of the answers of successive frames.

The sampler begins with the latents of the previous frame, and its answer, in the scale of the floor, is averaged with
the previous answer, in log-depth and for each member. Noise that differs between the two frames (of the sensor, the
exposure, the sampler) is reduced, and what both frames show stays. The result lags behind a change by share /
(1 - share) frames. Starting the diffusion from the previous answer was tried and is worse: see docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.sampling.sampler import Denoiser, Sample, Sampler, Tensor, sample
from grin_ros.core.types import Frame

MAX_GAP_S = 2.0
"""A frame after a longer pause is not averaged with the one before."""
CUT = 0.2
"""Images whose coarse brightness differs by more than this share of its mean show two scenes. In rendered rooms,
neighbours of a drive differ by up to 0.06, frames that are eight apart by up to 0.24, and two rooms by 0.30 or more."""
_COARSE = (6, 8)  # rows and columns of the coarse image


@dataclass(frozen=True)
class Moment:
    """The facts that tell whether a frame continues another: camera without mounting, time, and a coarse grey image."""

    camera: Camera
    stamp_ns: int
    coarse: NDArray[np.float32]  # _COARSE

    def follows(self, before: Moment) -> bool:
        """Return True if this frame shows the scene of `before` a little later, through the same camera."""
        gap_ns = self.stamp_ns - before.stamp_ns
        return (
            self.camera == before.camera and 0 < gap_ns <= MAX_GAP_S * 1e9 and change(before.coarse, self.coarse) <= CUT
        )


def moment_of(frame: Frame) -> Moment:
    """Return the moment of a frame of any size. Only every fourth row and column is read."""
    grey = frame.image[::4, ::4].mean(axis=2, dtype=np.float32)
    rows, cols = (
        np.linspace(0, n, min(parts, n) + 1).astype(int) for n, parts in zip(grey.shape, _COARSE, strict=True)
    )
    sums = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=0), cols[:-1], axis=1)
    coarse = np.asarray(sums / np.outer(np.diff(rows), np.diff(cols)), np.float32)
    return Moment(frame.camera.with_mounting(None), frame.stamp_ns, coarse)


def change(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Return the mean difference of two coarse images as a share of their mean, after their exposure is made equal.

    It is 0 for equal images, and about 1 if bright and dark parts are exchanged.
    """
    means = max(float(before.mean()), 1.0), max(float(now.mean()), 1.0)  # so that black images count as equal
    return float(np.abs(before / means[0] - now / means[1]).mean())


@dataclass(frozen=True)
class _Past:
    moment: Moment
    x: NDArray[np.float32]  # (S, N) clean sample
    latents: NDArray[np.float32]  # (S, L, C)


class Smoothing:
    """Samples the frames of one camera and remembers the last one. Not thread safe."""

    def __init__(self, sampler: Sampler = sample) -> None:
        self._sampler = sampler
        self._past: _Past | None = None
        self._moment: Moment | None = None

    def forget(self) -> None:
        """Forget the last frame: the next one is sampled by itself."""
        self._past = None

    def sample(
        self,
        denoise: Denoiser,
        noise: NDArray[np.float32],
        latents: NDArray[np.float32],
        levels: NDArray[np.float32],
        share: float,
        frame: Frame,
    ) -> Sample:
        """Sample `frame` as `sampler.sample` does; begin with the last latents if it continues the last frame.

        share: of the last answer that `averaged` will keep, 0 (none) to below 1; with 0 the last frame is forgotten.
        latents: those for a frame that stands by itself.
        """
        self._moment, past = moment_of(frame) if share > 0.0 else None, self._past
        if past is not None and (
            self._moment is None or past.x.shape != noise.shape or not self._moment.follows(past.moment)
        ):
            self._past = past = None
        return self._sampler(denoise, noise, latents if past is None else past.latents, levels)

    def averaged(self, found: Sample, share: float, to_host: Callable[[Tensor], NDArray[np.float32]]) -> Sample:
        """Return the answer of the frame that was sampled last, with a share of the one before if it continues it.

        found: that sample, or what was made of it. share: as for `sample`. to_host: makes arrays of its tensors.
        """
        if self._moment is None:
            return found
        x = np.array(to_host(found.x))  # copies: the engine may use its tensors again
        if self._past is not None:
            before = self._past.x
            x += np.float32(share) * np.where(np.isfinite(before), before - x, np.float32(0.0))
        self._past = _Past(self._moment, x, np.array(to_host(found.latents)))
        return found._replace(x=x)
