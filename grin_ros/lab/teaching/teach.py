# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a folder of labelled frames to a new artifact: judge, tune, choose, export, calibrate, judge again, install.

OUT/manifest.json, ...   the new artifact, only if it is better
OUT/report.md, .json, .png   what it was before and is now
OUT/work                 all that a stopped teaching needs to go on; it may be deleted afterwards
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import HINT_WEIGHTS, HINTS, MANIFEST, WEIGHTS
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.core.teachers.aligning import AlignedTeacher
from grin_ros.core.teachers.contract import load_contract
from grin_ros.core.teachers.teacher import Teacher
from grin_ros.core.types import Frame
from grin_ros.lab.export.exporter import export_artifact
from grin_ros.lab.export.variants import add_precision
from grin_ros.lab.hints.export import add_hint_network
from grin_ros.lab.network.checkpoint import load_model, load_weights
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.network.hints import HintNetwork
from grin_ros.lab.teaching.choosing import Candidate, choose
from grin_ros.lab.teaching.config import TeachConfig
from grin_ros.lab.teaching.judging import SETTINGS, SiteFigures, judge_old, judge_site, site_samples
from grin_ros.lab.teaching.lessons import Answer, Lessons
from grin_ros.lab.teaching.lora import merge_adapters
from grin_ros.lab.teaching.old_domain import OldDomain, find_old_domain
from grin_ros.lab.teaching.replay import OldAnswers
from grin_ros.lab.teaching.split import Split, split_by_time
from grin_ros.lab.teaching.stages import ANSWERS, BEFORE, LESSONS, TUNE, begin_stages
from grin_ros.lab.teaching.tune import Progress, Tuned, tune
from grin_ros.lab.training.calibrate import fit_into
from grin_ros.lab.training.processes import rank_and_world, wait

logger = logging.getLogger(__name__)

STEPS, MEMBERS = (1, 2, 4), (1, 4)
"""The settings that sigma is calibrated for. Others use the nearest of them."""
MOST_JUDGED = 60
"""At most this many frames of a part choose, calibrate or judge, evenly spread."""
LEAST_GAIN = 0.02
"""AbsRel on the robot's held-back frames must fall by at least this share before a model counts as better."""


@dataclass(frozen=True)
class Judgement:
    """Figures of one model. old_domain: None where no frames of it are known."""

    site: SiteFigures
    old_domain: float | None


@dataclass(frozen=True)
class Taught:
    """The result. chosen, tried: the ways from old to tuned weights. reason: why it was installed, or why not."""

    before: Judgement
    after: Judgement
    split: Split
    tuned: Tuned
    chosen: Candidate
    tried: list[Candidate]
    old_domain: OldDomain
    installed: bool
    reason: str


def teach(folders: Sequence[Path], out: Path, config: TeachConfig) -> Taught | None:
    """Teach a model from folders of labelled frames, and return what became of it; None if it was interrupted.

    The same call resumes; what follows from other labels or settings is made again. Raises ValueError if there are too
    few frames or if `out` is in use, EngineError if the new artifact does not answer as the network does.
    """
    if rank_and_world()[0]:
        _help(folders, out, config)
        return None
    check_free(out)
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    frames = LabelFolder(list(folders))
    split = split_by_time(frames)
    logger.info("%s", split)
    artifact = load_artifact(config.model)
    old_domain = find_old_domain(config.old_domain, config.replay, work)
    begin_stages(artifact, frames, old_domain, config, work)
    before = judge(artifact, frames, split, old_domain, config.threads, work / BEFORE / "figures.json")
    logger.info("before: %s", _words(before))
    lessons = _lessons(artifact, frames, split, config, work)
    wait()
    model, old = load_model(artifact.file(WEIGHTS)), load_weights(artifact.file(WEIGHTS))
    with tqdm(desc="tune", unit=" steps", mininterval=5.0) as bar:  # without a total: the minutes may end it first
        replay = _replay(artifact, old_domain, config, work)
        tuned = tune(model, lessons, replay, config.tune, work / TUNE, lambda p: _show(bar, p))
    if not tuned.finished:
        logger.warning("interrupted at step %d; the same command goes on from here", tuned.steps)
        return None
    logger.info("choosing, exporting, calibrating and judging: some minutes")
    merge_adapters(model)
    chosen, tried = choose(
        artifact,
        old,
        model,
        lambda: site_samples(frames, spread(split.choose)),
        None if old_domain.samples is None else lambda: old_domain.half(0),
        config.forgetting,
        config.threads,
    )
    made = work / "artifact"
    _export(model, made, out.name, artifact, frames, split, tuned, config)
    after = judge(load_artifact(made), frames, split, old_domain, config.threads)
    logger.info("after: %s", _words(after))
    installed, reason = better(before, after, config.forgetting)
    if installed:
        for file in sorted(made.iterdir(), key=lambda path: path.name == MANIFEST):
            shutil.copy2(file, out / file.name)  # the manifest comes last: without it the folder is no artifact
    return Taught(before, after, split, tuned, chosen, tried, old_domain, installed, reason)


def _help(folders: Sequence[Path], out: Path, config: TeachConfig) -> None:
    """Tune along with the first process, which prepares and judges."""
    wait()
    frames, work = LabelFolder(list(folders)), out / "work"
    artifact = load_artifact(config.model)
    lessons = _lessons(artifact, frames, split_by_time(frames), config, work)
    old = find_old_domain(config.old_domain, config.replay, work)
    replay = _replay(artifact, old, config, work)
    tune(load_model(artifact.file(WEIGHTS)), lessons, replay, config.tune, work / TUNE)


