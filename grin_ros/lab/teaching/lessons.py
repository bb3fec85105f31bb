# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lessons of a labelled frame: its labels, and between them the old answer corrected by the labels.

A lidar line covers a few pixels of an image, and training on these alone spoils the rest of it. So the old model (or a
teacher) answers first, the posterior of the hints (`core/hints`) corrects its answer by the labels, and both are
learnt: the label at its pixel, and the corrected answer elsewhere, the more the surer it is. The old answer far from
all labels is at the same time what keeps the old knowledge on the robot's own pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.rays import depth_to_range
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.shards import TrainingSample
from grin_ros.lab.teaching.accumulating import Accumulated
from grin_ros.lab.teaching.kept import kept

WORLD = "taught"
"""The world of the robot's frames."""
FLOOR_LN = 0.03
"""The smallest sigma of ln(range) that gives a pixel more weight."""
LABEL_SHARE = 0.5
"""The share of the supervised pixels that are labels; the others lie between them."""

Answer = Callable[[Frame, Hints], DepthEstimate]
"""Answers a frame, corrected by its labels."""


def targets(labelled: LabelledFrame, answer: Answer | None) -> NDArray[np.float16]:
    """Return (2, h, w): the range in metres to learn at each pixel (NaN where there is none), and its weight.

    The weights of each kind add up to its share. answer: None learns the labels alone.
    """
    frame = labelled.frame
    shape = (frame.camera.height, frame.camera.width)
    range_m, weight = np.full(shape, np.nan, np.float32), np.zeros(shape, np.float32)
    if answer is not None:
        got = answer(frame, labelled.labels)
        between_m = depth_to_range(got.depth_m, frame.camera.rays())
        with np.errstate(invalid="ignore", divide="ignore"):
            sigma_ln = got.sigma_m / got.depth_m
            known = np.isfinite(between_m) & np.isfinite(sigma_ln) & (between_m > 0.0)
        range_m[known] = between_m[known]
        weight[known] = 1.0 / (sigma_ln[known] ** 2 + FLOOR_LN**2)
        weight *= (1.0 - LABEL_SHARE) / max(weight.sum(), 1e-9)
    v, u, chosen = labelled.at_pixels()
    measured = np.zeros(shape, np.float32)
    measured[v, u] = 1.0 / (chosen.sigma_ln**2 + FLOOR_LN**2)
    range_m[v, u] = chosen.range_m
    at = measured > 0.0
    weight[at] = LABEL_SHARE * measured[at] / max(measured.sum(), 1e-9)
    # The largest weight becomes 1, so that float16 can hold them.
    return np.stack([range_m, weight / max(weight.max(), 1e-9)]).astype(np.float16)


class Lessons:
    """The robot's frames as training samples, with each other's labels (`Accumulated`). Their targets are made once and
    kept in a folder."""

    def __init__(self, frames: LabelFolder, chosen: Sequence[int], cache: Path, answer: Answer | None) -> None:
        """chosen: indices of the frames to learn. cache: a folder for the targets; those in it are used again."""
        self._frames, self._chosen, self._cache, self._answer = frames, list(chosen), cache, answer
        self._together = Accumulated(frames, self._chosen)
        cache.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self._chosen)

    def prepare(self) -> Iterator[int]:
        """Make the targets that are missing, and yield the number of frames that are done after each."""
        for done, index in enumerate(self._chosen, 1):
            self._targets(index, self._frames[index].name)
            yield done

    def world(self, index: int) -> str:
        """Return the world of a sample, which is that of all frames of a robot."""
        del index
        return WORLD

    def sample(self, index: int) -> TrainingSample:
        """Read one frame with its targets."""
        labelled = self._frames[self._chosen[index]]
        range_m, weight = self._targets(self._chosen[index], labelled.name)
        camera = labelled.frame.camera
        return TrainingSample(labelled.frame.image, range_m, camera, weight.astype(np.float32))

    def _targets(self, index: int, name: str) -> NDArray[np.float16]:
        return kept(self._cache / f"{name}.npy", lambda: targets(self._together[index], self._answer))
