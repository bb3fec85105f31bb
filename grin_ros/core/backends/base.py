# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an engine is, which there are, and how one is opened: never without its answer to the golden sample."""

from __future__ import annotations

import importlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact import Artifact, ArtifactError
from grin_ros.core.config import nearest
from grin_ros.core.geometry.log_depth import BEYOND, LogDepth
from grin_ros.core.sampling.schedule import Level

logger = logging.getLogger(__name__)

ENGINES: dict[str, str] = {
    "reference": "grin_ros.core.backends.torch_reference:ReferenceEngine",
    "ort": "grin_ros.core.backends.ort:OrtEngine",
    "ort-int8": "grin_ros.core.backends.ort:OrtInt8Engine",
    "ort-cuda": "grin_ros.core.backends.ort:OrtCudaEngine",
    "ort-tensorrt": "grin_ros.core.backends.ort:OrtTensorrtEngine",
    "trt": "grin_ros.core.backends.tensorrt.backend:TrtEngine",
    "trt-fp16": "grin_ros.core.backends.tensorrt.backend:TrtFp16Engine",
    "trt-bf16": "grin_ros.core.backends.tensorrt.backend:TrtBf16Engine",
    "trt-int8": "grin_ros.core.backends.tensorrt.backend:TrtInt8Engine",
    "openvino": "grin_ros.core.backends.openvino.backend:OpenvinoEngine",
    "openvino-bf16": "grin_ros.core.backends.openvino.backend:OpenvinoBf16Engine",
    "openvino-int8": "grin_ros.core.backends.openvino.backend:OpenvinoInt8Engine",
}
"""backend name -> 'module:class', imported only when opened. A new backend is one file and one line here."""

AUTO = "auto"
BACKENDS = (AUTO, *ENGINES)
"""What `open_engine` takes: 'auto' is the best of ENGINES that is present (see auto.py)."""

Tensor = Any
"""An engine's own tensor: a NumPy array on the host, or whatever stays on its device between graphs."""


class EngineError(RuntimeError):
    """The engine cannot be opened or gave a wrong answer; the text says what was got, expected, and what to do."""


class EngineUnavailableError(EngineError):
    """The backend's runtime, provider or device is not on this machine; the text says what is, and what to install."""


