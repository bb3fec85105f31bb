#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export trained weights as an artifact: export/export_onnx.py runs/nano/weights.safetensors grin_ros/artifacts/nano"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from grin_ros.lab.export.exporter import export_artifact
from grin_ros.lab.network.checkpoint import load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="safetensors file written by grin train")
    parser.add_argument("artifact", type=Path, help="folder to write; an artifact that is there is replaced")
    parser.add_argument("--name", help="name in the manifest (default: the folder's)")
    parser.add_argument("--licence", default="Apache-2.0", help="licence of the weights, SPDX")
    parser.add_argument("--training", type=Path, help="JSON file for the manifest: data, steps, commit")
    options = parser.parse_args()
    report = export_artifact(
        load_model(options.weights),
        options.artifact,
        name=options.name or options.artifact.name,
        licence=options.licence,
        training=json.loads(options.training.read_text()) if options.training else {},
    )
    megabytes = sum(file.stat().st_size for file in options.artifact.iterdir()) / 1e6
    print(
        f"{options.artifact}: {megabytes:.1f} MB; ONNX Runtime against torch, ln(range): max error "
        f"{report.max_error_ln:.2g}, mean {report.mean_error_ln:.2g}, accepted {report.tolerance_ln:.2g}"
    )


if __name__ == "__main__":
    main()
