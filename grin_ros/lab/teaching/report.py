# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a teaching: report.json, report.md, and report.png with the robot's held-back frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.inspection.panel import new_figure, save
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.lab.teaching.choosing import Candidate
from grin_ros.lab.teaching.judging import SETTINGS, SiteFigures, site_samples
from grin_ros.lab.teaching.teach import Taught, spread

SHOWN = 4
"""The number of frames in the picture."""


def report_json(taught: Taught) -> dict[str, Any]:
    """Return the content of report.json; figures of the old domain are null where it was not measured."""
    before, after = taught.before, taught.after
    return {
        "site": {"before": _rounded(before.site), "after": _rounded(after.site)},
        "old_domain": {"before": _number(before.old_domain), "after": _number(after.old_domain)},
        "frames": len(taught.split.learn),
        "minutes": round(taught.tuned.minutes, 1),
        "installed": taught.installed,
    }


def write_report(taught: Taught, out: Path, model: str, frames: LabelFolder, threads: int = 0) -> Path:
    """Write the three files into `out`, and return the path of report.md. The picture needs matplotlib."""
    (out / "report.json").write_text(json.dumps(report_json(taught), indent=1) + "\n")
    _picture(taught, out / "report.png", model, out / "work" / "artifact", frames, threads)
    path = out / "report.md"
    path.write_text(markdown(taught, out, model))
    return path


def summary(taught: Taught, out: Path, model: str) -> str:
    """Return the result in a few lines for a terminal."""
    lines = [f"{'installed' if taught.installed else 'NOT installed'}: {taught.reason}", f"{'':40}before   after"]
    lines += [f"  {name:38}{before:>6}  {after:>6}" for name, before, after in _figures(taught)]
    lines.append(f"report: {out / 'report.md'}, picture: {out / 'report.png'}")
    made = out / "work" / "artifact"
    use = f"use it: ros2 launch grin_ros grin.launch.py model:={out.resolve()}"
    lines.append(use if taught.installed else f"{model} stays as it is; the new model, not installed: {made}")
    return "\n".join(lines)


def _figures(taught: Taught) -> list[tuple[str, str, str]]:
    """Return rows of a name, the figure before and the figure after."""
    before, after = taught.before, taught.after
    return [
        ("AbsRel, the robot's held-back frames", f"{before.site.abs_rel:.3f}", f"{after.site.abs_rel:.3f}"),
        ("within a factor of 1.25", f"{before.site.delta1:.3f}", f"{after.site.delta1:.3f}"),
        ("errors within one sigma", f"{before.site.coverage_1sigma:.3f}", f"{after.site.coverage_1sigma:.3f}"),
        ("AbsRel, old domain", _text(before.old_domain), _text(after.old_domain)),
    ]


def markdown(taught: Taught, out: Path, model: str) -> str:
    """Return the report as Markdown."""
    verdict = "**Installed.**" if taught.installed else "**Not installed.**"
    use = f"Use it with `model:={out}`." if taught.installed else f"`{model}` stays as it is."
    rows = ["| | before | after |", "|---|---:|---:|"]
    rows += [f"| {name} | {before} | {after} |" for name, before, after in _figures(taught)]
    tried = ["| share of the tuned weights | AbsRel, robot | AbsRel, old domain | forgotten |", "|---:|---:|---:|---:|"]
    tried += [
        f"| {one.share:.1f} | {one.site:.3f} | {_text(one.old_domain)} | {_forgotten(one)} |" for one in taught.tried
    ]
    parts = [
        f"# {out.name}, taught from {model}",
        f"{verdict} {taught.reason}. {use}",
        "\n".join(rows),
        (
            f"{taught.split}. {taught.tuned.steps} steps in {taught.tuned.minutes:.1f} minutes. AbsRel is the mean of "
            "|depth - measured| / measured over the pixels that the robot's own sensors or its motion have measured, "
            f"with the camera alone. Old domain: {taught.old_domain.what}."
        ),
        "![held-back frames: image, labels, before, after](report.png)",
        "## The way from the old weights to the tuned ones",
        (
            f"The share {taught.chosen.share:.1f} was chosen, on frames that neither were learnt nor judge above: the "
            "best for the robot of those that forget little enough, one standard error (after ±) included."
        ),
        "\n".join(tried),
    ]
    return "\n\n".join(parts) + "\n"


def _picture(taught: Taught, path: Path, model: str, made: Path, frames: LabelFolder, threads: int) -> None:
    before, after = (Estimator(open_engine("ort", load_artifact(name), threads), SETTINGS) for name in (model, made))
    samples = list(site_samples(frames, spread(taught.split.judge, SHOWN)))
    figure = new_figure(11.0, 2.15 * len(samples) + 0.3)
    figure.set_layout_engine("constrained")
    for row, sample in enumerate(samples):
        measured_m = sample.depth_m
        answers_m = [estimate(sample.frame).depth_m for estimate in (before, after)]
        errors = [float(np.nanmean(np.abs(one / measured_m - 1.0))) for one in answers_m]
        titles = (
            "image",
            "measured",
            *(f"{n}: AbsRel {e:.2f}" for n, e in zip(("before", "after"), errors, strict=True)),
        )
        low, high = np.nanpercentile(measured_m, (2, 98)) * (0.7, 1.4)
        v, u = np.nonzero(np.isfinite(measured_m))
        row_axes = []
        pictures = (sample.frame.image, None, *answers_m)
        for column, picture in enumerate(pictures):
            axes = figure.add_subplot(len(samples), 4, 4 * row + column + 1)
            row_axes.append(axes)
            if picture is None:
                axes.imshow(sample.frame.image // 3)
                axes.scatter(u, v, c=measured_m[v, u], s=2.0, cmap="turbo_r", vmin=low, vmax=high)
            else:
                shown = axes.imshow(picture, **({} if column == 0 else {"cmap": "turbo_r", "vmin": low, "vmax": high}))
                if column == 3:
                    figure.colorbar(shown, ax=row_axes, label="m")
            axes.set_axis_off()
            if row == 0 or column > 1:
                axes.set_title(titles[column], fontsize=9)
    save(figure, path)


def _rounded(figures: SiteFigures) -> dict[str, float]:
    return {name: round(getattr(figures, name), 4) for name in ("abs_rel", "delta1", "coverage_1sigma")}


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _forgotten(one: Candidate) -> str:
    found = one.forgotten
    return "" if found is None or not one.share else f"{found.share:+.1%} ± {found.error:.1%}"


def _text(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
