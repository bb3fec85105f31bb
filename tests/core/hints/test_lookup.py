# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from grin_ros.core.hints.lookup import colours, sampled, small_lab


def test_values_of_a_small_image_are_read_at_the_pixels_of_a_large_one() -> None:
    ramp = np.tile(np.arange(4, dtype=np.float32), (3, 1))  # of an image of 8 x 6: a value stands for 2 x 2 pixels
    pixels = np.array([[0.5, 0.5], [2.5, 3.0], [6.5, 5.0]])
    assert sampled(ramp, pixels, 8, 6).tolist() == [0.0, 1.0, 3.0]


def test_colours_are_lightness_and_hue_of_a_small_image() -> None:
    white = colours(small_lab(np.full((480, 640, 3), 255, np.uint8)))
    assert white.shape == (120, 160, 3)
    assert white[0, 0] == pytest.approx([1.0, 0.0, 0.0], abs=0.01)
