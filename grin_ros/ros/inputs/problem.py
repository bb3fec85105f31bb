# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The reason why a frame or a message cannot be used, in parts that can be counted, shown and acted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grin_ros.core.input_error import InputError

MAX_TEXT_CHARACTERS = 1000
"""A text quotes what other nodes send, and they may send any length; it is cut here, before it is logged or sent."""

Reason = Literal[
    "no camera_info yet",
    "bad camera_info",
    "other size",
    "other frame",
    "bad image",
    "no transform",
    "bad transform",
    "bad message",
    "backend failed",
]
"""All reasons to count by. docs/guides/operations.md explains each of them."""

BACKEND_FAILED: Reason = "backend failed"
"""The reason for a good frame on which the program itself failed."""


@dataclass(frozen=True)
class Problem:
    """A frame or a message that cannot be used. The next one may be usable.

    text: what was got and what was expected. remedy: what the
    operator should do. traceback: the Python traceback if the program itself failed, else empty.
    """

    reason: Reason
    text: str
    remedy: str
    traceback: str = ""

    def __post_init__(self) -> None:
        if len(self.text) > MAX_TEXT_CHARACTERS:
            object.__setattr__(self, "text", f"{self.text[: MAX_TEXT_CHARACTERS - 1]}…")

    def __str__(self) -> str:
        """Return text and remedy in one line."""
        return f"{self.text}; {self.remedy}"


class FrameRejectedError(ValueError):
    """A frame that cannot be used, with its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    @classmethod
    def of(cls, reason: Reason, error: InputError, prefix: str = "") -> FrameRejectedError:
        """Return the rejection for an error of the input. prefix: words before its text."""
        return cls(Problem(reason, f"{prefix}{error.text}", error.remedy))
