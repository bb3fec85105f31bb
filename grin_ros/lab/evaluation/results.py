# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Results of frames, scenes and domains. The figure of a scene is the mean of its frames, that of a domain the mean of
its scenes, so that forty frames of one kitchen have the weight of one photograph of another room.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.metrics import FrameMetrics
from grin_ros.core.inspection.sparsification import spearman
from grin_ros.core.inspection.uncertainty import FrameCurves
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import OF_SET
from grin_ros.lab.evaluation.distance import BANDS, distance_figures

Estimate = Callable[[Frame], DepthEstimate]
"""A method that can be evaluated."""
Figures = dict[str, float]
METRICS = tuple(item.name for item in fields(FrameMetrics))


@dataclass(frozen=True)
class FrameResult:
    """The result of a method on one frame."""

    name: str
    scene: str
    domain: str
    metrics: FrameMetrics
    curves: FrameCurves


@dataclass(frozen=True)
class Evaluation:
    """The results of one method on one data set. baselines: the results of the baselines on it, by name."""

    frames: tuple[FrameResult, ...]
    baselines: Mapping[str, Evaluation] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The description of the evaluated method: model, backend, steps, limits."""

    @property
    def domain_names(self) -> tuple[str, ...]:
        """The domains in the order of the frames."""
        return tuple(dict.fromkeys(frame.domain for frame in self.frames))

    def scene_names(self, domain: str) -> tuple[str, ...]:
        """Return the scenes of a domain in the order of the frames."""
        return tuple(dict.fromkeys(frame.scene for frame in self.frames if frame.domain == domain))

    def scene(self, domain: str, scene: str) -> Figures:
        """Return means over the frames of one scene, by the fields of FrameMetrics, and what `_derived` adds."""
        frames = self._of(domain, scene)
        means = {key: _mean([getattr(frame.metrics, key) for frame in frames]) for key in METRICS}
        return means | _derived(means) | _counts(frames)

    def domain(self, domain: str) -> Figures:
        """Return means over the scenes of one domain.

        The keys are those of `scene` and three more: scenes; rank_correlation_images, Spearman's correlation over the
        frames of mean sigma / p with abs_rel; rank_correlation_images_metric, that of mean sigma with mean |p - g|,
        both in metres. The correlations are NaN for fewer than three frames.
        """
        scenes = [self.scene(domain, scene) for scene in self.scene_names(domain)]
        means = {key: _mean([scene[key] for scene in scenes]) for key in METRICS}
        return means | _derived(means) | self._of_domain(domain)

    def frames_alike(self, domain: str) -> Figures:
        """Return the figures of `domain` as means over frames instead of scenes."""
        means = {key: _mean([getattr(frame.metrics, key) for frame in self._of(domain)]) for key in METRICS}
        return means | _derived(means) | self._of_domain(domain)

    def _of_domain(self, domain: str) -> Figures:
        frames = self._of(domain)
        return _counts(frames) | {
            "scenes": float(len(self.scene_names(domain))),
            "rank_correlation_images": _of_images([(f.metrics.relative_sigma, f.metrics.abs_rel) for f in frames]),
            "rank_correlation_images_metric": _of_images([(f.metrics.sigma_m, f.metrics.abs_error_m) for f in frames]),
            **distance_figures(frames),
        }

    @property
    def mean_of_sets(self) -> dict[str, Figures]:
        """domain -> the means of its figures over the data sets that have it, for domains of more than one set.

        Numbers of frames and scenes are sums.
        """
        sets: defaultdict[str, list[Figures]] = defaultdict(list)
        for name in self.domain_names:
            sets[name.partition(OF_SET)[2]].append(self.domain(name))
        return {
            domain: {
                key: (math.fsum if key in _WHOLE else _mean)([figures[key] for figures in found]) for key in found[0]
            }
            for domain, found in sets.items()
            if domain and len(found) > 1
        }

    @property
    def sigma_between_domains(self) -> Figures:
        """'a/b' -> mean sigma / p of domain a divided by that of b, which is 'indoor' or else the first domain.

        It is empty for one domain and for a method without sigma.
        """
        names = self.domain_names
        base = "indoor" if "indoor" in names else names[0]
        of = {name: self.domain(name)["relative_sigma"] for name in names}
        ratios = {f"{name}/{base}": of[name] / of[base] if of[base] else math.nan for name in names if name != base}
        return {pair: ratio for pair, ratio in ratios.items() if math.isfinite(ratio)}

    def curve(self, domain: str, pick: Callable[[FrameCurves], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the mean of a curve over the scenes of one domain, averaged as the figures are."""
        scenes = [
            _mean_curve([pick(frame.curves) for frame in self._of(domain, scene)]) for scene in self.scene_names(domain)
        ]
        return _mean_curve(scenes)

    def to_json(self) -> dict[str, Any]:
        """Return {"domains": {domain: {...}}, "frames_alike": {domain: {...}}, "scenes": {scene: {..., "domain"}},
        "baselines": {name: {domain: {...}}}, "baseline_settings": {name: {...}},
        "sigma_between_domains": {"a/b": ratio}, "frames": [{"name", ...}], "settings": {...}}.

        An undefined figure is NaN, which `json_text` writes as null. Numbers of frames and scenes are integers.
        """
        pairs = [(domain, scene) for domain in self.domain_names for scene in self.scene_names(domain)]
        names = [scene for _, scene in pairs]
        return {
            "domains": self._domains_json(),
            "frames_alike": {domain: _json(self.frames_alike(domain)) for domain in self.domain_names},
            "scenes": {
                # Two domains may use the same name for a scene. The key then holds the domain too.
                (scene if names.count(scene) == 1 else f"{domain}/{scene}"): (
                    {"domain": domain} | _json(self.scene(domain, scene))
                )
                for domain, scene in pairs
            },
            "baselines": {name: baseline._domains_json() for name, baseline in self.baselines.items()},
            "baseline_settings": {name: dict(baseline.settings) for name, baseline in self.baselines.items()},
            "sigma_between_domains": _json(self.sigma_between_domains),
            "frames": [
                {"name": frame.name, "scene": frame.scene, "domain": frame.domain} | _json(asdict(frame.metrics))
                for frame in self.frames
            ],
            "settings": dict(self.settings),
        }

    def _domains_json(self) -> dict[str, Any]:
        return {domain: _json(self.domain(domain)) for domain in self.domain_names}

    def _of(self, domain: str, scene: str | None = None) -> list[FrameResult]:
        return [f for f in self.frames if f.domain == domain and scene in (None, f.scene)]


