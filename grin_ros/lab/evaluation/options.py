# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `grin evaluate`."""

from __future__ import annotations

import argparse
import math

from grin_ros.core.backends.registry import choices
from grin_ros.core.command_line import CommandParser, new_file, new_folder, whole
from grin_ros.core.estimator import Settings
from grin_ros.core.photo.cameras import add_camera_options
from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.evaluation.claims.sweep import MEMBERS, STEPS
from grin_ros.lab.evaluation.table import DISTANCE_LEGEND, LEGEND, SIGMA_LEGEND

SUITES = ("cameras", "focal", "mounting", "edges")
OF_FOLDERS = (
    *("domain", "every", "limit", "frames", "mounting", "calibration", "fov", "camera"),
    *("hints", "sweep", "sweep_steps", "sweep_members", "suite"),
)
"""The options that count for folders of samples only, and not for a sequence."""


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return (1, 2, 4) for '1,2,4'. Raises ArgumentTypeError, which argparse reports."""
    return tuple(map(whole(1), text.split(",")))


def hint_pattern(text: str) -> str:
    """Return `text` if it is a pattern of hints. Raises ArgumentTypeError, which argparse reports."""
    try:
        HintPattern.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def pose_noise(text: str) -> tuple[float, float]:
    """Return (0.01, 0.3) for '0.01,0.3'. Raises ArgumentTypeError, which argparse reports."""
    try:
        distance, rotation_deg = map(float, text.split(","))
    except ValueError:
        distance = rotation_deg = math.nan
    if not (0.0 <= distance < 1.0 and 0.0 <= rotation_deg < 90.0):  # false for NaN
        raise argparse.ArgumentTypeError(
            f"got {text!r}, expected a share of the distance below 1 and degrees below 90, such as 0.01,0.3"
        )
    return distance, rotation_deg


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin evaluate`."""
    defaults = Settings()
    parse = CommandParser(
        "evaluate",
        "Evaluate a model on measured depth or on renders, and compare it with trivial baselines.",
        "grin evaluate data/real --model nano --report report/",
        "grin evaluate data/held_out --suite cameras",
        "grin evaluate --sequence data/drive --pose-noise 0.01,0.3",
        notes=f"{LEGEND}\n\n{SIGMA_LEGEND}\n\n{DISTANCE_LEGEND}",
    )
    data = parse.add_argument_group("data")
    data.add_argument("folders", metavar="DIR", nargs="*",
                      help="folders of measured depth (index.json), or folders of renders (grin scenes)")  # fmt: skip
    data.add_argument("--sequence", metavar="DIR",
                      help="instead of DIR: images of a moving camera with its poses, and depth of some of them; every "
                      "image is tracked, and the camera alone is compared with the hints of its motion")  # fmt: skip
    data.add_argument("--pose-noise", metavar="SHARE,DEGREES", type=pose_noise,
                      help="add noise to the poses of --sequence: a share of the distance, and degrees; for instance "
                      "0.01,0.3")  # fmt: skip
    data.add_argument("--domain", metavar="NAME", help="only this domain, for instance indoor")
    data.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th frame")
    data.add_argument("--limit", type=int, metavar="N", help="only the first N frames of these")
    data.add_argument("--frames", type=int, metavar="N",
                      help="only N of these frames, evenly spread (in suites: of each set)")  # fmt: skip
    data.add_argument("--mounting", action="store_true",
                      help="give the model the mounting of the cameras: of measured depth that which the floor in it "
                      "says, and samples that do not show their floor are left out")  # fmt: skip
    data.add_argument("--max-depth", type=float, default=defaults.max_depth_m, metavar="M",
                      help="leave out measured depth beyond this, in metres")  # fmt: skip
    add_camera_options(data, "samples without K in index.json")
    model = parse.add_argument_group("model")
    model.add_argument("--model", default="nano", metavar="NAME",
                       help="a shipped model or the folder of an artifact")  # fmt: skip
    model.add_argument(
        "--backend", default="ort", choices=choices(), metavar="NAME", help=f"one of {', '.join(choices())}"
    )
    model.add_argument(
        "--threads", type=whole(0), default=0, metavar="N", help="CPU threads (default: the runtime chooses)"
    )
    model.add_argument("--steps", type=int, default=defaults.steps, help="DDIM steps")
    model.add_argument("--members", type=int, default=defaults.members, help="ensemble size")
    model.add_argument("--seed", type=whole(0), default=defaults.seed, help="seed of the noise and of --hints")
    what = parse.add_argument_group("instead of the table").add_mutually_exclusive_group()
    what.add_argument("--hints", nargs="+", type=hint_pattern, metavar="PATTERN",
                      help="give the model measured pixels, drawn from the depth, and compare with simple methods on "
                      "the same pixels: none, uniform:N, corners:N, line, beams:N or zones:N, with options as in "
                      "uniform:32,outliers=0.05,noise=0.03 or line,below=0.3 (a lidar 0.3 m below the camera) or "
                      "zones:8,reach=0.5 (half of the pixels within reach); several patterns at once")  # fmt: skip
    what.add_argument("--sweep", action="store_true", help="compare numbers of steps and members")
    what.add_argument("--suite", choices=SUITES,
                      help="cameras: unseen cameras, which are those of the second DIR on, or the wide, fisheye and "
                      "off-centre ones of a single DIR, against all of the first DIR; focal: two focal lengths; "
                      "mounting: known against unknown at robot height; edges: floating points")  # fmt: skip
    parse.add_argument(
        "--sweep-steps", type=whole_numbers, default=STEPS, metavar="K,K", help="steps of --sweep (default: 1,2,4,10)"
    )
    parse.add_argument(
        "--sweep-members",
        type=whole_numbers,
        default=MEMBERS,
        metavar="S,S",
        help="members of --sweep (default: 1,4,10)",
    )
    out = parse.add_argument_group("output")
    out.add_argument(
        "--report",
        type=new_folder,
        metavar="OUT",
        help="folder for the report with pictures, or for the figures of a sweep or suite",
    )
    out.add_argument("--json", type=new_file, metavar="FILE", help="file for all figures")
    return parse
