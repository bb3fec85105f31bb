# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin calibrate`: fit sigma on held-out renders for several sampler settings, and write it into the manifest."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import Calibration, SigmaFactor, write_manifest
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.command_line import DONE, CommandParser, fail, whole
from grin_ros.core.estimator import Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.renders import render_samples
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.evaluation.sharing import shared_estimates
from grin_ros.lab.training.augment import photometric
from grin_ros.lab.training.sigma_fit import fit_settings

STEPS, MEMBERS = (1, 2, 4, 10), (1, 4, 10)


def through_cameras(samples: Iterator[EvalSample], seed: int = 0) -> Iterator[EvalSample]:
    """Yield each render with the exposure, optics, noise and compression of a random camera, as training does.

    The fit has to hold for cameras, and a clean render is easier than a photograph.
    """
    rng = np.random.default_rng(seed)
    for sample in samples:
        frame = Frame(photometric(sample.frame.image, rng), sample.frame.camera)
        yield dataclasses.replace(sample, frame=frame)


def calibrate(
    artifact_name: str, renders: Sequence[Path], frames: int, steps: Sequence[int], members: Sequence[int]
) -> str:
    """Fit sigma for each number of steps and members, write it into the manifest, and return the figures as text.

    Raises ValueError, OSError or EngineError if the artifact or the renders cannot be used.
    """
    artifact = load_artifact(artifact_name)
    # The fit needs the output of the network without calibration and limits.
    bare = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, calibration=Calibration()))
    wide = Settings(min_depth_m=1e-3, max_depth_m=1e4)
    estimates = shared_estimates(open_engine("ort", bare), wide, steps, members)
    samples = render_samples(ShardDataset(renders), frames)
    fits = sorted(fit_settings(tqdm(through_cameras(samples), total=frames, unit="frame"), estimates).items())
    factors = tuple(
        SigmaFactor(steps, members, round(fit.sigma_scale, 4), round(fit.floor_ln, 4)) for (steps, members), fit in fits
    )
    calibration = Calibration(factors, f"{frames} held-out renders through random cameras")
    write_manifest(artifact.path, dataclasses.replace(artifact.manifest, calibration=calibration))
    return "\n\n".join(f"steps {steps}, members {members}: {fit}" for (steps, members), fit in fits)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin calibrate`."""
    made = CommandParser(
        "calibrate",
        "Fit sigma on renders that training has not seen, and write it into the manifest of the artifact.",
        "grin calibrate runs/nano/artifact --renders data/held_out --frames 60",
    )
    made.add_argument("artifact", help="folder of an exported artifact, or name of a shipped model")
    made.add_argument("--renders", type=Path, nargs="+", required=True, help="folders of renders (grin scenes)")
    made.add_argument("--frames", type=whole(1), default=200, help="renders to fit on")
    made.add_argument("--steps", type=whole(1), nargs="+", default=STEPS, help="numbers of denoising steps to fit for")
    made.add_argument("--members", type=whole(1), nargs="+", default=MEMBERS, help="ensemble sizes to fit for")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin calibrate`, and return its exit code."""
    options = parser().parse_args(argv)
    try:
        print(calibrate(options.artifact, options.renders, options.frames, options.steps, options.members))
    except (ValueError, OSError, EngineError) as error:
        return fail("calibrate", error)
    return DONE
