# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From frames to domains: a scene's figure is the mean of its frames, a domain's the mean of its scenes.

So forty frames of one kitchen weigh as much as one photograph of another room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.inspection.metrics import FrameMetrics
from grin_ros.core.inspection.sparsification import spearman
from grin_ros.core.inspection.uncertainty import FrameCurves

Figures = dict[str, float]
METRICS = tuple(item.name for item in fields(FrameMetrics))


@dataclass(frozen=True)
class FrameResult:
    name: str
    scene: str
    domain: str
    metrics: FrameMetrics
    curves: FrameCurves


@dataclass(frozen=True)
class Evaluation:
    """The results of one method on one data set. `baselines`: those of the trivial methods, by name."""

    frames: tuple[FrameResult, ...]
    baselines: Mapping[str, Evaluation] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What was evaluated and how: model, backend, steps, limits."""

    @property
    def domain_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(frame.domain for frame in self.frames))

    def scene_names(self, domain: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(frame.scene for frame in self.frames if frame.domain == domain))

    def scene(self, domain: str, scene: str) -> Figures:
        """Means over the frames of one scene: the fields of FrameMetrics, frames, and what `_derived` adds."""
        frames = self._of(domain, scene)
        means = {key: _mean([getattr(frame.metrics, key) for frame in frames]) for key in METRICS}
        return means | _derived(means) | _counts(frames)

    def domain(self, domain: str) -> Figures:
        """Means over the scenes of one domain; besides the keys of `scene`: scenes; rank_correlation_images, Spearman's
        over the frames, of mean sigma / p with abs_rel; and rank_correlation_images_metric, of mean sigma with mean
        |p - g|, both in metres (NaN below three frames)."""
        scenes = [self.scene(domain, scene) for scene in self.scene_names(domain)]
        means = {key: _mean([scene[key] for scene in scenes]) for key in METRICS}
        return means | _derived(means) | self._of_domain(domain)

    def frames_alike(self, domain: str) -> Figures:
        """As `domain`, but means over its frames, whichever scene they are of."""
        means = {key: _mean([getattr(frame.metrics, key) for frame in self._of(domain)]) for key in METRICS}
        return means | _derived(means) | self._of_domain(domain)

    def _of_domain(self, domain: str) -> Figures:
        frames = self._of(domain)
        return _counts(frames) | {
            "scenes": float(len(self.scene_names(domain))),
            "rank_correlation_images": _of_images([(f.metrics.relative_sigma, f.metrics.abs_rel) for f in frames]),
            "rank_correlation_images_metric": _of_images([(f.metrics.sigma_m, f.metrics.abs_error_m) for f in frames]),
        }

    @property
    def sigma_between_domains(self) -> Figures:
        """'a/b': mean sigma / p of domain a over that of b, which is 'indoor', or the first where there is none. Empty
        for one domain, and where there is no sigma."""
        names = self.domain_names
        base = "indoor" if "indoor" in names else names[0]
        of = {name: self.domain(name)["relative_sigma"] for name in names}
        ratios = {f"{name}/{base}": of[name] / of[base] if of[base] else math.nan for name in names if name != base}
        return {pair: ratio for pair, ratio in ratios.items() if math.isfinite(ratio)}

    def curve(self, domain: str, pick: Callable[[FrameCurves], NDArray[np.float64]]) -> NDArray[np.float64]:
        """A curve's mean over the scenes of one domain, as the figures are formed."""
        scenes = [
            _mean_curve([pick(frame.curves) for frame in self._of(domain, scene)]) for scene in self.scene_names(domain)
        ]
        return _mean_curve(scenes)

    def to_json(self) -> dict[str, Any]:
        """{"domains": {domain: {...}}, "frames_alike": {domain: {...}}, "scenes": {scene: {..., "domain"}},
        "baselines": {name: {domain: {...}}}, "baseline_settings": {name: {...}},
        "sigma_between_domains": {"a/b": ratio}, "frames": [{"name", ...}], "settings": {...}}.

        A figure that is undefined is None; frames and scenes are whole numbers.
        """
        pairs = [(domain, scene) for domain in self.domain_names for scene in self.scene_names(domain)]
        names = [scene for _, scene in pairs]
        return {
            "domains": self._domains_json(),
            "frames_alike": {domain: _json(self.frames_alike(domain)) for domain in self.domain_names},
            "scenes": {
                # Two domains may use one scene name; the key then says which.
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
    """certain_half_gain: by how much (0.25 = 25 %) abs_rel falls when the half with the larger sigma / p is dropped;
    certain_half_gain_metric: with the larger sigma in metres."""
    return {
        f"certain_half_gain{reading}": (
            1.0 - means[f"abs_rel_certain_half{reading}"] / means["abs_rel"] if means["abs_rel"] else 0.0
        )
        for reading in ("", "_metric")
    }


def _of_images(pairs: Sequence[tuple[float, float]]) -> float:
    """Spearman's over the images of (mean sigma, mean error), those left out that lack one; NaN below three."""
    images = np.array([pair for pair in pairs if all(map(math.isfinite, pair))])
    return spearman(images[:, 0], images[:, 1]) if len(images) >= 3 else math.nan


def _counts(frames: Sequence[FrameResult]) -> Figures:
    """frames_empty: frames without a single estimated pixel; they are in no mean but that of `missing`."""
    empty = sum(math.isnan(frame.metrics.abs_rel) for frame in frames)
    return {"frames": float(len(frames)), "frames_empty": float(empty)}


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def _mean_curve(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    defined = [curve for curve in curves if np.isfinite(curve).all()]
    return np.mean(defined, axis=0) if defined else np.full_like(curves[0], np.nan)


_WHOLE = {"frames", "frames_empty", "scenes"}


def _json(figures: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN: undefined is None. Six digits are more than any figure here deserves."""
    return {
        key: None if not math.isfinite(value) else int(value) if key in _WHOLE else float(f"{value:.6g}")
        for key, value in figures.items()
    }
