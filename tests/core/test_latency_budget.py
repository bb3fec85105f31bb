# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Steps and members under a latency budget, on simulated machines with known load, noise and spikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from grin_ros.core.estimator import Settings
from grin_ros.core.latency_budget import Decision, LatencyBudget


@dataclass
class Machine:
    """A machine on which a frame costs rest_ms + a_ms * steps + b_ms * runs, times load and noise, with rare spikes."""

    rest_ms: float = 20.0
    a_ms: float = 5.0
    b_ms: float = 10.0
    noise: float = 0.0
    spikes: float = 0.0
    load: Callable[[int], float] = lambda _: 1.0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def frame(self, index: int, steps: int, members: int) -> tuple[float, float]:
        """Return denoise_ms and total_ms of a frame."""
        slow = self.load(index) * float(np.exp(self.noise * self.random.standard_normal()))
        if self.random.random() < self.spikes:
            slow *= 5.0
        denoise_ms = self.denoise_ms(steps, members) * slow
        return denoise_ms, denoise_ms + self.rest_ms * slow

    def denoise_ms(self, steps: int, members: int) -> float:
        runs = members if steps == 1 else 1 + (steps - 1) * members  # the first step is shared
        return self.a_ms * steps + self.b_ms * runs

    def cost_ms(self, steps: int, members: int) -> float:
        return self.rest_ms + self.denoise_ms(steps, members)


def drive(machine: Machine, most: Settings, budget_ms: float, frames: int) -> list[tuple[Decision, float]]:
    """Return the decision and the time of every frame."""
    budget, ran = LatencyBudget(), []
    for index in range(frames):
        chosen = budget.next(most, budget_ms)
        assert 1 <= chosen.steps <= most.steps
        assert 1 <= chosen.members <= most.members
        assert (chosen.steps, chosen.members) == (budget.decision.steps, budget.decision.members)
        assert chosen.seed == most.seed
        denoise_ms, total_ms = machine.frame(index, chosen.steps, chosen.members)
        ran.append((budget.decision, total_ms))
        budget.took(denoise_ms, total_ms)
    return ran


def changes(ran: list[tuple[Decision, float]]) -> int:
    keys = [(decision.steps, decision.members) for decision, _ in ran]
    return sum(here != there for here, there in pairwise(keys))


def share_in_time(ran: list[tuple[Decision, float]], budget_ms: float) -> float:
    return float(np.mean([total_ms <= budget_ms for _, total_ms in ran]))


machines = st.builds(
    Machine,
    rest_ms=st.floats(0.5, 60.0),
    a_ms=st.floats(0.0, 30.0),
    b_ms=st.floats(0.05, 30.0),
    noise=st.floats(0.0, 0.1),
    spikes=st.floats(0.0, 0.03),
    random=st.integers(0, 1000).map(np.random.default_rng),
)
wanted = st.builds(Settings, steps=st.integers(1, 8), members=st.integers(1, 10), seed=st.just(7))


@given(machine=machines, most=wanted, room=st.floats(1.4, 10.0))
@hypothesis_settings(max_examples=20)
def test_any_machine_keeps_a_budget_that_one_step_and_one_member_fit_in(
    machine: Machine, most: Settings, room: float
) -> None:
    budget_ms = room * machine.cost_ms(1, 1)
    ran = drive(machine, most, budget_ms, 400)
    assert share_in_time(ran[100:], budget_ms) >= 0.7
    assert changes(ran) <= 60
    assert np.mean([decision.kept for decision, _ in ran]) > 0.9


def test_a_budget_that_is_kept_again_is_no_longer_called_too_small() -> None:
    """Three frames are slow at one step and one member, long after the last change. There is no room to rise."""
    machine = Machine(rest_ms=1.0, a_ms=0.0, b_ms=1.0, load=lambda index: 5.0 if 200 <= index < 203 else 1.0)
    ran = drive(machine, Settings(steps=1, members=3, seed=7), 3.0, 400)
    kept = [decision.kept for decision, _ in ran]
    assert not all(kept[200:220])
    assert all(kept[220:])
    assert ran[-1][0].reason == "takes 2 of 3 ms"


