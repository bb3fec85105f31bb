# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table and the picture of an evaluation with hints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grin_ros.core.inspection.panel import new_figure, save
from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.evaluation.hinted import MODEL, Hinted
from grin_ros.lab.evaluation.table import cells, columns_of

HINTS_LEGEND = """AbsRel: mean |p - g| / g of estimate p and ground truth g. The pixels of hints count in no figure.
scale, inverse_depth_ls, interpolation, posterior_only: AbsRel of other methods with the very same hints: one factor,
the median; least squares for scale and shift in inverse depth; interpolation between the hints without a network; the
model without its hint network. in 1σ, 2σ: share of the errors within 1 and 2 sigma (Gaussian: 0.683, 0.954). rank
corr.: Spearman's correlation of sigma / p with the relative error. ½ gain: fall of AbsRel without the half of the
pixels with the larger sigma / p."""


def hints_table(results: Sequence[Hinted]) -> str:
    """Return a Markdown table: AbsRel of the model and of each baseline, by pattern and domain, and sigma's figures."""
    names = list(dict.fromkeys(name for result in results for name in result.baselines))
    of_sigma = columns_of("coverage_1sigma", "coverage_2sigma", "rank_correlation", "certain_half_gain", "frames")
    head = ["hints", "domain", "AbsRel", *names, *(heading for _, heading, _ in of_sigma)]
    rows = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for result in results:
        for domain in result.evaluation.domain_names:
            figures = result.evaluation.domain(domain)
            others = [
                f"{result.baselines[name].domain(domain)['abs_rel']:.3f}" if name in result.baselines else ""
                for name in names
            ]
            rows.append([result.pattern, domain, f"{figures['abs_rel']:.3f}", *others, *cells(figures, of_sigma)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def series(results: Sequence[Hinted], domain: str) -> dict[tuple[str, HintPattern], list[tuple[float, float]]]:
    """Return (method, pattern without its number) -> points (number of hints, AbsRel), by rising number of hints."""
    lines: defaultdict[tuple[str, HintPattern], list[tuple[float, float]]] = defaultdict(list)
    for result in results:
        if domain in result.evaluation.domain_names and result.hints_per_frame:
            alike = replace(HintPattern.parse(result.pattern), count=0)
            for name, evaluation in ({MODEL: result.evaluation} | dict(result.baselines)).items():
                lines[name, alike].append((result.hints_per_frame, evaluation.domain(domain)["abs_rel"]))
    return {key: sorted(points) for key, points in lines.items()}


def hints_picture(results: Sequence[Hinted], path: Path) -> Path:
    """Draw AbsRel against the number of hints, both logarithmic, one plot for each domain. Needs matplotlib.

    A line joins the results of one method with patterns that differ in their number only. The error without hints is a
    dashed line across the plot.
    """
    domains = list(dict.fromkeys(domain for result in results for domain in result.evaluation.domain_names))
    figure = new_figure(6.0 * len(domains), 4.6)
    figure.set_layout_engine("constrained")
    for axes, domain in zip(figure.subplots(1, len(domains), squeeze=False)[0], domains, strict=True):
        for result in results:
            if domain in result.evaluation.domain_names:
                error = result.evaluation.domain(domain)["abs_rel"]
                if not result.hints_per_frame:
                    axes.axhline(error, color="black", linestyle="--", label="without hints")
                    continue
                at = (result.hints_per_frame, error)
                axes.annotate(
                    result.pattern, at, (0, -8), textcoords="offset points", rotation=30, fontsize=7, ha="right",
                    va="top",
                )  # fmt: skip
        colours: dict[str, str] = {}
        for (name, _), points in series(results, domain).items():
            label = name if name not in colours else None
            colour = colours.setdefault(name, f"C{len(colours)}")
            width = 2.5 if name == MODEL else 1.2
            axes.plot(*zip(*points, strict=True), "o-", color=colour, label=label, linewidth=width, markersize=4)
        axes.set_title(domain)
        axes.set_xlabel("hints per frame")
        axes.set_ylabel("AbsRel")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.margins(x=0.15, y=0.25)
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize=8)
    save(figure, path)
    return path
