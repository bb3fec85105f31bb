# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes into messages, once: rclpy's classes copy what they are given, or look at each element, unless asked not to."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from numpy.typing import NDArray


def byte_array(values: NDArray[Any]) -> array.array[int]:
    """The bytes of `values`, row by row, in the type that rclpy takes over without looking at each byte."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return data


def filled(message_type: Any, data: array.array[int], **fields: Any) -> Any:
    """A message of these fields whose `data` is this very array.

    The constructor copies it, and since Jazzy the assignment too, unless the message checks what is assigned.
    """
    checks = {"check_fields": True} if "_check_fields" in message_type.__slots__ else {}
    message = message_type(**fields, **checks)
    message.data = data
    return message
