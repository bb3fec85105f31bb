# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The deployed model: a folder with three ONNX graphs, a weights file, a golden sample, and a manifest that binds them.

The manifest carries everything a run needs to know besides the numbers in the weights: sizes, depth range, schedule,
calibration, where the weights come from, and the SHA-256 of every file. Nothing in the folder is executed or unpickled.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.config import from_mapping, nearest

FORMAT = 2
MAX_FILE_BYTES = 2 * 1024**3
MAX_MANIFEST_BYTES = 1 << 20
MAX_GOLDEN_BYTES = 256 << 20
MAX_SIZE = 4096
GRAPHS = ("encode", "denoise", "decode")
GOLDEN_TOLERANCE_LN = {"fp32": 1e-3, "fp16": 2e-2, "bf16": 5e-2, "int8": 0.2}
"""int8 rounds one number in a hundred as far as the eye sees it; a wrong engine is off by whole units."""
SHIPPED = Path(__file__).parents[1] / "artifacts"


class ArtifactError(ValueError):
    """The artifact cannot be used; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class DepthRange:
    """Range along the ray that the network can express, metres, and the scale of its value.

    The network's value is log10(range) mapped to [-1, 1] over [min_m, max_m], divided by data_std so that noise and
    signal have comparable spread (the role of sigma_data in EDM, arXiv 2206.00364).
    """

    min_m: float
    max_m: float
    data_std: float


@dataclass(frozen=True)
class Network:
    """Sizes that the caller of the graphs must know. Grids cover the whole image, whatever its size and aspect."""

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
    """At these sampler settings, sigma_ln^2 (published) = (scale * sigma_ln (network))^2 + floor_ln^2."""

    steps: int
    members: int
    scale: float = 1.0
    floor_ln: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """What makes sigma hold its share of the errors, by sampler settings. fitted_on says on what."""

    factors: tuple[SigmaFactor, ...] = ()
    fitted_on: str = "nothing"

    def factor(self, steps: int, members: int) -> SigmaFactor:
        """That of the nearest settings, by the ratios of steps and of members; one that changes nothing where none was
        fitted."""

        def apart(factor: SigmaFactor) -> float:
            return abs(math.log(factor.steps / steps)) + abs(math.log(factor.members / members))

        return min(self.factors, key=apart, default=SigmaFactor(steps, members))


@dataclass(frozen=True)
class Manifest:
    format: int
    name: str
    licence: str
    depth: DepthRange
    network: Network
    parameterisation: str
    schedule_shift: float
    calibration: Calibration
    tensors: dict[str, Any]
    """graph -> {"inputs": [{"name", "dtype", "shape"}], "outputs": [...]}; a string in a shape is a free size."""
    sha256: dict[str, str]
    """file name -> SHA-256, for every file of the folder but the manifest."""
    model: dict[str, Any] = field(default_factory=dict)
    """The ModelConfig it was built from (read by the torch reference only)."""
    training: dict[str, Any] = field(default_factory=dict)
    """Data, licences, steps, commit: what the model card repeats."""
    temperature: float = 1.0
    """Amplitude of the noise that sampling starts from, over the schedule's."""
    golden_tolerance_ln: dict[str, float] = field(default_factory=lambda: dict(GOLDEN_TOLERANCE_LN))
    """Largest accepted error of ln(range) on the golden sample, by the engine's precision."""
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """precision -> the graphs that exist in it too, as GRAPH.PRECISION.onnx; the others of its engines are the fp32
    ones. Names, types and shapes of inputs and outputs are the same."""


@dataclass(frozen=True)
class Artifact:
    """A checked artifact folder."""

    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        return self.path / name

    def graph(self, name: str, precision: str = "fp32") -> Path:
        """The ONNX file of `name` in GRAPHS. Weights are external data beside it: load it by path, not by bytes.

        Raises ArtifactError where the artifact has no graphs of `precision`.
        """
        variants = self.manifest.variants
        if precision != "fp32" and precision not in variants:
            raise ArtifactError(
                f"{self.path}: has no {precision} graphs, only {', '.join(('fp32', *variants))}; make them with "
                f"export/precision.py --precision {precision}, or choose another backend"
            )
        return self.path / graph_file(name, precision if name in variants.get(precision, ()) else "fp32")

    @property
    def digest(self) -> str:
        """One short hash over all files: the identity that diagnostics and engine caches use."""
        joined = json.dumps(self.manifest.sha256, sort_keys=True)
        return hashlib.sha256(joined.encode()).hexdigest()[:12]


