# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a run must remember to go on exactly where it stopped: weights, their average, Adam's moments, the step."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from grin_ros.lab.network.checkpoint import save_weights
from grin_ros.lab.network.grin import Grin


class Average:
    """Exponential moving average of all weights; its decay grows in the first steps, so that it forgets the start."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        for name, tensor in model.state_dict().items():
            self.weights[name].lerp_(tensor, 1.0 - decay)


def save_state(folder: Path, model: Grin, average: Average, optimiser: torch.optim.AdamW, step: int) -> None:
    """Write state.safetensors (to resume) and weights.safetensors (the average, float32), each atomically."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.weights.items()}
    for name, parameter in model.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser.{name}.{key}"] = torch.as_tensor(value)
    tensors["step"] = torch.tensor(step)
    temporary = folder / "state.tmp"
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, temporary)
    temporary.replace(folder / "state.safetensors")
    save_weights(folder / "weights.safetensors", average.weights, model.config, torch.float32)


def load_state(folder: Path, model: Grin, average: Average, optimiser: torch.optim.AdamW) -> int:
    """Put everything back; returns the step to go on with, 0 where there is nothing to resume."""
    path = folder / "state.safetensors"
    if not path.is_file():
        return 0
    tensors = load_file(path)
    model.load_state_dict(_section(tensors, "model."))
    average.weights = {
        name: tensor.to(average.weights[name].device) for name, tensor in _section(tensors, "average.").items()
    }
    for name, parameter in model.named_parameters():
        moments = _section(tensors, f"optimiser.{name}.")
        if moments:
            # Adam's step counter stays on the host; its moments live beside their parameter.
            optimiser.state[parameter] = {
                key: value if key == "step" else value.to(parameter.device) for key, value in moments.items()
            }
    return int(tensors["step"])


def _section(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
