# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frames of other places with the answers of the old model instead of the truth (Learning without Forgetting, Li and
Hoiem, arXiv 1606.09282).

A model that is taught must not get worse elsewhere, and its own answers say best what that is: the truth of renders
would move it towards renders, while it is tuned to photographs (docs/notes/teaching.md has the figures).

The answers are those of the network itself, without the scale of the floor. Half of the frames are learnt without
their mounting, where nothing knows that scale; and it is wrong where a camera sees a table-top and no floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.rays import depth_to_range
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.shards import TrainingSample
from grin_ros.lab.teaching.judging import SETTINGS
from grin_ros.lab.teaching.kept import kept
from grin_ros.lab.training.batches import Samples


class OldAnswers:
    """Samples with the ranges that a model answers. Each is computed when it is first drawn, and kept in a folder."""

    def __init__(self, samples: Samples, estimate: Callable[[Frame], DepthEstimate], cache: Path) -> None:
        self._samples, self._estimate, self._cache = samples, estimate, cache
        cache.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of_network(cls, samples: Samples, engine: Engine, cache: Path) -> OldAnswers:
        """Return the samples with the ranges that a network answers, without the scale of the floor."""
        return cls(samples, Estimator(engine, replace(SETTINGS, floor_scale=False)), cache)

    def __len__(self) -> int:
        return len(self._samples)

    def world(self, index: int) -> str:
        """Return the world of a sample."""
        return self._samples.world(index)

    def sample(self, index: int) -> TrainingSample:
        """Return a sample with the answered ranges."""
        sample = self._samples.sample(index)
        return TrainingSample(sample.image, self._answer(index, sample), sample.camera)

    def _answer(self, index: int, sample: TrainingSample) -> NDArray[np.float16]:
        def answered() -> NDArray[np.float16]:
            depth_m = self._estimate(Frame(sample.image, sample.camera)).depth_m
            return depth_to_range(depth_m, sample.camera.rays()).astype(np.float16)

        return kept(self._cache / f"{index:06d}.npy", answered)
