# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several processes of one training, as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn

PATIENCE = timedelta(days=1)
"""The first process may label bags or evaluate for long while the others wait. The default ends after 10 minutes."""


def rank_and_world() -> tuple[int, int]:
    """Return the number of this process and how many there are; (0, 1) without torchrun. Joins their group."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    return dist.get_rank(), dist.get_world_size()


def own_device() -> torch.device:
    """Return the GPU of this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", rank_and_world()[0] % torch.cuda.device_count())


def wait() -> None:
    """Wait until all processes are here. Without torchrun there is nothing to wait for."""
    if rank_and_world()[1] > 1:
        dist.barrier()


def share_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients by their means over all processes."""
    if not dist.is_initialized():
        return
    for parameter in parameters:
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()


def first_says(yes: bool, device: torch.device) -> bool:
    """Return what the first process says, so that all end at the same step."""
    return of_first(float(yes), device) > 0.5


def of_first(number: float, device: torch.device) -> float:
    """Return the number of the first process, in float64."""
    if not dist.is_initialized():
        return number
    told = torch.tensor(number, dtype=torch.float64, device=device)
    dist.broadcast(told, 0)
    return float(told)
