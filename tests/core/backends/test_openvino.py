# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: graphs are compiled once and kept, and one that is wrong or corrupt is not used."""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
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
from grin_ros.core.backends.openvino.backend import OpenvinoBf16Engine, OpenvinoEngine  # noqa: E402
from grin_ros.core.backends.openvino.graph import MAX_CASES, Graph  # noqa: E402


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    caplog.set_level(logging.INFO)


def test_the_second_start_loads_from_the_cache_and_answers_the_same(
    tiny_artifact: Path, tiny_frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = load_artifact(tiny_artifact)
    first = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    built = caplog.text.count("built in")
    assert built == 6  # three for all sizes, for the golden sample, and three for the size of the frame
    caplog.clear()
    second = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    cameras = caplog.text.count("encode built in")  # a graph for one camera is not kept
    assert cameras == caplog.text.count("built in") == 1
    assert caplog.text.count("from the cache in") == built - cameras
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.sigma_m, second.sigma_m)


@pytest.mark.parametrize("whole", [False, True])
def test_an_entry_that_is_corrupt_or_refused_is_built_again(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture, whole: bool
) -> None:
    artifact = load_artifact(tiny_artifact)
    OpenvinoEngine(artifact, 1).close()
    entry = next(entry for entry in cache.entries() if entry.path.name.startswith("decode"))
    assert entry.key is not None
    if whole:  # an intact entry with the right key that is not an engine
        cache.store(entry.key, b"not an engine")
    else:
        entry.path.write_bytes(entry.path.read_bytes()[:-1])
    caplog.clear()
    OpenvinoEngine(artifact, 1).close()
    assert caplog.text.count("from the cache in") == 2
    assert "built again" in caplog.text
    caplog.clear()
    OpenvinoEngine(artifact, 1).close()
    assert caplog.text.count("from the cache in") == 3


def of_size(frame: Frame, width: int, height: int) -> Frame:
    return Frame(np.ascontiguousarray(frame.image[:height, :width]), replace(frame.camera, width=width, height=height))


def of_camera(frame: Frame, f_px: float) -> Frame:
    return Frame(frame.image, replace(frame.camera, fx=f_px, fy=f_px))


def compiled(caplog: pytest.LogCaptureFixture, graph: str) -> int:
    """Return how often a graph was compiled since the log was cleared, or loaded from the cache."""
    return sum(caplog.text.count(f": {graph} {how}") for how in ("built in", "from the cache in"))


def test_sizes_in_use_are_compiled_for_and_answer_the_same(
    tiny_artifact: Path, tiny_frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    engine.settle()
    caplog.clear()
    frames = [of_size(tiny_frame, width, 60) for width in range(90, 90 - 2 * MAX_CASES, -1)]
    estimator = Estimator(engine)
    for frame in frames:
        estimator(frame)
    assert compiled(caplog, "encode") == compiled(caplog, "decode") == MAX_CASES
    assert compiled(caplog, "denoise") == 1
    assert caplog.text.count("the slower graph for all sizes runs") == 2 * (len(frames) - MAX_CASES)
    for frame in (frames[0], frames[-1]):
        assert_close(estimator(frame), frame, tiny_artifact)


def test_only_the_graph_for_all_sizes_runs_until_the_golden_sample_has_passed(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    caplog.clear()
    assert check_golden(engine).passed
    assert compiled(caplog, "encode") == compiled(caplog, "denoise") == compiled(caplog, "decode") == 0
    engine.settle()
    assert check_golden(engine).passed
    assert compiled(caplog, "encode") == compiled(caplog, "decode") == 1


def test_one_graph_is_compiled_for_the_first_camera_of_a_size_and_one_for_all_others(
    tiny_artifact: Path, tiny_frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    engine = OpenvinoEngine(load_artifact(tiny_artifact), 1)
    engine.settle()
    caplog.clear()
    estimator = Estimator(engine)
    frames = [of_camera(tiny_frame, f_px) for f_px in (60.0, 90.0, 150.0, 60.0)]
    answers = [estimator(frame) for frame in frames]
    for answer, frame in zip(answers, frames, strict=True):
        assert_close(answer, frame, tiny_artifact)
    np.testing.assert_array_equal(answers[0].depth_m, answers[-1].depth_m)
    assert compiled(caplog, "encode") == 2
    assert compiled(caplog, "decode") == 1


def test_threads_with_an_estimator_each_may_share_an_engine(tiny_artifact: Path, tiny_frame: Frame) -> None:
    engine = open_engine("openvino", load_artifact(tiny_artifact), 1)
    frames = [tiny_frame, replace(tiny_frame, image=tiny_frame.image[::-1].copy())]
    expected = [Estimator(engine)(frame).depth_m for frame in frames]

    def differs(index: int) -> bool:
        estimator, which = Estimator(engine), index % 2
        return any(not np.array_equal(estimator(frames[which]).depth_m, expected[which]) for _ in range(40))

    with ThreadPoolExecutor(4) as threads:
        assert not any(threads.map(differs, range(4)))


class Port:
    """The only output of the fake model."""

    def get_any_name(self) -> str:
        return "depth_m"


class FakeModel:
    """A compiled model that returns its input times `factor`, or raises."""

    def __init__(self, factor: float = 1.0, error: str = "") -> None:
        self.factor, self.error = factor, error

    def create_infer_request(self) -> FakeModel:
        return self

    def infer(self, inputs: dict[str, NDArray[Any]], **_: bool) -> dict[Any, NDArray[Any]]:
        if self.error:
            raise RuntimeError(self.error)
        return {Port(): self.factor * inputs["x"]}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (FakeModel(factor=1.05), "its answer differs (by 0.05"),
        (FakeModel(error="no such kernel"), "it fails (no such kernel)"),
    ],
)
def test_a_graph_compiled_for_one_size_is_not_used_if_it_is_wrong(
    caplog: pytest.LogCaptureFixture, model: FakeModel, reason: str
) -> None:
    sizes_compiled = []

    def compile_for(sizes: Any, _: Any) -> FakeModel:
        sizes_compiled.append(sizes)
        return model if sizes else FakeModel()

    graph = Graph("decode", {"x": ("members", "queries")}, 1e-3, compile_for)
    graph.settle()
    x = np.ones((1, 5), np.float32)
    for _ in range(2):
        np.testing.assert_array_equal(graph({"x": x})["depth_m"], x)
    assert len(sizes_compiled) == 2  # once for all sizes, once for this one
    assert caplog.text.count(reason) == 1


def assert_close(estimate: DepthEstimate, frame: Frame, artifact: Path) -> None:
    """Assert that an estimate is that of ONNX Runtime."""
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


def test_files_that_are_links_to_another_folder_are_an_error_with_a_remedy(tiny_artifact: Path, tmp_path: Path) -> None:
    stored, folder = tmp_path / "stored", tmp_path / "tiny"
    stored.mkdir()
    folder.mkdir()
    for index, path in enumerate(sorted(tiny_artifact.iterdir())):
        shutil.copy(path, stored / str(index))
        (folder / path.name).symlink_to(stored / str(index))
    with pytest.raises(EngineError, match=r"encode.onnx: (?s:.)*copy the folder with cp -rL"):
        OpenvinoEngine(load_artifact(folder), threads=1)
    copied = Path(shutil.copytree(folder, tmp_path / "copied"))  # it follows links, as cp -rL does
    OpenvinoEngine(load_artifact(copied), threads=1).close()
