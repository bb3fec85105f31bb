# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin evaluate DIR ...`: evaluate a model on measured depth or renders, beside baselines that ignore the image.

With --sweep it compares numbers of steps and members, with --suite it runs one of the suites of checks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.command_line import DONE, one_line_errors
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.inspection.metrics import Limits
from grin_ros.core.photo.cameras import camera_choice
from grin_ros.lab.datasets.measured import EvalDataset, EvalSets
from grin_ros.lab.datasets.renders import (
    ROBOT_HEIGHT,
    RenderDataset,
    by_lens,
    check_choice_of_renders,
    is_rendered,
    open_samples,
)
from grin_ros.lab.datasets.sequences import Sequence
from grin_ros.lab.evaluation.baselines import Baselines
from grin_ros.lab.evaluation.claims import suites
from grin_ros.lab.evaluation.claims.claim import Claim
from grin_ros.lab.evaluation.claims.suites import SuiteResult
from grin_ros.lab.evaluation.claims.sweep import sweep
from grin_ros.lab.evaluation.hinted import evaluate_with_hints
from grin_ros.lab.evaluation.hinted_report import HINTS_LEGEND, hints_picture, hints_table
from grin_ros.lab.evaluation.options import OF_FOLDERS, parser
from grin_ros.lab.evaluation.report import EvaluationReport, check_matplotlib
from grin_ros.lab.evaluation.results import json_text
from grin_ros.lab.evaluation.run import evaluate, evaluate_baselines
from grin_ros.lab.evaluation.sequences.evaluation import evaluate_sequence
from grin_ros.lab.evaluation.sequences.report import sequence_picture, sequence_table
from grin_ros.lab.evaluation.sharing import SharedWork
from grin_ros.lab.evaluation.table import DISTANCE_LEGEND, LEGEND, SIGMA_LEGEND, distance_table, sigma_table, table


@one_line_errors("evaluate", EngineError)
def main(argv: Several[str] | None = None) -> int:
    """Run `grin evaluate`, and return its exit code. It is DONE whether claims hold or not."""
    args = parser().parse_args(argv)
    # The estimate has no limits but those of the network: +inf and NaN would not count in the figures.
    settings = Settings(args.steps, args.members, args.seed, min_depth_m=1e-3, max_depth_m=1e4)
    limits = Limits(max_depth_m=args.max_depth)
    if bool(args.folders) == bool(args.sequence) or (args.pose_noise and not args.sequence):
        raise ValueError("data: give one or more DIR, or --sequence DIR (which --pose-noise needs), and not both")
    if args.sequence:
        for name in OF_FOLDERS:
            if getattr(args, name) != parser().get_default(name):
                option = name.replace("_", "-")
                raise ValueError(f"--sequence: got --{option} too, which counts for DIR only; leave one of them out")
    kinds = (
        (args.sequence, _sequence),
        (args.suite, _suite),
        (args.sweep, _sweep),
        (args.hints, _hinted),
        (True, _table),
    )
    if args.report and (args.hints or args.sequence):
        check_matplotlib()
    work = next(prepare for wanted, prepare in kinds if wanted)(args, limits)
    artifact = load_artifact(args.model)
    engine = open_engine(args.backend, artifact, args.threads)
    try:
        work(artifact, engine, settings)
        if caveat := artifact.manifest.sigma_caveat():
            print(f"\nWARN: {caveat}")
    finally:
        engine.close()
    return DONE


Work = Callable[[Artifact, Engine, Settings], None]
"""The work that is left once the data is open and the engine runs."""


def _samples(args: argparse.Namespace) -> EvalDataset | EvalSets | RenderDataset:
    """Open the data. Measured depth is read once, so that a fault in the last frame is found before the first."""
    samples = open_samples(
        args.folders,
        domain=args.domain,
        every=args.every,
        limit=args.limit,
        frames=args.frames,
        known_mounting=_known_mounting(args),
        cameras=camera_choice(args),
    )
    if not isinstance(samples, RenderDataset):
        samples.check()
    return samples


