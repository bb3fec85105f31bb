# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A very small tuning. With torchrun, this file is one process of it:

torchrun --nproc_per_node 2 -m tests.lab.teaching.runs SITE OUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from grin_ros.core.labels.folder import LabelFolder
from grin_ros.lab.teaching import tune as tuning
from grin_ros.lab.teaching.lessons import Lessons
from grin_ros.lab.training.batches import Sampling
from grin_ros.lab.training.optimiser import rate_share
from tests.lab.network.tiny import awake

RUN = tuning.TuneConfig(
    steps=3, minutes=10.0, batch=2, replay=0, warmup_steps=1, sampling=Sampling(queries=16, pattern_share=0.0)
)
BEFORE_S = (300.0, 500.0)
"""The seconds that each process has spent before."""


def one_process_of_two(site: Path, out: Path) -> None:
    """Tune, and write OUT/rank<n>.json: the ways along the cosine, the steps and sums of the weights of this process.

    Each process has a folder of its own, with another clock.
    """
    torch.set_num_threads(1)
    rank, _ = tuning.rank_and_world()
    own, ways = out / str(rank), []
    own.mkdir()
    (own / tuning.CLOCK).write_text(json.dumps({"seconds": BEFORE_S[rank]}))

    def watched(step: int, warmup_steps: int, done: float) -> float:
        ways.append(done)
        return rate_share(step, warmup_steps, done)

    vars(tuning).update(rate_share=watched)
    model = awake()
    tuned = tuning.tune(model, Lessons(LabelFolder(site), range(20), own / "cache", None), None, RUN, own)
    weights = {name: float(tensor.double().sum()) for name, tensor in model.state_dict().items()}
    told = {"ways": ways, "steps": tuned.steps, "minutes": tuned.minutes, "weights": weights}
    (out / f"rank{rank}.json").write_text(json.dumps(told))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    one_process_of_two(Path(sys.argv[1]), Path(sys.argv[2]))
