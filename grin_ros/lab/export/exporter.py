# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Export of a trained Grin as an artifact: weights, graphs, golden sample and manifest, checked before use."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import (
    FORMAT,
    GOLDEN,
    GRAPHS,
    MANIFEST,
    WEIGHTS,
    Calibration,
    DepthRange,
    Manifest,
    Network,
    read_manifest,
    write_manifest,
)
from grin_ros.core.backends.engine import OF_CAMERA, Engine, EngineError
from grin_ros.core.backends.golden_check import GoldenReport, check_golden
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.sampling.noise import member_noise
from grin_ros.core.sampling.sampler import Sample, sample
from grin_ros.lab.export.graphs import export_graph, tensor_list
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import Grin

GOLDEN_STEPS, GOLDEN_MEMBERS = 2, 2
# The image is small. It is not symmetric, so that a flipped or transposed axis is noticed, wider than 180 degrees at
# its corners, so that it has pixels without depth, and tilted, so that the mounting matters.
GOLDEN_CAMERA = Camera(
    128, 96, 51.0, 49.0, 66.5, 45.0, "equidistant", (0.03, -0.01, 0.002, 0.0), Mounting(0.6, 0.05, 0.2)
)


def export_artifact(model: Grin, out_dir: Path, *, name: str, licence: str, training: dict[str, Any]) -> GoldenReport:
    """Write the artifact folder `out_dir`, or replace it, and return the errors of ln(range) of ONNX Runtime.

    The folder is written as a whole or not at all. training: data, steps and commit, for the manifest. Raises
    EngineError if the errors exceed the fp32 tolerance, ValueError if the model cannot be exported or `out_dir` is
    something else.
    """
    _check_exportable(model.config)
    out_dir = Path(out_dir).absolute()
    if out_dir.exists() and not (out_dir / MANIFEST).is_file() and (out_dir.is_file() or any(out_dir.iterdir())):
        raise ValueError(f"{out_dir}: exists and is not an artifact, so it was not replaced; choose another folder")
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
    try:
        os.chmod(folder, 0o755)  # mkdtemp makes it 0700
        report = write_artifact(model, folder, name, licence, training)
        publish(folder, out_dir)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report


def _check_exportable(config: ModelConfig) -> None:
    """Raise ValueError for the models of ablations: an artifact has log-depth, and its graphs read every input."""
    switched_off = [name for name in ("local", "scene", "rays") if not getattr(config, name)]
    if config.depth != "log" or switched_off:
        got = [f"depth: {config.depth}", *(f"{name}: false" for name in switched_off)]
        raise ValueError(
            f"model: got {', '.join(got)}, expected depth: log with local, scene and rays switched on; "
            "other models are for training ablations and cannot be exported"
        )


