# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO: built once and kept, and what is kept is used only if it is what was built."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from grin_ros.artifact import Artifact, load_artifact
from grin_ros.data.frames import Frame
from grin_ros.engine import cache
from grin_ros.engine.base import EngineError, EngineUnavailableError, open_engine
from grin_ros.estimator import Estimator

openvino = pytest.importorskip("openvino", reason="OpenVINO is not here (pip install 'grin_ros[openvino]')")
from grin_ros.engine.ov import OpenvinoBf16Engine, OpenvinoEngine  # noqa: E402 - needs openvino


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    caplog.set_level(logging.INFO)


def test_the_second_start_takes_it_from_the_cache_and_answers_the_same(
    tiny_artifact: Path, tiny_frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = load_artifact(tiny_artifact)
    first = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    assert caplog.text.count("built in") == 3
    caplog.clear()
    second = Estimator(open_engine("openvino", artifact, 1))(tiny_frame)
    assert caplog.text.count("from the cache in") == 3
    assert "built in" not in caplog.text
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
    open_engine("openvino", artifact, 1).close()
    assert caplog.text.count("from the cache in") == 2
    assert "built anew" in caplog.text
    caplog.clear()
    open_engine("openvino", artifact, 1).close()
    assert caplog.text.count("from the cache in") == 3


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
