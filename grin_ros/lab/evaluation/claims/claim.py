# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Claims: figures with a bound that they must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A claim that a figure (a share: 0.05 is 5 %) is at most, or with `at_least` at least, a bound.

    NaN never holds.
    """

    name: str
    figure: float
    bound: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """True if the figure keeps the bound."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    @property
    def verdict(self) -> str:
        """'holds' or 'FAILS', for reports."""
        return "holds" if self.holds else "FAILS"

    def __str__(self) -> str:
        word = "least" if self.at_least else "most"
        return f"{self.name}: {self.figure:+.1%} (claim: at {word} {self.bound:.0%}): {self.verdict}"

    def to_json(self) -> dict[str, Any]:
        """Return {"name", "figure" (NaN where undefined), "bound", "kind": "at most" | "at least", "holds"}."""
        return {
            "name": self.name,
            "figure": float(f"{self.figure:.6g}"),
            "bound": self.bound,
            "kind": "at least" if self.at_least else "at most",
            "holds": self.holds,
        }
