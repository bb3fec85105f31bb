# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The TensorRT backend with a fake CUDA and a fake TensorRT, which computes with ONNX Runtime.

All numbers go through the same buffers, copies and captured graphs as on a GPU and must equal those of ONNX Runtime.
Whether TensorRT itself computes right is checked by the golden sample on the robot; test_gate.py checks that it builds.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.tensorrt.build import bounds
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.sampling.sampler import sample
from grin_ros.core.types import Frame
from tests.core.backends.tensorrt.fake_cuda import FakeRuntime
from tests.core.backends.tensorrt.fake_tensorrt import FakeTensorrt
from tests.core.backends.test_contract import UNLIMITED, assert_same_depth, encode_inputs, resized

OURS = tuple(f"grin_ros.core.backends.tensorrt.{name}" for name in ("cuda", "program", "backend"))


@pytest.fixture
def cuda() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def tensorrt(cuda: FakeRuntime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeTensorrt]:
    """Put both fakes in place of the real modules, with an engine cache for this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fake, package, bindings = FakeTensorrt(cuda), ModuleType("cuda"), ModuleType("cuda.bindings")
    bindings.runtime = cuda  # type: ignore[attr-defined]
    named = {"tensorrt": fake, "cuda": package, "cuda.bindings": bindings, "cuda.bindings.runtime": cuda}
    for name, module in named.items():
        monkeypatch.setitem(sys.modules, name, module)
    forget_ours()
    yield fake
    forget_ours()


def forget_ours() -> None:
    """Make Python import these modules again, so that they take the fakes for their libraries."""
    for name in OURS:
        sys.modules.pop(name, None)
        package, _, module = name.rpartition(".")
        vars(sys.modules[package]).pop(module, None)


@pytest.fixture
def artifact(tiny_artifact: Path) -> Artifact:
    return load_artifact(tiny_artifact)


@pytest.fixture
def start(tensorrt: FakeTensorrt, cuda: FakeRuntime, artifact: Artifact) -> Iterator[Callable[[], Any]]:
    """Return a function that opens the backend 'trt'. At the end, all its memory must be freed."""
    made: list[Engine] = []
    assert tensorrt.cuda is cuda

    def opened() -> Engine:
        made.append(open_engine("trt", artifact))
        return made[-1]

    yield opened
    for engine in made:
        engine.close()
        engine.close()  # closing twice is allowed
    assert cuda.live() == 0, "something was not freed"


@pytest.fixture(scope="module")
def reference(tiny_artifact: Path) -> Iterator[Engine]:
    engine = open_engine("ort", load_artifact(tiny_artifact), threads=1)
    yield engine
    engine.close()


def test_the_golden_sample_passes_and_the_description_says_what_runs(start: Callable[[], Any]) -> None:
    engine = start()
    assert check_golden(engine).passed
    assert engine.description == "tensorrt 10.3.0 Fake GPU fp32"


@pytest.mark.parametrize(("steps", "members"), [(1, 1), (1, 4), (2, 3), (5, 2)])
def test_the_first_loop_and_the_captured_one_answer_alike(
    start: Callable[[], Any], reference: Engine, cuda: FakeRuntime, tiny_frame: Frame, steps: int, members: int
) -> None:
    settings = replace(UNLIMITED, steps=steps, members=members)
    estimator = Estimator(start(), settings)
    expected = Estimator(reference, settings)(tiny_frame)
    cuda.log.clear()
    loops = 1 if steps == 1 or members == 1 else 2  # the first step, which members share, and the rest
    for launched in (0, 1, 2, 3):
        assert_same_depth(estimator.engine, estimator(tiny_frame), expected)
        assert cuda.log.count("cudaGraphLaunch") == launched * loops
        assert cuda.log.count("cudaStreamBeginCapture") == loops
    other = replace(tiny_frame, image=tiny_frame.image[::-1].copy())  # new numbers at the same addresses
    assert_same_depth(estimator.engine, estimator(other), Estimator(reference, settings)(other))


def test_sizes_steps_and_members_may_change_from_frame_to_frame(
    start: Callable[[], Any], reference: Engine, tiny_frame: Frame
) -> None:
    estimator, expected = Estimator(start()), Estimator(reference)
    sizes = [(101, 75), (64, 48), (200, 150), (1, 1), (101, 75)]
    for index in range(25):  # more settings than captured graphs are kept
        settings = replace(UNLIMITED, steps=1 + index % 3, members=1 + index % 4)
        frame = resized(tiny_frame, *sizes[index % len(sizes)])
        estimator.settings = expected.settings = settings
        assert_same_depth(estimator.engine, estimator(frame), expected(frame))


def test_frames_of_a_known_size_allocate_nothing(
    start: Callable[[], Any], cuda: FakeRuntime, tiny_frame: Frame
) -> None:
    estimator = Estimator(start(), Settings(steps=2, members=2))
    for _ in range(2):
        estimator(tiny_frame)
    cuda.log.clear()
    held = cuda.live()
    for _ in range(5):
        estimator(tiny_frame)
    assert cuda.live() == held
    called = set(cuda.log)
    assert called == {"cudaMemcpyAsync", "cudaStreamSynchronize", "cudaGraphLaunch"}
    # Five inputs of encode; three inputs and two tokens for each of two loops; two copies to the host between the
    # loops; the answer, whose floor is compared with the mounting; four inputs and two outputs of decode.
    assert cuda.log.count("cudaMemcpyAsync") == 5 * (5 + 2 * (3 + 2) + 2 + 1 + 4 + 2)


def test_the_latents_go_in_and_come_out(
    start: Callable[[], Any], reference: Engine, artifact: Artifact, tiny_frame: Frame
) -> None:
    """They come from the host or stay on the device between frames."""
    engine, network = start(), artifact.manifest.network
    random = np.random.default_rng(0)
    count = network.grid_rows * network.grid_cols
    x = random.standard_normal((2, count)).astype(np.float32)
    latents = random.standard_normal((2, network.latent_count, network.latent_dim)).astype(np.float32)
    levels = np.array([[0.6, 0.8, 1.0, 0.0]], np.float32)
    inputs = encode_inputs(engine, tiny_frame, count)
    wanted = latents
    for _ in range(3):
        got = sample(engine.denoiser(engine.encode(inputs)), x, latents, levels)
        expected = sample(reference.denoiser(reference.encode(inputs)), x, wanted, levels)
        latents, wanted = got.latents, reference.to_host(expected.latents)
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(engine.to_host(one), reference.to_host(other), atol=1e-4)


def test_an_outdated_tensor_is_refused(start: Callable[[], Any], tiny_frame: Frame) -> None:
    engine = start()
    inputs = encode_inputs(engine, tiny_frame, 5)
    old = engine.encode(inputs)
    engine.encode(inputs)
    with pytest.raises(EngineError, match="tensor of 'encode' was used after that graph had run again"):
        engine.to_host(old["local_tokens"])


def test_bad_input_is_an_error_that_names_the_graph(start: Callable[[], Any], tiny_frame: Frame) -> None:
    engine = start()
    good = encode_inputs(engine, tiny_frame, 5)
    for name, wrong, text in (
        (
            "queries",
            np.zeros((1, 5, 7), np.float32),
            r"'encode' failed on image 1x75x101x3, queries 1x5x7.*engines of TensorRT take",
        ),
        ("queries", np.zeros((1, 5, 2)), "queries: got float64, expected float32"),
        (
            "image",
            np.zeros((1, 3000, 20, 3), np.uint8),
            r"image: got \(1, 3000, 20, 3\), engines .* take .*2048.*resize",
        ),
        ("noise", np.zeros(1, np.float32), "got an input 'noise', expected"),
    ):
        with pytest.raises(EngineError, match=text):
            engine.encode({**good, name: wrong})
    with pytest.raises(EngineError, match="got no mounting"):
        engine.encode({name: value for name, value in good.items() if name != "mounting"})
    latents = engine.artifact.manifest.network.zero_latents(33)
    levels = np.array([[0.0, 1.0, 1.0, 0.0]], np.float32)
    with pytest.raises(EngineError, match="got 1 steps and 33 members, expected 1 to 50 and 1 to 32"):
        sample(engine.denoiser(engine.encode(good)), np.zeros((33, 5), np.float32), latents, levels)
    engine.encode(good)  # the engine still works
    engine.close()
    with pytest.raises(EngineError, match="was closed, open a new one"):
        engine.encode(good)


def test_the_second_start_builds_nothing_and_another_version_or_gpu_does(
    start: Callable[[], Any], tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    assert tensorrt.built == ["encode.onnx", "denoise.onnx", "decode.onnx"]
    assert tensorrt.timings == [b"t", b"tt", b"ttt"]  # each build begins with the timings of those before
    start()
    assert len(tensorrt.built) == 3
    monkeypatch.setattr(FakeTensorrt, "__version__", "10.16.1")
    start()
    assert len(tensorrt.built) == 6
    monkeypatch.setattr(FakeRuntime, "cudaDriverGetVersion", lambda _: 13000)
    start()
    assert len(tensorrt.built) == 9


def test_the_profile_covers_all_settings_of_the_node(artifact: Artifact) -> None:
    assert bounds(artifact, "encode")["image"] == ((1, 1, 1, 3), (1, 480, 640, 3), (1, 2048, 2048, 3))
    assert bounds(artifact, "denoise")["x"] == ((1, 1), (4, 240), (32, 240))
    assert "levels" not in bounds(artifact, "denoise")
    Settings(steps=50, members=32)
    for beyond in ({"steps": 51}, {"members": 33}):
        with pytest.raises(ValueError, match="expected 1 to"):
            Settings(**beyond)


@pytest.mark.parametrize(
    ("failing", "text"),
    [
        ("parse", "TensorRT 10.3.0 cannot read it: unsupported input type of UINT8; While parsing node number 68"),
        ("build", "TensorRT 10.3.0 cannot build it: no implementation for node MatMul_7"),
        ("deserialise", "cannot load 'encode', which it has just built"),
        ("context", "'encode' needs 5 MB of free memory on the GPU"),
        ("execute", "'encode' failed on .*TensorRT refused to run it"),
        ("depth", r"gives wrong depth: .* off by up to 0\.0488"),
    ],
)
def test_a_failure_says_what_failed_and_frees_everything(
    tensorrt: FakeTensorrt, cuda: FakeRuntime, artifact: Artifact, failing: str, text: str
) -> None:
    tensorrt.failing = {failing}
    with pytest.raises(EngineError, match=text) as caught:
        open_engine("trt", artifact)
    assert not isinstance(caught.value, EngineUnavailableError)
    assert cuda.live() == 0


@pytest.mark.parametrize("failing", ["cudaMalloc", "cudaMallocHost", "cudaMemcpyAsync", "cudaStreamSynchronize"])
def test_an_error_of_cuda_is_raised_and_everything_is_freed(
    tensorrt: FakeTensorrt, cuda: FakeRuntime, artifact: Artifact, failing: str
) -> None:
    assert tensorrt.built == []
    cuda.failing = {failing}
    with pytest.raises(EngineError, match="CUDA cannot .*cudaErrorUnknown"):
        open_engine("trt", artifact)
    assert cuda.live() == 0


def test_an_error_while_freeing_is_logged_and_the_rest_is_freed(
    start: Callable[[], Any], cuda: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    """After some GPU errors, every later call of the process fails."""
    engine = start()
    cuda.failing = {"cudaFree"}
    engine.close()
    assert "CUDA cannot free memory on the GPU" in caplog.text
    assert cuda.live() == len(cuda.device)
    cuda.device.clear()


@pytest.mark.parametrize("failing", ["cudaStreamEndCapture", "cudaGraphInstantiate"])
def test_a_loop_that_cannot_be_captured_runs_step_by_step_and_the_log_says_so(
    start: Callable[[], Any],
    reference: Engine,
    cuda: FakeRuntime,
    tiny_frame: Frame,
    caplog: pytest.LogCaptureFixture,
    failing: str,
) -> None:
    cuda.failing = {failing}
    settings = replace(UNLIMITED, steps=3, members=2)
    estimator = Estimator(start(), settings)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert_same_depth(estimator.engine, estimator(tiny_frame), Estimator(reference, settings)(tiny_frame))
    # There are two loops: that of the golden sample and this one.
    assert caplog.text.count("the loop cannot be captured, so it runs step by step") == 2
    assert "cudaGraphLaunch" not in cuda.log


def test_without_a_gpu_or_a_driver_the_backend_is_not_available(
    tensorrt: FakeTensorrt, cuda: FakeRuntime, artifact: Artifact
) -> None:
    assert tensorrt.built == []
    cuda.devices = 0
    with pytest.raises(EngineUnavailableError, match="no NVIDIA GPU: CUDA sees none"):
        open_engine("trt", artifact)
    cuda.failing = {"cudaGetDeviceCount"}
    with pytest.raises(EngineUnavailableError, match="no NVIDIA GPU: .*install or update the driver"):
        open_engine("trt", artifact)


@pytest.mark.parametrize("missing", ["tensorrt", "cuda.bindings"])
def test_without_the_runtime_the_error_says_what_to_install(
    tensorrt: FakeTensorrt, monkeypatch: pytest.MonkeyPatch, artifact: Artifact, missing: str
) -> None:
    assert tensorrt.built == []
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EngineUnavailableError, match=f"backend 'trt': .*{missing}.*install what it needs"):
        open_engine("trt", artifact)


def test_another_precision_uses_the_artifact_s_graphs_of_it(
    tensorrt: FakeTensorrt, artifact: Artifact, tmp_path: Path
) -> None:
    """'decode' has no graph of that precision, so it stays fp32."""
    folder = Path(shutil.copytree(artifact.path, tmp_path / "both"))
    for graph in ("encode", "denoise"):
        shutil.copy(folder / f"{graph}.onnx", folder / f"{graph}.fp16.onnx")
    both = Artifact(folder, replace(artifact.manifest, variants={"fp16": ["encode", "denoise"]}))
    engine = open_engine("trt-fp16", both)
    assert tensorrt.built == ["encode.fp16.onnx", "denoise.fp16.onnx", "decode.onnx"]
    assert check_golden(engine).tolerance_ln == artifact.manifest.golden_tolerance_ln["fp16"]
    engine.close()


def test_precisions_that_the_artifact_lacks_are_not_available(tensorrt: FakeTensorrt, artifact: Artifact) -> None:
    assert tensorrt.built == []
    for backend in ("trt-fp16", "trt-bf16", "trt-int8"):
        with pytest.raises(EngineUnavailableError, match="grin precision --precision"):
            open_engine(backend, artifact)


def test_the_real_bindings_have_every_function_of_the_fake_ones() -> None:
    """The backend calls nothing that the fake runtime lacks. The real bindings need neither a GPU nor a driver here."""
    real = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not here: pip install 'grin_ros[trt]'")
    names = [name for name in dir(FakeRuntime) if name.startswith("cuda")]
    assert len(names) > 15
    assert not [name for name in names if not hasattr(real, name)]
