# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A fake module `tensorrt` that computes with ONNX Runtime.

It has only the interface that TensorRT 10.3 to 11.4 have in common, and it is as strict about addresses, shapes and
captured contexts as the documentation of TensorRT.
"""

from __future__ import annotations

import ctypes
import enum
import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tests.core.backends.tensorrt.fake_cuda import FakeRuntime


class TensorIOMode(enum.Enum):
    INPUT, OUTPUT = 0, 1


class Severity(enum.Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class ILogger:
    Severity = Severity

    def log(self, level: Severity, text: str) -> None:
        raise NotImplementedError


class FakeTensorrt(ModuleType):
    """The module. built: the graphs in the order in which they were built.

    failing: names of 'parse', 'build', 'deserialise', 'context', 'execute', 'depth' (depth is 5 % too far).
    """

    __version__ = "10.3.0"
    ILogger = ILogger
    TensorIOMode = TensorIOMode
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
    MemoryPoolType = SimpleNamespace(WORKSPACE="workspace")
    BuilderFlag = SimpleNamespace(TF32="tf32")

    def __init__(self, cuda: FakeRuntime) -> None:
        super().__init__("tensorrt")
        self.cuda = cuda
        self.failing: set[str] = set()
        self.built: list[str] = []
        self.timings: list[bytes] = []

    @staticmethod
    def nptype(dtype: str) -> type:
        return {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}[dtype]

    def Builder(self, logger: ILogger) -> Any:  # noqa: N802 - TensorRT's name
        return Builder(self, logger)

    def OnnxParser(self, network: Any, logger: ILogger) -> Any:  # noqa: N802
        return OnnxParser(self, network, logger)

    def Runtime(self, logger: ILogger) -> Any:  # noqa: N802
        assert isinstance(logger, ILogger)
        return SimpleNamespace(deserialize_cuda_engine=self._deserialised)

    def _deserialised(self, plan: bytes) -> Any:
        return None if "deserialise" in self.failing or not plan.startswith(b"{") else FakeEngine(self, plan)


class Builder:
    def __init__(self, module: FakeTensorrt, logger: ILogger) -> None:
        self.module, self.logger = module, logger

    def create_network(self, flags: int) -> Any:
        assert flags == 1 << 1, "expected a strongly typed network"
        return SimpleNamespace(path=None)

    def create_builder_config(self) -> Any:
        config = SimpleNamespace(profiles=[], cleared=[], pools={}, cache=None)
        config.clear_flag = config.cleared.append
        config.set_memory_pool_limit = config.pools.__setitem__
        config.create_timing_cache = lambda blob: SimpleNamespace(serialize=lambda: blob + b"t")
        config.set_timing_cache = lambda cache, **_: setattr(config, "cache", cache)
        config.get_timing_cache = lambda: config.cache
        config.add_optimization_profile = config.profiles.append
        return config

    def create_optimization_profile(self) -> Any:
        shapes: dict[str, Any] = {}
        return SimpleNamespace(shapes=shapes, set_shape=lambda name, *bounds: shapes.__setitem__(name, bounds))

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        assert "tf32" in config.cleared
        assert config.pools["workspace"] > 0
        if "build" in self.module.failing:
            self.logger.log(Severity.ERROR, "no implementation for node MatMul_7")
            return None
        self.module.built.append(Path(network.path).name)
        self.module.timings.append(config.cache.serialize())
        (profile,) = config.profiles
        return json.dumps({"path": network.path, "profile": profile.shapes}).encode()


class OnnxParser:
    def __init__(self, module: FakeTensorrt, network: Any, logger: ILogger) -> None:
        self.module, self.network, self.logger = module, network, logger
        self.num_errors = 0

    def parse_from_file(self, path: str) -> bool:
        self.network.path = path
        if "parse" in self.module.failing:
            self.num_errors = 1
            self.logger.log(Severity.ERROR, "While parsing node number 68 [Gather]")
            return False
        return True

    def get_error(self, index: int) -> Any:
        assert index == 0
        return SimpleNamespace(desc=lambda: "unsupported input type of UINT8")


class FakeEngine:
    """An engine that computes with ONNX Runtime."""

    device_memory_size_v2 = 5_000_000

    def __init__(self, module: FakeTensorrt, plan: bytes) -> None:
        self.module = module
        read = json.loads(plan)
        self.profile = {name: [tuple(shape) for shape in bounds] for name, bounds in read["profile"].items()}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(read["path"], options, providers=["CPUExecutionProvider"])
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        self.tensors = {tensor.name: tensor for tensor in [*inputs, *outputs]}
        self.inputs = [tensor.name for tensor in inputs]
        self.num_io_tensors = len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name in self.inputs else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> str:
        return str(self.tensors[name].type)

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(size if isinstance(size, int) else -1 for size in self.tensors[name].shape)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        return self.profile[name]

    def create_execution_context(self) -> Any:
        return None if "context" in self.module.failing else FakeContext(self)


class FakeContext:
    """A context. After a capture it must not change, because its shapes and addresses are in the graph."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.captured = False

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._changed()
        fixed = self.engine.get_tensor_shape(name)
        low, _, high = self.engine.profile.get(name, (fixed, fixed, fixed))
        fits = len(shape) == len(fixed) and all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))
        if fits:
            self.shapes[name] = tuple(shape)
        return fits

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name in self.shapes:
            return self.shapes[name]
        sizes: dict[str, int] = {}
        for given, shape in self.shapes.items():
            sizes |= dict(zip(map(str, self.engine.tensors[given].shape), shape, strict=True))
        return tuple(sizes[str(size)] if isinstance(size, str) else size for size in self.engine.tensors[name].shape)

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._changed()
        assert address % 256 == 0, f"{name} is not aligned"
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        engine, cuda = self.engine, self.engine.module.cuda
        assert set(self.shapes) == set(engine.inputs), "a shape is not set"
        assert set(self.addresses) == set(engine.tensors), "an address is not set"
        if "execute" in engine.module.failing:
            return False
        shapes = {name: self.get_tensor_shape(name) for name in engine.tensors}
        addresses = dict(self.addresses)

        def compute() -> None:
            views = {name: self._view(name, addresses[name], shapes[name]) for name in engine.tensors}
            # These are copies, because the real one may write an output before it has read all inputs.
            answers = engine.session.run(None, {name: views[name].copy() for name in engine.inputs})
            for tensor, answer in zip(engine.session.get_outputs(), answers, strict=True):
                wrong = tensor.name == "depth_m" and "depth" in engine.module.failing
                np.copyto(views[tensor.name], answer * np.float32(1.05) if wrong else answer)

        cuda.enqueue(stream, compute)
        return True

    def _changed(self) -> None:
        capturing = bool(self.engine.module.cuda.capturing)
        assert capturing or not self.captured, "a context was changed after a graph was captured from it"
        self.captured = self.captured or capturing

    def _view(self, name: str, address: int, shape: Iterable[int]) -> NDArray[Any]:
        dtype = np.dtype(FakeTensorrt.nptype(self.engine.get_tensor_dtype(name)))
        count = int(np.prod(tuple(shape)))
        held = (ctypes.c_ubyte * (count * dtype.itemsize)).from_address(address)
        return np.frombuffer(held, dtype, count).reshape(tuple(shape))
