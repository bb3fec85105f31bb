# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Opening an engine: an engine that is unknown, missing, or off the golden sample does not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from tests.core.backends.broken import (
    AllNan,
    FivePercentTooFar,
    ForgetsLatents,
    NumbersWhereThereIsNone,
    OneWrongPixel,
    Raises,
    SampleOfNan,
    SigmaDoubled,
    Transposed,
    UnknownPrecision,
    Watched,
)


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (FivePercentTooFar, r"off by up to 0\.0488 .*accepted is 0\.001"),
        (OneWrongPixel, r"off by up to 0\.00995 .*accepted is 0\.001"),
        (SigmaDoubled, r"off by up to 0\.693 "),
        (AllNan, "off by up to inf"),
        (NumbersWhereThereIsNone, "off by up to inf"),
        (Transposed, r"got depth_m of shape \(128, 96\), expected \(96, 128\)"),
        (ForgetsLatents, "gives wrong depth"),
        (Raises, r"fails on the golden sample \(MemoryError: no room for 4 inputs\)"),
        (SampleOfNan, "off by up to nan"),
        (UnknownPrecision, "accepted is 0;"),
    ],
)
def test_a_broken_engine_is_refused_and_closed(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Watched], text: str
) -> None:
    monkeypatch.setitem(BACKENDS, "broken", f"{broken.__module__}:{broken.__name__}")
    with pytest.raises(EngineError, match=text) as caught:
        open_engine("broken", load_artifact(tiny_artifact), threads=1)
    assert not isinstance(caught.value, EngineUnavailableError)
    assert "it is not used" in str(caught.value)
    assert broken.closed


def test_the_same_engine_unbroken_is_accepted(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "watched", "tests.core.backends.broken:Watched")
    Watched.closed = False
    open_engine("watched", load_artifact(tiny_artifact), threads=1)
    assert not Watched.closed


def test_an_unknown_backend_names_the_known_ones(tiny_artifact: Path) -> None:
    with pytest.raises(EngineError, match=r"backend: got 'ort-cpu', expected one of auto, .*did you mean"):
        open_engine("ort-cpu", load_artifact(tiny_artifact))


def test_a_missing_runtime_says_what_to_install(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "absent", "grin_ros_runtime_that_is_not_installed:Engine")
    with pytest.raises(EngineUnavailableError, match="backend 'absent': No module named .*install it"):
        open_engine("absent", load_artifact(tiny_artifact))


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_registry_names_engines(backend: str) -> None:
    module, name = BACKENDS[backend].split(":")
    runtimes = {"reference": "torch", "openvino": "openvino", "trt": "tensorrt"}
    runtime = runtimes.get(backend.partition("-")[0], "onnxruntime")
    pytest.importorskip(runtime, reason=f"{backend} needs {runtime}")
    engine_class = getattr(pytest.importorskip(module), name)
    assert issubclass(engine_class, Engine)
    assert engine_class.precision in ("fp32", "fp16", "bf16", "int8")
