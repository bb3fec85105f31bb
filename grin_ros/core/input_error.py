# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The error for input that cannot be used. Imports nothing of the project, so any module may raise it."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used.

    text: what was got and what was expected. remedy: what the operator should do. Both are phrases without a full stop
    at their end; the message is the two of them, joined by a semicolon.
    """

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(f"{text}; {remedy}")
        self.text = text
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str]]:
        """Rebuild from both fields: the error may come from another process."""
        return type(self), (self.text, self.remedy)
