# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An answer on the query grid of one frame, by which hints are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.ground import ground_ln
from grin_ros.core.geometry.mounting import Mounting


@dataclass(frozen=True)
class Answer:
    """An answer on the query grid of a frame: the network's own, or that with hints.

    pixels: (N, 2). rays: (N, 3) unit rays. ln_range: (N,). rows, cols: N = rows * cols, row by row.
    """

    pixels: NDArray[np.floating]
    rays: NDArray[np.floating]
    ln_range: NDArray[np.float32]
    rows: int
    cols: int

    def on_ground(self, mounting: Mounting) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ln(range) (N,) of the ground, +inf for rays that do not meet it, and how much farther the answer is,
        0 for these."""
        plane_ln = ground_ln(mounting, self.rays)
        return plane_ln, np.where(np.isfinite(plane_ln), self.ln_range - plane_ln, np.float32(0.0))
