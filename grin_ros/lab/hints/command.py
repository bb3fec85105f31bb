# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin train-hints ARTIFACT ...`: train and calibrate a hint network, and write it into the artifact."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from grin_ros.core.artifact.loading import Artifact, find_artifact, load_artifact
from grin_ros.core.artifact.manifest import HINT_WEIGHTS, HintModel
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.command_line import DONE, CommandParser, fail, whole
from grin_ros.lab.hints.calibrate import calibrated
from grin_ros.lab.hints.export import add_hint_network
from grin_ros.lab.hints.frames import FrozenFrames, freeze, frozen_facts, kept_facts
from grin_ros.lab.hints.train import HintTraining, train
from grin_ros.lab.network.checkpoint import load_weights
from grin_ros.lab.network.hints import HintNetwork

logger = logging.getLogger(__name__)

RENDERS = 850
"""Renders that are learnt from, evenly spread over all of them."""
PHOTOGRAPHS = 3
"""Windows of each photograph that are learnt from."""


def frozen(artifact: Artifact, folder: Path, data: Sequence[Path], renders: int, photographs: int) -> FrozenFrames:
    """Return the answers of an artifact to the frames of `data`, from `folder` or computed and kept there.

    Those in the folder are used if the model, the data and the numbers of frames are the same.
    """
    wanted = frozen_facts(artifact, data, renders, photographs)
    kept = kept_facts(folder)
    if any(kept.get(name) != value for name, value in wanted.items()):
        engine = open_engine("ort", artifact, torch.get_num_threads())
        freeze(engine, folder, data, renders, photographs)
        engine.close()
    else:
        logger.info("%s: the answers of the model from before are used again", folder)
    return FrozenFrames(folder, artifact.manifest)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin train-hints`, and return its exit code."""
    parser = CommandParser(
        "train-hints",
        "Train the hint network of an artifact: which pixels share an error, and how large it is. The model is frozen.",
        "grin train-hints runs/nano/artifact --data data/worlds data/places --kept-back data/places_kept_back "
        "--frozen runs/hints",
    )
    parser.add_argument("artifact", help="folder of an exported artifact, or name of a shipped model; it is changed")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="shards to learn from (scenes, pack)")
    parser.add_argument(
        "--kept-back", type=Path, nargs="+", required=True, help="folders of shards to calibrate sigma on"
    )
    parser.add_argument(
        "--frozen", type=Path, required=True, metavar="DIR",
        help="folder for the answers of the model, which are used again if model, data and frames are the same",
    )  # fmt: skip
    parser.add_argument("--start-from", metavar="ARTIFACT", help="begin with the hint network of this artifact")
    parser.add_argument("--threads", type=whole(1), default=1, help="CPU threads")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    torch.set_num_threads(options.threads)
    try:
        config = HintTraining()
        folder = find_artifact(options.artifact)
        artifact = load_artifact(folder)
        learnt = frozen(artifact, options.frozen / "learnt", options.data, RENDERS, PHOTOGRAPHS)
        kept = frozen(artifact, options.frozen / "kept", options.kept_back, 60, 1)
        start = None
        if options.start_from:
            earlier = load_artifact(find_artifact(options.start_from))
            sizes = artifact.manifest.network
            start = HintNetwork.of(load_weights(earlier.file(HINT_WEIGHTS)), sizes.grid_rows, sizes.grid_cols)
            config = dataclasses.replace(config, process=earlier.manifest.hints.process)
        network, process = train(learnt, config, start)
        learnt_process = process.learnt()
        calibration = calibrated(kept, network, learnt_process)
        training = {
            "data": [path.name for path in options.data],
            "frames": len(learnt),
            "model": artifact.model_digest,
            **dataclasses.asdict(config),
        }
        hints = HintModel(learnt_process, calibration, training=training)
        report = add_hint_network(folder, network, hints)
    except (ValueError, OSError, EngineError) as error:
        return fail("train-hints", error)
    print(f"{folder}: hint network, golden sample: max error {report.max_error_ln:.2g}")
    return DONE
