# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The reference backend: the torch model in fp32 on the CPU, with the weights of the artifact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.artifact.manifest import GRAPHS, HINT_WEIGHTS, HINTS, MANIFEST, WEIGHTS
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.config import from_mapping
from grin_ros.core.sampling.sampler import Tensor
from grin_ros.lab.network.checkpoint import load_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.network.hints import HintNetwork


class ReferenceEngine(Engine):
    """The torch model. It is slow, and the others must give the same answers. Its tensors are torch tensors."""

    def __init__(self, artifact: Artifact, threads: int = 0, weights: Mapping[str, torch.Tensor] | None = None) -> None:
        """Load the weights of the artifact, or take those given. threads: of torch in the whole process; 0 changes
        nothing. Raises EngineError."""
        super().__init__(artifact, threads)
        if threads > 0:
            torch.set_num_threads(threads)
        try:
            model = Grin(from_mapping(ModelConfig, artifact.manifest.model, f"{artifact.file(MANIFEST)}: model"))
            model.load_state_dict(weights or load_weights(artifact.file(WEIGHTS)))
            hints = None
            if HINTS in artifact.graphs:
                hints = HintNetwork.of(load_weights(artifact.file(HINT_WEIGHTS)), *model.grid).eval()
            tensors = artifact.manifest.tensors
            outputs = {graph: [str(o["name"]) for o in tensors[graph]["outputs"]] for graph in artifact.graphs}
        except (ValueError, RuntimeError, OSError, LookupError) as error:
            raise EngineError(
                f"{artifact.path}: torch {torch.__version__} cannot load its weights ({error}); export the model again"
            ) from error
        self._model: Grin | None = model.eval()
        self._hints = hints
        self._outputs = outputs

    @property
    def description(self) -> str:
        return f"torch {torch.__version__} CPU"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._model is None:
            raise self.not_open(graph)
        if graph not in self._outputs:
            raise EngineError(f"graph: got '{graph}', expected one of {', '.join(self._outputs)}")
        tensors = {name: _tensor(value) for name, value in inputs.items()}
        with torch.inference_mode():
            try:
                if graph in GRAPHS:
                    outputs = getattr(self._model, graph)(**tensors)
                else:
                    assert self._hints is not None
                    outputs = (self._hints(**tensors),)
            except (RuntimeError, TypeError) as error:
                raise self.failure(graph, tensors, error) from error
        return dict(zip(self._outputs[graph], outputs, strict=True))

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return tensor.numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)

    def close(self) -> None:
        self._model = None


def _tensor(value: Tensor) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value
    array = np.ascontiguousarray(value)
    return torch.from_numpy(array if array.flags.writeable else array.copy())  # torch cannot use read-only memory