def golden_image(width: int, height: int) -> NDArray[np.uint8]:
    """Return an image (height, width, 3) uint8 of waves, and of a block with edges for the upsampling."""
    u, v = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    waves = [np.sin(math.pi * (a * u + b * v) + c) for a, b, c in ((3, 1, 0.0), (-2, 3, 1.0), (1, -4, 2.0))]
    image = 120.0 + 70.0 * np.stack(waves, -1)
    image[height // 3 : 2 * height // 3, width // 5 : width // 2] = (200.0, 40.0, 90.0)
    return image.astype(np.uint8)


@dataclass(frozen=True)
class ModelDenoiser:
    """The torch model with the tokens of one frame, for `sampler.sample`."""

    model: Grin
    tokens: tuple[torch.Tensor, torch.Tensor]

    def __call__(self, x: torch.Tensor, latents: torch.Tensor, levels: NDArray[np.float32]) -> Sample:
        return self.model.denoise(x, torch.tensor(levels), latents, *self.tokens)

    def to_host(self, tensor: torch.Tensor) -> NDArray[Any]:
        return tensor.numpy()


def golden_sample(model: Grin) -> dict[str, NDArray[Any]]:
    """Return the inputs of a small frame and the answer of `model`, by the names that `check_golden` reads."""
    config, camera = model.config, GOLDEN_CAMERA
    inputs = camera_inputs(camera, (config.grid_rows, config.grid_cols), (config.scene_rows, config.scene_cols))
    golden: dict[str, NDArray[Any]] = {
        **inputs.encode(golden_image(camera.width, camera.height)[None]),
        "ray_z": inputs.ray_z,
        "levels": config.schedule.levels(GOLDEN_STEPS),
        "noise": np.float32(config.temperature) * member_noise(inputs.queries[0], GOLDEN_MEMBERS, seed=0),
    }
    given = {key: torch.tensor(value) for key, value in golden.items()}
    with torch.inference_mode():
        tokens = model.encode(*(given[name] for name in ("image", *OF_CAMERA)))
        latents = torch.zeros(GOLDEN_MEMBERS, config.latent_count, config.latent_dim)
        denoise = ModelDenoiser(model, tokens)
        found = sample(denoise, given["noise"], latents, golden["levels"], share_first_step=False)
        depth_m, sigma_m = model.decode(found.x, found.log_variance, given["image"], given["ray_z"])
    golden |= {"x": found.x.numpy(), "depth_m": depth_m.numpy(), "sigma_m": sigma_m.numpy()}
    # +inf is a valid answer: it means beyond range.
    if not np.isfinite(golden["x"]).all() or np.isnan(golden["depth_m"][inputs.ray_z[0] > 0.0]).any():
        raise ValueError("model: with fp16 weights its answer to the golden sample is not finite; do not deploy it")
    return golden


def write_artifact(model: Grin, folder: Path, name: str, licence: str, training: dict[str, Any]) -> GoldenReport:
    """Write the files of an artifact into `folder`, check them, and return the errors on the golden sample."""
    save_weights(folder / WEIGHTS, model.state_dict(), model.config, torch.float16)
    # From here on the model is the one in the file, rounded to fp16, which the torch reference loads too.
    stored = load_model(folder / WEIGHTS)
    tensors = {}
    for graph in GRAPHS:
        proto = export_graph(stored, graph, folder / f"{graph}.onnx", WEIGHTS)
        tensors[graph] = {"inputs": tensor_list(proto.graph.input), "outputs": tensor_list(proto.graph.output)}
    golden: dict[str, Any] = golden_sample(stored)
    np.savez_compressed(folder / GOLDEN, **golden)
    manifest = _manifest(stored.config, folder, name, licence, tensors, training)
    write_manifest(folder, manifest)
    for file in folder.iterdir():
        file.chmod(0o644)  # safetensors writes 0600, but every user reads an installed artifact
    advice = "nothing was written. Use the torch and onnxruntime releases of setup.py, and report the error"
    return checked(OrtEngine(load_artifact(folder)), "export", "torch", advice)


def _manifest(
    config: ModelConfig,
    folder: Path,
    name: str,
    licence: str,
    tensors: dict[str, Any],
    training: dict[str, Any],
) -> Manifest:
    return Manifest(
        format=FORMAT,
        name=name,
        licence=licence,
        depth=DepthRange(config.min_range_m, config.max_range_m, config.data_std),
        network=Network(
            config.grid_rows,
            config.grid_cols,
            config.scene_rows,
            config.scene_cols,
            config.latent_count,
            config.latent_dim,
        ),
        parameterisation="v",
        schedule_shift=config.schedule_shift,
        temperature=config.temperature,
        calibration=Calibration(),
        tensors=tensors,
        sha256={file.name: file_sha256(file) for file in sorted(folder.iterdir())},
        model=dataclasses.asdict(config),
        training=training,
    )


def checked(engine: Engine, what: str, model: str, advice: str) -> GoldenReport:
    """Check `engine` on its golden sample, close it and return the errors.

    Raises EngineError with `advice` if its answer differs more from that of the `model` model than its precision
    allows.
    """
    report = check_golden(engine)
    engine.close()
    if not report.passed:
        raise EngineError(
            f"{what}: {engine.description} differs from the {model} model by up to {report.max_error_ln:.3g} "
            f"of ln(range) (mean {report.mean_error_ln:.3g}), expected at most {report.tolerance_ln:.3g}; {advice}"
        )
    return report


@contextmanager
def changing(folder: Path) -> Iterator[Path]:
    """Give a copy of the artifact `folder` to be changed, which replaces it at the end of the block.

    The artifact changes as a whole or not at all: after an error it is as before. Write the new files into the copy,
    then call `update_manifest`, then check the copy.
    """
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        copy = Path(temporary, folder.name)
        shutil.copytree(folder, copy)
        yield copy
        for file in copy.iterdir():
            file.chmod(0o644)  # safetensors writes 0600, but every user reads an installed artifact
        publish(copy, folder)


def update_manifest(folder: Path, files: Iterable[str], **entries: Any) -> None:
    """Give the manifest of an artifact the hashes of new `files`, and other values for some of its entries."""
    manifest = read_manifest(folder)
    hashes = {name: file_sha256(folder / name) for name in files}
    write_manifest(folder, dataclasses.replace(manifest, sha256={**manifest.sha256, **hashes}, **entries))


def publish(folder: Path, out_dir: Path) -> None:
    """Move `folder` to `out_dir`. An old `out_dir` stays until the new one is complete."""
    if not out_dir.exists():
        folder.rename(out_dir)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-old-", dir=out_dir.parent))
    out_dir.rename(old)  # onto the empty folder
    folder.rename(out_dir)
    shutil.rmtree(old)
