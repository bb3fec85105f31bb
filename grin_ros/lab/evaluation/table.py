# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Figures as a Markdown table with aligned columns, which can be read in a terminal too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from grin_ros.lab.evaluation.distance import FAR_M, NEAR_M
from grin_ros.lab.evaluation.results import Evaluation, Figures

Columns = tuple[tuple[str, str, str], ...]

COLUMNS: Columns = (
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
    ("edge_floating", "floating", "{:.1%}"),
    ("edge_missed", "missed", "{:.1%}"),
    ("missing", "missing", "{:.1%}"),
    ("frames", "frames", "{:.0f}"),
)
"""Key of the figure, heading, format. Columns without figures are left out."""


def columns_of(*keys: str) -> Columns:
    """Return the columns of COLUMNS with these keys, in the order of the keys."""
    found = {column[0]: column for column in COLUMNS}
    return tuple(found[key] for key in keys)


SIGMA_COLUMNS: Columns = (
    *columns_of("coverage_1sigma", "coverage_2sigma"),
    ("relative_sigma", "mean σ/p", "{:.3f}"),
    ("rank_correlation", "pixels", "{:+.2f}"),
    ("rank_correlation_metric", "pixels m", "{:+.2f}"),
    ("rank_correlation_images", "images", "{:+.2f}"),
    ("rank_correlation_images_metric", "images m", "{:+.2f}"),
    *columns_of("certain_half_gain"),
    ("certain_half_gain_metric", "½ gain m", "{:+.0%}"),
    *columns_of("ause"),
    ("ause_metric", "AUSE m", "{:.3f}"),
    ("edge_sigma_ratio", "edges", "{:.2f}"),
    ("sky_sigma_ratio", "sky", "{:.2f}"),
)

DISTANCE_COLUMNS: Columns = (
    ("ln_median_slope", "slope", "{:.2f}"),
    ("ln_median_correlation", "corr.", "{:.2f}"),
    ("abs_rel_near", f"< {NEAR_M:g} m", "{:.3f}"),
    ("scenes_near", f"scenes < {NEAR_M:g} m", "{:.0f}"),
    ("abs_rel_middle", f"to {FAR_M:g} m", "{:.3f}"),
    ("scenes_middle", f"scenes to {FAR_M:g} m", "{:.0f}"),
    ("abs_rel_far", f"> {FAR_M:g} m", "{:.3f}"),
    ("scenes_far", f"scenes > {FAR_M:g} m", "{:.0f}"),
)
"""The columns of the table by distance."""

MAX_SCENES = 24
"""The largest number of scenes per domain in the table. The JSON has all of them."""

LEGEND = """AbsRel: mean |p - g| / g of estimate p and ground truth g. aligned: after median scaling, that is, of shape
alone. scale: median(p) / median(g). delta1: share of pixels within a factor of 1.25. in 1σ, 2σ: share of the errors
within 1 and 2 sigma (Gaussian: 0.683, 0.954). AUSE: area between the sparsification curve and the oracle's (0 is best).
rank corr.: Spearman's correlation of sigma / p with the relative error. ½ gain: fall of AbsRel without the half of the
pixels with the larger sigma / p. floating, missed: pixels near depth edges that float between the surfaces, that miss
the edge. missing: measured pixels without an estimate. A domain is the mean of its scenes, a scene the mean of its
frames."""

SIGMA_LEGEND = """pixels, images: Spearman's correlation of sigma / p with |p - g| / g, over the pixels of a frame, and
of their means over the images of a domain. m: the same for sigma and |p - g| in metres. ½ gain m: the half with the
larger sigma in metres is left out. edges: sigma / p near depth edges divided by that elsewhere. sky: sigma / p beyond
range divided by that of measured pixels."""


DISTANCE_LEGEND = """slope, corr.: slope and correlation of the predicted ln(median) over the measured one, every scene
counted once (a model that always answers the same distance has a slope of 0). The other columns are the AbsRel of the
scenes whose median lies in that range, and the number of these scenes."""


def table(evaluation: Evaluation, name: str = "grin") -> str:
    """Return a table with a block per domain: the method, the baselines, and the scenes."""
    rows: list[tuple[str, Figures]] = []
    for domain in evaluation.domain_names:
        rows.append((f"**{domain}: {name}**", evaluation.domain(domain)))
        rows += [(f"{domain}: {method}", other.domain(domain)) for method, other in evaluation.baselines.items()]
        scenes = evaluation.scene_names(domain)
        rows += [(scene, evaluation.scene(domain, scene)) for scene in scenes[:MAX_SCENES]]
        if len(scenes) > MAX_SCENES:
            rows.append((f"and {len(scenes) - MAX_SCENES} more scenes", {}))
    rows += [(f"**mean of the sets, {domain}**", figures) for domain, figures in evaluation.mean_of_sets.items()]
    return figure_table(rows, COLUMNS)


def distance_table(evaluation: Evaluation) -> str:
    """Return a table with a row per domain, and a row for the mean of several data sets."""
    rows = [(domain, evaluation.domain(domain)) for domain in evaluation.domain_names]
    rows += [(f"mean of the sets, {domain}", figures) for domain, figures in evaluation.mean_of_sets.items()]
    return figure_table(rows, DISTANCE_COLUMNS)


def sigma_table(evaluation: Evaluation) -> str:
    """Return a table of sigma with two rows per domain, and sigma between domains; empty without any sigma."""
    rows: list[tuple[str, Figures]] = []
    for domain in evaluation.domain_names:
        figures = evaluation.domain(domain)
        if math.isfinite(figures["coverage_1sigma"]):
            rows += [
                (f"{domain}: mean of scenes", figures),
                (f"{domain}: mean of frames", evaluation.frames_alike(domain)),
            ]
    if not rows:
        return ""
    between = [f"mean σ/p, {pair}: {ratio:.2f}" for pair, ratio in evaluation.sigma_between_domains.items()]
    return "\n\n".join([figure_table(rows, SIGMA_COLUMNS), *between])


def figure_table(rows: Sequence[tuple[str, Mapping[str, float]]], columns: Columns) -> str:
    """Return a table from the label and the figures of each row, without the columns that no row has."""
    shown = tuple(c for c in columns if any(math.isfinite(figures.get(c[0], math.nan)) for _, figures in rows))
    head = ["", *(heading for _, heading, _ in shown)]
    return _markdown([head, *([label, *cells(figures, shown)] for label, figures in rows)])


def cells(figures: Mapping[str, float], columns: Columns) -> list[str]:
    """Return the figures of one row as texts. Missing figures are dashes."""
    return [cell(figures.get(key, math.nan), form) for key, _, form in columns]


def cell(figure: float, form: str) -> str:
    """Return a figure as text, a dash for NaN. form: for instance '{:.3f}'."""
    return "–" if math.isnan(figure) else form.format(figure)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for label, *cells in rows:
        padded = [label.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(cells, widths[1:], strict=True))]
        lines.append("| " + " | ".join(padded) + " |")
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