@given(machine=machines, most=wanted, load=st.lists(st.floats(0.3, 6.0), min_size=3, max_size=3))
@hypothesis_settings(max_examples=20)
def test_the_limits_are_kept_at_any_load(machine: Machine, most: Settings, load: list[float]) -> None:
    machine.load = lambda index: load[index * 3 // 300]
    budget_ms = 2.0 * machine.cost_ms(1, 1)
    ran = drive(machine, most, budget_ms, 300)  # `drive` checks the limits
    for third, factor in enumerate(load):
        if factor <= 1.4:  # it can be kept
            assert share_in_time(ran[third * 100 + 40 : third * 100 + 100], budget_ms) >= 0.6


@given(machine=machines, most=wanted)
@hypothesis_settings(max_examples=10)
def test_a_budget_with_room_is_as_if_there_were_none(machine: Machine, most: Settings) -> None:
    machine.spikes = min(machine.spikes, 0.01)  # three slow frames of nine count as a load
    machine.noise = 0.05
    ran = drive(machine, most, 2.0 * machine.cost_ms(most.steps, most.members), 200)
    assert changes(ran) == 0
    assert {(decision.steps, decision.members) for decision, _ in ran} == {(most.steps, most.members)}


def test_load_comes_and_goes() -> None:
    machine = Machine(load=lambda index: 3.0 if 100 <= index < 200 else 1.0)
    most, budget_ms = Settings(steps=2, members=4), 110.0  # alone: 80 ms
    ran = drive(machine, most, budget_ms, 400)
    before, under, after = ran[99][0], ran[130][0], ran[-1][0]
    assert (before.steps, before.members) == (2, 4)
    assert under.steps * under.members < 8
    assert under.reason.startswith("down: ")
    late = [index for index in range(100, 200) if ran[index][1] > budget_ms]
    assert len(late) <= 5, "it takes a few slow frames to tell a load from a spike, and no more"
    assert max(late) < 110
    assert (after.steps, after.members) == (2, 4)
    assert changes(ran) <= 8


def test_steps_and_members_rise_as_far_as_the_budget_allows_and_stay() -> None:
    ran = drive(Machine(noise=0.03), Settings(steps=4, members=8), 200.0, 600)
    decision = ran[-1][0]
    assert 6 <= decision.steps * decision.members < 32
    assert share_in_time(ran[10:], 200.0) > 0.9
    assert changes(ran[300:]) <= 2


def test_a_single_slow_frame_changes_nothing() -> None:
    machine = Machine(load=lambda index: 20.0 if index % 10 == 0 else 1.0)
    assert changes(drive(machine, Settings(steps=2, members=4), 120.0, 300)) == 0


def test_attempts_that_turn_out_too_slow_become_rare() -> None:
    """The machine is much slower than predicted if more than one member runs."""

    @dataclass
    class Trap(Machine):
        def frame(self, index: int, steps: int, members: int) -> tuple[float, float]:
            denoise_ms, total_ms = super().frame(index, 1, 1)
            return (denoise_ms, total_ms) if steps * members == 1 else (denoise_ms, 10 * total_ms)

    ran = drive(Trap(), Settings(steps=1, members=4), 100.0, 3000)
    assert 2 <= changes(ran[1000:]) <= 6
    assert share_in_time(ran, 100.0) > 0.95


def test_a_budget_that_cannot_be_kept_is_reported() -> None:
    ran = drive(Machine(), Settings(steps=2, members=4), 30.0, 60)
    decision = ran[-1][0]
    assert (decision.steps, decision.members, decision.kept) == (1, 1, False)
    assert decision.reason == "even 1 step and 1 member take 35 ms, more than 30 ms"


def test_no_budget_means_as_configured_at_once() -> None:
    budget, most = LatencyBudget(), Settings(steps=2, members=4)
    for _ in range(20):
        budget.next(most, 30.0)
        budget.took(50.0, 100.0)
    assert budget.next(most, 30.0).members == 1
    assert budget.next(most, 0.0) == most
    assert budget.decision.reason == "no latency budget"


@pytest.mark.parametrize("fewer", [Settings(steps=1, members=3), Settings(steps=2, members=1)])
def test_settings_that_change_while_it_runs_are_kept_to(fewer: Settings) -> None:
    budget = LatencyBudget()
    for settings in [Settings(steps=4, members=8)] * 10 + [fewer] * 10 + [Settings(steps=4, members=8)] * 300:
        chosen = budget.next(settings, 1000.0)
        assert (chosen.steps, chosen.members) <= (settings.steps, settings.members)
        assert chosen.members <= settings.members
        budget.took(chosen.steps * chosen.members, chosen.steps * chosen.members + 1.0)
    assert (chosen.steps, chosen.members) == (4, 8)
