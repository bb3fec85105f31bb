# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How many steps and members the next frame may take, so that frames keep to a latency budget on a machine whose load
comes and goes. No clock, no threads: it is told what each frame took.

A frame costs  rest + a * steps + b * runs  milliseconds; runs are those of members, which share the first step. a and b
are fitted to the medians of recent frames; the level is that of the slower quarter of the newest ones. Too slow: down
at once to what fits. Room enough, for a while: up by one notch; and where that turned out too slow, the next attempt is
a longer while away.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from statistics import median

import numpy as np

from grin_ros.core.estimator import Settings
from grin_ros.core.sampling.schedule import member_runs

NEWEST = 9
"""Frames that decide: the third slowest of nine counts, so two may be anything."""
FEWEST = 3
"""Frames at the present setting before it is judged."""
REMEMBERED = 64
"""Frames that tell what a member costs."""
AIM = 0.9
"""Of the budget, when going down."""
ROOM = 0.8
"""Of the budget, that the next notch must fit in when going up."""
PATIENCE, LONGEST_PATIENCE = 12, 960
"""Frames between two attempts to go up: at first, and at most."""
PRIOR = 0.5
"""a / b before more than one number of members was seen: four members cost three times one."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """What runs now, and why. held: whether the budget is kept, as far as is known."""

    steps: int
    members: int
    why: str
    held: bool = True


@dataclasses.dataclass(frozen=True)
class _Sample:
    steps: int
    members: int
    denoise_ms: float
    rest_ms: float

    @property
    def total_ms(self) -> float:
        return self.denoise_ms + self.rest_ms

    @property
    def runs(self) -> int:
        return member_runs(self.steps, self.members)


class LatencyBudget:
    """Ask `next` before a frame, tell `took` after it."""

    def __init__(self) -> None:
        self.pace = Pace(1, 1, "no frame yet")
        self._asked: tuple[float, int, int] | None = None
        self._samples: deque[_Sample] = deque(maxlen=REMEMBERED)
        self._at_present = 0
        """Frames since the last change."""
        self._patience = PATIENCE
        self._went_up = False

    def next(self, settings: Settings, budget_ms: float) -> Settings:
        """`settings` with at most its own steps and members, at least one of each; budget_ms: 0 = no budget."""
        asked = (budget_ms, settings.steps, settings.members)
        if budget_ms <= 0.0:
            self._asked = None
            self.pace = Pace(settings.steps, settings.members, "no latency budget")
            return settings
        if self._asked is None:
            self._change(settings.steps, settings.members, "as configured; not measured yet")
            self._patience = PATIENCE
        elif self._asked != asked:
            self._change(
                min(self.pace.steps, settings.steps), min(self.pace.members, settings.members), "the settings changed"
            )
            self._patience = PATIENCE
        self._asked = asked
        if self._at_present >= FEWEST:
            self._decide(budget_ms, settings.steps, settings.members)
        return dataclasses.replace(settings, steps=self.pace.steps, members=self.pace.members)

    def took(self, denoise_ms: float, total_ms: float) -> None:
        """The frame that `next` was asked for: its denoise stage, and from the image's arrival to publication."""
        self._samples.append(_Sample(self.pace.steps, self.pace.members, denoise_ms, max(0.0, total_ms - denoise_ms)))
        self._at_present += 1

    def _decide(self, budget_ms: float, most_steps: int, most_members: int) -> None:
        newest = list(self._samples)[-min(NEWEST, self._at_present) :]
        now_ms = sorted(sample.total_ms for sample in newest)[3 * (len(newest) - 1) // 4]
        present = (self.pace.steps, self.pace.members)
        if now_ms > budget_ms:
            if present == (1, 1):
                self._stay(f"even 1 step and 1 member take {now_ms:.0f} ms, more than {budget_ms:g} ms", held=False)
            else:
                self._go_down(self._costs_ms(newest, now_ms, most_steps, most_members), now_ms, budget_ms)
            return
        if present == (most_steps, most_members):
            self._stay(f"as configured: takes {now_ms:.0f} of {budget_ms:g} ms")
        elif self._at_present >= self._patience:
            self._go_up(self._costs_ms(newest, now_ms, most_steps, most_members), now_ms, budget_ms)
        elif not self.pace.held:
            self._stay(f"takes {now_ms:.0f} of {budget_ms:g} ms")

    def _go_up(self, costs_ms: dict[tuple[int, int], float], now_ms: float, budget_ms: float) -> None:
        if self._went_up:  # and it was not too slow
            self._went_up, self._patience = False, max(PATIENCE, self._patience // 2)
        present = member_runs(self.pace.steps, self.pace.members)
        more = [key for key in costs_ms if member_runs(*key) > present and costs_ms[key] <= ROOM * budget_ms]
        if more:
            steps, members = min(more, key=lambda key: (member_runs(*key), costs_ms[key]))
            self._change(steps, members, f"up: {now_ms:.0f} ms leave room in {budget_ms:g} ms")
            self._went_up = True

    def _go_down(self, costs_ms: dict[tuple[int, int], float], now_ms: float, budget_ms: float) -> None:
        if self._went_up:
            self._patience = min(LONGEST_PATIENCE, 2 * self._patience)
        steps, members = self.pace.steps, self.pace.members
        why = f"down: {steps} x {members} took {now_ms:.0f} ms, more than {budget_ms:g} ms"
        fewer = [key for key in costs_ms if member_runs(*key) < member_runs(steps, members)]
        fitting = [key for key in fewer if costs_ms[key] <= AIM * budget_ms]
        self._change(*max(fitting, key=lambda key: (member_runs(*key), -costs_ms[key]), default=(1, 1)), why)

    def _costs_ms(
        self, newest: list[_Sample], now_ms: float, most_steps: int, most_members: int
    ) -> dict[tuple[int, int], float]:
        """(steps, members) -> expected milliseconds of a frame, at the present load."""
        rest_ms = min(now_ms, median(sample.rest_ms for sample in newest))
        a, b = self._member_cost()
        now = newest[-1]
        level = (now_ms - rest_ms) / max(1e-9, a * now.steps + b * now.runs)
        return {
            (steps, members): rest_ms + level * (a * steps + b * member_runs(steps, members))
            for steps in range(1, most_steps + 1)
            for members in range(1, most_members + 1)
        }

    def _member_cost(self) -> tuple[float, float]:
        """a, b of a * steps + b * runs, neither negative. Only their ratio is used."""
        by_runs: dict[float, list[float]] = {}  # of one step
        for sample in self._samples:
            by_runs.setdefault(sample.runs / sample.steps, []).append(sample.denoise_ms / sample.steps)
        runs = np.array(list(by_runs), np.float64)
        step_ms = np.array([median(values[-NEWEST:]) for values in by_runs.values()])
        # The prior is one more equation, a - PRIOR * b = 0, of little weight once the others say enough.
        rows = np.vstack([np.stack([np.ones_like(runs), runs], 1), [0.1, -0.1 * PRIOR]])
        (a, b), *_ = np.linalg.lstsq(rows, np.append(step_ms, 0.0), rcond=None)
        if b <= 0.0:
            return 1.0, 0.0
        return (a, b) if a >= 0.0 else (0.0, 1.0)

    def _change(self, steps: int, members: int, why: str) -> None:
        self.pace = Pace(steps, members, why)
        self._at_present, self._went_up = 0, False

    def _stay(self, why: str, held: bool = True) -> None:
        self.pace = dataclasses.replace(self.pace, why=why, held=held)
