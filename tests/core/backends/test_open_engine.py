# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Opening an engine: no engine runs that is unknown, missing, or off the golden sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact import load_artifact
from grin_ros.core.backends.base import ENGINES, Engine, EngineError, EngineUnavailableError, Tensor, open_engine
from grin_ros.core.backends.ort import OrtEngine


class Watched(OrtEngine):
    """An ONNX Runtime engine that remembers whether the last one of its class was closed."""

    closed: ClassVar[bool] = False

    def close(self) -> None:
        type(self).closed = True
        super().close()


class FivePercentTooFar(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m * np.float32(1.05), sigma_m


class OneWrongPixel(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        depth_m = depth_m.copy()
        depth_m[50, 60] *= 1.01
        return depth_m, sigma_m


class SigmaDoubled(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m, sigma_m * 2.0


class AllNan(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return np.full_like(depth_m, np.nan), sigma_m


class NumbersWhereThereIsNone(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return np.nan_to_num(depth_m, nan=1.0), sigma_m


class Transposed(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m.T, sigma_m.T


class ForgetsLatents(Watched):
    """Wrong before decoding: the second step starts from nothing."""

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        out = super().run(graph, inputs)
        if graph == "denoise":
            out["latents_next"] = np.zeros_like(self.to_host(out["latents_next"]))
        return out


class Raises(Watched):
    """With the runtime's own kind of error."""

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        raise MemoryError(f"no room for {len(inputs)} inputs")


class SampleOfNan(Watched):
    """What a product that overflows gives: NaN before decoding."""

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        out = super().run(graph, inputs)
        if graph == "denoise":
            out["x_next"] = np.full_like(self.to_host(out["x_next"]), np.nan)
        return out


class UnknownPrecision(Watched):
    precision: ClassVar[str] = "int3"


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (FivePercentTooFar, r"off by up to 0\.0488 .*accepted is 0\.001"),
        (OneWrongPixel, r"off by up to 0\.00995 .*accepted is 0\.001"),
        (SigmaDoubled, r"off by up to 0\.693 "),
        (AllNan, "off by up to inf"),
        (NumbersWhereThereIsNone, "off by up to inf"),
        (Transposed, r"depth_m came out as \(128, 96\), expected \(96, 128\)"),
        (ForgetsLatents, "gives wrong depth"),
        (Raises, r"fails on the golden sample \(MemoryError: no room for 4 inputs\)"),
        (SampleOfNan, "off by up to nan"),
        (UnknownPrecision, "accepted is 0;"),
    ],
)
def test_a_broken_engine_is_refused_and_closed(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Watched], text: str
) -> None:
    monkeypatch.setitem(ENGINES, "broken", f"{__name__}:{broken.__name__}")
    with pytest.raises(EngineError, match=text) as caught:
        open_engine("broken", load_artifact(tiny_artifact), threads=1)
    assert not isinstance(caught.value, EngineUnavailableError)
    assert "it is not used" in str(caught.value)
    assert broken.closed


def test_the_same_engine_unbroken_is_accepted(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "watched", f"{__name__}:Watched")
    Watched.closed = False
    open_engine("watched", load_artifact(tiny_artifact), threads=1)
    assert not Watched.closed


def test_an_unknown_backend_names_the_known_ones(tiny_artifact: Path) -> None:
    with pytest.raises(EngineError, match=r"backend: got 'ort-cpu', expected one of auto, .*did you mean"):
        open_engine("ort-cpu", load_artifact(tiny_artifact))


def test_a_missing_runtime_says_what_to_install(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "absent", "grin_ros_runtime_that_is_not_installed:Engine")
    with pytest.raises(EngineUnavailableError, match="backend 'absent': No module named .*install it"):
        open_engine("absent", load_artifact(tiny_artifact))


@pytest.mark.parametrize("backend", list(ENGINES))
def test_registry_names_engines(backend: str) -> None:
    module, name = ENGINES[backend].split(":")
    runtimes = {"reference": "torch", "openvino": "openvino", "trt": "tensorrt"}
    runtime = runtimes.get(backend.partition("-")[0], "onnxruntime")
    pytest.importorskip(runtime, reason=f"{backend} needs {runtime}")
    engine_class = getattr(pytest.importorskip(module), name)
    assert issubclass(engine_class, Engine)
    assert engine_class.precision in ("fp32", "fp16", "bf16", "int8")
