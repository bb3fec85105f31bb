# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what teaching gives on a sequence: taught on its first 60 %, judged on its last 30 % with the camera alone.

    python benchmarks/teaching.py SEQUENCE --labels beams:16 --old-domain DIR --replay SHARDS --work /tmp/kitchen

SEQUENCE is a folder as for `grin evaluate --sequence`. The labels are drawn from its measured depth (a pattern of
`grin evaluate --hints`), or come from the motion of the camera and the poses (motion). The tuning is that of
`grin teach`; the way from old to tuned weights is not chosen but printed at several places.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame, LabelWriter
from grin_ros.core.motion.motion import Motion
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.renders import open_samples
from grin_ros.lab.datasets.sequences import Sequence, SequenceFrame
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, load_weights
from grin_ros.lab.teaching.choosing import between, torch_estimator
from grin_ros.lab.teaching.judging import SETTINGS, judge_old
from grin_ros.lab.teaching.lessons import Lessons
from grin_ros.lab.teaching.lora import merge_adapters
from grin_ros.lab.teaching.replay import OldAnswers
from grin_ros.lab.teaching.tune import TuneConfig, tune
from grin_ros.lab.training.batches import Samples

TAUGHT, JUDGED = 0.6, 0.7
"""The frames before the first share of the sequence are taught, those after the second judge."""


def label(sequence: Sequence, pattern: str, folder: Path, posed: bool = True) -> int:
    """Write the taught frames with their labels, and return how many have some. posed: with the poses."""
    writer, motion = LabelWriter(folder), Motion()
    for frame in sequence.frames[: round(TAUGHT * len(sequence))]:
        image = Frame(frame.read_image(), sequence.camera, frame.stamp_ns)
        if pattern == "motion":
            motion.track(image.image, image.camera, image.stamp_ns, frame.pose)
            labels = motion.hints()
        else:
            sample = _sample(frame, sequence)
            labels = None if sample is None else HintPattern.parse(pattern).draw(sample)
        if labels is not None:
            pose = frame.pose if posed else None
            writer.add(LabelledFrame(frame.name, sequence.name, image, labels, pose))
    writer.save()
    return len(writer)


def main() -> None:
    """Print a row for each place on the way from the old to the tuned weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequence", type=Path)
    parser.add_argument("--labels", default="beams:16", help="a pattern of grin evaluate --hints, or motion")
    parser.add_argument("--frames", type=int, help="teach on so many of the labelled frames, evenly spread")
    parser.add_argument("--old-domain", type=Path, nargs="+", required=True)
    parser.add_argument("--replay", type=Path, nargs="*", default=[], help="shards")
    parser.add_argument("--truth", action="store_true", help="replay the truth of the shards, not the old answers")
    parser.add_argument("--own-labels", action="store_true", help="no frame learns what others measured of its view")
    parser.add_argument("--labels-only", action="store_true", help="learn nothing between the labels")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--lr", type=float, default=TuneConfig().lr)
    parser.add_argument("--adapters", type=int, default=0)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.6, 1.0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="folder for labels and state, new for each run")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sequence = Sequence.open(options.sequence)
    found = label(sequence, options.labels, options.work / "frames", not options.own_labels)
    count = min(options.frames or found, found)
    artifact = load_artifact("nano")
    engine = open_engine("ort", artifact, options.threads)
    old_model = Estimator(engine, SETTINGS)
    frames = LabelFolder(options.work / "frames")
    chosen = np.linspace(0, found - 1, count).round().astype(int).tolist()
    lessons = Lessons(
        frames,
        chosen,
        options.work / "lessons",
        None if options.labels_only else lambda frame, labels: old_model(frame, hints=labels),
    )
    list(lessons.prepare())
    shards = ShardDataset(options.replay) if options.replay else None
    replay: Samples | None = shards
    if shards is not None and not options.truth:
        replay = OldAnswers.of_network(shards, engine, options.work / "answers")
    weights = artifact.file(WEIGHTS)
    model, old = load_model(weights), load_weights(weights)
    config = replace(TuneConfig(), steps=options.steps, minutes=1e6, lr=options.lr, adapters=options.adapters)
    begin = time.process_time()
    tune(model, lessons, replay, config, options.work / "tune")
    minutes = (time.process_time() - begin) / 60.0
    merge_adapters(model)
    new = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    judged = sequence.frames[round(JUDGED * len(sequence)) :]
    samples = [sample for sample in (_sample(frame, sequence) for frame in judged) if sample is not None]
    print(f"{count} frames with labels, {options.steps} steps in {minutes:.1f} minutes of one core")
    names = [frames[index].name for index in chosen]
    print(f"the lessons themselves have an AbsRel of {_lesson_error(lessons, names, sequence):.3f}")
    print("| share of the tuned weights | sequence | old domain |\n|---:|---:|---:|")
    for share in options.shares:
        estimate = torch_estimator(artifact, between(old, new, share), options.threads)
        here = judge_old(samples, estimate)
        elsewhere = judge_old(open_samples(options.old_domain), estimate)
        print(f"| {share:.1f} | {here:.3f} | {elsewhere:.3f} |", flush=True)


def _lesson_error(lessons: Lessons, names: list[str], sequence: Sequence) -> float:
    """Return the mean AbsRel of every tenth lesson, over the pixels whose depth was measured."""
    frames = {frame.name: frame for frame in sequence.frames}
    errors = []
    for index in range(0, len(lessons), 10):
        lesson, depth_m = lessons.sample(index), frames[names[index]].read_depth(sequence.camera)
        if depth_m is not None:
            size = (lesson.camera.width, lesson.camera.height)
            true_m = cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST)
            error = np.abs(lesson.range_m * lesson.camera.rays()[..., 2] / true_m - 1.0)
            errors.append(float(np.nanmean(error)))
    return float(np.mean(errors))


def _sample(frame: SequenceFrame, sequence: Sequence) -> EvalSample | None:
    """Return a frame with its measured depth; None where nothing was measured."""
    depth_m = frame.read_depth(sequence.camera)
    if depth_m is None:
        return None
    image = Frame(frame.read_image(), sequence.camera, frame.stamp_ns)
    return EvalSample(frame.name, "sequence", "sequence", image, depth_m)


if __name__ == "__main__":
    main()
