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

from grin_ros.core.geometry.log_depth import BEYOND, LogDepth
from grin_ros.core.types import Hints
from grin_ros.lab.hints.draws import draw
from grin_ros.lab.hints.frames import UNSCALED, FrozenFrames
from grin_ros.lab.hints.process import Pixels
from grin_ros.lab.network.hints import HintNetwork, answers

FARTHEST_M = 80.0
UNKNOWN_SCALE_LN = 0.3
"""One sigma of the factor that is drawn for a frame whose ranges have no scale."""


class Answers(NamedTuple):
    """The answers of the frozen model to B frames: features (B, N, 4) of `answers`, ln_range (B, N), colour (B, N, 3),
    position (B, N, 2) and middle (B,), the median of ln_range."""

    features: Tensor
    ln_range: Tensor
    colour: Tensor
    position: Tensor
    middle: Tensor


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


def answers_of(frames: FrozenFrames, index: int, rows: int, cols: int, scale: LogDepth, data_std: float) -> Answers:
    """Return the answers of one frame, B = 1. rows, cols: of the query grid."""
    one = slice(index, index + 1)
    x, log_variance = np.array(frames.x[one]), np.array(frames.log_variance[one])
    colour = np.array(frames.colour[index], np.float32)
    small = cv2.resize(colour, (cols, rows), interpolation=cv2.INTER_AREA).reshape(1, -1, 3)
    u, v = np.meshgrid((np.arange(cols) + 0.5) / cols, (np.arange(rows) + 0.5) / rows)
    position = np.stack([u.ravel(), v.ravel() * frames.aspect[index]], 1)[None].astype(np.float32)
    ln = np.log(scale.decode(x * np.float32(data_std))).astype(np.float32)
    of = torch.from_numpy
    found = answers(of(x), of(log_variance), rows, cols)
    return Answers(found, of(ln), of(small), of(position), of(np.median(ln, axis=1)))


def hint_batch(
    frames: FrozenFrames, indices: NDArray[np.intp], rows: int, cols: int, scale: LogDepth, data_std: float,
    most: int, targets: int, rng: np.random.Generator,
) -> HintBatch:  # fmt: skip
    """Draw hints and targets for the frames at `indices`."""
    for index in indices:
        if index not in frames.answers:
            frames.answers[index] = answers_of(frames, index, rows, cols, scale, data_std)
    found = Answers(*(torch.cat(parts) for parts in zip(*(frames.answers[i] for i in indices), strict=True)))
    columns: list[tuple[NDArray[np.generic], ...]] = []
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
        _, hints = draw(grey, range_m, seen, most, rng)
        columns.append(_row(hints, range_m, colour, frames.aspect[index], rows, cols, most)
                       + _targets(truth, usable, targets, rng))  # fmt: skip
    stacked = [torch.from_numpy(np.stack(column)) for column in zip(*columns, strict=True)]
    longest = max(1, int(stacked[6].sum(1).max()))
    around, chosen = stacked[0][:, :longest], stacked[7]
    where = torch.cat([chosen, around.flatten(1)], 1).numpy()
    tokens = np.stack([frames.tokens[i][cells] for i, cells in zip(indices, where, strict=True)]).astype(np.float32)
    of_hints = [one[:, :longest] for one in stacked[:7]]
    return HintBatch(found, torch.from_numpy(tokens), *of_hints, *stacked[7:])


def _row(
    hints: Hints | None, range_m: NDArray[np.float32], colour: NDArray[np.float32], aspect: float, rows: int,
    cols: int, most: int,
) -> tuple[NDArray[np.generic], ...]:  # fmt: skip
    """Return cells, shares, position, colour, ln_measured, sigma_ln and given, filled up to `most` hints."""
    height, width = range_m.shape
    pixels = np.zeros((0, 2), np.float32) if hints is None else hints.pixels
    count = len(pixels)
    uv = np.full((most, 2), 0.5)
    uv[:count] = (pixels + 0.5) / (width, height)
    cells, shares = bilinear(uv, rows, cols)
    h, w = colour.shape[:2]
    at = (np.clip(uv, 0.0, 1.0 - 1e-6) * (w, h)).astype(np.intp)
    ln, sigma, given = (np.zeros(most, np.float32) for _ in range(3))
    if hints is not None:
        ln[:count], sigma[:count], given[:count] = np.log(hints.range_m), hints.sigma_ln, 1.0
    position = (uv * (1.0, float(aspect))).astype(np.float32)
    return cells, shares, position, colour[at[:, 1], at[:, 0]], ln, sigma, given


def _targets(
    truth: NDArray[np.float32], usable: NDArray[np.bool_], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.generic], ...]:
    cells, ln, known = np.zeros(count, np.int64), np.zeros(count, np.float32), np.zeros(count, np.float32)
    found = np.flatnonzero(usable)
    if len(found):
        chosen = rng.choice(found, min(count, len(found)), replace=False)
        cells[: len(chosen)], ln[: len(chosen)], known[: len(chosen)] = chosen, truth[chosen], 1.0
    return cells, ln, known
