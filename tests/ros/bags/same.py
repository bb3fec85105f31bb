# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Comparison of two messages of one topic: equal in every field, and in their numbers within a tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image, LaserScan, PointCloud2

TOLERANCE = 1e-4
"""Metres. Of depth in millimetres, a whole millimetre: it is rounded."""
_IMAGES = {"32FC1": np.float32, "16UC1": np.uint16}


def numbers(message: Any) -> NDArray[Any] | None:
    """Return the depth, points or ranges of a message, with the shape that they have in it; None for other types."""
    if isinstance(message, Image):
        return np.frombuffer(message.data, _IMAGES[message.encoding]).reshape(message.height, message.width)
    if isinstance(message, PointCloud2):
        return np.frombuffer(message.data, np.float32).reshape(message.height, message.width, -1)
    return np.array(message.ranges) if isinstance(message, LaserScan) else None


def assert_same(one: Any, other: Any) -> None:
    """Raise AssertionError where the two messages differ."""
    assert type(one) is type(other)
    assert one.header == other.header
    mine, others = numbers(one), numbers(other)
    for field in one.get_fields_and_field_types():
        if mine is None or field not in ("data", "ranges"):
            np.testing.assert_equal(getattr(one, field), getattr(other, field), field)
    if mine is None or others is None:
        return
    assert mine.shape == others.shape
    if isinstance(one, PointCloud2) and "rgb" in (names := [field.name for field in one.fields]):
        colour = names.index("rgb")  # bits of a float: compared as they are
        np.testing.assert_array_equal(mine[..., colour].view(np.uint32), others[..., colour].view(np.uint32))
        mine, others = np.delete(mine, colour, axis=-1), np.delete(others, colour, axis=-1)
    tolerance = 1 if mine.dtype == np.uint16 else TOLERANCE
    np.testing.assert_allclose(mine.astype(np.float64), others.astype(np.float64), rtol=0.0, atol=tolerance)
