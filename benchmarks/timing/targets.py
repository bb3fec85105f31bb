# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The speed that the project promises, as ratios of times of one run, because machines differ and are busy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.timing.rounds import Timed

SLOW, FAST = (2, 4), (1, 1)
"""(steps, members) of the two settings for which speed is promised."""

HINTED = "200 hints"
"""The case of one step and one member with hints."""


@dataclass(frozen=True)
class Target:
    """A promise: `value` is at most `limit`. unit: '' for a ratio."""

    what: str
    value: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """True if the promise holds; False for NaN."""
        return self.value <= self.limit

    def row(self) -> str:
        """Return a row of the Markdown table."""
        verdict = "pass" if self.met else "FAIL"
        return f"| {self.what} | {self.value:.3g}{self.unit} | {self.limit:.3g}{self.unit} | {verdict} |"

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and whether the promise holds."""
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class EngineTimes:
    """All times of one run of benchmarks/engines.py."""

    engines: Mapping[tuple[str, int, int], Timed]
    """(backend, steps, members) -> a whole frame."""
    peers: Mapping[str, tuple[Timed, Timed]]
    """Backend -> Depth Anything V2 Small in its runtime and precision, at the larger and at the smaller size."""
    best: str
    """The backend that is fastest at SLOW."""
    scaling: Mapping[str, Timed]
    """The cases of `scaling_of` in engines.py by name."""
    overheads: Mapping[str, Timed]
    """'WIDTHxHEIGHT' -> a whole frame."""
    floor_ms: float
    """The floor of 'denoise' at SLOW, in the fastest precision."""


OVERHEAD_MS = {"640x480": 6.0, "1280x720": 15.0}
"""Image size -> the promised time of everything but the graphs."""


def targets(measured: EngineTimes) -> Iterator[Target]:
    """Yield every promise that can be judged from what was measured."""
    engines, best = measured.engines, measured.best
    for backend, (large, small) in measured.peers.items():
        slow, fast = engines[(backend, *SLOW)].median(), engines[(backend, *FAST)].median()
        peer = "of Depth Anything V2 Small at"
        yield Target(f"{backend}: 2 steps, 4 members {peer} 518x686", slow / large.median(), 0.25)
        yield Target(f"{backend}: 1 step, 1 member {peer} 518x686", fast / large.median(), 0.10)
        yield Target(f"{backend}: 1 step, 1 member {peer} 252x336", fast / small.median(), 1.0)
    for steps, members in (FAST, SLOW):
        reference = engines.get(("reference", steps, members))
        if reference is not None:
            fastest_ms, first = min(
                (timed.median(), key[0]) for key, timed in engines.items() if key[1:] == (steps, members)
            )
            ratio = fastest_ms / reference.median()
            yield Target(f"{first}: {steps} steps, {members} members of torch fp32 eager", ratio, 1.0 / 3.0)
    denoise = engines[(best, *SLOW)].median("denoise")
    yield Target(f"{best}: denoise, over the FLOP floor", denoise / measured.floor_ms, 2.5)
    for more, less, what, limit in (
        ("members 4", "members 1", "4 members over 1", 3.0),
        ("pixels x2", "pixels x1", "twice the queried pixels", 2.0),
        (HINTED, "members 1", "1 step, 1 member with 200 hints over without", 1.15),
    ):
        if more in measured.scaling and less in measured.scaling:
            ratio = measured.scaling[more].median() / measured.scaling[less].median()
            yield Target(f"{best}: {what}", ratio, limit)
    for size, timed in measured.overheads.items():
        yield Target(
            f"everything but the graphs, {size}, full cloud", timed.median("overhead"), OVERHEAD_MS[size], " ms"
        )
