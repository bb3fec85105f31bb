# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin bag`: computes depth for recorded bags, sqlite3 or MCAP, and writes bags. It needs no running ROS."""

from __future__ import annotations

import argparse
import logging
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from grin_ros.core.backends.engine import EngineError
from grin_ros.core.command_line import (
    DONE,
    FAILED,
    INCOMPLETE,
    INTERRUPTED,
    WRONG_CALL,
    CommandParser,
    fail,
    seconds,
    whole,
)
from grin_ros.core.photo.cameras import add_camera_options, camera_choice
from grin_ros.ros.bags.fleet import Launch, Outcome, in_process, run_all
from grin_ros.ros.bags.hints import TF_INPUT
from grin_ros.ros.bags.parameters import bag_config
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.bags.run import Job, Report, run
from grin_ros.ros.bags.storage.formats import BY_SUFFIX, STORAGES
from grin_ros.ros.bags.storage.single_file import is_single_file
from grin_ros.ros.inputs.hints.registry import SOURCES, wirings
from grin_ros.ros.parameters.row import Value

ALREADY = "; an earlier run has finished it"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin bag`. The exit code is INCOMPLETE if something was unreadable or has no depth; it is printed."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    made = parser()
    arguments = made.parse_args(argv)
    try:
        jobs = jobs_of(arguments)
    except ValueError as error:
        made.error(str(error))
    with logging_redirect_tqdm():
        if arguments.out is None:
            return _one(jobs[0])
        if arguments.ray is None:
            return _many(jobs, arguments.workers or 1, in_process)
        return _on_cluster(jobs, arguments.workers, arguments.ray)


def jobs_of(arguments: argparse.Namespace) -> list[Job]:
    """Return one job for each bag. Raises ValueError for options that contradict each other."""
    if arguments.out is None:
        if len(arguments.bags) != 2:
            raise ValueError(f"got {', '.join(arguments.bags)}, expected INPUT OUTPUT; for more inputs give --out DIR")
        if arguments.workers is not None or arguments.ray is not None:
            raise ValueError("--workers and --ray are for several bags; give --out DIR")
        pairs = [tuple(arguments.bags)]
    else:
        pairs = [(path, str(Path(arguments.out) / _name(Path(path)))) for path in arguments.bags]
    storage = _storage([output for _, output in pairs], arguments.storage)
    parameters: dict[str, Value] = {"publish_points": bool(arguments.points)}
    parameters.update(dict(map(parameter, arguments.parameter)))
    named = {name: getattr(arguments, name) for name in ("model", "backend", "threads", "steps", "members")}
    parameters.update({name: value for name, value in named.items() if value is not None})
    if arguments.ray is not None:
        parameters.setdefault("threads", 1)  # more bags at a time are faster than more threads for each
    elif (arguments.workers or 1) > 1:
        parameters.setdefault("threads", max(1, (os.cpu_count() or 1) // arguments.workers))
    tf = [text for text in arguments.hints if text.partition("=")[0] == TF_INPUT]
    hints = wirings([text for text in arguments.hints if text not in tf])
    for wiring in hints:
        parameters.setdefault(SOURCES[wiring.source].switch, True)
    cameras = camera_choice(arguments)
    on = bag_config(parameters).hints.on  # a wrong parameter is refused before any work begins
    for wiring in hints:
        if wiring.source not in on:
            switch = SOURCES[wiring.source].switch
            raise ValueError(f"{switch} is false, but --hints names {wiring.topic} for it; leave one of them out")
    return [
        Job(
            source,
            output,
            parameters,
            topics=None if arguments.topics is None else tuple(arguments.topics),
            images=tuple(arguments.image),
            info=arguments.camera_info,
            hints=(
                *((wiring.input, wiring.topic) for wiring in hints),
                *((TF_INPUT, text.partition("=")[2]) for text in tf),
            ),
            cameras=cameras,
            every=arguments.every,
            start_s=arguments.start,
            end_s=arguments.end,
            storage=storage,
        )
        for source, output in pairs
    ]


def _name(path: Path) -> str:
    """Return 'drive' for 'archive/drive.mcap' and 'archive/drive'. The name of a directory may contain dots."""
    path = Path(os.path.normpath(path.absolute()))  # not resolved: a link has the name that was given to it
    return path.stem if path.suffix.lower() in BY_SUFFIX else path.name


def _storage(outputs: Sequence[str], wanted: str | None) -> str:
    """Return the storage format of the outputs. Raises ValueError if a name asks for another one than --storage."""
    for output in outputs:
        if is_single_file(Path(output)):
            suffix = Path(output).suffix.lower()
            (named,) = [name for name, storage in STORAGES.items() if storage.suffix == suffix]
            if wanted not in (None, named):
                raise ValueError(
                    f"--storage {wanted}: got the output {output}, which is a file of {named}; leave it out"
                )
            wanted = named
    return wanted or "mcap"


def parameter(text: str) -> tuple[str, Value]:
    """Return name and value of a text such as 'mounting.height_m:=0.4'. The value is read as YAML."""
    name, separator, value = text.partition(":=")
    if not separator:
        raise ValueError(f"-p: got '{text}', expected NAME:=VALUE, such as -p max_depth_m:=20.0")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(f"-p {name}: got '{value}', expected a YAML value ({error})") from error


def _one(job: Job) -> int:
    with tqdm(unit="s", unit_scale=True, desc=Path(job.input).name, disable=None) as bar:
        first_ns: list[int] = []

        def watch(time_ns: int, frames: int) -> None:
            if not first_ns:
                first_ns.append(time_ns)
                bar.total = _seconds_left(job, time_ns)
            bar.set_postfix(frames=frames, refresh=False)
            bar.update(max(0.0, round((time_ns - first_ns[0]) / 1e9, 3) - bar.n))

        try:
            report = run(job, watch)
        except ValueError as error:
            print(f"grin bag: {error}", file=sys.stderr)
            return WRONG_CALL
        except (OSError, sqlite3.Error, EngineError) as error:
            return fail("bag", error)
        except KeyboardInterrupt:
            return _interrupted()
    return _tell(Outcome(job, report))


def _interrupted() -> int:
    print("\ngrin bag: interrupted; run the same command again to go on from here", file=sys.stderr)
    return INTERRUPTED


def _seconds_left(job: Job, now_ns: int) -> float | None:
    """Return the length of the bag from `now_ns` on, for the progress bar; None if the bag is damaged."""
    contents = Bag(Path(job.input)).contents()
    if contents is None:
        return None
    end_ns = contents.end_ns
    if job.end_s is not None:
        end_ns = min(end_ns, contents.start_ns + round(job.end_s * 1e9))
    return max(0.0, (end_ns - now_ns) / 1e9)


def _on_cluster(jobs: Sequence[Job], workers: int | None, address: str) -> int:
    """Work on a Ray cluster. workers: None for as many as the cluster takes."""
    from grin_ros.ros.bags.cluster import cluster

    threads = int(jobs[0].parameters["threads"]) if jobs else 1
    try:
        with cluster(address, max(1, threads)) as connected:
            return _many(jobs, workers or connected.workers, connected)
    except ValueError as error:
        print(f"grin bag: {error}", file=sys.stderr)
        return FAILED


def _many(jobs: Sequence[Job], workers: int, launch: Launch) -> int:
    worst = DONE
    try:
        with tqdm(total=len(jobs), unit="bag", disable=None) as bar:
            for outcome in run_all(jobs, workers, launch=launch):
                bar.update()
                status = _tell(outcome)
                worst = FAILED if FAILED in (worst, status) else max(worst, status)
    except ValueError as error:
        print(f"grin bag: {error}", file=sys.stderr)
        return WRONG_CALL
    except KeyboardInterrupt:
        return _interrupted()
    return worst


def _tell(outcome: Outcome) -> int:
    """Print the result of a bag, and return its exit status."""
    report = outcome.report
    if report is None:
        # An error that names the bag itself must not say its path twice.
        named = str(outcome.error).startswith(f"{outcome.job.input}: ")
        tqdm.write(f"{'' if named else f'{outcome.job.input}: '}{outcome.error}", file=sys.stderr)
        return FAILED
    tqdm.write(f"{report.output}: {text_of(report)}{' (second attempt)' if outcome.attempts > 1 else ''}")
    for what in report.damage:
        tqdm.write(f"  unreadable: {what}", file=sys.stderr)
    return DONE if report.complete else INCOMPLETE


def text_of(report: Report) -> str:
    """Return a report in words, such as '12 frames with depth, 1 without (bad image 1)'."""
    if not report.frames and not report.rejected:
        return f"0 frames with depth: no image lies in what was read{ALREADY * report.already}"
    without = sum(report.rejected.values())
    reasons = ", ".join(f"{reason} {count}" for reason, count in report.rejected.items())
    text = f"{report.frames} frames with depth" + (f", {without} without ({reasons})" if without else "")
    if report.hints:
        hinted = ", ".join(f"of {name} {count}" for name, count in report.hints.items())
        text = f"{text}; frames with hints {hinted}"
    return f"{text}{ALREADY * report.already}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin bag`."""
    made = CommandParser(
        "bag",
        "Compute depth for recorded bags, and write bags with the recorded messages and what the node would publish.",
        "grin bag drive drive_depth --every 3 -p mounting.known:=true -p mounting.height_m:=0.4",
        "grin bag archive/* --out archive_depth --workers 4",
        notes="It is incomplete (3) if some messages could not be read or used, or if there was no image.",
        usage="grin bag INPUT OUTPUT [options]      (OUTPUT: a folder, or one file if it ends in .mcap or .db3)\n"
        "       grin bag INPUT INPUT ... --out DIR [--workers N] [--ray ADDRESS] [options]",
    )
    add = made.add_argument
    add("bags", nargs="+", metavar="BAG", help="bag directory, .mcap or .db3 file")
    add("--out", metavar="DIR", help="the folder for the outputs of several inputs; each has the name of its input")
    add("--workers", type=whole(1), metavar="N", help="bags at a time (default 1; with --ray what fits)")
    add("--ray", metavar="ADDRESS", help="work on a Ray cluster: HOST:PORT, or auto for that of this machine")
    add("--image", action="append", default=[], metavar="TOPIC", help="work on this image topic only (repeatable)")
    add("--camera-info", default="", metavar="TOPIC", help="the camera_info topic, if it is not beside the image")
    add_camera_options(made, "images without camera_info")
    add(
        "--hints",
        action="append",
        default=[],
        metavar="NAME=TOPIC",
        help="correct depth by this recorded topic, such as scan=/scan, or take transforms from it, tf=/robot1/tf "
        "(repeatable; see the parameters hints.*)",
    )
    add("--topics", nargs="*", metavar="TOPIC", help="recorded topics to copy (default all; none without names)")
    add("--every", type=whole(1), default=1, metavar="N", help="depth for every N-th image of a camera")
    add("--start", type=seconds, default=0.0, metavar="S", help="seconds after the first message of the bag")
    add("--end", type=seconds, default=None, metavar="S", help="seconds after the first message of the bag")
    add("--storage", choices=sorted(STORAGES), help="storage format of the output (default: by its name, else mcap)")
    add("--points", action="store_true", help="write point clouds too")
    add("--model", help="name of a shipped model, or path of an exported one")
    add("--backend", help="the backend that runs the network")
    add("--threads", type=whole(0), help="CPU threads of the backend")
    add("--steps", type=whole(1), help="denoising steps for each frame")
    add("--members", type=whole(1), help="ensemble size")
    add("-p", dest="parameter", action="append", default=[], metavar="NAME:=VALUE", help="set a parameter of the node")
    return made
