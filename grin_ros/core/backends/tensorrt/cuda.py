# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The part of the CUDA runtime that an engine needs: one GPU, a stream, buffers and captured graphs. No torch.

Every error is raised, except when something is freed: then it is logged, so that the rest is freed too. Not thread
safe: a stream and its buffers belong to one thread.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cuda.bindings import runtime
from numpy.typing import NDArray

from grin_ros.core.backends.engine import EngineError, EngineUnavailableError

logger = logging.getLogger(__name__)

ALIGNMENT = 256
"""Bytes: TensorRT needs addresses aligned to this, and cudaMalloc returns such."""


class CudaError(EngineError):
    """A call of the CUDA runtime failed; the text says which one and why."""


@dataclass(frozen=True)
class Gpu:
    """A GPU. compute_capability: for example '8.7'. driver: the newest CUDA that the driver supports, '12.6'."""

    name: str
    compute_capability: str
    driver: str


def gpu() -> Gpu:
    """Return the first GPU that CUDA sees; CUDA_VISIBLE_DEVICES chooses. Raises EngineUnavailableError for none."""
    try:
        count = _checked(runtime.cudaGetDeviceCount, "look for a GPU")
    except CudaError as error:
        raise EngineUnavailableError(f"no NVIDIA GPU: {error}", "install or update the driver") from error
    if count == 0:
        raise EngineUnavailableError("no NVIDIA GPU: CUDA sees none", "check the driver and CUDA_VISIBLE_DEVICES")
    properties = _checked(runtime.cudaGetDeviceProperties, "ask for the GPU's properties", 0)
    driver = _checked(runtime.cudaDriverGetVersion, "ask for the driver's version")
    name = properties.name.decode() if isinstance(properties.name, bytes) else str(properties.name)
    return Gpu(name, f"{properties.major}.{properties.minor}", f"{driver // 1000}.{driver % 1000 // 10}")


class DeviceBuffer:
    """Memory on the GPU that is allocated again only if it has to grow."""

    def __init__(self, nbytes: int = 0) -> None:
        self.address = 0
        self.nbytes = 0
        self.reserve(nbytes)

    def reserve(self, nbytes: int) -> None:
        """Make room for `nbytes`. The content is lost if the buffer has to grow."""
        if nbytes > self.nbytes:
            self.free()
            self.address = int(_checked(runtime.cudaMalloc, f"allocate {nbytes / 1e6:.1f} MB on the GPU", nbytes))
            self.nbytes = nbytes

    def free(self) -> None:
        if self.address:
            address, self.address, self.nbytes = self.address, 0, 0
            _freed(runtime.cudaFree, "free memory on the GPU", address)


class PinnedBuffer:
    """Host memory that the GPU can copy from and to by itself."""

    def __init__(self) -> None:
        self.address = 0
        self.nbytes = 0

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the beginning of the memory as an array. Later calls return the same memory."""
        count = int(np.prod(shape, dtype=np.int64))
        nbytes = count * dtype.itemsize
        if nbytes > self.nbytes:
            self.free()
            self.address = int(_checked(runtime.cudaMallocHost, f"pin {nbytes / 1e6:.1f} MB of memory", nbytes))
            self.nbytes = nbytes
        held: Any = (ctypes.c_ubyte * nbytes).from_address(self.address) if nbytes else b""
        return np.frombuffer(held, dtype, count).reshape(shape)

    def free(self) -> None:
        if self.address:
            address, self.address, self.nbytes = self.address, 0, 0
            _freed(runtime.cudaFreeHost, "free pinned memory", address)


class CudaStream:
    """A queue of work that the GPU does in order; `wait` waits until it is done."""

    def __init__(self) -> None:
        self._stream = _checked(runtime.cudaStreamCreateWithFlags, "make a stream", runtime.cudaStreamNonBlocking)

    @property
    def handle(self) -> int:
        return int(self._stream)

    def upload(self, address: int, pinned: NDArray[Any]) -> None:
        """Enqueue a copy from pinned memory, which must not change until `wait`."""
        kind = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._copy(address, pinned.ctypes.data, pinned.nbytes, kind)

    def download(self, pinned: NDArray[Any], address: int) -> None:
        """Enqueue a copy to pinned memory; it is there after `wait`."""
        self._copy(pinned.ctypes.data, address, pinned.nbytes, runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost)

    def copy(self, address: int, source: int, nbytes: int) -> None:
        """Enqueue a copy on the GPU, unless both addresses are the same."""
        if address != source:
            self._copy(address, source, nbytes, runtime.cudaMemcpyKind.cudaMemcpyDeviceToDevice)

    def wait(self) -> None:
        """Wait until all work is done. Raises CudaError if some of it failed."""
        _checked(runtime.cudaStreamSynchronize, "wait for the GPU", self._stream)

    def capture(self, work: Callable[[], None]) -> CapturedGraph:
        """Return what `work` enqueues in this stream as one graph; it is not done now. Raises what `work` raises."""
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _checked(runtime.cudaStreamBeginCapture, "begin to capture a graph", self._stream, mode)
        try:
            work()
        except BaseException:
            runtime.cudaStreamEndCapture(self._stream)  # the stream cannot be used before the capture ends
            raise
        graph = _checked(runtime.cudaStreamEndCapture, "capture a graph", self._stream)
        try:
            return CapturedGraph(_checked(runtime.cudaGraphInstantiate, "make a captured graph ready", graph, 0))
        finally:
            _freed(runtime.cudaGraphDestroy, "free a captured graph", graph)

    def close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            _freed(runtime.cudaStreamDestroy, "close a stream", stream)

    def _copy(self, to: int, source: int, nbytes: int, kind: Any) -> None:
        _checked(runtime.cudaMemcpyAsync, f"copy {nbytes} bytes", to, source, nbytes, kind, self._stream)


class CapturedGraph:
    """A captured graph, which is enqueued as a whole."""

    def __init__(self, executable: Any) -> None:
        self._executable = executable

    def launch(self, stream: CudaStream) -> None:
        _checked(runtime.cudaGraphLaunch, "launch a captured graph", self._executable, stream.handle)

    def close(self) -> None:
        if self._executable is not None:
            executable, self._executable = self._executable, None
            _freed(runtime.cudaGraphExecDestroy, "free a captured graph", executable)


def _freed(call: Callable[..., tuple[Any, ...]], what: str, *arguments: Any) -> None:
    try:
        _checked(call, what, *arguments)
    except CudaError as error:
        logger.warning("%s", error)


def _checked(call: Callable[..., tuple[Any, ...]], what: str, *arguments: Any) -> Any:
    """Call a function of the runtime and return its values without the error code. Raises CudaError."""
    error, *values = call(*arguments)
    if error != runtime.cudaError_t.cudaSuccess:
        text = runtime.cudaGetErrorString(error)[1]
        name = getattr(error, "name", error)
        raise CudaError(f"CUDA cannot {what}: {name} ({text.decode() if isinstance(text, bytes) else text})")
    return values[0] if values else None
