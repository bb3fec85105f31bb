# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Files are data: nothing that is read can run code, and what a file claims of its size is checked before it is used.

What messages claim is tested in tests/ros/inputs, the SROS2 policy in tests/ros/deployment/test_sros2.py.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.stand_in.engine import write_artifact
from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import ArtifactError
from grin_ros.core.backends import cache
from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter

ROOT = Path(__file__).resolve().parent.parent
CODE = ("grin_ros", "export", "benchmarks", "scripts", "launch")

FORBIDDEN_MODULES = {
    "_pickle", "cloudpickle", "cPickle", "dill", "hickle", "joblib", "jsonpickle", "marshal", "pickle", "shelve",
}  # fmt: skip
FORBIDDEN_CALLS = {"eval", "exec", "__import__"}
# Call -> keyword arguments without which it may run what it reads.
NEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("np", "load"): {"allow_pickle": False},
    ("numpy", "load"): {"allow_pickle": False},
    ("torch", "load"): {"weights_only": True},
}
FORBIDDEN_ATTRIBUTES = {
    ("yaml", "load"), ("yaml", "full_load"), ("yaml", "unsafe_load"), ("yaml", "load_all"), ("torch", "save"),
    ("os", "system"), ("os", "popen"),
}  # fmt: skip
# torch.load with weights_only unpickles tensors and nothing else; one file of a pinned package comes in no other form.
TORCH_LOAD = "grin_ros/lab/network/encoder.py"


