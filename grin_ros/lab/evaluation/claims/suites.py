# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Suites of checks with claims, most of which need renders: `grin evaluate DIR ... --suite NAME`.

cameras   cameras that training has not seen, against those of training
mounting  the gain from a known mounting at robot height
focal     two focal lengths from one place
edges     points that float between surfaces
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.inspection.edges import boundary
from grin_ros.core.inspection.metrics import LIMITS, Limits
from grin_ros.core.inspection.uncertainty import MIN_PIXELS
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.claims.claim import Claim
from grin_ros.lab.evaluation.results import Estimate, Evaluation, Figures
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.evaluation.table import COLUMNS, figure_table

CAMERAS_BOUND, FOCAL_BOUND, MOUNTING_BOUND, EDGES_BOUND = 0.15, 0.05, 0.15, 0.5
FOCAL_SHARES = (0.8, 0.6)
"""The sides of the central window as shares of those of the image: focal lengths 1.25 and 1.67 times as long."""


@dataclass(frozen=True)
class SuiteResult:
    """The result of a suite. text: a table. figures: the values for JSON."""

    name: str
    text: str
    figures: Mapping[str, Any]
    claims: tuple[Claim, ...]

    def to_json(self) -> dict[str, Any]:
        """Return {"suite", "figures": {...}, "claims": [...]}."""
        return {
            "suite": self.name,
            "figures": dict(self.figures),
            "claims": [claim.to_json() for claim in self.claims],
        }


def cameras(
    known: Iterable[EvalSample],
    unseen: Mapping[str, Iterable[EvalSample]],
    estimate: Estimate,
    limits: Limits = LIMITS,
    progress: bool = False,
) -> SuiteResult:
    """Compare AbsRel on renders of unseen cameras with that on held-out renders of the cameras of training.

    unseen: sets of samples by name. The worlds that a set shares with the known samples are compared, each with the
    same weight, or all scenes if worlds are unknown.
    """
    reference = evaluate(known, estimate, limits=limits, progress="known cameras" if progress else None)
    rows: list[tuple[str, Figures]] = [("known cameras", _only_domain(reference))]
    claims, figures = [], {"known": rows[0][1]["abs_rel"]}
    for name, samples in unseen.items():
        got = evaluate(samples, estimate, limits=limits, progress=name if progress else None)
        shared = sorted(set(_scenes(reference)) & set(_scenes(got)))
        here, there = _abs_rel(got, shared), _abs_rel(reference, shared)
        worlds = f" over {', '.join(shared)}" if shared else ""
        claims.append(Claim(f"{name} above known cameras{worlds}", here / there - 1.0, CAMERAS_BOUND))
        rows.append((name, _only_domain(got)))
        figures[name] = here
    if len(unseen) > 1:
        mean = float(np.mean([claim.figure for claim in claims]))
        claims.append(Claim("unseen cameras above known ones, mean of the sets", mean, CAMERAS_BOUND))
    return SuiteResult("cameras", figure_table(rows, COLUMNS), figures, tuple(claims))


def mounting(
    samples: Sequence[EvalSample] | Iterable[EvalSample],
    estimate: Estimate,
    network: Estimate,
    limits: Limits = LIMITS,
    progress: bool = False,
) -> SuiteResult:
    """Compare AbsRel with a known and with an unknown mounting, on samples that have a mounting.

    network: the method without the scale of the floor, so that the network alone knows the mounting. The samples are
    iterated three times. The figures are means over the domains.
    """
    unmounted = (_without_mounting(sample) for sample in samples)
    sides = {
        name: evaluate(of, method, limits=limits, progress=f"mounting {name}" if progress else None)
        for name, of, method in (
            ("known", samples, estimate),
            ("known to the network only", samples, network),
            ("unknown", unmounted, estimate),
        )
    }
    rows = [
        (f"{domain}: mounting {name}", evaluation.domain(domain))
        for domain in sides["known"].domain_names
        for name, evaluation in sides.items()
    ]
    figures = {
        name: float(np.mean([evaluation.domain(domain)["abs_rel"] for domain in evaluation.domain_names]))
        for name, evaluation in sides.items()
    }
    gain = 1.0 - figures["known"] / figures["unknown"]
    claim = Claim("AbsRel lower with the mounting", gain, MOUNTING_BOUND, at_least=True)
    return SuiteResult("mounting", figure_table(rows, COLUMNS), figures, (claim,))


