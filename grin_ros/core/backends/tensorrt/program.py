# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One graph on TensorRT: its engine, its context, and the buffers that it reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorrt
from numpy.typing import NDArray

from grin_ros.core.backends.engine import EngineError, EngineSizeError
from grin_ros.core.backends.tensorrt.build import Bounds
from grin_ros.core.backends.tensorrt.cuda import CudaStream, DeviceBuffer, PinnedBuffer


@dataclass(frozen=True)
class DeviceTensor:
    """A tensor on the GPU that a program wrote. It is valid until that program runs again."""

    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    owner: Program
    generation: int

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def check(self) -> None:
        """Raise EngineError if its program has run again, so that other numbers are in its place."""
        if self.generation != self.owner.generation:
            raise EngineError(
                f"a tensor of '{self.owner.graph}' was used after that graph had run again; call to_host before"
            )


class Program:
    """One graph that runs on one stream. Its methods enqueue work and do not wait for it."""

    def __init__(self, graph: str, engine: Any, stream: CudaStream) -> None:
        self.graph = graph
        self.generation = 0
        """The number of runs so far."""
        self.buffers: dict[str, DeviceBuffer] = {}
        """The buffers of inputs and outputs, by name."""
        self._engine = engine
        self._stream = stream
        self._pinned: dict[str, PinnedBuffer] = {}
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        self._dtypes = {name: np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name))) for name in names}
        self._inputs = [name for name in names if engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT]
        self._outputs = [name for name in names if name not in self._inputs]
        for name in names:
            self.buffers[name] = DeviceBuffer()
            self._pinned[name] = PinnedBuffer()
        self._context = self.new_context()

    def new_context(self) -> Any:
        """Return a context, which has memory of its own. Raises EngineError if there is not enough on the GPU."""
        context = self._engine.create_execution_context()
        if context is None:
            needed_mb = self._engine.device_memory_size_v2 / 1e6
            raise EngineError(
                f"'{self.graph}' needs {needed_mb:.0f} MB of free memory on the GPU; close other programs that use it"
            )
        return context

    def reserve_largest(self, names: Iterable[str], bounds: Bounds) -> None:
        """Allocate the buffers of these inputs for their largest shape, so that their addresses do not change later."""
        for name in names:
            shape = bounds[name][2] if name in bounds else tuple(self._engine.get_tensor_shape(name))
            self.buffers[name].reserve(_nbytes(shape, self._dtypes[name]))

    def load(self, inputs: Mapping[str, Any]) -> None:
        """Copy inputs to their buffers. Raises EngineError for an unknown name, a wrong type, or an outdated tensor."""
        for name, value in inputs.items():
            if name not in self._inputs:
                raise EngineError(f"got an input '{name}', expected {', '.join(self._inputs)}")
            dtype, buffer = self._dtypes[name], self.buffers[name]
            if value.dtype != dtype:
                raise EngineError(f"{name}: got {value.dtype}, expected {dtype}")
            buffer.reserve(_nbytes(value.shape, dtype))
            if isinstance(value, DeviceTensor):
                value.check()
                self._stream.copy(buffer.address, value.address, value.nbytes)
            else:
                staged = self._staged(name, value)
                self._stream.upload(buffer.address, staged)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, DeviceTensor]:
        """Enqueue a run with all inputs. The outputs are on the GPU when the stream has finished it."""
        missing = [name for name in self._inputs if name not in inputs]
        if missing:
            raise EngineError(f"got no {', '.join(missing)}")
        self.load(inputs)
        self._set_shapes(self._context, {name: tuple(inputs[name].shape) for name in self._inputs})
        shapes = {name: tuple(self._context.get_tensor_shape(name)) for name in self._outputs}
        for name, shape in shapes.items():
            self.buffers[name].reserve(_nbytes(shape, self._dtypes[name]))
        self._execute(self._context, {name: buffer.address for name, buffer in self.buffers.items()})
        self.generation += 1
        return {
            name: DeviceTensor(self.buffers[name].address, shape, self._dtypes[name], self, self.generation)
            for name, shape in shapes.items()
        }

    def enqueue(self, context: Any, shapes: Mapping[str, tuple[int, ...]], addresses: Mapping[str, int]) -> None:
        """Enqueue a run on memory at the given addresses, with a context from `new_context`."""
        self._set_shapes(context, shapes)
        self._execute(context, addresses)

    def close(self) -> None:
        """Free all memory."""
        self._context = self._engine = None
        while self.buffers:
            self.buffers.popitem()[1].free()
        while self._pinned:
            self._pinned.popitem()[1].free()

    def _set_shapes(self, context: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
        for name, shape in shapes.items():
            # TensorRT returns False for a wrong size and raises an exception for a wrong rank.
            if not context.set_input_shape(name, shape):
                low, _, high = self._engine.get_tensor_profile_shape(name, 0)
                raise EngineSizeError(
                    f"{name}: got {shape}, engines of TensorRT take {tuple(low)} to {tuple(high)}; resize the image or "
                    "reduce members, or choose a backend that takes every size, such as ort-cuda"
                )

    def _execute(self, context: Any, addresses: Mapping[str, int]) -> None:
        for name, address in addresses.items():
            context.set_tensor_address(name, address)
        if not context.execute_async_v3(self._stream.handle):
            raise EngineError("TensorRT refused to run it; see the log")

    def _staged(self, name: str, value: NDArray[Any]) -> NDArray[Any]:
        staged = self._pinned[name].array(value.shape, self._dtypes[name])
        np.copyto(staged, value)
        return staged


def _nbytes(shape: Iterable[int], dtype: np.dtype[Any]) -> int:
    return int(np.prod(tuple(shape), dtype=np.int64)) * dtype.itemsize