def risks(source: str, path: str = "x.py") -> Iterator[str]:
    """'path:line: what' for everything by which data could become code."""
    for node in ast.walk(ast.parse(source)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"{path}:{node.lineno}: imports {module}"
        if not isinstance(node, ast.Call):
            continue
        keywords = {each.arg: getattr(each.value, "value", None) for each in node.keywords}
        if keywords.get("shell"):
            yield f"{path}:{node.lineno}: a shell"
        if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield f"{path}:{node.lineno}: {node.func.id}()"
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            call = (node.func.value.id, node.func.attr)
            needed = NEEDS.get(call, {})
            if call in FORBIDDEN_ATTRIBUTES or any(keywords.get(name) is not value for name, value in needed.items()):
                yield f"{path}:{node.lineno}: {'.'.join(call)} without {needed}"
            if call == ("torch", "load") and path != TORCH_LOAD:
                yield f"{path}:{node.lineno}: torch.load; weights are safetensors"


def test_nothing_that_is_read_can_become_code() -> None:
    files = sorted(path for top in CODE for path in (ROOT / top).rglob("*.py"))
    assert len(files) > 100
    found = [
        risk for path in files for risk in risks(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "def f():\n    from joblib import load",
        "import torch\ntorch.load('x', weights_only=True)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, mmap_mode='r')",
        "yaml.load(text)",
        "eval(text)",
        "subprocess.run(text, shell=True)",
        "torch.save(model, path)",
    ],
)
def test_a_risk_is_found(source: str) -> None:
    assert len(list(risks(source))) == 1


@pytest.mark.parametrize(
    "source", ["np.load(path, allow_pickle=False)", "yaml.safe_load(text)", "model.eval()", "subprocess.run(['ls'])"]
)
def test_what_is_safe_is_not(source: str) -> None:
    assert list(risks(source)) == []


# --- artifacts ---


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    return write_artifact(tmp_path / "artifact")


def change(folder: Path, edit: Callable[[dict[str, Any]], None] = dict) -> None:
    """Edit the manifest; hashes are made right again, as whoever makes an artifact can."""
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    values["sha256"] = {name: file_sha256(folder / name) for name in values["sha256"]}
    edit(values)
    path.write_text(json.dumps(values))


def zeros_archive(size: int) -> bytes:
    """An .npz of a few kilobytes that holds `size` bytes."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (size,)})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("image.npy", "w") as entry:
        entry.write(header.getvalue())
        for _ in range(size >> 20):
            entry.write(bytes(1 << 20))
    return packed.getvalue()


def test_a_manifest_larger_than_any_is_not_read(artifact: Path) -> None:
    change(artifact, lambda values: values.update(training={"notes": "x" * (1 << 20)}))
    with pytest.raises(ArtifactError, match="more than 1048576 bytes"):
        load_artifact(artifact)


def test_a_manifest_nested_without_end_is_refused(artifact: Path) -> None:
    (artifact / "manifest.json").write_text("[" * 500_000)
    with pytest.raises(ArtifactError, match="not valid JSON"):
        load_artifact(artifact)


@pytest.mark.parametrize("name", ["grid_rows", "grid_cols", "scene_rows", "scene_cols", "latent_count", "latent_dim"])
@pytest.mark.parametrize("size", [0, -1, 4097, 2**40])
def test_a_manifest_that_asks_for_a_huge_grid_is_refused(artifact: Path, name: str, size: int) -> None:
    change(artifact, lambda values: values["network"].update({name: size}))
    with pytest.raises(ArtifactError, match=rf"network.{name}: got {size}, expected 1 to 4096"):
        load_artifact(artifact)


def test_a_golden_sample_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(artifact: Path) -> None:
    bomb = zeros_archive(257 << 20)
    assert len(bomb) < 1 << 20
    (artifact / "golden.npz").write_bytes(bomb)
    change(artifact)
    with pytest.raises(ArtifactError, match=r"golden.npz: got \d+ bytes unpacked, expected at most 268435456"):
        load_artifact(artifact)


def test_a_golden_sample_that_is_no_archive_is_refused(artifact: Path) -> None:
    (artifact / "golden.npz").write_bytes(b"\x80\x04\x95 a pickle, or anything else")
    change(artifact)
    with pytest.raises(ArtifactError, match="not an archive of arrays"):
        load_artifact(artifact)


def test_a_manifest_cannot_name_files_elsewhere(artifact: Path) -> None:
    (artifact.parent / "secret").write_text("x")
    change(artifact, lambda values: values["sha256"].update({"../secret": "0" * 64}))
    with pytest.raises(ArtifactError, match="outside the folder"):
        load_artifact(artifact)


# --- kept engines, shards, weights ---


def test_a_kept_engine_larger_than_any_model_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    key = cache.EngineKey("encode", "0", "runtime 1", "cpu", "fp32", "{}", "{}")
    cache.store(key, b"engine")
    assert cache.load(key) == b"engine"
    monkeypatch.setattr(cache, "MAX_ENTRY_BYTES", 100)
    assert cache.load(key) is None
    (entry,) = cache.entries()
    assert "at most 100" in entry.fault


def shard_folder(tmp_path: Path, name: str = "0") -> Path:
    """A data set of one frame, whose index calls its shard `name`."""
    folder = tmp_path / "data"
    writer = ShardWriter(folder, 8, 6, worlds=("world",), licence="Apache-2.0")
    image, range_m = np.zeros((1, 6, 8, 3), np.uint8), np.ones((1, 6, 8), np.float32)
    writer.write("0", image, range_m, [Camera(8, 6, 8.0, 8.0, 3.5, 2.5)], np.zeros((1, 3), np.int64))
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0]["name"] = name
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_a_shard_that_promises_more_than_it_has_is_refused(tmp_path: Path) -> None:
    folder = shard_folder(tmp_path)
    assert len(ShardDataset(folder)) == 1
    path = folder / "0.image.npy"
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 6, 8, 3)}
        )
    with pytest.raises(ValueError, match="size|length"):
        ShardDataset(folder)


def test_a_shard_of_objects_is_refused(tmp_path: Path) -> None:
    folder = shard_folder(tmp_path)
    np.save(folder / "0.image.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="object|Object|pickle"):
        ShardDataset(folder)


def test_an_index_cannot_name_shards_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"names the shard '../data/0', which is outside the folder"):
        ShardDataset(shard_folder(tmp_path, "../data/0"))


def test_a_safetensors_header_that_promises_a_terabyte_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the export is torch (pip install grin_ros[train])")
    from grin_ros.lab.export.graphs import safetensors_index

    path = tmp_path / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", 10**12) + b"{}")
    with pytest.raises(ValueError, match="got a header of 1000000000000 bytes"):
        safetensors_index(path)


@pytest.mark.parametrize(
    ("module", "talks"),
    [("grin_ros.core.backends.openvino.backend", False), ("openvino", True)],
    ids=["ours", "theirs"],
)
def test_opening_a_backend_tells_nobody(module: str, talks: bool, tmp_path: Path) -> None:
    """`import openvino` forks a process that reports to Google Analytics; the second case shows that it is noticed."""
    for needed in ("openvino", *(["openvino_telemetry"] if talks else [])):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    script = (
        "import os, sys\n"
        "def hook(event, arguments):\n"
        "    if event in ('os.fork', 'os.posix_spawn', 'subprocess.Popen', 'socket.connect', 'socket.getaddrinfo'):\n"
        "        print(event, flush=True)\n"
        "        os._exit(0)\n"
        "sys.addaudithook(hook)\n"
        f"import {module}\n"
    )
    variables = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=variables, timeout=60, check=True
    )
    assert bool(done.stdout) == talks, done.stdout
