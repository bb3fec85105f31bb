# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs in turn, one of each a round, so that what else the machine does falls on all alike; medians of all rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

Run = Callable[[], Mapping[str, float]]
"""Once; milliseconds by stage, 'total' among them."""


@dataclass
class Timed:
    """One thing that is measured, and the milliseconds of its runs by stage."""

    name: str
    run: Run
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def once(self, count: bool = True) -> None:
        laps = self.run()
        if count:
            for stage, value in laps.items():
                self.stages_ms.setdefault(stage, []).append(value)

    def percentile(self, stage: str, percent: float) -> float:
        """NaN for a stage that did not run."""
        return float(np.percentile(self.stages_ms[stage], percent)) if stage in self.stages_ms else float("nan")

    def median(self, stage: str = "total") -> float:
        return self.percentile(stage, 50)

    def best(self) -> float:
        return min(self.stages_ms["total"])

    def to_json(self) -> dict[str, dict[str, float]]:
        """stage -> p50, p95, in milliseconds."""
        return {
            stage: {"p50_ms": self.percentile(stage, 50), "p95_ms": self.percentile(stage, 95)}
            for stage in self.stages_ms
        }


def measure(cases: Sequence[Timed], rounds: int, warm_up: int, title: str) -> None:
    """warm_up rounds that do not count, then `rounds` that do."""
    for index in tqdm(range(-warm_up, rounds), title, unit="round"):
        for case in cases:
            case.once(count=index >= 0)
