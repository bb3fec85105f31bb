# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: built once and kept, and what is kept is used only if it is what was built."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends import cache
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.types import DepthEstimate, Frame

openvino = pytest.importorskip("openvino", reason="OpenVINO is not here (pip install 'grin_ros[openvino]')")
from grin_ros.core.backends.openvino import graph as ov_graph  # noqa: E402 - needs openvino
from grin_ros.core.backends.openvino.backend import OpenvinoBf16Engine, OpenvinoEngine  # noqa: E402
from grin_ros.core.backends.openvino.graph import MAX_CASES  # noqa: E402


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    caplog.set_level(logging.INFO)


def test_the_second_start_takes_it_from_the_cache_and_answers_the_same(
    tiny_artifact: Path, tiny_frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = load_artifact(tiny_artifact)
    first = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    built = caplog.text.count("built in")
    assert built == 6  # for all sizes, which the golden sample is asked of, and for the frame's
    caplog.clear()
    second = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    cameras = caplog.text.count("encode built in")  # what has a camera in it is not kept
    assert cameras == caplog.text.count("built in") == 1
    assert caplog.text.count("from the cache in") == built - cameras
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.sigma_m, second.sigma_m)


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_corrupt_or_refused_is_built_anew(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture, whole: bool
) -> None:
    artifact = load_artifact(tiny_artifact)
    OpenvinoEngine(artifact, 1).close()
    entry = next(entry for entry in cache.entries() if entry.path.name.startswith("decode"))
    assert entry.key is not None
    if whole:  # a whole entry, of the right key, that is no engine
        cache.store(entry.key, b"not an engine")
    else:
        entry.path.write_bytes(entry.path.read_bytes()[:-1])
    caplog.clear()
    OpenvinoEngine(artifact, 1).close()
    assert caplog.text.count("from the cache in") == 2
    assert "built anew" in caplog.text
    caplog.clear()
    OpenvinoEngine(artifact, 1).close()
    assert caplog.text.count("from the cache in") == 3


def of_size(frame: Frame, width: int, height: int) -> Frame:
    return Frame(np.ascontiguousarray(frame.image[:height, :width]), replace(frame.camera, width=width, height=height))


def of_camera(frame: Frame, f_px: float) -> Frame:
    return Frame(frame.image, replace(frame.camera, fx=f_px, fy=f_px))


def own(engine: OpenvinoEngine, graph: str) -> list[bool]:
    """Of each size and camera that the graph has met: whether one compiled for itself answers it."""
    known = engine._graphs[graph]
    return [compiled is not known._for_all for compiled in known._cases.values()]


def test_what_is_in_use_is_compiled_for_itself_and_answers_the_same(tiny_artifact: Path, tiny_frame: Frame) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    engine.settle()
    frames = [of_size(tiny_frame, width, 60) for width in range(90, 90 - 2 * MAX_CASES, -1)]
    estimator = Estimator(engine)
    for frame in frames:
        estimator(frame)
    used = [True] * MAX_CASES + [False] * (len(frames) - MAX_CASES)
    assert own(engine, "encode") == own(engine, "decode") == used
    assert own(engine, "denoise") == [True]
    for frame in (frames[0], frames[-1]):
        assert_close(estimator(frame), frame, tiny_artifact)


def test_the_golden_sample_is_asked_of_the_graph_for_all_sizes_first(tiny_artifact: Path) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    assert check_golden(engine).passed
    assert own(engine, "encode") == own(engine, "denoise") == own(engine, "decode") == []
    engine.settle()
    assert check_golden(engine).passed
    assert own(engine, "encode") == own(engine, "decode") == [True]


def test_another_camera_of_the_same_size_is_told_from_the_first(tiny_artifact: Path, tiny_frame: Frame) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    engine.settle()
    estimator = Estimator(engine)
    frames = [of_camera(tiny_frame, f_px) for f_px in (60.0, 90.0, 150.0, 60.0)]
    answers = [estimator(frame) for frame in frames]
    for answer, frame in zip(answers, frames, strict=True):
        assert_close(answer, frame, tiny_artifact)
    np.testing.assert_array_equal(answers[0].depth_m, answers[-1].depth_m)
    assert own(engine, "encode") == [True, True]  # one for the first, one for all others
    assert own(engine, "decode") == [True]


@pytest.mark.parametrize("fault", ["wrong", "raises"])
def test_one_compiled_for_itself_that_is_wrong_is_not_used(
    tiny_artifact: Path,
    tiny_frame: Frame,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    engine.settle()
    right, for_all = ov_graph._Compiled.__call__, [graph._for_all for graph in engine._graphs.values()]

    def answers(compiled: ov_graph._Compiled, inputs: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        answer = right(compiled, inputs)
        if compiled in for_all:
            return answer
        if fault == "raises":
            raise RuntimeError("no such kernel")
        return {name: 1.05 * value for name, value in answer.items()}

    monkeypatch.setattr(ov_graph._Compiled, "__call__", answers)
    estimator = Estimator(engine)
    assert_close(estimator(tiny_frame), tiny_frame, tiny_artifact)
    told = "answers otherwise (by 0.05" if fault == "wrong" else "fails when compiled for itself (no such kernel)"
    assert caplog.text.count(told) == 3
    assert_close(estimator(tiny_frame), tiny_frame, tiny_artifact)
    assert caplog.text.count(told) == 3


def assert_close(estimate: DepthEstimate, frame: Frame, artifact: Path) -> None:
    """As ONNX Runtime has it."""
    expected = Estimator(open_engine("ort", load_artifact(artifact), 1))(frame)
    np.testing.assert_allclose(estimate.depth_m, expected.depth_m, rtol=1e-3)
    np.testing.assert_allclose(estimate.sigma_m, expected.sigma_m, rtol=1e-3)


def test_a_processor_without_bf16_is_told_so(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Core:
        def get_property(self, _: str, name: str) -> object:
            return ["FP32", "INT8"] if name == "OPTIMIZATION_CAPABILITIES" else "Old CPU"

    monkeypatch.setattr(openvino, "Core", Core)
    with pytest.raises(EngineUnavailableError, match="bf16: the processor .Old CPU. computes in FP32, INT8 only"):
        OpenvinoBf16Engine(load_artifact(tiny_artifact))


def test_a_file_that_is_no_graph_is_an_error_with_its_path(tiny_artifact: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_artifact, tmp_path / "tiny"))
    (folder / "encode.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match="encode.onnx: .*cannot load it"):
        OpenvinoEngine(Artifact(folder, load_artifact(tiny_artifact).manifest), threads=1)
    assert not list(cache.entries())
