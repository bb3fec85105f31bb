# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs in turns: each thing runs once in every round, so that other load on the machine affects all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

Run = Callable[[], Mapping[str, float]]
"""A function that runs once and returns milliseconds by stage, with the stage 'total'."""


@dataclass
class Timed:
    """A thing that is timed, with the milliseconds of its runs by stage."""

    name: str
    run: Run
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def once(self, count: bool = True) -> None:
        """Run it once, and keep the times if `count`."""
        laps = self.run()
        if count:
            for stage, value in laps.items():
                self.stages_ms.setdefault(stage, []).append(value)

    def percentile(self, stage: str, percent: float) -> float:
        """Return a percentile of a stage in milliseconds, NaN if the stage did not run."""
        return float(np.percentile(self.stages_ms[stage], percent)) if stage in self.stages_ms else float("nan")

    def median(self, stage: str = "total") -> float:
        """Return the median of a stage in milliseconds."""
        return self.percentile(stage, 50)

    def best(self) -> float:
        """Return the shortest total in milliseconds."""
        return min(self.stages_ms["total"])

    def to_json(self) -> dict[str, dict[str, float]]:
        """Return stage -> p50 and p95 in milliseconds."""
        return {
            stage: {"p50_ms": self.percentile(stage, 50), "p95_ms": self.percentile(stage, 95)}
            for stage in self.stages_ms
        }


def measure(cases: Sequence[Timed], rounds: int, warm_up: int, title: str) -> None:
    """Run all cases for `warm_up` rounds that do not count, then for `rounds` rounds that do."""
    for index in tqdm(range(-warm_up, rounds), title, unit="round"):
        for case in cases:
            case.once(count=index >= 0)
