# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of steps and members for each frame, so that frames keep to a latency budget while the load varies.

There are no clocks and no threads in here: the caller reports what each frame took. A frame costs

    rest + load * (a * steps + b * runs)  milliseconds,

where `runs` counts the members that pass through the network (they share the first of several steps). a and b are
fitted to the medians of recent frames. The load is that of the slower quarter of the newest frames. If frames are too
slow, steps and members drop at once to what fits. If there has been room for a while, they rise by one notch; if that
notch turns out too slow, the next attempt waits longer.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from statistics import median

import numpy as np

from grin_ros.core.estimator import Settings
from grin_ros.core.sampling.schedule import member_runs

NEWEST = 9
"""The number of newest frames that decide. The third slowest of nine counts, so two may be anything."""
FEWEST = 3
"""The number of frames with the present steps and members before they are judged."""
REMEMBERED = 64
"""The number of frames from which the cost of a member is fitted."""
AIM = 0.9
"""When steps and members drop, the expected time is at most this share of the budget."""
ROOM = 0.8
"""When they rise, the expected time is at most this share of the budget."""
PATIENCE, LONGEST_PATIENCE = 12, 960
"""The number of frames between two attempts to rise: at first, and at most."""
PRIOR = 0.5
"""a / b before more than one number of members was seen: four members cost three times one."""


@dataclasses.dataclass(frozen=True)
class Decision:
    """The steps and members that run now. reason: why. kept: whether the budget is kept, as far as is known."""

    steps: int
    members: int
    reason: str
    kept: bool = True


