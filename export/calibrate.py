# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fit sigma on held-out renders seen through random cameras, for several sampler settings; kept in the manifest.

python export/calibrate.py runs/nano/artifact --renders data/held_out
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import Calibration, SigmaFactor, write_manifest
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.renders import render_samples
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.evaluation.calibration import fit_settings
from grin_ros.lab.evaluation.sharing import shared_estimates
from grin_ros.lab.training.augment import photometric

STEPS, MEMBERS = (1, 2, 4, 10), (1, 4, 10)


def through_cameras(samples: Iterator[EvalSample], seed: int = 0) -> Iterator[EvalSample]:
    """Each render with exposure, optics, noise and compression of a random camera, as training shows it: the factor
    shall hold for cameras, not for clean renders."""
    rng = np.random.default_rng(seed)
    for sample in samples:
        frame = Frame(photometric(sample.frame.image, rng), sample.frame.camera)
        yield dataclasses.replace(sample, frame=frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifact", help="exported artifact, or the name of a shipped model")
    parser.add_argument("--renders", type=Path, nargs="+", required=True, help="renders that training has not seen")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    parser.add_argument("--members", type=int, nargs="+", default=MEMBERS)
    options = parser.parse_args()
    artifact = load_artifact(options.artifact)
    # The fit is of what the network says: no calibration, no limits.
    bare = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, calibration=Calibration()))
    wide = Settings(min_depth_m=1e-3, max_depth_m=1e4)
    estimates = shared_estimates(open_engine("ort", bare), wide, options.steps, options.members)
    samples = render_samples(ShardDataset(options.renders), options.frames)
    fits = fit_settings(tqdm(through_cameras(samples), total=options.frames, unit="frame"), estimates)
    factors = tuple(
        SigmaFactor(steps, members, round(fit.sigma_scale, 4), round(fit.floor_ln, 4))
        for (steps, members), fit in sorted(fits.items())
    )
    fitted_on = f"{options.frames} held-out renders through random cameras"
    calibration = Calibration(factors, fitted_on)
    write_manifest(artifact.path, dataclasses.replace(artifact.manifest, calibration=calibration))
    for (steps, members), fit in sorted(fits.items()):
        print(f"\nsteps {steps}, members {members}: {fit}")


if __name__ == "__main__":
    main()