def _derived(means: Figures) -> Figures:
    """Return how much abs_rel falls (0.25 = 25 %) without the half of the pixels that has the larger sigma.

    certain_half_gain orders pixels by sigma / p, certain_half_gain_metric by sigma in metres.
    """
    return {
        f"certain_half_gain{reading}": (
            1.0 - means[f"abs_rel_certain_half{reading}"] / means["abs_rel"] if means["abs_rel"] else 0.0
        )
        for reading in ("", "_metric")
    }


def _of_images(pairs: Sequence[tuple[float, float]]) -> float:
    """Return Spearman's correlation over images of (mean sigma, mean error), or NaN for fewer than three images."""
    images = np.array([pair for pair in pairs if all(map(math.isfinite, pair))])
    return spearman(images[:, 0], images[:, 1]) if len(images) >= 3 else math.nan


def _counts(frames: Sequence[FrameResult]) -> Figures:
    """Count frames and empty ones, which have no estimated pixel and count only in the mean of `missing`."""
    empty = sum(math.isnan(frame.metrics.abs_rel) for frame in frames)
    return {"frames": float(len(frames)), "frames_empty": float(empty)}


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def _mean_curve(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    defined = [curve for curve in curves if np.isfinite(curve).all()]
    return np.mean(defined, axis=0) if defined else np.full_like(curves[0], np.nan)


def json_text(values: Mapping[str, Any]) -> str:
    """Return values as a JSON text with null for NaN and infinity, which JSON does not know."""
    return json.dumps(_finite(values), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_WHOLE = {"frames", "frames_empty", "scenes", *(f"scenes_{name}" for name in BANDS)}


def _json(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures rounded to six digits for JSON, and numbers of frames and scenes as integers."""
    return {key: int(value) if key in _WHOLE else float(f"{value:.6g}") for key, value in figures.items()}