@dataclasses.dataclass(frozen=True)
class _Timing:
    """The time that one frame took."""

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
    """Chooses steps and members: call `next` before a frame and `took` after it."""

    def __init__(self) -> None:
        self.decision = Decision(1, 1, "no frame yet")
        self._asked: tuple[float, int, int] | None = None
        """The budget, steps and members that the caller asked for last."""
        self._timings: deque[_Timing] = deque(maxlen=REMEMBERED)
        self._at_present = 0
        """The number of frames since the last change."""
        self._patience = PATIENCE
        self._rose = False
        """True if the last change was an attempt to rise that has not been judged yet."""

    def next(self, settings: Settings, budget_ms: float) -> Settings:
        """Return `settings` with at most its own steps and members, and at least one of each.

        budget_ms: from an image's arrival to its depth; 0 is no budget.
        """
        asked = (budget_ms, settings.steps, settings.members)
        if budget_ms <= 0.0:
            self._asked = None
            self.decision = Decision(settings.steps, settings.members, "no latency budget")
            return settings
        if self._asked is None:
            self._change(settings.steps, settings.members, "as configured; not measured yet")
            self._patience = PATIENCE
        elif self._asked != asked:
            steps, members = min(self.decision.steps, settings.steps), min(self.decision.members, settings.members)
            self._change(steps, members, "the settings changed")
            self._patience = PATIENCE
        self._asked = asked
        if self._at_present >= FEWEST:
            self._decide(budget_ms, settings.steps, settings.members)
        return dataclasses.replace(settings, steps=self.decision.steps, members=self.decision.members)

    def took(self, denoise_ms: float, total_ms: float) -> None:
        """Report a frame: the time of its denoise stage, and from the image's arrival to publication."""
        rest_ms = max(0.0, total_ms - denoise_ms)
        self._timings.append(_Timing(self.decision.steps, self.decision.members, denoise_ms, rest_ms))
        self._at_present += 1

    def _decide(self, budget_ms: float, most_steps: int, most_members: int) -> None:
        newest = list(self._timings)[-min(NEWEST, self._at_present) :]
        now_ms = sorted(timing.total_ms for timing in newest)[3 * (len(newest) - 1) // 4]
        present = (self.decision.steps, self.decision.members)
        if now_ms > budget_ms:
            if present == (1, 1):
                self._stay(f"even 1 step and 1 member take {now_ms:.0f} ms, more than {budget_ms:g} ms", kept=False)
            else:
                self._go_down(self._costs_ms(newest, now_ms, most_steps, most_members), now_ms, budget_ms)
            return
        if present == (most_steps, most_members):
            self._stay(f"as configured: takes {now_ms:.0f} of {budget_ms:g} ms")
            return
        if self._at_present >= self._patience:
            self._go_up(self._costs_ms(newest, now_ms, most_steps, most_members), now_ms, budget_ms)
        if not self.decision.kept:
            self._stay(f"takes {now_ms:.0f} of {budget_ms:g} ms")

    def _go_up(self, costs_ms: dict[tuple[int, int], float], now_ms: float, budget_ms: float) -> None:
        if self._rose:  # the last attempt was not too slow
            self._rose, self._patience = False, max(PATIENCE, self._patience // 2)
        present = member_runs(self.decision.steps, self.decision.members)
        more = [key for key in costs_ms if member_runs(*key) > present and costs_ms[key] <= ROOM * budget_ms]
        if more:
            steps, members = min(more, key=lambda key: (member_runs(*key), costs_ms[key]))
            self._change(steps, members, f"up: {now_ms:.0f} ms leave room in {budget_ms:g} ms")
            self._rose = True

    def _go_down(self, costs_ms: dict[tuple[int, int], float], now_ms: float, budget_ms: float) -> None:
        if self._rose:
            self._patience = min(LONGEST_PATIENCE, 2 * self._patience)
        steps, members = self.decision.steps, self.decision.members
        reason = f"down: {steps} x {members} took {now_ms:.0f} ms, more than {budget_ms:g} ms"
        fewer = [key for key in costs_ms if member_runs(*key) < member_runs(steps, members)]
        fitting = [key for key in fewer if costs_ms[key] <= AIM * budget_ms]
        self._change(*max(fitting, key=lambda key: (member_runs(*key), -costs_ms[key]), default=(1, 1)), reason)

    def _costs_ms(
        self, newest: list[_Timing], now_ms: float, most_steps: int, most_members: int
    ) -> dict[tuple[int, int], float]:
        """Return (steps, members) -> expected milliseconds of a frame at the present load."""
        rest_ms = min(now_ms, median(timing.rest_ms for timing in newest))
        a, b = self._member_cost()
        now = newest[-1]
        load = (now_ms - rest_ms) / max(1e-9, a * now.steps + b * now.runs)
        return {
            (steps, members): rest_ms + load * (a * steps + b * member_runs(steps, members))
            for steps in range(1, most_steps + 1)
            for members in range(1, most_members + 1)
        }

    def _member_cost(self) -> tuple[float, float]:
        """Fit a, b of a * steps + b * runs; neither is negative. Only their ratio is used."""
        by_runs: dict[float, list[float]] = {}
        """Runs a step -> milliseconds of a step."""
        for timing in self._timings:
            by_runs.setdefault(timing.runs / timing.steps, []).append(timing.denoise_ms / timing.steps)
        runs = np.array(list(by_runs), np.float64)
        step_ms = np.array([median(values[-NEWEST:]) for values in by_runs.values()])
        # The prior is one more equation, a - PRIOR * b = 0, whose weight is small beside enough measurements.
        rows = np.vstack([np.stack([np.ones_like(runs), runs], 1), [0.1, -0.1 * PRIOR]])
        (a, b), *_ = np.linalg.lstsq(rows, np.append(step_ms, 0.0), rcond=None)
        if b <= 0.0:
            return 1.0, 0.0
        return (a, b) if a >= 0.0 else (0.0, 1.0)

    def _change(self, steps: int, members: int, reason: str) -> None:
        self.decision = Decision(steps, members, reason)
        self._at_present, self._rose = 0, False

    def _stay(self, reason: str, kept: bool = True) -> None:
        self.decision = dataclasses.replace(self.decision, reason=reason, kept=kept)
