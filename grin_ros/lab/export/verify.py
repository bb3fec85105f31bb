# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin verify`: compare a backend with the torch reference, on the golden sample and on a larger image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.command_line import DONE, FAILED, CommandParser, one_line_errors, whole
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import Frame
from grin_ros.lab.export.exporter import golden_image


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin verify`."""
    made = CommandParser(
        "verify",
        "Compare a backend with the torch reference: errors of ln(range), and whether they are accepted.",
        "grin verify nano --backend ort --size 640x480",
    )
    made.add_argument("artifact", help="name of a shipped model, or folder of an artifact")
    made.add_argument("--backend", default="ort", choices=[name for name in BACKENDS if name != "reference"])
    made.add_argument("--size", type=_size, default="640x480", metavar="WIDTHxHEIGHT", help="of the image, pixels")
    made.add_argument("--steps", type=whole(1), default=2, help="denoising steps")
    made.add_argument("--members", type=whole(1), default=4, help="ensemble size")
    return made


@one_line_errors("verify", EngineError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin verify`. The exit code is FAILED if an error is above the tolerance of the backend's precision."""
    options = parser().parse_args(argv)
    width, height = options.size
    camera = Camera(width, height, 0.8 * width, 0.8 * width, (width - 1) / 2, (height - 1) / 2)
    frame = Frame(golden_image(width, height), camera)
    settings = Settings(options.steps, options.members, min_depth_m=1e-6, max_depth_m=1e6)  # nothing is cut off
    artifact = load_artifact(options.artifact)
    engine = open_engine(options.backend, artifact)
    golden = check_golden(engine)
    got = Estimator(engine, settings)(frame).depth_m
    expected = Estimator(open_engine("reference", artifact), settings)(frame).depth_m
    # depth = range * ray_z with the same ray_z, so the errors of ln(depth) are those of ln(range).
    error_ln = np.abs(np.log(got) - np.log(expected))
    print(f"{engine.description}, artifact {artifact.path.name} {artifact.digest}: error of ln(range)")
    print(f"  golden sample                 max {golden.max_error_ln:.2g}   mean {golden.mean_error_ln:.2g}")
    print(f"  {width}x{height}, {options.steps} steps, {options.members} members   ", end="")
    print(f"max {error_ln.max():.2g}   mean {error_ln.mean():.2g}   (accepted {golden.tolerance_ln:.2g})")
    return DONE if error_ln.max() <= golden.tolerance_ln else FAILED


def _size(text: str) -> tuple[int, int]:
    width, times, height = text.partition("x")
    if not (times and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected WIDTHxHEIGHT such as 640x480")
    return int(width), int(height)
