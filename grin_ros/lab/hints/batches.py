# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Batches for the hint network: frozen answers, hints drawn from their ranges, and what is to be predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grin_ros.core.geometry.log_depth import BEYOND
from grin_ros.core.types import Hints
from grin_ros.lab.hints.draws import draw
from grin_ros.lab.hints.frames import UNSCALED, Answers, FrozenFrames
from grin_ros.lab.hints.process import Pixels
from grin_ros.lab.network.hints import HintNetwork

FARTHEST_M = 80.0
TARGETS = 192
"""Pixels that are predicted per frame."""
MOST_HINTS = 128
"""A frame has at most so many hints."""
UNKNOWN_SCALE_LN = 0.3
"""One sigma of the factor that is drawn for a frame whose ranges have no scale."""


@dataclass(frozen=True)
class HintBatch:
    """cells, shares (B, M, 4): the grid's cells around a hint and their weights. position (B, M, 2), colour (B, M, 3),
    ln_measured, sigma_ln, given (B, M). targets (B, Q): cells of the grid, with their ln_truth and known (B, Q).
    tokens (B, Q + 4 M, D): those of the targets and of the cells around the hints."""

    answers: Answers
    tokens: Tensor
    cells: Tensor
    shares: Tensor
    position: Tensor
    colour: Tensor
    ln_measured: Tensor
    sigma_ln: Tensor
    given: Tensor
    targets: Tensor
    ln_truth: Tensor
    known: Tensor

    def pixels(self, network: HintNetwork) -> tuple[Pixels, Pixels, Tensor, Tensor]:
        """Return targets and hints as pixels with the network's features, and ln(measured) - ln(network's range) there:
        (B, Q) and (B, M)."""
        a = self.answers
        where = torch.cat([self.targets, self.cells.flatten(1)], 1)

        def at(values: Tensor, cells: Tensor) -> Tensor:
            return torch.gather(values, 1, cells[..., None].expand(-1, -1, values.shape[-1]))

        features = network.pixels(self.tokens, at(a.features, where))
        count = self.targets.shape[1]
        around = features[:, count:].unflatten(1, (-1, 4))
        ln_around = torch.gather(a.ln_range, 1, self.cells.flatten(1)).unflatten(1, (-1, 4))
        ln = (ln_around * self.shares).sum(2)
        hints = Pixels(self.position, ln, self.colour, (around * self.shares[..., None]).sum(2))
        ln_at = torch.gather(a.ln_range, 1, self.targets)
        targets = Pixels(at(a.position, self.targets), ln_at, at(a.colour, self.targets), features[:, :count])
        return targets, hints, self.ln_truth - ln_at, self.ln_measured - ln


