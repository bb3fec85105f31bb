# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: a missing provider is an error, and nothing is read outside the artifact's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import onnxruntime
import pytest

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.onnxruntime import OrtCudaEngine, OrtEngine, OrtTensorrtEngine


@pytest.mark.parametrize("engine_class", [OrtCudaEngine, OrtTensorrtEngine])
def test_a_missing_provider_is_an_error_that_names_what_is_there(
    tiny_artifact: Path, engine_class: type[OrtEngine]
) -> None:
    if engine_class.provider in onnxruntime.get_available_providers():
        pytest.skip(f"this onnxruntime has {engine_class.provider}")
    with pytest.raises(
        EngineUnavailableError, match=f"{engine_class.provider}: not in .*CPUExecutionProvider; install"
    ):
        engine_class(load_artifact(tiny_artifact))


def test_a_provider_that_does_not_start_is_an_error(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = onnxruntime.InferenceSession

    def on_the_cpu_instead(path: str, options: object, **_: object) -> object:
        return session(path, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    monkeypatch.setattr(onnxruntime, "InferenceSession", on_the_cpu_instead)
    with pytest.raises(EngineUnavailableError, match="CUDAExecutionProvider did not start .*fell back to CPU"):
        OrtCudaEngine(load_artifact(tiny_artifact))


def test_tensorrt_engines_are_kept_by_artifact_outside_tmp(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine = object.__new__(OrtTensorrtEngine)
    engine.artifact = load_artifact(tiny_artifact)
    options = engine.provider_options()
    folder = Path(options["trt_engine_cache_path"])
    assert folder.is_dir()
    assert folder.parent == tmp_path / "grin_ros" / "tensorrt"
    assert folder.name == f"{engine.artifact.digest}-onnxruntime-{onnxruntime.__version__}"


def test_weights_outside_the_folder_are_not_read(tiny_artifact: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_artifact, tmp_path / "tiny"))
    shutil.move(folder / "weights.safetensors", tmp_path / "weights.safetensors")
    model = onnx.load(folder / "encode.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../weights.safetensors"
    onnx.save(model, folder / "encode.onnx")
    artifact = load_artifact(tiny_artifact)
    with pytest.raises(EngineError, match="encode.onnx: .*cannot load it"):
        OrtEngine(Artifact(folder, artifact.manifest), threads=1)


def test_a_file_that_is_no_graph_is_an_error_with_its_path(tiny_artifact: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_artifact, tmp_path / "tiny"))
    (folder / "denoise.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match="denoise.onnx: .*cannot load it"):
        OrtEngine(Artifact(folder, load_artifact(tiny_artifact).manifest), threads=1)
