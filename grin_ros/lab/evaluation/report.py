# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report with pictures, in a folder:

report.md             tables by domain and scene, baselines, sigma, and the pictures below
report.json           all figures, including those of every frame
panels/NAME.png       image | measured depth | depth | sigma | error of every frame
contact_sheet.png     the worst and the best frames of each domain by AbsRel
sparsification.png    error of the rest when the most uncertain pixels are dropped, beside oracle and random order
reliability.png       share of the errors within k sigma, beside that of a Gaussian
distance.png          predicted over measured medians of all frames
"""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from grin_ros.core.inspection.panel import Tiles, draw, new_figure, paint, save
from grin_ros.core.types import DepthEstimate
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.figures import INK, distances, reliability, sparsification
from grin_ros.lab.evaluation.results import Evaluation, FrameResult, json_text
from grin_ros.lab.evaluation.table import DISTANCE_LEGEND, LEGEND, SIGMA_LEGEND, distance_table, sigma_table, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHEET_ROWS = 5
"""The number of worst frames, and of best frames, per domain on the contact sheet."""
_THUMB_PX = 240


def check_matplotlib() -> None:
    """Raise ValueError if matplotlib is not installed, which draws the pictures of --report."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError(
            "report: matplotlib is not installed; install it with pip install matplotlib, or leave --report out"
        )


class EvaluationReport:
    """Draws frames while they are evaluated, and then writes the files that need all of them.

    Raises ValueError at once if matplotlib is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        check_matplotlib()
        self.folder = Path(folder).expanduser()
        self._thumbs: dict[str, Tiles] = {}

    def add(self, sample: EvalSample, estimate: DepthEstimate, result: FrameResult) -> None:
        """Draw the panel of one frame and keep a small copy for the contact sheet."""
        tiles = paint(sample.frame.image, estimate.depth_m, estimate.sigma_m, sample.depth_m, with_truth=True)
        save(draw(tiles, title=_caption(result)), self.folder / "panels" / f"{sample.name}.png")
        self._thumbs[sample.name] = Tiles(tuple((name, _small(image), scale) for name, image, scale in tiles.images))

    def write(self, evaluation: Evaluation, name: str = "grin") -> Path:
        """Write the other files and return the path of report.md."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_old_panels(evaluation)
        (self.folder / "report.json").write_text(json_text(evaluation.to_json()), encoding="utf-8")
        save(sparsification(evaluation), self.folder / "sparsification.png")
        save(reliability(evaluation), self.folder / "reliability.png")
        save(distances(evaluation), self.folder / "distance.png")
        save(self._contact_sheet(evaluation), self.folder / "contact_sheet.png")
        path = self.folder / "report.md"
        path.write_text(self._markdown(evaluation, name), encoding="utf-8")
        return path

    def _remove_old_panels(self, evaluation: Evaluation) -> None:
        """Remove the panels of an earlier report in the folder that are not of this one. It lists their names."""
        try:
            old = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
            names = {str(frame["name"]) for frame in old["frames"]}
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or somebody else's file has its name
            return
        for name in names - {frame.name for frame in evaluation.frames}:
            if Path(name).name == name:
                (self.folder / "panels" / f"{name}.png").unlink(missing_ok=True)

    def _markdown(self, evaluation: Evaluation, name: str) -> str:
        settings = ", ".join(f"{key}: {value}" for key, value in evaluation.settings.items())
        legend, of_sigma = (text.replace("\n", "  \n") for text in (LEGEND, SIGMA_LEGEND))
        parts = [f"# Evaluation of {name}", settings, table(evaluation, name), legend]
        parts += ["## Sigma", sigma_table(evaluation), of_sigma]
        parts += ["## Distance", distance_table(evaluation), DISTANCE_LEGEND]
        parts += [f"![{title}]({file})" for title, file in (
            ("worst and best frames", "contact_sheet.png"),
            ("sparsification", "sparsification.png"),
            ("reliability", "reliability.png"),
            ("predicted over measured distance", "distance.png"),
        )]  # fmt: skip
        for domain in evaluation.domain_names:
            parts.append(f"## {domain}, worst first")
            parts += [f"![{frame.name}](panels/{frame.name}.png)" for frame in _worst_first(evaluation, domain)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _contact_sheet(self, evaluation: Evaluation) -> Figure:
        rows: list[tuple[str, FrameResult]] = []
        for domain in evaluation.domain_names:
            frames = _worst_first(evaluation, domain)
            worst = frames[:SHEET_ROWS]
            best = frames[len(worst) :][: -SHEET_ROWS - 1 : -1]
            rows += [(f"{domain}, worst", frame) for frame in worst] + [(f"{domain}, best", frame) for frame in best]
        rows = [(group, frame) for group, frame in rows if frame.name in self._thumbs]
        titles: tuple[str, ...] = ()
        for _, frame in rows:  # frames without sigma have fewer tiles
            titles = max(titles, self._thumbs[frame.name].titles, key=len)
        heights = [self._thumbs[frame.name].images[0][1].shape[0] / _THUMB_PX for _, frame in rows]
        tile_w, text, edge = 1.9, 0.24, 0.1
        figure_w = 2 * edge + len(titles) * tile_w
        figure_h = 2 * edge + text + sum(h * tile_w + text for h in heights)
        figure = new_figure(figure_w, figure_h)
        top = figure_h - edge - text
        for i, heading in enumerate(titles):
            place = ((edge + i * tile_w) / figure_w, (top + text / 2) / figure_h)
            figure.text(*place, heading, fontsize=8.5, color=INK, weight="bold", va="center")
        for (group, frame), height in zip(rows, heights, strict=True):
            figure.text(
                edge / figure_w, (top - text / 2) / figure_h, f"{group}   {_caption(frame)}",
                fontsize=7.5, color=INK, va="center",
            )  # fmt: skip
            top -= text + height * tile_w
            for i, (_, image, _) in enumerate(self._thumbs[frame.name].images):
                left, width = edge + i * tile_w, tile_w - 0.04
                axes = figure.add_axes((left / figure_w, top / figure_h, width / figure_w, height * tile_w / figure_h))
                axes.imshow(image, aspect="auto")
                axes.set_axis_off()
        return figure


def _worst_first(evaluation: Evaluation, domain: str) -> list[FrameResult]:
    """Return the frames of a domain by falling AbsRel, those without any estimate first."""
    frames = [frame for frame in evaluation.frames if frame.domain == domain]
    return sorted(frames, key=lambda f: math.inf if math.isnan(f.metrics.abs_rel) else f.metrics.abs_rel, reverse=True)


def _caption(frame: FrameResult) -> str:
    m = frame.metrics
    if math.isnan(m.abs_rel):
        return f"{frame.name}: no depth on any measured pixel"
    text = f"{frame.name}   AbsRel {m.abs_rel:.3f}   aligned {m.abs_rel_aligned:.3f}   scale {m.scale:.2f}"
    if math.isfinite(m.rank_correlation):
        text += f"   in 1σ {m.coverage_1sigma:.2f}   rank corr. {m.rank_correlation:+.2f}"
    return text + (f"   missing {m.missing:.0%}" if m.missing >= 0.005 else "")


def _small(image: Any) -> Any:
    height, width = image.shape[:2]
    return cv2.resize(image, (_THUMB_PX, max(1, round(height * _THUMB_PX / width))), interpolation=cv2.INTER_AREA)
