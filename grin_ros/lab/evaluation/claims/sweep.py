# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A sweep over steps and members: every combination on the same frames, and claims that few steps are enough.

A frame is encoded once for all combinations, and each number of steps runs once, with its largest ensemble
(sharing.py). The times of a sweep are therefore not those of a robot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Settings
from grin_ros.core.inspection.metrics import LIMITS, Limits
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.claims.claim import Claim
from grin_ros.lab.evaluation.results import Evaluation, Figures
from grin_ros.lab.evaluation.run import evaluate_all
from grin_ros.lab.evaluation.sharing import shared_estimates
from grin_ros.lab.evaluation.table import Columns, columns_of, figure_table

STEPS, MEMBERS = (1, 2, 4, 10), (1, 4, 10)
WITHIN = {1: 0.05, 2: 0.03}
"""Steps -> the share by which AbsRel may exceed that of the best number of steps."""
MORE_MAY_COST = 0.03
"""The share by which AbsRel of more steps, up to 10, may exceed that of fewer."""
COLUMNS: Columns = (
    ("abs_rel", "AbsRel", "{:.4f}"),
    ("abs_rel_aligned", "aligned", "{:.4f}"),
    *columns_of("delta1", "coverage_1sigma", "coverage_2sigma", "ause", "rank_correlation", "certain_half_gain"),
    ("relative_sigma", "mean σ/p", "{:.3f}"),
    *columns_of("edge_floating"),
)


@dataclass(frozen=True)
class Sweep:
    """The results of a sweep. results: (steps, members) -> the evaluation."""

    results: Mapping[tuple[int, int], Evaluation]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def domain_names(self) -> tuple[str, ...]:
        """The domains of the data set."""
        return next(iter(self.results.values())).domain_names

    def claims(self) -> tuple[Claim, ...]:
        """Return the claims for each domain and ensemble size: 1 and 2 steps against the best, more against fewer.

        Claims about numbers of steps that were not run are left out.
        """
        return tuple(
            claim
            for domain in self.domain_names
            for members in sorted({m for _, m in self.results})
            for claim in step_claims(
                {k: self.results[k, m].domain(domain)["abs_rel"] for k, m in self.results if m == members},
                f"{domain}, {members} member{'s' if members > 1 else ''}",
            )
        )

    def table(self) -> str:
        """Return a table with a row for each combination and domain."""
        rows: list[tuple[str, Figures]] = [
            (f"{domain}: {k} step{'s' * (k > 1)}, {m} member{'s' * (m > 1)}", self.results[k, m].domain(domain))
            for domain in self.domain_names
            for k, m in sorted(self.results)
        ]
        return figure_table(rows, COLUMNS)

    def to_json(self) -> dict[str, Any]:
        """Return {"sweep": [{"steps", "members", "domains": {...}}], "claims": [...], "settings": {...}}."""
        return {
            "sweep": [
                {"steps": k, "members": m, "domains": self.results[k, m].to_json()["domains"]}
                for k, m in sorted(self.results)
            ],
            "claims": [claim.to_json() for claim in self.claims()],
            "settings": dict(self.settings),
        }


def step_claims(abs_rel: Mapping[int, float], prefix: str) -> list[Claim]:
    """Return the claims about AbsRel by the number of steps. prefix: the beginning of their names."""
    best = min(abs_rel.values())
    claims = [
        Claim(f"{prefix}: {k} step{'s' * (k > 1)} above the best step count", abs_rel[k] / best - 1.0, bound)
        for k, bound in WITHIN.items()
        if k in abs_rel and len(abs_rel) > 1
    ]
    counts = [k for k in sorted(abs_rel) if k <= 10]
    worse = [abs_rel[more] / abs_rel[fewer] - 1.0 for more in counts for fewer in counts if fewer < more]
    if worse:
        claims.append(Claim(f"{prefix}: more steps, up to {counts[-1]}, above fewer", max(worse), MORE_MAY_COST))
    return claims


def sweep(
    samples: Iterable[EvalSample],
    engine: Engine,
    base: Settings,
    steps: Sequence[int] = STEPS,
    members: Sequence[int] = MEMBERS,
    *,
    limits: Limits = LIMITS,
    progress: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Sweep:
    """Evaluate every combination of `steps` and `members`, with all other settings from `base`.

    Raises ValueError as `evaluate` does, and before the first frame if a number is out of range.
    """
    if not steps or not members:
        raise ValueError(f"sweep: got steps {tuple(steps)} and members {tuple(members)}, expected numbers of both")
    estimates = shared_estimates(engine, base, steps, members)
    results = evaluate_all(samples, lambda _: estimates, limits, progress=progress)
    return Sweep(results, settings or {})
