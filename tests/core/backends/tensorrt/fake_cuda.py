# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A fake `cuda.bindings.runtime` in host memory, with the functions that `tensorrt/cuda.py` calls.

Work in a stream is done only when it is waited for. So a copy of memory that is changed too early reads wrong numbers
here, as it may on a GPU.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any


class Error(enum.Enum):
    """The two error codes that are used."""

    cudaSuccess = 0  # noqa: N815 - CUDA's name
    cudaErrorUnknown = 999  # noqa: N815


class FakeRuntime(ModuleType):
    """The module. failing: names of functions that return an error. log: names of the functions called, in order."""

    cudaError_t = Error  # noqa: N815
    cudaStreamNonBlocking = 1  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(  # noqa: N815
        cudaMemcpyHostToDevice="to device", cudaMemcpyDeviceToHost="to host", cudaMemcpyDeviceToDevice="on device"
    )
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal="thread")  # noqa: N815

    def __init__(self, devices: int = 1) -> None:
        super().__init__("cuda.bindings.runtime")
        self.devices = devices
        self.failing: set[str] = set()
        self.log: list[str] = []
        self.device: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams: dict[int, list[Callable[[], None]]] = {}
        self.capturing: dict[int, list[Callable[[], None]]] = {}
        self.executables: dict[int, list[Callable[[], None]]] = {}
        self._next = 1

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if not name.startswith("cuda") or not callable(value) or isinstance(value, type):
            return value

        def call(*arguments: Any) -> tuple[Any, ...]:
            self.log.append(name)
            if name in self.failing:
                self.capturing.clear()  # a failed capture has ended
                return Error.cudaErrorUnknown, None
            given = value(*arguments)
            return (Error.cudaSuccess,) if given is None else (Error.cudaSuccess, given)

        return call

    def live(self) -> int:
        """Return how many objects were created and not freed."""
        return sum(map(len, (self.device, self.pinned, self.streams, self.executables)))

    def enqueue(self, stream: int, work: Callable[[], None]) -> None:
        """Add work to the stream, or to the graph that is being captured from it."""
        self.capturing.get(stream, self.streams[stream]).append(work)

    def cudaGetErrorString(self, error: Error) -> bytes:  # noqa: N802
        return str(error).encode()

    def cudaGetDeviceCount(self) -> int:  # noqa: N802
        return self.devices

    def cudaGetDeviceProperties(self, index: int) -> Any:  # noqa: N802
        assert index == 0
        return SimpleNamespace(name=b"Fake GPU", major=8, minor=7)

    def cudaDriverGetVersion(self) -> int:  # noqa: N802
        return 12060

    def cudaMalloc(self, nbytes: int) -> int:  # noqa: N802
        return self._allocated(self.device, nbytes)

    def cudaMallocHost(self, nbytes: int) -> int:  # noqa: N802
        return self._allocated(self.pinned, nbytes)

    def cudaFree(self, address: int) -> None:  # noqa: N802
        self._finish()
        del self.device[address]

    def cudaFreeHost(self, address: int) -> None:  # noqa: N802
        self._finish()
        del self.pinned[address]

    def cudaStreamCreateWithFlags(self, flags: int) -> int:  # noqa: N802
        assert flags == self.cudaStreamNonBlocking
        self.streams[self._number()] = []
        return self._next - 1

    def cudaStreamDestroy(self, stream: int) -> None:  # noqa: N802
        del self.streams[stream]

    def cudaStreamSynchronize(self, stream: int) -> None:  # noqa: N802
        assert stream not in self.capturing, "to wait is not allowed during a capture"
        work, self.streams[stream] = self.streams[stream], []
        for each in work:
            each()

    def cudaMemcpyAsync(self, to: int, source: int, nbytes: int, kind: str, stream: int) -> None:  # noqa: N802
        for address, is_device in ((to, kind != "to host"), (source, kind != "to device")):
            places = self.device if is_device else self.pinned
            assert any(begin <= address and address + nbytes <= begin + len(held) for begin, held in places.items())
        self.enqueue(stream, lambda: ctypes.memmove(to, source, nbytes) and None)

    def cudaStreamBeginCapture(self, stream: int, mode: str) -> None:  # noqa: N802
        assert mode == "thread"
        assert not self.streams[stream], "wait first: what is under way would mix with the graph's"
        self.capturing[stream] = []

    def cudaStreamEndCapture(self, stream: int) -> Any:  # noqa: N802
        return SimpleNamespace(work=self.capturing.pop(stream))

    def cudaGraphInstantiate(self, graph: Any, flags: int) -> int:  # noqa: N802
        assert flags == 0
        self.executables[self._number()] = graph.work
        return self._next - 1

    def cudaGraphDestroy(self, graph: Any) -> None:  # noqa: N802
        del graph.work

    def cudaGraphLaunch(self, executable: int, stream: int) -> None:  # noqa: N802
        self.streams[stream] += self.executables[executable]

    def cudaGraphExecDestroy(self, executable: int) -> None:  # noqa: N802
        del self.executables[executable]

    def _finish(self) -> None:
        """Do all work that was enqueued before, because CUDA frees memory after it."""
        for stream in list(self.streams):
            if stream not in self.capturing:
                self.cudaStreamSynchronize(stream)

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _allocated(self, places: dict[int, Any], nbytes: int) -> int:
        # The bytes are not zero, so that missing writes are noticed.
        held = (ctypes.c_ubyte * (nbytes + 512)).from_buffer(bytearray(b"\x7f" * (nbytes + 512)))
        address = (ctypes.addressof(held) + 255) // 256 * 256
        places[address] = memoryview(held)[:nbytes]  # this keeps the memory alive
        return address
