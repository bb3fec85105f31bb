# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of the way from the old weights to the tuned ones (robust fine-tuning, Wortsman et al., arXiv 2109.01903).

Weights between the two keep more of what the old ones knew. The place on the way is chosen on frames that were not
learnt: the best one on the robot's own frames of those that forget little enough. A few dozen frames tell what is
forgotten only roughly, so that one standard error counts as forgotten too.
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
from grin_ros.lab.evaluation.results import Evaluation
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.teaching.judging import SETTINGS, Forgotten, forgotten, judge_site, old_abs_rel

SHARES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2)


@dataclass(frozen=True)
class Candidate:
    """Weights at `share` of the way to the tuned ones. site, old_domain: their AbsRel. forgotten: against the old
    weights. The last two are None if the old domain is not measured."""

    share: float
    site: float
    old_domain: float | None
    forgotten: Forgotten | None

    @property
    def worst(self) -> float:
        """The share by which the old domain may have become worse, one standard error included."""
        return 0.0 if self.forgotten is None else self.forgotten.share + self.forgotten.error


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
    tried. forgetting: the largest accepted increase of AbsRel on the old domain, as a share. If all forget too much,
    those that forget least are taken."""
    new = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def figures(share: float, against: Evaluation | None = None) -> tuple[Candidate, Evaluation | None]:
        estimate = torch_estimator(artifact, between(old, new, share), threads)
        here = judge_site(site(), estimate).abs_rel
        if old_domain is None:
            return Candidate(share, here, None, None), None
        found = evaluate(old_domain(), estimate)
        return Candidate(share, here, old_abs_rel(found), forgotten(against or found, found)), found

    before, known = figures(0.0)
    tried = [figures(share, known)[0] for share in SHARES]
    fit = [one for one in tried if one.worst <= forgetting]
    best = min(fit, key=lambda one: one.site) if fit else min(tried, key=lambda one: one.worst)
    model.load_state_dict(between(old, new, best.share))
    return best, [before, *tried]


def torch_estimator(artifact: Artifact, weights: Mapping[str, Tensor], threads: int = 0) -> Estimator:
    """Return an estimator of the torch model of an artifact with other weights, without calibration of sigma."""
    bare = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, calibration=Calibration()))
    return Estimator(ReferenceEngine(bare, threads, weights), SETTINGS)