def graph_file(name: str, precision: str) -> str:
    """'denoise.onnx', 'denoise.int8.onnx'."""
    return f"{name}.onnx" if precision == "fp32" else f"{name}.{precision}.onnx"


def find_artifact(name_or_path: str) -> Path:
    """The folder of a shipped model ('nano') or of a path. Raises ArtifactError that lists what is shipped."""
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    shipped = sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()) if SHIPPED.is_dir() else []
    if name_or_path in shipped:
        return SHIPPED / name_or_path
    raise ArtifactError(
        f"model: got '{name_or_path}', which is neither a folder nor a shipped model{nearest(name_or_path, shipped)} "
        f"Shipped models: {', '.join(shipped) or 'none (reinstall grin_ros)'}; or give the path of an exported artifact"
    )


def load_artifact(name_or_path: str | Path) -> Artifact:
    """Read and check an artifact: format, every hash, every graph. Raises ArtifactError with the remedy."""
    folder = find_artifact(str(name_or_path))
    manifest_path = folder / "manifest.json"
    try:
        values = json.loads(_read_text(manifest_path))
    except OSError as error:
        raise ArtifactError(
            f"{manifest_path}: cannot be read ({error.strerror}); export the model again, or reinstall"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{manifest_path}: not valid JSON ({error}); export the model again, or reinstall"
        ) from error
    got = values.get("format") if isinstance(values, Mapping) else None
    if got != FORMAT:
        raise ArtifactError(f"{manifest_path}: format {got!r}, this version reads {FORMAT}; export the model again")
    try:
        manifest = from_mapping(Manifest, values, str(manifest_path))
    except ValueError as error:
        raise ArtifactError(str(error)) from error
    needed = [(graph, "fp32") for graph in GRAPHS]
    needed += [(graph, precision) for precision, graphs in manifest.variants.items() for graph in graphs]
    for name in (*(graph_file(*each) for each in needed), "golden.npz"):
        if name not in manifest.sha256:
            raise ArtifactError(f"{manifest_path}: lists no hash of {name}; export the model again")
    for name, expected in manifest.sha256.items():
        _check_file(folder, name, expected)
    _check_golden(folder / "golden.npz")
    return Artifact(folder, manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json, atomically."""
    temporary = folder / "manifest.tmp"
    temporary.write_text(json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")
    temporary.replace(folder / "manifest.json")


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _read_text(path: Path) -> str:
    """Raises OSError, and ValueError for a file that is larger than any manifest."""
    with path.open("rb") as stream:
        data = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise ValueError(f"more than {MAX_MANIFEST_BYTES} bytes")
    return data.decode()


def _check_golden(path: Path) -> None:
    """A few kilobytes of an archive can hold gigabytes of zeros: what it says it holds is counted before it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ArtifactError(f"{path}: not an archive of arrays ({error}); export the model again") from error
    if size > MAX_GOLDEN_BYTES:
        raise ArtifactError(f"{path}: holds {size} bytes, more than {MAX_GOLDEN_BYTES}; do not use this artifact")


def _check_file(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if Path(name).name != name:
        raise ArtifactError(
            f"{folder}: the manifest names '{name}', which is outside the folder; do not use this artifact"
        )
    if not path.is_file():
        raise ArtifactError(f"{path}: missing; export the model again, or reinstall")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ArtifactError(f"{path}: {path.stat().st_size} bytes, more than {MAX_FILE_BYTES}; not loaded")
    got = file_sha256(path)
    if got != expected:
        raise ArtifactError(
            f"{path}: SHA-256 {got[:12]}…, the manifest says {expected[:12]}…; the file is corrupt or was changed: "
            "export the model again, or reinstall"
        )
