# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The state from which a run resumes exactly: the weights, their average, the moments of Adam and the step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.lab.network.checkpoint import read_metadata, read_tensors, save_weights, write_tensors
from grin_ros.lab.network.grin import Grin

Read = TypeVar("Read")

STATE = "state.safetensors"
MODEL = "model."
"""The beginning of the names of what belongs to the model, in the tensors of a state and in the facts of its run."""
SECTIONS = ("model", "sampling", "loss")
"""The parts of a TrainConfig whose settings are compared one by one."""
FREE = ("check_every", "check_frames", "save_every", "snapshot_every")
"""Settings that may change without a warning, because they do not change the run."""


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


def save_state(
    folder: Path,
    model: Grin,
    average: Average,
    optimiser: torch.optim.AdamW,
    step: int,
    run: Mapping[str, Any] | None = None,
) -> None:
    """Write weights.safetensors (the average) and state.safetensors (to resume). Each appears whole or not at all.

    The weights come first, so that a state never says that a run is further than its weights. run: facts about the
    run, which `differences` compares.
    """
    save_weights(folder / WEIGHTS, average.weights, model.config, torch.float32)
    tensors = {f"{MODEL}{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.weights.items()}
    for name, parameter in model.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser.{name}.{key}"] = torch.as_tensor(value)
    tensors["step"] = torch.tensor(step)
    copies = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    write_tensors(folder / STATE, copies, {"run": json.dumps(run)} if run else None)


def differences(folder: Path, run: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the facts in which `run` differs from the run whose state is in `folder`: name -> (there, here).

    Without a state, and with one of an earlier version, there are none. Raises ValueError if the models differ, because
    the state does not fit then, and if the state is damaged.
    """
    path = folder / STATE
    if not path.is_file():
        return {}
    found = compared(json.loads(_for_resuming(path, read_metadata).get("run", "{}")), run)
    for name, (there, here) in found.items():
        if name.startswith(MODEL):
            raise ValueError(
                f"{path}: got {name} = {here}, expected {there} as in the run that is to be resumed; give another "
                "--out for a run of another model"
            )
    return {name: pair for name, pair in found.items() if name not in FREE}


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the facts that both have and in which they differ: name -> (before, now).

    before: facts that were read from JSON. Settings of a section have names such as 'loss.shape'.
    """
    old, new = _flat(before), _flat(json.loads(json.dumps(now)))  # JSON knows lists only, no tuples
    return {name: (old[name], new[name]) for name in new if name in old and old[name] != new[name]}


def load_state(folder: Path, model: Grin, average: Average, optimiser: torch.optim.AdamW) -> int:
    """Restore the state in `folder` and return the step to continue with, which is 0 if there is no state.

    Raises ValueError if the state is damaged or of another model.
    """
    path = folder / STATE
    if not path.is_file():
        return 0
    tensors = _for_resuming(path, read_tensors)
    try:
        model.load_state_dict(_section(tensors, MODEL))
    except RuntimeError as error:
        raise ValueError(
            f"{path}: the run is one of another model; give another --out ({' '.join(str(error).split())})"
        ) from error
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


def _for_resuming(path: Path, read: Callable[[Path], Read]) -> Read:
    try:
        return read(path)
    except ValueError as error:
        raise ValueError(f"{error}. The run cannot be resumed: remove the file to begin again") from error


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the sections beside all others, with names such as 'loss.shape'."""
    flat = {name: value for name, value in values.items() if name not in SECTIONS}
    for section in SECTIONS:
        flat |= {f"{section}.{name}": value for name, value in values.get(section, {}).items()}
    return flat


def _section(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
