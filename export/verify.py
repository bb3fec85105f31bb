#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Compare an artifact in a backend with the torch reference: export/verify.py nano --backend ort --size 640x480

Prints the largest and the mean error of ln(range), first on the golden sample, then live at the given size. Exit code 1
where an error is above the tolerance of the backend's precision.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import ArtifactError
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import Frame
from grin_ros.lab.export.exporter import golden_image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifact", help="a shipped model's name or an artifact's folder")
    parser.add_argument("--backend", default="ort", choices=[name for name in BACKENDS if name != "reference"])
    parser.add_argument("--size", default="640x480", help="camera image, WIDTHxHEIGHT pixels")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--members", type=int, default=4)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    camera = Camera(width, height, 0.8 * width, 0.8 * width, (width - 1) / 2, (height - 1) / 2)
    frame = Frame(golden_image(width, height), camera)
    settings = Settings(options.steps, options.members, min_depth_m=1e-6, max_depth_m=1e6)  # nothing is cut off
    try:
        artifact = load_artifact(options.artifact)
        engine = open_engine(options.backend, artifact)
        golden = check_golden(engine)
        got = Estimator(engine, settings)(frame).depth_m
        expected = Estimator(open_engine("reference", artifact), settings)(frame).depth_m
    except (ArtifactError, EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    # depth = range * ray_z with the same ray_z, so the errors of ln(depth) are those of ln(range).
    error_ln = np.abs(np.log(got) - np.log(expected))
    print(f"{engine.description}, artifact {artifact.path.name} {artifact.digest}: error of ln(range)")
    print(f"  golden sample                 max {golden.max_error_ln:.2g}   mean {golden.mean_error_ln:.2g}")
    print(f"  {width}x{height}, {options.steps} steps, {options.members} members   ", end="")
    print(f"max {error_ln.max():.2g}   mean {error_ln.mean():.2g}   (accepted {golden.tolerance_ln:.2g})")
    return 0 if error_ln.max() <= golden.tolerance_ln else 1


if __name__ == "__main__":
    sys.exit(main())