def bilinear(uv: NDArray[np.floating], rows: int, cols: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the cells (M, 4) of a grid around places uv (M, 2) in [0, 1], and their weights (M, 4)."""
    x = np.clip(uv[:, 0] * cols - 0.5, 0.0, cols - 1.0)
    y = np.clip(uv[:, 1] * rows - 0.5, 0.0, rows - 1.0)
    left, top = np.minimum(x.astype(np.int64), cols - 2), np.minimum(y.astype(np.int64), rows - 2)
    fx, fy = x - left, y - top
    cells = np.stack([(top + j) * cols + left + i for j in (0, 1) for i in (0, 1)], 1)
    weights = np.stack([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx], 1)
    return cells, weights.astype(np.float32)


def hint_batch(frames: FrozenFrames, indices: NDArray[np.intp], rng: np.random.Generator) -> HintBatch:
    """Draw hints and targets for the frames at `indices`."""
    rows, cols, scale = frames.rows, frames.cols, frames.scale
    answers = [frames.answers(int(index)) for index in indices]
    found = Answers(*(torch.cat(parts) for parts in zip(*answers, strict=True)))
    filled: list[_Hints] = []
    chosen: list[_Targets] = []
    ln_net = found.ln_range.numpy()
    for k, index in enumerate(indices):
        range_m = np.array(frames.range_m[index], np.float32)
        height, width = range_m.shape
        seen = np.isfinite(range_m) & (range_m > scale.min_m) & (range_m < FARTHEST_M)
        u, v = np.meshgrid((np.arange(cols) + 0.5) / cols * width, (np.arange(rows) + 0.5) / rows * height)
        cell_v, cell_u = v.astype(np.intp).ravel(), u.astype(np.intp).ravel()
        with np.errstate(invalid="ignore", divide="ignore"):
            truth = np.log(range_m[cell_v, cell_u])
        usable = seen[cell_v, cell_u] & (ln_net[k] < np.log(BEYOND * scale.max_m))
        if frames.kind[index] == UNSCALED and usable.any():
            shift = np.median((ln_net[k] - truth)[usable]) + rng.normal(0.0, UNKNOWN_SCALE_LN)
            range_m, truth = range_m * np.float32(np.exp(shift)), truth + np.float32(shift)
        colour = np.array(frames.colour[index], np.float32)
        grey = cv2.resize(np.clip(colour[..., 0] * 255.0, 0.0, 255.0).astype(np.uint8), (width, height))
        _, hints = draw(grey, range_m, seen, MOST_HINTS, rng)
        filled.append(_filled(hints, range_m, colour, frames.aspect[index], rows, cols))
        chosen.append(_chosen(truth, usable, rng))
    longest = max(1, *(int(each.given.sum()) for each in filled))
    of_hints = [torch.from_numpy(np.stack(column)[:, :longest]) for column in zip(*filled, strict=True)]
    of_targets = [torch.from_numpy(np.stack(column)) for column in zip(*chosen, strict=True)]
    where = [np.concatenate([t.cells, h.cells[:longest].ravel()]) for t, h in zip(chosen, filled, strict=True)]
    tokens = np.stack([frames.tokens[i][cells] for i, cells in zip(indices, where, strict=True)]).astype(np.float32)
    return HintBatch(found, torch.from_numpy(tokens), *of_hints, *of_targets)


class _Hints(NamedTuple):
    """The hints of a frame, in the order of `HintBatch`, filled up to M."""

    cells: NDArray[np.int64]
    shares: NDArray[np.float32]
    position: NDArray[np.float32]
    colour: NDArray[np.float32]
    ln_measured: NDArray[np.float32]
    sigma_ln: NDArray[np.float32]
    given: NDArray[np.float32]


class _Targets(NamedTuple):
    """The pixels of a frame that are to be predicted, in the order of `HintBatch`."""

    cells: NDArray[np.int64]
    ln_truth: NDArray[np.float32]
    known: NDArray[np.float32]


def _filled(
    hints: Hints | None, range_m: NDArray[np.float32], colour: NDArray[np.float32], aspect: float, rows: int, cols: int
) -> _Hints:
    """Return the hints, filled up to MOST_HINTS of them."""
    height, width = range_m.shape
    pixels = np.zeros((0, 2), np.float32) if hints is None else hints.pixels
    count = len(pixels)
    uv = np.full((MOST_HINTS, 2), 0.5)
    uv[:count] = (pixels + 0.5) / (width, height)
    cells, shares = bilinear(uv, rows, cols)
    h, w = colour.shape[:2]
    at = (np.clip(uv, 0.0, 1.0 - 1e-6) * (w, h)).astype(np.intp)
    ln, sigma, given = (np.zeros(MOST_HINTS, np.float32) for _ in range(3))
    if hints is not None:
        ln[:count], sigma[:count], given[:count] = np.log(hints.range_m), hints.sigma_ln, 1.0
    position = (uv * (1.0, float(aspect))).astype(np.float32)
    return _Hints(cells, shares, position, colour[at[:, 1], at[:, 0]], ln, sigma, given)


def _chosen(truth: NDArray[np.float32], usable: NDArray[np.bool_], rng: np.random.Generator) -> _Targets:
    """Draw up to TARGETS of the usable cells; the rest of the targets is not known."""
    cells, ln, known = np.zeros(TARGETS, np.int64), np.zeros(TARGETS, np.float32), np.zeros(TARGETS, np.float32)
    found = np.flatnonzero(usable)
    if len(found):
        drawn = rng.choice(found, min(TARGETS, len(found)), replace=False)
        cells[: len(drawn)], ln[: len(drawn)], known[: len(drawn)] = drawn, truth[drawn], 1.0
    return _Targets(cells, ln, known)
