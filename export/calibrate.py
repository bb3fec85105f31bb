# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Fit sigma's factor on held-out renders seen through random cameras, and write it for export_onnx.py --calibration."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from grin_ros.artifact import Calibration, load_artifact
from grin_ros.data.frames import DepthEstimate, Frame
from grin_ros.data.sparse import ShardDataset
from grin_ros.engine.base import open_engine
from grin_ros.estimator import Estimator, Settings
from grin_ros.evaluation.calibration import fit_sigma, render_samples
from grin_ros.evaluation.dataset import EvalSample
from grin_ros.training.augment import photometric


def through_cameras(samples: Iterator[EvalSample], seed: int = 0) -> Iterator[EvalSample]:
    """Each render with exposure, optics, noise and compression of a random camera, as training shows it: the factor
    shall hold for cameras, not for clean renders."""
    rng = np.random.default_rng(seed)
    for sample in samples:
        frame = Frame(photometric(sample.frame.image, rng), sample.frame.camera)
        yield dataclasses.replace(sample, frame=frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifact", help="exported artifact, or the name of a shipped model")
    parser.add_argument("--renders", type=Path, required=True, help="folder of renders that training has not seen")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--members", type=int, default=Settings.members)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args()
    artifact = load_artifact(options.artifact)
    estimator = Estimator(open_engine("ort", artifact), Settings(steps=options.steps, members=options.members))
    present = artifact.manifest.calibration.sigma_scale

    def uncalibrated(frame: Frame) -> DepthEstimate:
        estimate = estimator(frame)
        return dataclasses.replace(estimate, sigma_m=estimate.sigma_m / np.float32(present))

    samples = render_samples(ShardDataset(options.renders), options.frames)
    fit = fit_sigma(tqdm(through_cameras(samples), total=options.frames, unit="frame"), uncalibrated)
    settings = f"steps {options.steps}, members {options.members}"
    fitted_on = f"{fit.frames} held-out renders through random cameras, {settings}"
    calibration = Calibration(sigma_scale=round(fit.sigma_scale, 4), fitted_on=fitted_on)
    options.out.write_text(json.dumps(dataclasses.asdict(calibration)) + "\n")
    print(fit)


if __name__ == "__main__":
    main()