class Engine(ABC):
    """Runs the three graphs of one artifact. Not thread safe: one caller at a time.

    A backend implements `run`; one that can keep the whole loop on its device overrides `sample_from` too.
    """

    precision: ClassVar[str] = "fp32"
    graphs: ClassVar[str] = "fp32"
    """Which of the artifact's graphs it loads; the runtime may compute these in another precision."""
    first_frame_s: ClassVar[float] = 60.0
    """What the first frame of a size may take, as the runtime builds or allocates for it."""

    def __init__(self, artifact: Artifact, threads: int = 0) -> None:
        """threads: 0 lets the runtime choose."""
        self.artifact = artifact
        self.threads = threads
        self.caveat = ""
        """Why it runs in place of a preferred backend; empty where it is the preferred one."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Runtime, version and device, for diagnostics: 'onnxruntime 1.31.1 CPUExecutionProvider'."""

    @abstractmethod
    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run 'encode', 'denoise' or 'decode'. Inputs may be NumPy arrays or this engine's own outputs."""

    def graph_path(self, graph: str) -> Path:
        """The ONNX file to load. Raises EngineUnavailableError where the artifact has none of the precision."""
        try:
            return self.artifact.graph(graph, self.graphs)
        except ArtifactError as error:
            raise EngineUnavailableError(str(error)) from error

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        """The tensor as a NumPy array."""
        return np.asarray(tensor)

    def close(self) -> None:  # noqa: B027 - an engine that holds nothing has nothing to do here
        """Free what the runtime holds; the engine is not used afterwards."""

    def settle(self) -> None:  # noqa: B027 - an engine that is the same for all frames has nothing to do here
        """It has answered the golden sample, and frames come now: what pays over many frames alike may be built."""

    def warm_up(self, width: int, height: int, members: int) -> None:
        """Run one black frame of this size, so that what the runtime builds or allocates for it is there."""
        network = self.artifact.manifest.network
        count, scene = network.grid_rows * network.grid_cols, network.scene_rows * network.scene_cols
        ahead = np.array([0.0, 0.0, 1.0], np.float32)
        image = np.zeros((1, height, width, 3), np.uint8)
        tokens = self.encode(
            {
                "image": image,
                "queries": np.zeros((1, count, 2), np.float32),
                "query_rays": np.tile(ahead, (1, count, 1)),
                "scene_rays": np.tile(ahead, (1, scene, 1)),
                "mounting": np.zeros((1, 5), np.float32),
            }
        )
        start, middle, end = Level(0.0, 1.0), Level(0.6, 0.8), Level(1.0, 0.0)
        # Two steps: the first is run for one member, whatever their number.
        steps = [(start, middle), (middle, end)]
        x, log_variance = self.sample(tokens, np.zeros((members, count), np.float32), steps)
        ray_z = np.ones((1, height, width), np.float32)
        self.decode({"x": x, "log_variance": log_variance, "image": image, "ray_z": ray_z})

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Once a frame. image (1, H, W, 3) uint8; queries (1, N, 2), query_rays (1, N, 3), scene_rays (1, G, 3),
        mounting (1, 5) float32 -> local_tokens, scene_kv: all that `denoise` reads."""
        return self.run("encode", inputs)

    def sample(
        self, tokens: Mapping[str, Tensor], x: NDArray[np.float32], pairs: Sequence[tuple[Level, Level]]
    ) -> tuple[Tensor, Tensor]:
        """The DDIM loop. x: (S, N) float32 noise, one row a member -> clean sample (S, N), log variance (S, N)."""
        return self.sample_members(tokens, x, self.no_latents(len(x)), pairs)[:2]

    def sample_members(
        self,
        tokens: Mapping[str, Tensor],
        x: NDArray[np.float32],
        latents: NDArray[np.float32],
        pairs: Sequence[tuple[Level, Level]],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `sample_from`, with the first step done once for all members.

        Where there is no signal yet the input tells nothing of the scene: the best answer is the same for all of them.
        They part after it, each with its own noise, and pay for the later steps only.
        """
        here, there = pairs[0]
        if len(x) == 1 or len(pairs) == 1 or here.signal > 0.0:
            return self.sample_from(tokens, x, latents, pairs)
        shared, _, latents_next = self.sample_from(tokens, x[:1], latents[:1], pairs[:1])
        # Without signal all of x is noise, and DDIM keeps it: exchanged for each member's own.
        parted = self.to_host(shared) + np.float32(there.noise / here.noise) * (x - x[:1])
        return self.sample_from(tokens, parted, np.repeat(self.to_host(latents_next), len(x), axis=0), pairs[1:])

    def sample_from(
        self,
        tokens: Mapping[str, Tensor],
        x: NDArray[np.float32],
        latents: Tensor,
        pairs: Sequence[tuple[Level, Level]],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The DDIM loop with the latents (S, L, C) it begins with: zero, or those of a frame before. x: (S, N) float32
        at the first level -> clean sample (S, N), log variance (S, N), latents (S, L, C)."""
        state: Tensor = x
        log_variance: Tensor = None
        for here, there in pairs:
            levels = np.array([here.signal, here.noise, there.signal, there.noise], np.float32)
            out = self.run("denoise", {"x": state, "levels": levels, "latents": latents, **tokens})
            state, latents, log_variance = out["x_next"], out["latents_next"], out["log_variance"]
        return state, log_variance, latents

    def no_latents(self, members: int) -> NDArray[np.float32]:
        """What the sampler begins with where no frame came before."""
        network = self.artifact.manifest.network
        return np.zeros((members, network.latent_count, network.latent_dim), np.float32)

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """x, log_variance (S, N); image (1, H, W, 3) uint8; ray_z (1, H, W) float32 -> depth_m, sigma_m (H, W)."""
        out = self.run("decode", inputs)
        return self.to_host(out["depth_m"]), self.to_host(out["sigma_m"])


@dataclass(frozen=True)
class GoldenReport:
    """Errors of ln(range) on the golden sample against the torch reference at export."""

    max_error_ln: float
    mean_error_ln: float
    tolerance_ln: float

    @property
    def passed(self) -> bool:
        return self.max_error_ln <= self.tolerance_ln  # False for NaN too


def check_golden(engine: Engine) -> GoldenReport:
    """Run the artifact's golden sample through all three graphs and compare with what torch gave at export.

    The clean sample is compared pixel by pixel; decoded depth and sigma too, as ln, and in where they are NaN or inf.
    Raises EngineError where the engine fails on it or gives other shapes.
    """
    manifest = engine.artifact.manifest
    with np.load(engine.artifact.file("golden.npz"), allow_pickle=False) as file:
        golden = {name: file[name] for name in file.files}
    tokens = engine.encode({k: golden[k] for k in ("image", "queries", "query_rays", "scene_rays", "mounting")})
    levels = [(Level(*map(float, row[:2])), Level(*map(float, row[2:]))) for row in golden["levels"]]
    noise = golden["noise"]
    x, log_variance, _ = engine.sample_from(tokens, noise, engine.no_latents(len(noise)), levels)
    depth_m, sigma_m = engine.decode(
        {"x": x, "log_variance": log_variance, "image": golden["image"], "ray_z": golden["ray_z"]}
    )
    depth = manifest.depth
    to_ln = depth.data_std * LogDepth(depth.min_m, depth.max_m).ln_per_unit
    errors = [np.abs(_shaped("x", engine.to_host(x), golden["x"]) - golden["x"]).ravel() * to_ln]
    with np.errstate(all="ignore"):
        # Beyond range counts as the range where that begins: an engine a rounding apart may end on its other side.
        limit_m = BEYOND * depth.max_m * golden["ray_z"][0]
        ends = [
            np.where(np.isposinf(d), limit_m, d)
            for d in (_shaped("depth_m", depth_m, golden["depth_m"]), golden["depth_m"])
        ]
        errors.append(_ln_error(*ends))
        both = np.isfinite(depth_m) & np.isfinite(golden["depth_m"])
        _shaped("sigma_m", sigma_m, golden["sigma_m"])
        errors.append(_ln_error(*(np.where(both, s, np.nan) for s in (sigma_m, golden["sigma_m"]))))
    error = np.concatenate(errors)
    tolerance = manifest.golden_tolerance_ln.get(engine.precision, 0.0)
    return GoldenReport(float(np.max(error)), float(np.mean(error)), tolerance)


def _ln_error(got: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    """|ln got - ln expected|, 0 where both are NaN: a number where the camera sees nothing is as wrong as none where it
    sees something."""
    error = np.abs(np.log(got) - np.log(expected))
    return np.where(np.isnan(got) & np.isnan(expected), 0.0, np.where(np.isnan(error), np.inf, error)).ravel()


def _shaped(name: str, got: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    if got.shape != expected.shape:
        raise EngineError(f"golden sample: {name} came out as {got.shape}, expected {expected.shape}; it is not used")
    return got


def check_known(backend: str) -> None:
    """Raises EngineError for a name that is no backend."""
    known = (AUTO, *ENGINES)
    if backend not in known:
        raise EngineError(f"backend: got '{backend}', expected one of {', '.join(known)}{nearest(backend, known)}")


def open_engine(backend: str, artifact: Artifact, threads: int = 0) -> Engine:
    """Open `backend` and let it run only if it answers the golden sample within its precision's tolerance; 'auto' is
    the best that does.

    Raises EngineError: unknown backend, artifact not loadable, or wrong answer (and by how much); and its kind
    EngineUnavailableError where the runtime, provider or device is not on this machine.
    """
    if backend == AUTO:
        chosen: Engine = importlib.import_module("grin_ros.core.backends.auto").open_best(artifact, threads)
        return chosen
    check_known(backend)
    module, name = ENGINES[backend].split(":")
    try:
        engine_class: type[Engine] = getattr(importlib.import_module(module), name)
    except (ImportError, OSError) as error:  # OSError: a shared library of the runtime's is missing
        raise EngineUnavailableError(
            f"backend '{backend}': {error}; install it (see README, Backends), or choose another"
        ) from error
    try:
        engine = engine_class(artifact, threads)
    except EngineError:
        raise
    except Exception as error:  # a backend may raise anything
        raise EngineError(
            f"backend '{backend}' cannot be opened ({type(error).__name__}: {error}). Try another backend or "
            "version of the runtime, and report it"
        ) from error
    try:
        report = check_golden(engine)
    except EngineError:
        engine.close()
        raise
    except Exception as error:  # a backend may raise anything
        engine.close()
        raise EngineError(
            f"backend '{backend}' ({engine.description}) fails on the golden sample ({type(error).__name__}: {error}); "
            "it is not used. Try another backend or version of the runtime, and report it"
        ) from error
    if not report.passed:
        engine.close()
        raise EngineError(
            f"backend '{backend}' ({engine.description}) gives wrong depth: on the golden sample its ln(range) is off "
            f"by up to {report.max_error_ln:.3g} (mean {report.mean_error_ln:.3g}), accepted is "
            f"{report.tolerance_ln:.3g}; it is not used. Try another backend or version of the runtime, and report it"
        )
    logger.info(
        "engine %s (%s): golden sample max error %.2g ln, mean %.2g",
        backend,
        engine.description,
        report.max_error_ln,
        report.mean_error_ln,
    )
    engine.settle()
    return engine
