# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One graph in OpenVINO: compiled for all sizes, and again for the sizes and cameras that are in use.

If OpenVINO knows all sizes, it fuses elementwise operations: 'decode' takes half of the time, 'encode' and 'denoise'
five sixths. If it knows the camera too, it computes once what depends on rays and mounting only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.engine import OF_CAMERA

logger = logging.getLogger(__name__)

MAX_CASES = 8
"""The largest number of sizes and cameras that a graph is compiled for."""

Tensors = Mapping[str, NDArray[Any]]
Sizes = tuple[tuple[str, tuple[int, ...]], ...]
"""(input, shape) of every input of a graph; -1 is a free axis."""
Case = tuple[Sizes, bool]
"""The case that a graph is compiled for. True: for the first camera of these sizes, whose inputs become constants."""
Compile = Callable[[Sizes, Tensors], Any]
"""Sizes (none: for all sizes) and constants by input -> the compiled graph."""


class Graph:
    """A graph that is called with its inputs by name and returns its outputs by name. Threads take turns, because a
    second run in the same request would change the answer of the first without an error."""

    def __init__(
        self, name: str, axes: Mapping[str, Sequence[int | str]], accepted: float, compile_for: Compile
    ) -> None:
        """Compile the graph for all sizes.

        axes: those of the inputs, as in the manifest. accepted: the largest relative difference between the answer of
        a graph that is compiled for one case and the answer of the graph for all sizes.
        """
        self.name = name
        self._axes, self._accepted, self._compile = axes, accepted, compile_for
        self._for_all = _Compiled(compile_for((), {}), {})
        self._settled = False
        self._turn = threading.Lock()
        self._cases: dict[Case, _Compiled] = {}
        """The cases that occurred -> the compiled graph that answers them."""
        self._cameras: dict[Sizes, Tensors] = {}
        """The inputs of the first camera of each size."""

    def settle(self) -> None:
        """Compile for what is in use from now on. Before, only the graph for all sizes runs, so that it is checked."""
        self._settled = True

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Run the graph. Raises what the runtime raises."""
        with self._turn:
            case = self._case(inputs) if self._settled else None
            if case is None:
                return self._for_all(inputs)
            known = self._cases.get(case)
            return known(inputs) if known else self._specialise(case, inputs)

    def _case(self, inputs: Tensors) -> Case | None:
        """Return the case of these inputs; None if compiling for it gains nothing.

        With several members, 'denoise' consists of products and little else, which do not get faster.
        """
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

    def _specialise(self, case: Case, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Compile for `case`, and use that from now on if it answers as the graph for all sizes does.

        The graph for all sizes has repeated the golden sample.
        """
        (sizes, of_camera), who, expected = case, f"{self.name} {case[0]}", self._for_all(inputs)
        self._cases[case] = self._for_all
        if len(self._cases) > MAX_CASES:
            logger.info("%s: more than %d sizes and cameras; the slower graph for all sizes runs", who, MAX_CASES)
            return expected
        constants = self._cameras[sizes] if of_camera else {}
        try:
            compiled = _Compiled(self._compile(sizes, constants), constants)
            answer = compiled(inputs)
        except Exception as error:  # the runtime's own exceptions share no other base class
            logger.warning("%s: compiled for these sizes it fails (%s); the slower one for all sizes runs", who, error)
            return expected
        off = max(_difference(answer[name], value) for name, value in expected.items())
        if off > self._accepted:
            logger.warning(
                "%s: compiled for these sizes its answer differs (by %.2g of it, accepted is %.2g); the slower graph "
                "for all sizes runs",
                who,
                off,
                self._accepted,
            )
            return expected
        self._cases[case] = compiled
        return answer


class _Compiled:
    """A compiled graph with constants in place of some inputs. It is called with all inputs and ignores those."""

    def __init__(self, compiled: Any, constants: Tensors) -> None:
        self._request, self._constants = compiled.create_infer_request(), constants

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        given = {name: value for name, value in inputs.items() if name not in self._constants}
        # Outputs are copied: the next run would overwrite shared ones, and they are its inputs.
        outputs = self._request.infer(given, share_inputs=True, share_outputs=False)
        return {port.get_any_name(): value for port, value in outputs.items()}


def _difference(got: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return mean |got - expected| / mean |expected| where both are finite.

    Returns inf if more than 0.1 % of the numbers are finite in one of them only.
    """
    known, both = np.isfinite(expected), np.isfinite(expected) & np.isfinite(got)
    if np.count_nonzero(np.isfinite(got) != known) > 1e-3 * got.size:
        return np.inf
    return float(np.abs(got[both] - expected[both]).sum() / max(float(np.abs(expected[both]).sum()), 1e-9))