def _renders(args: argparse.Namespace, folders: Several[str], frames: int | None) -> RenderDataset:
    """Open renders for a suite that chooses among them itself. `frames` takes the place of --frames."""
    check_choice_of_renders(args.domain, args.every, args.limit, camera_choice(args))
    return RenderDataset(folders, frames, known_mounting=_known_mounting(args))


def _known_mounting(args: argparse.Namespace) -> bool:
    """Return True with --mounting, and for the suite that compares a known mounting with an unknown one.

    The suite `focal` leaves it out: it compares what two pictures say by themselves.
    """
    return bool(args.mounting and args.suite != "focal") or args.suite == "mounting"


def _described(
    args: argparse.Namespace, artifact: Artifact, engine: Engine, settings: Settings, limits: Limits
) -> dict[str, Any]:
    return {
        "model": artifact.manifest.name, "artifact": artifact.digest, "backend": args.backend,
        "engine": engine.description, "steps": settings.steps, "members": settings.members,
        "seed": settings.seed, "min_depth_m": limits.min_depth_m, "max_depth_m": limits.max_depth_m,
        "mounting": "as in the data" if _known_mounting(args) else "unknown",
        "sigma": f"calibrated on {artifact.manifest.calibration.fitted_on}",
    }  # fmt: skip


def _table(args: argparse.Namespace, limits: Limits) -> Work:
    samples = _samples(args)
    baselines = Baselines.load()
    report = EvaluationReport(args.report) if args.report else None

    def work(artifact: Artifact, engine: Engine, settings: Settings) -> None:
        name = artifact.manifest.name
        evaluation = evaluate(
            samples,
            Estimator(engine, settings),
            limits=limits,
            on_frame=report.add if report else None,
            progress=name,
            settings=_described(args, artifact, engine, settings, limits),
        )
        trivial = evaluate_baselines(samples, baselines, limits=limits, progress="baselines")
        evaluation = replace(evaluation, baselines=trivial)
        print(table(evaluation, name), LEGEND, sigma_table(evaluation), SIGMA_LEGEND, sep="\n\n")
        print("", distance_table(evaluation), DISTANCE_LEGEND, sep="\n\n")
        _write_json(args.json, evaluation.to_json())
        if report:
            print(f"\nreport: {report.write(evaluation, name)}")

    return work


def _hinted(args: argparse.Namespace, limits: Limits) -> Work:
    samples = _samples(args)

    def work(artifact: Artifact, engine: Engine, settings: Settings) -> None:
        results = evaluate_with_hints(
            samples, engine, settings, args.hints, limits=limits, seed=settings.seed, progress=True
        )
        values = {
            "hints": {result.pattern: result.to_json() for result in results},
            "settings": _described(args, artifact, engine, settings, limits),
        }
        _finish(args, "hints", f"{hints_table(results)}\n\n{HINTS_LEGEND}", [], values)
        if args.report:
            print(f"picture: {hints_picture(results, args.report / 'hints.png')}")

    return work


def _sequence(args: argparse.Namespace, limits: Limits) -> Work:
    sequence = Sequence.open(args.sequence)
    if args.pose_noise:
        distance, rotation_deg = args.pose_noise
        sequence = sequence.with_pose_noise(distance, rotation_deg, args.seed)

    def work(artifact: Artifact, engine: Engine, settings: Settings) -> None:
        shared = SharedWork(engine)  # a frame is encoded once, alone and with hints
        estimator = Estimator(shared, settings, shared.sample)
        result = evaluate_sequence(sequence, estimator, limits=limits, progress=True)
        settings_of = _described(args, artifact, engine, settings, limits) | {"pose_noise": args.pose_noise}
        _finish(args, "sequence", sequence_table(result), [], result.to_json() | {"settings": settings_of})
        if args.report:
            print(f"picture: {sequence_picture(result, args.report / 'sequence.png')}")

    return work


def _sweep(args: argparse.Namespace, limits: Limits) -> Work:
    for steps, members in product(args.sweep_steps, args.sweep_members):
        Settings(steps, members)  # raises ValueError before the work
    samples = _samples(args)

    def work(artifact: Artifact, engine: Engine, settings: Settings) -> None:
        described = _described(args, artifact, engine, settings, limits)
        del described["steps"], described["members"]
        result = sweep(
            samples,
            engine,
            settings,
            args.sweep_steps,
            args.sweep_members,
            limits=limits,
            progress=f"{artifact.manifest.name}, sweep",
            settings=described,
        )
        _finish(args, "sweep", result.table(), result.claims(), result.to_json())

    return work