def check_free(out: Path) -> None:
    """Raise ValueError if `out` holds an artifact, or something that no teaching has begun."""
    if (out / MANIFEST).exists():
        raise ValueError(f"{out}: holds a model already, and no model is replaced; give another folder with --out")
    if out.exists() and (out.is_file() or (any(out.iterdir()) and not (out / "work").is_dir())):
        raise ValueError(f"{out}: exists and was not begun by grin teach; give another folder with --out")


def judge(
    artifact: Artifact, frames: LabelFolder, split: Split, old: OldDomain, threads: int, kept: Path | None = None
) -> Judgement:
    """Return the figures of an artifact on the frames that judge. kept: a file that keeps them for the next time, in a
    folder of `begin_stages`."""
    if kept is not None and kept.is_file():
        values = json.loads(kept.read_text())
        return Judgement(SiteFigures(**values["site"]), values["old_domain"])
    estimate = Estimator(open_engine("ort", artifact, threads), SETTINGS)
    site = judge_site(site_samples(frames, spread(split.judge)), estimate)
    found = Judgement(site, judge_old(old.half(1), estimate) if old.samples is not None else None)
    if kept is not None:
        kept.write_text(json.dumps(dataclasses.asdict(found)) + "\n")
    return found


def better(before: Judgement, after: Judgement, forgetting: float) -> tuple[bool, str]:
    """Return whether the new model is better than the old one, and why."""
    gain = 1.0 - after.site.abs_rel / before.site.abs_rel
    if not gain >= LEAST_GAIN:
        return False, f"AbsRel on the robot's held-back frames fell by {gain:.1%}, expected at least {LEAST_GAIN:.0%}"
    if before.old_domain is None or after.old_domain is None:
        return True, f"AbsRel on the robot's held-back frames fell by {gain:.0%}; what was forgotten is not known"
    lost = after.old_domain / before.old_domain - 1.0
    if not lost <= forgetting:
        return False, f"AbsRel on the old domain rose by {lost:.1%}, expected at most {forgetting:.0%}"
    elsewhere = f"{'rose' if lost > 0.0 else 'fell'} by {abs(lost):.1%}"
    return True, f"AbsRel on the robot's held-back frames fell by {gain:.0%}, that on the old domain {elsewhere}"


def spread(indices: Sequence[int], most: int = MOST_JUDGED) -> list[int]:
    """Return at most `most` of the indices, evenly spread."""
    step = max(1, -(-len(indices) // most))
    return list(indices[::step])


def _lessons(artifact: Artifact, frames: LabelFolder, split: Split, config: TeachConfig, work: Path) -> Lessons:
    answer: Answer | None = None
    if config.between and config.teacher is not None:
        path, contract = config.teacher
        answer = AlignedTeacher(Teacher(path, load_contract(contract), config.threads))
    elif config.between:
        estimator = Estimator(open_engine("ort", artifact, config.threads), SETTINGS)
        answer = lambda frame, labels: estimator(frame, hints=labels)  # noqa: E731
    lessons = Lessons(frames, split.learn, work / LESSONS, answer)
    for _ in tqdm(lessons.prepare(), total=len(lessons), desc="label", unit="frame", mininterval=5.0):
        pass
    return lessons


def _replay(artifact: Artifact, old: OldDomain, config: TeachConfig, work: Path) -> OldAnswers | None:
    if old.replay is None or not config.tune.replay:
        return None
    return OldAnswers.of_network(old.replay, open_engine("ort", artifact, config.threads), work / ANSWERS)


def _export(
    model: Grin,
    made: Path,
    name: str,
    artifact: Artifact,
    frames: LabelFolder,
    split: Split,
    tuned: Tuned,
    config: TeachConfig,
) -> None:
    """Write the artifact with the precisions of the old one, and calibrate its sigma on the frames that choose."""
    manifest = artifact.manifest
    facts = {
        **manifest.training,
        "taught": {
            "from": manifest.name,
            "digest": artifact.digest,
            "frames": len(split.learn),
            "steps": tuned.steps,
            "minutes": round(tuned.minutes, 1),
            "date": time.strftime("%Y-%m-%d"),
        },
    }
    export_artifact(model.eval(), made, name=name, licence=manifest.licence, training=facts)
    if HINTS in manifest.graphs:  # it still fits, because the tokens that it reads change little
        rows, cols = model.grid
        add_hint_network(made, HintNetwork.of(load_weights(artifact.file(HINT_WEIGHTS)), rows, cols), manifest.hints)
    for precision in manifest.variants:
        _add(precision, made, (frames[i].frame for i in spread(split.learn, 16)), config.threads)
    chosen = spread(split.choose)
    fitted_on = f"{len(chosen)} frames of the robot that were not learnt"
    fit_into(load_artifact(made), site_samples(frames, chosen), STEPS, MEMBERS, fitted_on, config.threads)


def _add(precision: str, made: Path, learnt: Iterator[Frame], threads: int) -> None:
    try:
        add_precision(made, precision, learnt, threads)
    except (EngineError, ImportError, ValueError) as error:
        text = "the new model has no graphs in %s, so backends of that precision cannot run it: %s"
        logger.warning(text, precision, error)


def _show(bar: tqdm[None], progress: Progress) -> None:
    bar.update(progress.step - bar.n)
    bar.set_postfix_str(f"loss {progress.loss:.3f}, {progress.eta_s / 60.0:.0f} min left", refresh=False)


def _words(judged: Judgement) -> str:
    old = "not measured" if judged.old_domain is None else f"{judged.old_domain:.3f}"
    return f"AbsRel {judged.site.abs_rel:.3f} on the robot's held-back frames, {old} on the old domain"
