# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One parameter of the node: its type, range and description, and the check of a value. Imports no rclpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

Value = bool | int | float | str

_TYPE_NAMES = {bool: "bool", int: "integer", float: "double", str: "string"}


@dataclass(frozen=True)
class Parameter:
    """One ROS parameter. Its type is that of its default."""

    name: str
    default: Value
    description: str
    """Whole sentences: what the parameter does, and its effect on the robot. The first sentence is a summary."""
    low: float | None = None
    """The smallest value that is accepted; None if there is no range."""
    high: float | None = None
    """The largest value that is accepted; None if there is no range."""
    unit: str = ""
    read_only: bool = False
    """The value is set when the node starts and cannot be changed later."""
    optional: bool = False
    """An empty text is accepted and means none."""

    @property
    def type_name(self) -> str:
        """The type as ROS calls it: bool, integer, double or string."""
        return _TYPE_NAMES[type(self.default)]

    @property
    def range_text(self) -> str:
        """The range as text, for example '1 to 50'; empty if there is no range."""
        return "" if self.low is None or self.high is None else f"{_number(self.low)} to {_number(self.high)}"

    def accepted(self, value: object) -> Value:
        """Return `value` in the type of the parameter: an integer serves for a double, as people write 1 for 1.0.

        Raises ValueError if it is of another type, out of range, not finite, or an empty text.
        """
        if type(value) is int and isinstance(self.default, float):
            value = float(value)
        if not isinstance(value, type(self.default)) or isinstance(value, bool) is not isinstance(self.default, bool):
            raise ValueError(f"{self.name}: got {value!r} ({_type_name(value)}), expected {self._expected()}")
        if isinstance(value, str):
            if not value and not self.optional:
                raise ValueError(f"{self.name}: got an empty text, expected {self._expected()}")
        elif not isinstance(value, bool) and isinstance(value, (int, float)):
            low = -math.inf if self.low is None else self.low
            high = math.inf if self.high is None else self.high
            if not (math.isfinite(value) and low <= value <= high):
                raise ValueError(f"{self.name}: got {value}, expected {self._expected()}")
        return value

    def _expected(self) -> str:
        article = "an" if self.type_name[0] in "aeiou" else "a"
        limits = f" from {self.range_text}" if self.range_text else ""
        summary = self.description.partition(". ")[0].removesuffix(".")
        return f"{article} {self.type_name}{limits}{f' {self.unit}' if self.unit else ''} ({summary})"


def _number(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"


def _type_name(value: object) -> str:
    return "not set" if value is None else _TYPE_NAMES.get(type(value), type(value).__name__)