def _suite(args: argparse.Namespace, limits: Limits) -> Work:
    """Open the data of the suite first, so that its errors come before the model is loaded."""
    name, folders = args.suite, args.folders
    if name not in ("focal", "mounting") and not all(map(is_rendered, folders)):
        raise ValueError(f"suite {name}: needs renders, got {', '.join(folders)}; make some with grin scenes")
    run = _SUITES[name](args, limits)

    def work(artifact: Artifact, engine: Engine, settings: Settings) -> None:
        result = run(artifact, engine, settings)
        described = _described(args, artifact, engine, settings, limits)
        _finish(args, f"suite_{name}", result.text, result.claims, result.to_json() | {"settings": described})

    return work


Run = Callable[[Artifact, Engine, Settings], SuiteResult]
"""The run of a suite once its data is open."""


def _cameras(args: argparse.Namespace, limits: Limits) -> Run:
    folders, frames = args.folders, args.frames
    known = _renders(args, folders[:1], frames)
    names = [Path(folder).name for folder in folders[1:]]
    names = names if len(set(names)) == len(names) else folders[1:]
    unseen = {name: _renders(args, [folder], frames) for name, folder in zip(names, folders[1:], strict=True)}
    unseen = unseen or by_lens(_renders(args, folders, None), frames)
    return lambda _, engine, settings: suites.cameras(known, unseen, Estimator(engine, settings), limits, progress=True)


def _focal(args: argparse.Namespace, _limits: Limits) -> Run:
    samples = _samples(args)
    return lambda _, engine, settings: suites.focal(samples, Estimator(engine, settings), progress=True)


def _mounting(args: argparse.Namespace, limits: Limits) -> Run:
    samples: EvalDataset | EvalSets | RenderDataset
    if all(map(is_rendered, args.folders)):
        samples = _renders(args, args.folders, None).where(ROBOT_HEIGHT, args.frames)
        if not len(samples):
            raise ValueError(f"suite mounting: no frame with {ROBOT_HEIGHT.description}; render some with grin scenes")
    else:
        samples = _samples(args)

    def run(_: Artifact, engine: Engine, settings: Settings) -> SuiteResult:
        network = Estimator(engine, replace(settings, floor_scale=False))
        return suites.mounting(samples, Estimator(engine, settings), network, limits, progress=True)

    return run


def _edges(args: argparse.Namespace, limits: Limits) -> Run:
    samples = _samples(args)

    def run(artifact: Artifact, engine: Engine, settings: Settings) -> SuiteResult:
        sizes = artifact.manifest.network
        grid = (sizes.grid_rows, sizes.grid_cols)
        return suites.edges(samples, Estimator(engine, settings), grid, limits, progress=True)

    return run


_SUITES = {"cameras": _cameras, "focal": _focal, "mounting": _mounting, "edges": _edges}
"""Name -> the function that opens the data of the suite and returns its run."""


def _finish(args: argparse.Namespace, name: str, text: str, claims: Several[Claim], values: dict[str, Any]) -> None:
    """Print a table and the verdicts, and write them to OUT/NAME.md and OUT/NAME.json."""
    verdicts = "\n".join(map(str, claims))
    print(text, verdicts, sep="\n\n")
    _write_json(args.json, values)
    if args.report:
        folder = args.report
        folder.mkdir(parents=True, exist_ok=True)
        settings = ", ".join(f"{key}: {value}" for key, value in values["settings"].items())
        listed = "\n".join(f"- {claim}" for claim in claims)
        (folder / f"{name}.md").write_text(f"# {name}\n\n{settings}\n\n{text}\n\n{listed}\n", encoding="utf-8")
        (folder / f"{name}.json").write_text(json_text(values), encoding="utf-8")
        print(f"\nreport: {folder / f'{name}.md'}")


def _write_json(path: Path | None, values: dict[str, Any]) -> None:
    if path:
        path.write_text(json_text(values), encoding="utf-8")
        print(f"\nfigures: {path}")
