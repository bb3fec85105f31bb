# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest of an artifact: all that a run needs to know besides the numbers in the weights.

It holds sizes, the depth range, the schedule, the calibration, where the weights come from, and every file's SHA-256.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.config import from_mapping
from grin_ros.core.hints.calibration import HintCalibration
from grin_ros.core.hints.process import Process

FORMAT = 2
"""The version of the format that this release writes and reads."""
MANIFEST, GOLDEN = "manifest.json", "golden.npz"
WEIGHTS, HINT_WEIGHTS = "weights.safetensors", "hints.safetensors"
"""The files of an artifact beside its graphs. HINT_WEIGHTS exists where there is a hint network."""
MAX_MANIFEST_BYTES = 1 << 20
"""A larger manifest is not read."""
MAX_SIZE = 4096
"""The largest size of the network that is accepted, so that a manifest cannot ask for all memory."""
PARAMETERISATION = "v"
"""Every network predicts v (grin_ros/core/sampling/ddim.py). The sampler knows nothing else."""
GRAPHS = ("encode", "denoise", "decode")
"""The graphs of every artifact."""
HINTS = "hints"
"""The graph of artifacts with a hint network. It exists in fp32 only, because it is small."""
GOLDEN_TOLERANCE_LN = {"fp32": 1e-3, "fp16": 2e-2, "bf16": 5e-2, "int8": 0.2}
"""Precision -> largest accepted error of ln(range) on the golden sample. A wrong engine is off by whole units."""


class ArtifactError(ValueError):
    """The artifact cannot be used. text: what is wrong. remedy: what to do, if the text does not say it."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(f"{text}; {remedy}" if remedy else text)
        self.text = text
        self.remedy = remedy


@dataclass(frozen=True)
class DepthRange:
    """The range along the ray that the network can express, in metres, and the scale of its value.

    The network's value is log10(range) mapped to [-1, 1] over [min_m, max_m], divided by data_std so that noise and
    signal have comparable spread (the role of sigma_data in EDM, arXiv 2206.00364).
    """

    min_m: float
    max_m: float
    data_std: float


@dataclass(frozen=True)
class Network:
    """The sizes that the caller of the graphs must know. Grids cover the whole image, whatever its size and aspect."""

    grid_rows: int
    """Queried pixels: grid_rows x grid_cols cell centres; N = grid_rows * grid_cols."""
    grid_cols: int
    scene_rows: int
    """Scene (global) tokens: scene_rows x scene_cols cell centres; G = scene_rows * scene_cols."""
    scene_cols: int
    latent_count: int
    latent_dim: int

    def __post_init__(self) -> None:
        for name, size in dataclasses.asdict(self).items():
            if not 1 <= size <= MAX_SIZE:
                raise ValueError(f"network.{name}: got {size}, expected 1 to {MAX_SIZE}; do not use this artifact")

    def zero_latents(self, members: int) -> NDArray[np.float32]:
        """Return the latents (members, latent_count, latent_dim) that sampling begins with if no frame came before."""
        return np.zeros((members, self.latent_count, self.latent_dim), np.float32)


@dataclass(frozen=True)
class SigmaFactor:
    """The calibration of sigma for one number of steps and members.

    The published variance is sigma_ln^2 = (scale * sigma_ln of the network)^2 + floor_ln^2.
    """

    steps: int
    members: int
    scale: float = 1.0
    floor_ln: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """The factors that make sigma cover its share of the errors. fitted_on: the data they were fitted on."""

    factors: tuple[SigmaFactor, ...] = ()
    fitted_on: str = "nothing"

    def factor(self, steps: int, members: int) -> SigmaFactor:
        """Return the factor that was fitted at the nearest settings, by the ratios of steps and of members.

        If none was fitted, the factor changes nothing.
        """

        def apart(factor: SigmaFactor) -> float:
            return abs(math.log(factor.steps / steps)) + abs(math.log(factor.members / members))

        return min(self.factors, key=apart, default=SigmaFactor(steps, members))


@dataclass(frozen=True)
class HintModel:
    """The settings that fuse measured hints with the network's answer. Without a hint network: the defaults."""

    process: Process = field(default_factory=Process)
    """The Gaussian process, as it was trained together with the hint network."""
    calibration: HintCalibration = field(default_factory=HintCalibration)
    """The factors on sigma with hints."""
    training: dict[str, Any] = field(default_factory=dict)
    """Data and steps of the training of the hint network, and the artifact whose answers it learnt from."""


