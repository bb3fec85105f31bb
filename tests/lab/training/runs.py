# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A very small training run. With torchrun, this file is one process of such a run:

torchrun --nproc_per_node 2 -m tests.lab.training.runs DATA OUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from grin_ros.lab.training import loop
from grin_ros.lab.training.batches import Sampling, batch
from grin_ros.lab.training.config import TrainConfig
from grin_ros.lab.training.state import Average
from tests.lab.network.tiny import TINY

RUN = TrainConfig(
    model=TINY,
    sampling=Sampling(queries=24),
    steps=12,
    low_steps=4,
    low_height=32,
    low_width=32,
    style_share=0.5,
    batch=2,
    lr=2e-3,
    frozen_stages=1,
    warmup_steps=3,
    holdout=1,
    check_every=100,
    check_frames=2,
    save_every=100,
    snapshot_every=5,
)


def one_process_of_two(data: Path, out: Path) -> None:
    """Train two steps and write OUT/rank<n>.json: weights and their average, batches and check of this process."""
    torch.set_num_threads(1)
    seen: dict[str, Any] = {"batches": []}

    class Watched(Average):
        def update(self, model: torch.nn.Module, step: int) -> None:
            super().update(model, step)
            seen["weights"] = _sums(dict(model.named_parameters()))
            seen["average"] = _sums(self.weights)

    def watched_batch(*arguments: Any) -> Any:
        drawn = batch(*arguments)
        seen["batches"].append([list(drawn.queries.shape), float(drawn.queries.double().sum())])
        return drawn

    vars(loop).update(Average=Watched, batch=watched_batch)
    seen["check"] = str(loop.train(RUN, data, out, stop_after=2, pretrained=False))
    rank = torch.distributed.get_rank()
    (out / f"rank{rank}.json").write_text(json.dumps(seen))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _sums(tensors: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    """Return two sums per tensor, which differ for different tensors."""
    doubles = {name: tensor.detach().double() for name, tensor in tensors.items()}
    return {name: [float(t.sum()), float(t.square().sum())] for name, t in doubles.items()}


if __name__ == "__main__":
    one_process_of_two(Path(sys.argv[1]), Path(sys.argv[2]))
