# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin export`: write trained weights as an artifact that every backend can run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import HINTS, ArtifactError, read_manifest
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, whole
from grin_ros.lab.export.exporter import export_artifact
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.training.calibrate import MEMBERS, STEPS, calibrate, held_out


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin export`."""
    made = CommandParser(
        "export",
        "Write trained weights as an artifact, and check its graphs against torch.",
        "grin export runs/nano/weights.safetensors runs/nano/artifact --renders data/held_out",
        notes="Without --renders, sigma is not calibrated, and the artifact says so wherever it is used.",
    )
    made.add_argument("weights", type=existing, help="safetensors file of grin train, blend or align")
    made.add_argument("artifact", type=new_folder, help="folder to write; an artifact that is there is replaced")
    made.add_argument("--name", help="name in the manifest (default: that of the folder)")
    made.add_argument("--licence", default="Apache-2.0", help="licence of the weights, as SPDX names it")
    made.add_argument("--training", type=existing, metavar="JSON", help="facts for the manifest: data, steps, commit")
    made.add_argument(
        "--renders", type=existing, nargs="+", metavar="DIR", help="calibrate sigma on these held-out renders"
    )
    made.add_argument("--frames", type=whole(1), default=60, help="renders to calibrate on")
    return made


def _lost(artifact: Path, sigma: bool) -> list[str]:
    """Return what an export over this artifact removes, which other commands have added; nothing if there is none.

    sigma: whether the factors of sigma are among it. They are not where the export fits new ones.
    """
    try:
        old = read_manifest(artifact)
    except ArtifactError:
        return []
    factors = len(old.calibration.factors)
    lost = [f"sigma for {factors} settings (grin calibrate)"] if sigma and factors else []
    lost += ["the hint network (grin train-hints)"] if HINTS in old.graphs else []
    return lost + [f"the graphs in {precision} (grin precision)" for precision in old.variants]


@one_line_errors("export", EngineError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin export`, and return its exit code."""
    options = parser().parse_args(argv)
    if options.renders:
        held_out(options.renders)  # what cannot be read must not cost the calibration of the artifact that is replaced
    lost = _lost(options.artifact, sigma=not options.renders)
    report = export_artifact(
        load_model(options.weights),
        options.artifact,
        name=options.name or options.artifact.name,
        licence=options.licence,
        training=json.loads(options.training.read_text()) if options.training else {},
    )
    if lost:
        print(f"WARN: {options.artifact} was replaced; gone with the old one: {', '.join(lost)}", file=sys.stderr)
    if options.renders:
        print(calibrate(str(options.artifact), options.renders, options.frames, STEPS, MEMBERS))
    megabytes = sum(file.stat().st_size for file in options.artifact.iterdir()) / 1e6
    print(
        f"{options.artifact}: {megabytes:.1f} MB; ONNX Runtime against torch, ln(range): max error "
        f"{report.max_error_ln:.2g}, mean {report.mean_error_ln:.2g}, accepted {report.tolerance_ln:.2g}"
    )
    if caveat := load_artifact(options.artifact).manifest.sigma_caveat():
        print(f"WARN: {caveat}. Type: grin calibrate {options.artifact} --renders DIR", file=sys.stderr)
    return DONE
