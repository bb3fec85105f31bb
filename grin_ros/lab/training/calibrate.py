# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin calibrate`: fit sigma on held-out frames for several sampler settings, and write it into the manifest.

Renders alone say little about photographs. Real places that were kept back from training (`grin pack --kept-back`) can
stand beside them: `share` of the frames are theirs, and each place counts once.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import Calibration, SigmaFactor, write_manifest
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.command_line import DONE, CommandParser, existing, one_line_errors, positive, whole
from grin_ros.core.estimator import Settings
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.places import METRIC
from grin_ros.lab.datasets.renders import render_sample, render_samples
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.evaluation.sharing import shared_estimates
from grin_ros.lab.training.augment import photometric
from grin_ros.lab.training.sigma_fit import SigmaFit, fit_settings

STEPS, MEMBERS = (1, 2, 4, 10), (1, 4, 10)
OTHERS = "; other settings: "
"""The text in `fitted_on` between the data of these settings and those of factors that were fitted before."""


def through_cameras(samples: Iterator[EvalSample]) -> Iterator[EvalSample]:
    """Yield each render with the exposure, optics, noise and compression of a random camera, as training does.

    The fit has to hold for cameras, and a clean render is easier than a photograph.
    """
    rng = np.random.default_rng(0)
    for sample in samples:
        frame = Frame(photometric(sample.frame.image, rng), sample.frame.camera)
        yield dataclasses.replace(sample, frame=frame)


def real_samples(places: ShardDataset, count: int) -> Iterator[EvalSample]:
    """Yield `count` frames of metric places, with each place as often as any other. Frames come more than once if there
    are too few. Raises ValueError if no place is metric.
    """
    by_place: dict[tuple[int, int], list[int]] = {}
    for index in places.indices_of(METRIC):
        by_place.setdefault(places.place(int(index)), []).append(int(index))
    if not by_place:
        raise ValueError(f"places: got no frame of the world '{METRIC}', expected places with a scale (grin pack)")
    rng = np.random.default_rng(0)
    frames = list(by_place.values())
    for number in range(count):
        index = int(rng.choice(frames[number % len(frames)]))
        yield render_sample(places.sample(index), f"place_{index:06d}", known_mounting=False, exact=False)


def held_out(renders: Sequence[Path]) -> ShardDataset:
    """Open folders of renders to calibrate on. Raises ValueError if they hold no frame."""
    rendered = ShardDataset(renders)
    if not len(rendered):
        raise ValueError(f"--renders: {', '.join(map(str, renders))} holds no frame; render some with grin scenes")
    return rendered


def calibrate(
    artifact_name: str,
    renders: Sequence[Path],
    frames: int,
    steps: Sequence[int],
    members: Sequence[int],
    places: Sequence[Path] = (),
    share: float = 0.5,
    times: float = 1.0,
) -> str:
    """Fit sigma for each number of steps and members, write it into the manifest, and return the figures as text.

    frames: at most, of renders and places together. places: folders of real places that were kept back from training.
    share: of their frames; without places, all frames are renders. times: as in `fit_into`. Raises ValueError, OSError
    or EngineError if the artifact or the data cannot be used.
    """
    real = round(share * frames) if places else 0
    if places and not 0 < real < frames:
        raise ValueError(
            f"--frames: got {frames} with a share of {share:g} for places, which leaves {frames - real} renders and "
            f"{real} frames of places; expected one of each at least: give more frames"
        )
    rendered = held_out(renders)
    count = min(frames - real, len(rendered))
    if count < frames - real:
        print(f"WARN: there are only {count} renders, not {frames - real}; sigma is fitted on these", file=sys.stderr)
    samples = chain(
        through_cameras(render_samples(rendered, count)),
        real_samples(ShardDataset(places), real) if places else (),
    )
    fitted_on = f"{count} held-out renders through random cameras"
    fitted_on += f" and {real} draws of frames of real places" if real else ""
    shown = tqdm(samples, total=count + real, unit="frame")
    fits = fit_into(load_artifact(artifact_name), shown, steps, members, fitted_on, times=times)
    return "\n\n".join(f"steps {steps}, members {members}: {fit}" for (steps, members), fit in fits.items())


def fit_into(
    artifact: Artifact,
    samples: Iterable[EvalSample],
    steps: Sequence[int],
    members: Sequence[int],
    fitted_on: str,
    threads: int = 0,
    times: float = 1.0,
) -> dict[tuple[int, int], SigmaFit]:
    """Fit sigma for each number of steps and members, write it into the manifest, and return the fits.

    Factors of other settings stay, and the manifest says on what each were fitted. fitted_on: what it says of the
    samples. threads: of the runtime; 0 lets it choose. times: the fitted sigma is multiplied by it, and the manifest
    says so. Raises ValueError or EngineError if nothing can be fitted.
    """
    # The fit needs the output of the network without calibration and limits.
    bare = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, calibration=Calibration()))
    wide = Settings(min_depth_m=1e-3, max_depth_m=1e4)
    estimates = shared_estimates(open_engine("ort", bare, threads), wide, steps, members)
    fits = dict(sorted(fit_settings(samples, estimates).items()))
    factors = tuple(
        SigmaFactor(*key, scale=round(times * fit.sigma_scale, 4), floor_ln=round(times * fit.floor_ln, 4))
        for key, fit in fits.items()
    )
    fitted_on += "" if times == 1.0 else f", times {times:g}"
    before = artifact.manifest.calibration
    kept = tuple(factor for factor in before.factors if (factor.steps, factor.members) not in fits)
    if kept:
        shown = [" ".join(map(str, sorted(set(numbers)))) for numbers in (steps, members)]
        fitted_on += f" (steps {shown[0]}, members {shown[1]})"
        others = (text for text in before.fitted_on.split(OTHERS) if text != fitted_on)
        fitted_on = OTHERS.join((fitted_on, *others))
    calibration = Calibration(tuple(sorted((*factors, *kept), key=lambda f: (f.steps, f.members))), fitted_on)
    write_manifest(artifact.path, dataclasses.replace(artifact.manifest, calibration=calibration))
    return fits


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin calibrate`."""
    made = CommandParser(
        "calibrate",
        "Fit sigma on frames that training has not seen, and write it into the manifest of the artifact.",
        "grin calibrate runs/nano/artifact --renders data/held_out --places data/places_kept_back --frames 60",
    )
    made.add_argument("artifact", help="folder of an exported artifact, or name of a shipped model")
    made.add_argument("--renders", type=existing, nargs="+", required=True, help="folders of renders (grin scenes)")
    made.add_argument("--places", type=existing, nargs="+", default=(), help="folders of kept-back places (grin pack)")
    made.add_argument("--share", type=float, default=0.5, help="share of the frames that are of real places")
    made.add_argument("--frames", type=whole(1), default=200, help="frames to fit on, at most")
    made.add_argument("--times", type=positive, default=1.0, help="multiply the fitted sigma by this")
    made.add_argument("--steps", type=whole(1), nargs="+", default=STEPS, help="numbers of denoising steps to fit for")
    made.add_argument("--members", type=whole(1), nargs="+", default=MEMBERS, help="ensemble sizes to fit for")
    return made


@one_line_errors("calibrate", EngineError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin calibrate`, and return its exit code."""
    options = parser().parse_args(argv)
    if not 0.0 < options.share < 1.0:
        raise ValueError(f"--share: got {options.share}, expected more than 0 and less than 1")
    print(
        calibrate(
            options.artifact,
            options.renders,
            options.frames,
            options.steps,
            options.members,
            places=options.places,
            share=options.share,
            times=options.times,
        )
    )
    return DONE
