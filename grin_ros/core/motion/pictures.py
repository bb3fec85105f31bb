# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images of fewer columns, and the best pixel of each cell of an image, for corners, edges and the map."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def resized(grey: Picture, width: int) -> Picture:
    """Return the image (H, W) with `width` columns, and rows in proportion."""
    height, columns = grey.shape
    size = width, max(1, round(height * width / columns))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def reduced(grey: Picture, width: int) -> Picture:
    """Return the image (H, W) with at most `width` columns."""
    return resized(grey, width) if grey.shape[1] > width else grey


def free_cells(shape: tuple[int, ...], size: int, taken: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return True (rows, cols) for the whole cells of the image that hold none of the taken pixels (N, 2) [u, v].

    shape: (H, W) of the image. size: the side of a cell in pixels. Pixels beyond the last whole cell count as part of
    it.
    """
    rows, cols = shape[0] // size, shape[1] // size
    free = np.ones((rows, cols), np.bool_)
    at = np.clip((taken // size).astype(np.intp), 0, (cols - 1, rows - 1))
    free[at[:, 1], at[:, 0]] = False
    return free


def best_per_cell(
    score: NDArray[np.float32], size: int, free: NDArray[np.bool_], least: float, most: int
) -> NDArray[np.intp]:
    """Return the pixels (M, 2) [u, v] with the highest score in each free cell, the highest of all first.

    score: (H, W) of each pixel. free: (rows, cols), of cells of `size` x `size` pixels. A pixel counts if its score is
    above `least`; at most `most` are returned.
    """
    rows, cols = free.shape
    split = score[: rows * size, : cols * size].reshape(rows, size, cols, size).transpose(0, 2, 1, 3)
    blocks = split.reshape(rows, cols, size * size)
    best = blocks.argmax(axis=2)
    value = np.take_along_axis(blocks, best[..., None], axis=2)[..., 0]
    row, col = np.nonzero(free & (value > least))
    order = np.argsort(-value[row, col], kind="stable")[:most]
    row, col = row[order], col[order]
    down, right = np.divmod(best[row, col], size)
    return np.stack([col * size + right, row * size + down], axis=-1)