def focal(samples: Iterable[EvalSample], estimate: Estimate, progress: bool = False) -> SuiteResult:
    """Compare the depth of the same points through two focal lengths from one place. No ground truth is needed.

    The longer lens is the central window of the image with its K, so that rays, place, light and noise are the same.
    Only the field of view and the number of pixels differ; a real second camera would have noise of its own. The figure
    of a pair is the median over the common pixels of depth in the window / depth in the whole image. The result is the
    median over pairs of its distance from 1.
    """
    by_share: dict[float, list[float]] = {share: [] for share in FOCAL_SHARES}
    for sample in tqdm(samples, desc="focal", unit="frame", disable=not progress):
        frame = sample.frame if sample.frame.camera.mounting is None else _without_mounting(sample).frame
        whole = estimate(frame).depth_m
        height, width = whole.shape
        for share, ratios in by_share.items():
            w, h = round(width * share), round(height * share)
            x, y = (width - w) // 2, (height - h) // 2
            image = np.ascontiguousarray(frame.image[y : y + h, x : x + w])
            window = estimate(Frame(image, frame.camera.cropped(x, y, w, h), frame.stamp_ns)).depth_m
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = window / whole[y : y + h, x : x + w]
            ratio = ratio[np.isfinite(ratio) & (ratio > 0.0)]
            if ratio.size:
                ratios.append(float(np.median(ratio)))
    pairs = [ratio for ratios in by_share.values() for ratio in ratios]
    if not pairs:
        raise ValueError("focal: no pair has depth on its common pixels; give frames on which the model answers")
    figures: dict[str, Any] = {"pairs": len(pairs)}
    lines = []
    for share, ratios in by_share.items():
        off = np.abs(np.array(ratios) - 1.0)
        figures[f"focal_{1 / share:.2f}"] = {
            "median_off": float(np.median(off)),
            "p90_off": float(np.percentile(off, 90)),
            "median_ratio": float(np.median(ratios)),
        }
        lines.append(
            f"focal length x {1 / share:.2f}: {len(ratios)} pairs, median |ratio - 1| {np.median(off):.3f}, 90 % below "
            f"{np.percentile(off, 90):.3f}, median ratio {np.median(ratios):.3f}"
        )
    claim = Claim("metres through another focal length", float(np.median(np.abs(np.array(pairs) - 1.0))), FOCAL_BOUND)
    return SuiteResult("focal", "\n".join(lines), figures, (claim,))


def edges(
    samples: Iterable[EvalSample],
    estimate: Estimate,
    grid: tuple[int, int],
    limits: Limits = LIMITS,
    progress: bool = False,
) -> SuiteResult:
    """Measure points that float between surfaces (core.inspection.edges.boundary), as means over the frames.

    The estimate is compared with its own values at the query grid (rows, cols), upsampled bilinearly. The ground truth
    upsampled in the same way is what a perfect network would give without guided upsampling.
    """
    methods: dict[str, Callable[[DepthEstimate, NDArray[Any]], NDArray[Any]]] = {
        "estimate": lambda got, _: got.depth_m,
        "bilinear": lambda got, _: from_grid(got.depth_m, grid),
        "truth_bilinear": lambda _, truth_m: from_grid(truth_m, grid),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for sample in tqdm(samples, desc="edges", unit="frame", disable=not progress):
        got = estimate(sample.frame)
        truth_m = np.where(limits.inside(sample.depth_m), sample.depth_m, np.float32(np.nan))
        for name, method in methods.items():
            at = boundary(method(got, truth_m), truth_m)
            if at.pixels >= MIN_PIXELS:  # floating is NaN if all edges are missed
                found[name].append((at.floating, at.missed))
    if not found["estimate"]:
        raise ValueError("edges: no frame has depth edges with an estimate; give renders of furnished scenes")
    figures = {
        name: dict(zip(("floating", "missed", "frames"), (*np.nanmean(values, 0).tolist(), len(values)), strict=True))
        for name, values in found.items()
        if values
    }
    labels = {
        "estimate": "estimate",
        "bilinear": "its query grid, bilinear",
        "truth_bilinear": "ground truth on that grid, bilinear",
    }
    columns = (("floating", "floating", "{:.1%}"), ("missed", "edge missed", "{:.1%}"), ("frames", "frames", "{:.0f}"))
    text = figure_table([(labels[name], values) for name, values in figures.items()], columns)
    base = figures["bilinear"]["floating"]
    share = figures["estimate"]["floating"] / base if base else float("nan")
    claim = Claim("floating points / those of bilinear upsampling", share, EDGES_BOUND)
    return SuiteResult("edges", text, figures, (claim,))


def from_grid(depth_m: NDArray[Any], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Take depth (H, W) at the centres of a grid (rows, cols) of cells and upsample ln(depth) bilinearly to (H, W).

    A cell without depth takes that of the nearest cell with depth, so that holes do not grow.
    """
    height, width = depth_m.shape
    rows, cols = grid
    u, v = np.rint(pixel_grid(width, height, cols=cols, rows=rows)).astype(np.int64).T
    cells = depth_m[v.clip(0, height - 1), u.clip(0, width - 1)].reshape(rows, cols)
    known = np.isfinite(cells) & (np.nan_to_num(cells) > 0.0)
    if not known.any():
        return np.full((height, width), np.nan, np.float32)
    if not known.all():
        _, labels = cv2.distanceTransformWithLabels(
            (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        of_label = np.zeros(labels.max() + 1)
        of_label[labels[known]] = cells[known]
        cells = of_label[labels]
    fine = cv2.resize(np.log(cells).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.exp(fine), np.float32)


def _without_mounting(sample: EvalSample) -> EvalSample:
    frame = sample.frame
    return replace(sample, frame=replace(frame, camera=frame.camera.with_mounting(None)))


def _only_domain(evaluation: Evaluation) -> Figures:
    return evaluation.domain(evaluation.domain_names[0])


def _scenes(evaluation: Evaluation) -> tuple[str, ...]:
    return evaluation.scene_names(evaluation.domain_names[0])


def _abs_rel(evaluation: Evaluation, scenes: Sequence[str]) -> float:
    """Return the mean over `scenes`, or over all scenes if none is given."""
    domain = evaluation.domain_names[0]
    return float(np.nanmean([evaluation.scene(domain, s)["abs_rel"] for s in scenes or _scenes(evaluation)]))
