# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin teacher check FILE`: say whether the ONNX file of a teacher network keeps its contract."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.command_line import DONE, FAILED, WRONG_CALL, CommandParser, existing, fail, one_line_errors
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.teachers.contract import contract_names, load_contract
from grin_ros.core.teachers.teacher import Teacher
from grin_ros.core.types import Frame

CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
LEAST_SPREAD_LN = 1e-3


def check(path: Path, name: str) -> list[str]:
    """Return what is wrong with a file under the contract of this name; nothing if it keeps it.

    Raises ValueError if the file cannot be opened, or takes or gives other names than the contract says.
    """
    teacher = Teacher(path, load_contract(name))
    problems = []
    answers = []
    for number in range(2):
        depth_m = teacher.depth_m(Frame(_picture(number), CAMERA))
        known = depth_m[np.isfinite(depth_m)]
        if not len(known):
            problems.append(
                "its answer has no depth above 0 that is finite and within the longest range; the export is broken "
                "(the metric files of Depth-Anything-ONNX v2.0.0 answer zeros), or the contract is that of another file"
            )
            return problems
        answers.append(depth_m)
        if float(np.log(known).std()) < LEAST_SPREAD_LN:
            problems.append("its answer is one distance for the whole image; check the normalisation and the export")
    if np.array_equal(answers[0], answers[1], equal_nan=True):
        problems.append("two different images have the same answer; the export has frozen something, export it again")
    return problems


def matching(path: Path) -> list[str]:
    """Return the names of the shipped contracts whose inputs and outputs a file has."""
    found = []
    for name in contract_names():
        try:
            Teacher(path, load_contract(name))
        except ValueError:
            continue
        found.append(name)
    return found


def _picture(seed: int) -> NDArray[np.uint8]:
    """Return an image of soft waves, another one for each seed."""
    v, u = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width] / 120.0
    waves = [np.sin((1.0 + seed) * u + 2.0 * v + k) for k in range(3)]
    return np.asarray(128.0 + 110.0 * np.stack(waves, -1), np.uint8)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin teacher`."""
    made = CommandParser(
        "teacher",
        "Check that the ONNX file of a depth network keeps the contract by which grin teach would use it.",
        "grin teacher check depth_anything_v2_small.onnx --contract depth_anything_v2_relative",
        notes="A file that keeps its contract may still be wrong in its metres: only the robot's own measurements show "
        "that, and grin teach aligns every answer to them.",
    )
    made.add_argument("action", choices=("check",), help="what to do")
    made.add_argument("file", type=existing, help="ONNX file")
    made.add_argument(
        "--contract",
        metavar="NAME",
        help=f"{', '.join(contract_names())}, or a YAML file (default: the one whose names fit)",
    )
    return made


@one_line_errors("teacher")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin teacher`, and return its exit code."""
    options = parser().parse_args(argv)
    names = [options.contract] if options.contract else matching(options.file)
    if len(names) != 1:
        got = f"fits {', '.join(names)}" if names else "fits no shipped contract"
        return fail("teacher", f"{options.file}: {got}; give one with --contract", WRONG_CALL)
    problems = check(options.file, names[0])
    contract = load_contract(names[0])
    for problem in problems:
        print(f"{options.file}: {problem}")
    if problems:
        return FAILED
    relative = contract.meaning == "inverse_relative"
    unit = "relative depth, which measurements make metric" if relative else "metres"
    print(
        f"{options.file} keeps the contract {names[0]} ({contract.title}): it gives {unit}. Licence: {contract.licence}"
    )
    return DONE
