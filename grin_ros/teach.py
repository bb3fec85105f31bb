# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin teach`: one command from recorded bags to a model that knows the robot's own building.

It stands above the wings: `ros` turns bags into folders of labelled frames, `lab` trains on the folders.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grin_ros.core import remedies
from grin_ros.core.command_line import (
    DONE,
    FAILED,
    INTERRUPTED,
    WRONG_CALL,
    CommandParser,
    existing,
    fail,
    new_folder,
    positive,
    seconds,
    whole,
)
from grin_ros.core.evenly import evenly
from grin_ros.core.labels.checks import agreement, coverage
from grin_ros.core.labels.folder import LabelFolder

if TYPE_CHECKING:
    from grin_ros.ros.bags.run import Job
    from grin_ros.ros.teaching.inspection import Inspection

logger = logging.getLogger(__name__)

MOST_FRAMES = 1200
"""The number of images, about, that are used of a longer recording. The others are left out evenly."""
REFUSED = "nothing was learnt: correct what is said above, or go on in spite of it with --anyway"
COMPARED = 12
"""Frames on which the labels are compared with the model before they are learnt."""
COVERING = 50
"""Frames that show where in the picture labels lie."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin teach`, and return its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    for told in (__name__, "grin_ros.ros.teaching", "grin_ros.lab.teaching"):
        logging.getLogger(told).setLevel(logging.INFO)
    options = parser().parse_args(argv)
    if importlib.util.find_spec("torch") is None:
        return fail("teach", f"teaching needs torch, which a robot does not. Type: {remedies.install('teach')}")
    from grin_ros.core.backends.engine import EngineError
    from grin_ros.lab.teaching.teach import check_free
    from grin_ros.lab.training.processes import wait

    if int(os.environ.get("RANK", "0")):
        return _beside(options)
    try:
        if not options.dry_run:
            check_free(options.out)
        bags = _bags(options)
        found = [_inspected(bag, options) for bag in bags]
        if any(not usable for _, usable in found) and not options.anyway:
            return fail("teach", REFUSED)
        folders = _labelled(
            [_job(one, out, options) for (one, _), out in zip(found, bags.values(), strict=True)], options
        )
        if not _checked(folders, options) and not options.anyway:
            return fail("teach", REFUSED)
        wait()  # the other processes of torchrun begin once the frames are there
        return _taught(folders, options)
    except ValueError as error:
        return fail("teach", error, WRONG_CALL)
    except (OSError, EngineError) as error:
        return fail("teach", error)


def _beside(options: argparse.Namespace) -> int:
    """Tune along with the first process of torchrun, which labels, prepares and judges."""
    from grin_ros.lab.training.processes import wait

    wait()
    folders = sorted(folder for folder in _bags(options).values() if (folder / "index.json").is_file())
    return _taught(folders, options)


def _bags(options: argparse.Namespace) -> dict[Path, Path]:
    """Return the bags, each with the folder for its frames; bags of one name are numbered. Raises ValueError if there
    is no bag, or if one is named twice."""
    bags = _demo(options) if options.demo else list(map(Path, options.bags))
    if not bags:
        raise ValueError("got no bag; name one or more, or give --demo for a rendered one")
    found: dict[Path, Path] = {}
    for bag in bags:
        if bag.resolve() in map(Path.resolve, found):
            raise ValueError(f"{bag}: got this bag twice, expected once; name it once")
        given = Path(os.path.abspath(bag))  # the name that was given, where it is a symbolic link
        name = given.stem if bag.is_file() else given.name
        names = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
        folders = (options.out / "work" / "frames" / name for name in names)
        found[bag] = next(folder for folder in folders if folder not in found.values())
    return found


def _inspected(bag: Path, options: argparse.Namespace) -> tuple[Inspection, bool]:
    """Print what a bag holds and what is wrong with it, and return whether it can be used."""
    from grin_ros.ros.teaching.inspection import inspect

    images, labels = tuple(options.image), tuple(options.labels)
    found = inspect(bag, images, options.camera_info, labels, options.start, options.end)
    for line in found.lines():
        logger.info("%s", line)
    refused, warned = found.problems()
    for text in refused:
        logger.error("REFUSED %s", text)
    for text in warned:
        logger.warning("WARNING %s", text)
    return found, not refused


def _labelled(jobs: Sequence[Job], options: argparse.Namespace) -> list[Path]:
    """Label the images of all bags, and return the folders of those that gave frames. Raises ValueError for none."""
    from grin_ros.ros.bags.fleet import Launch, in_process, run_all
    from grin_ros.ros.teaching.labelling import label

    folders = []

    def collect(workers: int, launch: Launch) -> None:
        for outcome in run_all(jobs, workers, label, launch):
            if outcome.report is None:
                raise ValueError(f"{outcome.job.input}: {outcome.error}")
            report = outcome.report
            without = ", ".join(f"{reason} {count}" for reason, count in report.rejected.items()) or "none"
            by = ", ".join(f"by {name} {count}" for name, count in report.hints.items())
            how = f" ({by or 'labelled before'})" if report.frames else ""
            logger.info("%s: %d frames with labels%s; without: %s", outcome.job.input, report.frames, how, without)
            if report.frames:
                folders.append(Path(report.output))

    if options.ray is not None:
        from grin_ros.ros.bags.cluster import cluster

        with cluster(options.ray, 1) as connected:
            collect(options.workers or connected.workers, connected)
    else:
        collect(options.workers or 1, in_process if len(jobs) > 1 else lambda work, job: work(job))
    if not folders:
        raise ValueError("no image has labels; the reasons are said above")
    return sorted(folders)


def _job(found: Inspection, output: Path, options: argparse.Namespace) -> Job:
    from grin_ros.ros.bags.command import parameter
    from grin_ros.ros.bags.run import Job
    from grin_ros.ros.teaching.sensors import parameters

    images = sum(found.rates.get(camera.image, 0.0) for camera in found.cameras) * found.length_s
    every = options.every or max(1, round(images / options.most_frames))
    values = {**parameters(found.labels), **dict(map(parameter, options.parameter))}
    return Job(
        found.bag, str(output), values, images=tuple(options.image), info=options.camera_info,
        hints=found.labels, every=every, start_s=options.start, end_s=options.end,
    )  # fmt: skip


def _checked(folders: Sequence[Path], options: argparse.Namespace) -> bool:
    """Print where the labels lie and whether the model agrees with them, and return whether they can be learnt."""
    from grin_ros.core.artifact.loading import load_artifact
    from grin_ros.core.backends.opening import open_engine
    from grin_ros.core.estimator import Estimator

    frames = LabelFolder(list(folders))
    logger.info("%s", coverage(frames, evenly(len(frames), COVERING).tolist()))
    estimator = Estimator(open_engine("ort", load_artifact(options.model), options.threads))
    compared = agreement([frames[index] for index in evenly(len(frames), COMPARED).tolist()], estimator)
    if compared.not_compared:
        logger.warning("WARNING labels and %s are not compared, because %s", options.model, compared.not_compared)
    else:
        logger.info(
            "the order of depths agrees with %s by a rank correlation of %.2f, before anything is learnt",
            options.model,
            compared.as_given,
        )
    if compared.problem:
        logger.error("REFUSED %s", compared.problem)
    return not compared.problem


def _taught(folders: Sequence[Path], options: argparse.Namespace) -> int:
    from grin_ros.lab.teaching.config import TeachConfig
    from grin_ros.lab.teaching.report import summary, write_report
    from grin_ros.lab.teaching.split import split_by_time
    from grin_ros.lab.teaching.teach import teach
    from grin_ros.lab.teaching.tune import TuneConfig

    frames = LabelFolder(list(folders))
    if options.dry_run:
        logger.info("%s", split_by_time(frames))
        logger.info("dry run: the frames are in %s, and nothing was learnt", options.out / "work" / "frames")
        return DONE
    tune = replace(TuneConfig(), minutes=options.minutes, steps=options.steps, adapters=options.adapters)
    config = TeachConfig(
        options.model,
        tune,
        options.old_domain,
        options.replay,
        not options.labels_only,
        _teacher(options),
        threads=options.threads,
    )
    taught = teach(folders, options.out, config)
    if taught is None:
        return DONE if int(os.environ.get("RANK", "0")) else INTERRUPTED
    write_report(taught, options.out, options.model, frames, options.threads)
    logger.info("%s", summary(taught, options.out, options.model))
    return DONE if taught.installed else FAILED


def _teacher(options: argparse.Namespace) -> tuple[Path, str] | None:
    """Return the file and the contract of a teacher. Raises ValueError if the file does not keep the contract."""
    if options.teacher is None:
        return None
    from grin_ros.core.teachers.command import check, matching

    names = [options.contract] if options.contract else matching(options.teacher)
    if len(names) != 1:
        raise ValueError(f"--teacher {options.teacher}: {len(names)} contracts fit; give one with --contract")
    problems = check(options.teacher, names[0])
    if problems:
        raise ValueError(f"--teacher {options.teacher}: {problems[0]}")
    return options.teacher, names[0]


def _demo(options: argparse.Namespace) -> list[Path]:
    """Return a rendered bag, which is made where it is missing."""
    from grin_ros.lab.datasets.robot_drive import robot_drive
    from grin_ros.ros.teaching.rendered_bag import write_bag

    bag: Path = options.out / "work" / f"drive_{options.demo_frames}"
    if not bag.exists():
        bag.parent.mkdir(parents=True, exist_ok=True)
        logger.info("rendering a robot's drive: camera at 0.5 m, level lidar at 0.2 m")
        write_bag(bag, robot_drive(options.demo_frames))
    return [bag]


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin teach`."""
    made = CommandParser(
        "teach",
        "Teach a model the robot's own building, from bags with a camera and anything that measures distances.",
        "grin teach drive_monday drive_tuesday --out models/office",
        "grin teach drive --out models/office --labels scan=/scan -p hints.scan_pose:='0.1 0 -0.3 0 0 0'",
        notes="It needs torch (extra teach). A stopped teaching goes on with the same command. It fails (1) if the new "
        "model is not better; then nothing is installed, and the report says why.",
    )
    add = made.add_argument
    add("bags", nargs="*", metavar="BAG", help="bag directory, .mcap or .db3 file")
    add("--out", type=new_folder, required=True, metavar="DIR", help="new folder for model, report and work")
    add("--model", default="nano", help="the model to begin with: shipped, or path of an exported one")
    add("--minutes", type=positive, default=30.0, metavar="N", help="the longest time of the tuning itself")
    add("--steps", type=whole(1), default=2000, metavar="N", help="the most steps of the tuning")
    add("--dry-run", action="store_true", help="inspect, label and split, and learn nothing")
    add("--anyway", action="store_true", help="go on in spite of what was refused")
    add("--labels", action="append", default=[], metavar="NAME=TOPIC", help="label by this topic, such as scan=/scan "
        "(repeatable; default: all that fit)")  # fmt: skip
    add("--image", action="append", default=[], metavar="TOPIC", help="use this image topic only (repeatable)")
    add("--camera-info", default="", metavar="TOPIC", help="the camera_info topic, if it is not beside the image")
    add("--every", type=whole(1), metavar="N", help="use every N-th image (default: what gives --most-frames)")
    add("--most-frames", type=whole(10), default=MOST_FRAMES, metavar="N", help="frames of a bag, about")
    add("--start", type=seconds, default=0.0, metavar="S", help="seconds after the first message of the bag")
    add("--end", type=seconds, metavar="S", help="seconds after the first message of the bag")
    add("--old-domain", type=existing, nargs="*", default=[], metavar="DIR", help="frames that show what is forgotten: "
        "measured depth or renders (default: rendered here)")  # fmt: skip
    add("--replay", type=existing, nargs="*", default=[], metavar="DIR", help="shards that are learnt again (default: "
        "rendered here)")  # fmt: skip
    add("--labels-only", action="store_true", help="do not learn the corrected old answer between the labels")
    add("--teacher", type=existing, metavar="ONNX", help="between the labels, learn from this depth network instead "
        "of the old model; its answer is aligned to the labels")  # fmt: skip
    add("--contract", metavar="NAME", help="the contract of the teacher (default: the one that fits; grin teacher)")
    add("--adapters", type=whole(0), default=0, metavar="RANK", help="train adapters (LoRA) of this rank instead of "
        "the weights")  # fmt: skip
    add("--workers", type=whole(1), metavar="N", help="bags that are labelled at a time")
    add("--ray", metavar="ADDRESS", help="label on a Ray cluster: HOST:PORT, or auto for that of this machine")
    add("--threads", type=whole(0), default=0, metavar="N", help="CPU threads of the runtime; 0 lets it choose")
    add("--demo", action="store_true", help="render a robot's drive and teach with it")
    add("--demo-frames", type=whole(30), default=90, metavar="N", help="images of the rendered drive")
    add("-p", dest="parameter", action="append", default=[], metavar="NAME:=VALUE", help="set a parameter of the node, "
        "such as hints.scan_pose or mounting.known")  # fmt: skip
    return made
