# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One graph in OpenVINO: compiled for all sizes, and again for each that is in use.

Where OpenVINO knows all sizes it fuses what is computed number by number: `decode` takes half of the time, `encode` and
`denoise` five sixths. Where it knows the camera too, it computes in `encode` once what rays and mounting alone decide.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MAX_CASES = 8
"""Sizes and cameras that a graph is compiled for: the golden sample's, and a few more."""
OF_CAMERA = ("queries", "query_rays", "scene_rays", "mounting")
"""Inputs that stay while the camera does."""

Tensors = Mapping[str, NDArray[Any]]
Sizes = tuple[tuple[str, tuple[int, ...]], ...]
"""(input, shape) of a graph; -1 is a free axis."""
Case = tuple[Sizes, bool]
"""What a graph is compiled for; True: for the first camera of these sizes, whose inputs are constants in it."""
Compile = Callable[[Sizes, Tensors], Any]
"""Sizes (none: all of them) and constants by input -> the compiled graph."""


class Graph:
    """Called with its inputs by name, it gives its outputs by name. Not thread safe."""

    def __init__(
        self, name: str, axes: Mapping[str, Sequence[int | str]], accepted: float, compile_for: Compile
    ) -> None:
        """axes: of the inputs, as the manifest has them. accepted: by how much of it an answer may differ."""
        self.name = name
        self._axes, self._accepted, self._compile = axes, accepted, compile_for
        self._for_all = compile_for((), {}).create_infer_request()
        self._cases: dict[Case, tuple[Any, Tensors]] = {}
        """Those met -> what answers them, and its constants."""
        self._cameras: dict[Sizes, Tensors] = {}
        """The first of each size."""

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Raises what the runtime raises."""
        case = self._case(inputs)
        request, constants = self._cases.get(case, (self._for_all, {})) if case else (self._for_all, {})
        answer = _infer(request, {name: value for name, value in inputs.items() if name not in constants})
        if case is None or case in self._cases:
            return answer
        return self._specialise(case, inputs, answer)

    def _case(self, inputs: Tensors) -> Case | None:
        """None where nothing is gained by compiling for it: several members make `denoise` products and little else."""
        if self.name == "denoise" and len(inputs["x"]) > 1:
            return None
        free = "members" if self.name == "decode" else ""
        sizes = tuple(
            (name, tuple(-1 if axis == free else n for n, axis in zip(value.shape, self._axes[name], strict=True)))
            for name, value in sorted(inputs.items())
        )
        if sizes not in self._cameras and len(self._cases) < MAX_CASES:
            self._cameras[sizes] = {name: inputs[name].copy() for name in OF_CAMERA if name in inputs}
        camera = self._cameras.get(sizes, {})
        return sizes, bool(camera) and all(np.array_equal(inputs[name], value) for name, value in camera.items())

    def _specialise(self, case: Case, inputs: Tensors, expected: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compile for `case` and use that from now on, if it gives `expected` too: the answer of the graph for all
        sizes, which has passed the golden sample."""
        (sizes, of_camera), who = case, f"{self.name} {case[0]}"
        self._cases[case] = self._for_all, {}
        if len(self._cases) > MAX_CASES:
            logger.info("%s: more than %d sizes and cameras; it takes the graph for all sizes", who, MAX_CASES)
            return expected
        constants = self._cameras[sizes] if of_camera else {}
        try:
            request = self._compile(sizes, constants).create_infer_request()
            answer = _infer(request, {name: value for name, value in inputs.items() if name not in constants})
        except Exception as error:  # the runtime's own exceptions share no other base class
            logger.warning("%s: it fails when compiled for itself (%s); it takes the graph for all sizes", who, error)
            return expected
        off = max(_difference(answer[name], value) for name, value in expected.items())
        if off > self._accepted:
            logger.warning(
                "%s: compiled for itself it answers otherwise (by %.2g of it, accepted %.2g); it takes the graph for "
                "all sizes",
                who,
                off,
                self._accepted,
            )
            return expected
        self._cases[case] = request, constants
        return answer


def _infer(request: Any, inputs: Tensors) -> dict[str, NDArray[Any]]:
    # Outputs are copied: shared, they would be overwritten by the next run, and the loop feeds them back.
    outputs = request.infer(inputs, share_inputs=True, share_outputs=False)
    return {port.get_any_name(): value for port, value in outputs.items()}


def _difference(got: NDArray[Any], expected: NDArray[Any]) -> float:
    """Mean |got - expected| over mean |expected|, where both are finite; inf where more than 0.1 % is in one only."""
    known, both = np.isfinite(expected), np.isfinite(expected) & np.isfinite(got)
    if np.count_nonzero(np.isfinite(got) != known) > 1e-3 * got.size:
        return np.inf
    return float(np.abs(got[both] - expected[both]).sum() / max(float(np.abs(expected[both]).sum()), 1e-9))
