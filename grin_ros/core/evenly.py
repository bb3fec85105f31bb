# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Some of many things, evenly spread over all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """Return at most `most` of the indices 0 to count - 1, evenly spread."""
    return np.linspace(0, max(0, count - 1), min(most, count)).astype(np.intp)