@dataclass(frozen=True)
class Manifest:
    """The content of manifest.json."""

    format: int
    name: str
    licence: str
    depth: DepthRange
    network: Network
    parameterisation: str
    """The name of that which the network predicts, PARAMETERISATION."""
    schedule_shift: float
    calibration: Calibration
    tensors: dict[str, Any]
    """graph -> {"inputs": [{"name", "dtype", "shape"}], "outputs": [...]}; a string in a shape is a free size."""
    sha256: dict[str, str]
    """file name -> SHA-256, for every file of the folder but the manifest."""
    model: dict[str, Any] = field(default_factory=dict)
    """The ModelConfig of the network; only the torch reference reads it."""
    training: dict[str, Any] = field(default_factory=dict)
    """Data, licences, steps and commit of the training; the model card repeats them."""
    temperature: float = 1.0
    """The noise that sampling starts from is the schedule's, times this."""
    golden_tolerance_ln: dict[str, float] = field(default_factory=lambda: dict(GOLDEN_TOLERANCE_LN))
    """Largest accepted error of ln(range) on the golden sample, by the engine's precision."""
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Precision -> the graphs that exist in it as GRAPH.PRECISION.onnx. An engine of that precision loads the fp32
    graph for the others. Inputs and outputs of a graph are the same in every precision."""
    hints: HintModel = field(default_factory=HintModel)
    """The settings that fuse measured hints with the answer."""

    @property
    def graphs(self) -> tuple[str, ...]:
        """The graphs of this artifact: GRAPHS, and HINTS if it has a hint network."""
        return (*GRAPHS, HINTS) if HINTS in self.tensors else GRAPHS

    def sigma_caveat(self) -> str:
        """Return what whoever uses sigma should know and do, '' if sigma is calibrated."""
        if self.calibration.factors:
            return ""
        return (
            f"sigma of the model {self.name} is not calibrated, so it may be several times too small or too large and "
            "thresholds on it mean nothing; calibrate it with grin calibrate (docs/guides/training.md)"
        )


def graph_file(name: str, precision: str) -> str:
    """Return the file name of a graph: 'denoise.onnx', 'denoise.int8.onnx'."""
    return f"{name}.onnx" if precision == "fp32" else f"{name}.{precision}.onnx"


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of an artifact folder.

    Raises ArtifactError if it cannot be read, is of another format or parameterisation, or does not list a file that
    is needed.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(_read_text(path))
    except OSError as error:
        raise ArtifactError(
            f"{path}: cannot be read ({error.strerror}); export the model again, or reinstall"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path}: not valid JSON ({error}); export the model again, or reinstall") from error
    got = values.get("format") if isinstance(values, Mapping) else None
    if got != FORMAT:
        raise ArtifactError(f"{path}: got format {got!r}, expected {FORMAT}; export the model again")
    try:
        manifest = from_mapping(Manifest, values, str(path))
    except ValueError as error:
        raise ArtifactError(str(error)) from error
    if manifest.parameterisation != PARAMETERISATION:
        raise ArtifactError(
            f"{path}: got parameterisation {manifest.parameterisation!r}, expected {PARAMETERISATION!r}; export the "
            "model again with this release, or use another artifact"
        )
    needed = [(graph, "fp32") for graph in manifest.graphs]
    needed += [(graph, precision) for precision, graphs in manifest.variants.items() for graph in graphs]
    for name in (*(graph_file(*each) for each in needed), GOLDEN):
        if name not in manifest.sha256:
            raise ArtifactError(f"{path}: lists no hash of {name}; export the model again")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json as a whole: a reader sees the old one or the new one."""
    temporary = folder / "manifest.tmp"
    temporary.write_text(json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")
    temporary.replace(folder / MANIFEST)


def _read_text(path: Path) -> str:
    """Return the text of a manifest. Raises OSError, and ValueError for a file that is larger than any manifest."""
    with path.open("rb") as stream:
        data = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise ValueError(f"it has more than {MAX_MANIFEST_BYTES} bytes")
    return data.decode()
