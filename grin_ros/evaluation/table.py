# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The figures as a table: Markdown whose columns are aligned, so it reads in a terminal too."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grin_ros.evaluation.results import Evaluation, Figures

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("abs_rel", "AbsRel", "{:.3f}"),
    ("abs_rel_aligned", "aligned", "{:.3f}"),
    ("scale", "scale", "{:.2f}"),
    ("delta1", "delta1", "{:.3f}"),
    ("rmse_m", "RMSE m", "{:.2f}"),
    ("coverage_1sigma", "in 1σ", "{:.3f}"),
    ("coverage_2sigma", "in 2σ", "{:.3f}"),
    ("ause", "AUSE", "{:.3f}"),
    ("rank_correlation", "rank corr.", "{:+.2f}"),
    ("certain_half_gain", "½ gain", "{:+.0%}"),
    ("missing", "missing", "{:.1%}"),
    ("frames", "frames", "{:.0f}"),
)
"""key of the figures, heading, format."""

LEGEND = """AbsRel: mean |p - g| / g. aligned: after median scaling (shape without scale). scale: median(p) / median(g).
delta1: share within a factor 1.25. in 1σ, 2σ: share of the errors within 1 and 2 sigma (Gaussian: 0.683, 0.954).
AUSE: area between sparsification curve and oracle (0 is best). rank corr.: Spearman's, of sigma / p with the relative
error. ½ gain: fall of AbsRel when the half with the larger sigma is dropped. missing: measured pixels without depth.
A domain is the mean of its scenes, a scene the mean of its frames."""


def table(evaluation: Evaluation, name: str = "grin") -> str:
    """One block a domain: the method, its scenes, and the baselines on the same domain."""
    rows: list[list[str]] = [["", *(heading for _, heading, _ in COLUMNS)]]
    for domain in evaluation.domain_names:
        rows.append(_row(f"**{domain}: {name}**", evaluation.domain(domain)))
        rows += [
            _row(f"{domain}: {method}", baseline.domain(domain)) for method, baseline in evaluation.baselines.items()
        ]
        rows += [_row(f"{scene}", evaluation.scene(domain, scene)) for scene in evaluation.scene_names(domain)]
    return _markdown(rows)


def _row(label: str, figures: Figures) -> list[str]:
    values = (figures[key] for key, _, _ in COLUMNS)
    return [label, *("–" if math.isnan(v) else form.format(v) for v, (_, _, form) in zip(values, COLUMNS, strict=True))]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for label, *cells in rows:
        padded = [label.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(cells, widths[1:], strict=True))]
        lines.append("| " + " | ".join(padded) + " |")
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
