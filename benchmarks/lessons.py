# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure how right the lessons of `grin teach` are, on the rendered drive of `grin teach --demo`.

    python benchmarks/lessons.py --work /tmp/lessons

AbsRel is against the exact ranges, over all pixels of every ninth of the frames that are learnt. It needs EGL and the
extras teach and bags.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.rays import depth_to_range
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame
from grin_ros.lab.datasets.robot_drive import HZ, robot_drive
from grin_ros.lab.teaching.accumulating import Accumulated
from grin_ros.lab.teaching.judging import SETTINGS
from grin_ros.lab.teaching.lessons import targets
from grin_ros.lab.teaching.split import split_by_time
from grin_ros.ros.bags.run import Job
from grin_ros.ros.teaching.labelling import label
from grin_ros.ros.teaching.rendered_bag import BASE_FRAME, START_S, write_bag
from grin_ros.ros.teaching.sensors import parameters

SCAN, POSES = ("hints/scan", "/scan"), ("tf", "/tf")
EVERY = 9


def main() -> None:
    """Print a row for each kind of labels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=90, help="of the drive")
    parser.add_argument("--work", type=Path, required=True, help="a new folder for the bag and the labels")
    options = parser.parse_args()
    moments = list(robot_drive(options.frames))
    options.work.mkdir(parents=True)
    bag = write_bag(options.work / "drive", moments)
    estimator = Estimator(open_engine("ort", load_artifact("nano"), 1), SETTINGS)
    print("| labels | mounting | old model | lessons | with the labels of all frames |\n|---|---|---:|---:|---:|")
    for name, labels, base in (
        ("lidar", (SCAN,), ""),
        ("lidar, motion", (SCAN, POSES), ""),
        ("lidar, motion", (SCAN, POSES), BASE_FRAME),
    ):
        folder = options.work / f"{len(labels)}{base}"
        values = {**parameters(labels), **({"mounting.base_frame": base} if base else {})}
        label(Job(str(bag), str(folder), values, hints=(SCAN,)))
        frames = LabelFolder(folder)
        learnt = split_by_time(frames).learn
        together = Accumulated(frames, learnt)

        def errors(lesson: bool, labelled: Iterator[LabelledFrame]) -> float:
            found = []
            for one in labelled:
                true_m = moments[round((one.frame.stamp_ns / 1e9 - START_S) * HZ)].range_m
                if lesson:
                    range_m = targets(one, lambda frame, hints: estimator(frame, hints=hints))[0].astype(np.float32)
                else:
                    range_m = depth_to_range(estimator(one.frame).depth_m, one.frame.camera.rays())
                error = np.abs(range_m / true_m - 1.0)
                found.append(float(error[np.isfinite(error)].mean()))
            return float(np.mean(found))

        some = learnt[::EVERY]
        before = errors(False, (frames[index] for index in some))
        alone, all_of_them = (errors(True, (source[index] for index in some)) for source in (frames, together))
        mounting = "known" if base else "unknown"
        print(f"| {name} | {mounting} | {before:.2f} | {alone:.2f} | {all_of_them:.2f} |", flush=True)


if __name__ == "__main__":
    main()
