# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The trial of poses that did not fit the images: so many images must fit before there are hints again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHORTEST, LONGEST = 4, 64
"""The least and the largest number of images of a trial."""
LONGER = 2.0
"""The next trial is so many times as long, because wrong poses fit now and then by chance."""
LONGER_MEANWHILE = 1.05
"""The same if poses are refused while a trial runs, because a person close by or darkness refuses every few images."""
SHORTER = 0.98
"""Each image that fits while no trial runs multiplies the length of the next one by this."""
MOVED_M = 0.005
"""An image counts if the camera has moved by more than this since the last one that counted. What a camera that stands
sees fits again without proving anything."""


class Trial:
    """Counts the images that still have to fit. No trial runs at first."""

    def __init__(self) -> None:
        self._left = 0
        self._next_length: float = SHORTEST
        self._counted_m: NDArray[np.float64] = np.zeros(3)
        """The place of the last image that counted."""

    @property
    def running(self) -> bool:
        """Whether images still have to fit before there are hints."""
        return self._left > 0

    def refused(self) -> None:
        """Begin a trial, because the poses of an image were refused."""
        longer = LONGER_MEANWHILE if self.running else LONGER
        self._left = round(self._next_length)
        self._next_length = min(longer * self._next_length, LONGEST)

    def fits(self, place_m: NDArray[np.float64]) -> bool:
        """Take an image whose poses fit, and return whether it may give hints. The last one of a trial may not yet.

        place_m (3,): of the camera, in the fixed frame.
        """
        if not self.running:
            self._next_length = max(SHORTEST, SHORTER * self._next_length)
            return True
        if np.linalg.norm(place_m - self._counted_m) > MOVED_M:
            self._left, self._counted_m = self._left - 1, place_m
        return False
