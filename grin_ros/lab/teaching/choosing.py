# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of the way from the old weights to the tuned ones (robust fine-tuning, Wortsman et al., arXiv 2109.01903).

Weights between the two keep more of what the old ones knew. The place on the way is chosen on frames that were not
learnt: the best one on the robot's own frames of those that forget little enough.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import Calibration
from grin_ros.core.backends.torch_reference import ReferenceEngine
from grin_ros.core.estimator import Estimator
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.teaching.judging import SETTINGS, judge_old, judge_site

SHARES = (1.0, 0.8, 0.6, 0.4, 0.2)
MARGIN = 0.0
"""The share of the accepted forgetting that may be used here. It is none: the frames that judge later are others, and
with a few dozen of them a loss of 1.4 % here was one of 7.5 % there (`make teach`)."""


@dataclass(frozen=True)
class Candidate:
    """Weights at `share` of the way to the tuned ones, with their AbsRel; old_domain: None if it is not measured."""

    share: float
    site: float
    old_domain: float | None


def between(old: Mapping[str, Tensor], new: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the weights at `share` of the way from old to new."""
    return {name: torch.lerp(tensor, new[name], share) for name, tensor in old.items()}


def choose(
    artifact: Artifact,
    old: Mapping[str, Tensor],
    model: Grin,
    site: Callable[[], Iterable[EvalSample]],
    old_domain: Callable[[], Iterable[EvalSample]] | None,
    forgetting: float,
    threads: int = 0,
) -> tuple[Candidate, list[Candidate]]:
    """Set `model` to the best weights between `old` and its own, and return their figures and those of all that were
    tried. If all forget too much, those that forget least are taken."""
    new = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def figures(share: float) -> Candidate:
        estimate = torch_estimator(artifact, between(old, new, share), threads)
        kept = None if old_domain is None else judge_old(old_domain(), estimate)
        return Candidate(share, judge_site(site(), estimate).abs_rel, kept)

    before, tried = figures(0.0), [figures(share) for share in SHARES]
    limit = None if before.old_domain is None else before.old_domain * (1.0 + MARGIN * forgetting)
    fit = [one for one in tried if one.old_domain is None or limit is None or one.old_domain <= limit]
    best = min(fit, key=lambda one: one.site) if fit else min(tried, key=lambda one: one.old_domain or 0.0)
    model.load_state_dict(between(old, new, best.share))
    return best, [before, *tried]


def torch_estimator(artifact: Artifact, weights: Mapping[str, Tensor], threads: int = 0) -> Estimator:
    """Return an estimator of the torch model of an artifact with other weights, without calibration of sigma."""
    bare = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, calibration=Calibration()))
    return Estimator(ReferenceEngine(bare, threads, weights), SETTINGS)
