# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Filling of the `data` field of a message with one copy of the bytes at most.

The message classes of rclpy copy the data that they are given, or look at each element, unless they are asked not to.
"""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from numpy.typing import NDArray


def byte_array(values: NDArray[Any]) -> array.array[int]:
    """Return the bytes of `values`, row by row, in the type that rclpy takes without looking at each byte."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return data


def filled(message_type: Any, data: array.array[int], **fields: Any) -> Any:
    """Return a message of these fields whose `data` is this very array.

    The constructor copies the array. Since Jazzy the assignment copies it too, unless the message checks its fields.
    """
    checks = {"check_fields": True} if "_check_fields" in message_type.__slots__ else {}
    message = message_type(**fields, **checks)
    message.data = data
    return message
