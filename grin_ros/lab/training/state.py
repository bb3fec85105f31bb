# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state from which a run resumes exactly: the weights, their average, the moments of Adam and the step."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from grin_ros.lab.network.checkpoint import save_weights
from grin_ros.lab.network.grin import Grin


class Average:
    """An exponential moving average of all weights. Its decay grows in the first steps, so that it forgets the start.

    torch.optim.swa_utils.AveragedModel would copy the weights in its first update instead of averaging them, and keeps
    a counter of its own that older states do not have.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights of the model after the step of this number, which counts from 0."""
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        for name, tensor in model.state_dict().items():
            self.weights[name].lerp_(tensor, 1.0 - decay)


def save_state(folder: Path, model: Grin, average: Average, optimiser: torch.optim.AdamW, step: int) -> None:
    """Write state.safetensors (to resume) and weights.safetensors (the average). Each appears whole or not at all."""
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
    """Restore the state in `folder` and return the step to continue with, which is 0 if there is no state."""
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
            # The step counter of Adam stays on the CPU; its moments are on the device of their parameter.
            optimiser.state[parameter] = {
                key: value if key == "step" else value.to(parameter.device) for key, value in moments.items()
            }
    return int(tensors["step"])


def _section(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
