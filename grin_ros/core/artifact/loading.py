# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Finding an artifact by name or path, and loading it after all its files have been checked."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grin_ros.core.artifact.files import check_file, check_golden_size
from grin_ros.core.artifact.manifest import (
    GOLDEN,
    HINT_WEIGHTS,
    HINTS,
    ArtifactError,
    Manifest,
    graph_file,
    read_manifest,
)
from grin_ros.core.config import nearest

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parents[2] / "artifacts"
"""The folder of the models that are installed with the package."""


@dataclass(frozen=True)
class Artifact:
    """A checked artifact folder."""

    path: Path
    manifest: Manifest

    @property
    def graphs(self) -> tuple[str, ...]:
        """The graphs that every engine of this artifact opens."""
        return self.manifest.graphs

    def file(self, name: str) -> Path:
        """Return the path of a file of the folder."""
        return self.path / name

    def graph(self, name: str, precision: str = "fp32") -> Path:
        """Return the ONNX file of the graph `name` (one of `graphs`).

        The weights are external data beside it, so a runtime must load it by path, not by bytes. Raises ArtifactError
        if the artifact has no graphs of `precision`.
        """
        variants = self.manifest.variants
        if precision != "fp32" and precision not in variants:
            raise ArtifactError(
                f"{self.path}: got precision {precision}, expected one of {', '.join(('fp32', *variants))}, which this "
                "artifact has",
                f"make it with grin precision --precision {precision}, or choose another backend",
            )
        return self.path / graph_file(name, precision if name in variants.get(precision, ()) else "fp32")

    @property
    def digest(self) -> str:
        """The first digits of a hash over all files; diagnostics and engine caches identify the artifact by it."""
        return _digest(self.manifest.sha256)

    @property
    def model_digest(self) -> str:
        """The same without the files of a hint network, which is learnt from the answers of this model."""
        others = (graph_file(HINTS, "fp32"), HINT_WEIGHTS, GOLDEN)
        return _digest({name: value for name, value in self.manifest.sha256.items() if name not in others})


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:12]


def find_artifact(name_or_path: str) -> Path:
    """Return the folder of a shipped model ('nano') or of a path. Raises ArtifactError that lists the shipped ones.

    A folder in the working directory that has the name of a shipped model is meant only by './nano'; the log says so.
    """
    path = Path(name_or_path).expanduser()
    shipped = sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()) if SHIPPED.is_dir() else []
    if name_or_path in shipped:
        if path.is_dir():
            logger.warning("model '%s' is the shipped one, not the folder here; for that one, give './%s'", path, path)
        return SHIPPED / name_or_path
    if path.is_dir():
        return path
    hint = nearest(name_or_path, shipped) or "."
    raise ArtifactError(
        f"model: got '{name_or_path}', which is neither a folder nor a shipped model{hint} "
        f"Shipped models: {', '.join(shipped) or 'none (reinstall grin_ros)'}; or give the path of an exported artifact"
    )


def load_artifact(name_or_path: str | Path) -> Artifact:
    """Read an artifact and check its manifest, every hash and its golden sample.

    Raises ArtifactError that says what is wrong and what to do.
    """
    folder = find_artifact(str(name_or_path))
    manifest = read_manifest(folder)
    for name, expected in manifest.sha256.items():
        check_file(folder, name, expected)
    check_golden_size(folder / GOLDEN)
    return Artifact(folder, manifest)
