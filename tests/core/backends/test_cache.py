# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engine cache returns an entry only if it is whole, has the requested key, and belongs to this user."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends import cache
from grin_ros.core.backends.cache import EngineKey

KEY = EngineKey("encode", "ab12", "runtime 1.2.3", "CPU X", "f32", "{}", "{}")
ENGINE = bytes(range(256)) * 50


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "grin_ros" / "engines"


def test_a_stored_engine_is_loaded(folder: Path) -> None:
    assert cache.load(KEY) is None
    cache.store(KEY, b"older")
    cache.store(KEY, ENGINE)
    assert cache.load(KEY) == ENGINE
    assert [path.name for path in folder.iterdir()] == [KEY.file_name]  # no unfinished file is left


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(EngineKey)])
def test_keys_that_differ_are_different_entries(folder: Path, field: str, caplog: pytest.LogCaptureFixture) -> None:
    other = dataclasses.replace(KEY, **{field: "other"})
    cache.store(KEY, ENGINE)
    assert cache.load(other) is None
    (folder / KEY.file_name).rename(folder / other.file_name)  # an entry of another key under this name
    assert cache.load(other) is None
    assert "its key is not the one" in caplog.text
    assert [entry.fault for entry in cache.entries()] == ["its key is not the one that its name says"]


@pytest.mark.parametrize("at", [3, 40, 700, 5000, -1])
def test_a_flipped_bit_anywhere_is_noticed(folder: Path, at: int, caplog: pytest.LogCaptureFixture) -> None:
    cache.store(KEY, ENGINE)
    path = folder / KEY.file_name
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert cache.load(KEY) is None
    assert "is not loaded: " in caplog.text
    cache.store(KEY, ENGINE)
    assert cache.load(KEY) == ENGINE


@pytest.mark.parametrize("size", [0, 5, 100, 2000])
def test_a_cut_file_is_not_loaded(folder: Path, size: int) -> None:
    cache.store(KEY, ENGINE)
    path = folder / KEY.file_name
    path.write_bytes(path.read_bytes()[:size])
    assert cache.load(KEY) is None


@pytest.mark.parametrize("header", [b"[]", b"{}", json.dumps({"key": {"graph": "x"}, "sha256": ""}).encode()])
def test_a_header_of_something_else_is_not_loaded(folder: Path, header: bytes) -> None:
    cache.store(KEY, ENGINE)
    (folder / KEY.file_name).write_bytes(cache.MAGIC + header + b"\n" + ENGINE)
    assert cache.load(KEY) is None


def test_a_file_writable_by_others_is_not_loaded(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.store(KEY, ENGINE)
    path = folder / KEY.file_name
    path.chmod(0o666)
    assert cache.load(KEY) is None
    assert "others may write it" in caplog.text
    path.chmod(0o600)
    assert cache.load(KEY) == ENGINE
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.load(KEY) is None


def test_a_folder_that_cannot_be_written_is_logged_and_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.store(KEY, ENGINE)
    assert "cannot be kept" in caplog.text
    assert not list(folder.iterdir())


def test_clear_deletes_entries_and_leftovers_and_nothing_else(folder: Path) -> None:
    cache.store(KEY, ENGINE)
    (folder / f"{cache.UNFINISHED}x").write_bytes(b"1234")
    (folder / "notes.txt").write_text("not ours")
    provider = cache.provider_folder() / "model"
    provider.mkdir(parents=True)
    (provider / "a.engine").write_bytes(b"12345678")
    (folder / "a_folder.engine").mkdir()
    assert [(bool(entry.fault), entry.key) for entry in cache.entries()] == [(False, None), (False, KEY)]
    assert cache.clear()[0] == 2  # not the one that a build writes
    cache.store(KEY, ENGINE)
    (provider / "a.engine").write_bytes(b"12345678")
    os.utime(folder / f"{cache.UNFINISHED}x", (0.0, 0.0))
    assert [bool(entry.fault) for entry in cache.entries()] == [True, False]
    count, size = cache.clear()
    assert count == 3
    assert size > len(ENGINE)
    assert sorted(path.name for path in folder.iterdir()) == ["a_folder.engine", "notes.txt"]
    assert cache.clear() == (0, 0)


def test_what_was_not_used_for_the_longest_time_makes_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [dataclasses.replace(KEY, model_sha256=str(index)) for index in range(6)]
    monkeypatch.setattr(cache, "MAX_KEPT_BYTES", 5 * len(ENGINE))
    for age, key in enumerate(keys[:4]):
        cache.store(key, ENGINE)
        os.utime(folder / key.file_name, (age, age))
    assert cache.load(keys[0]) == ENGINE  # it counts as used now
    cache.store(keys[4], ENGINE)
    assert [cache.load(key) is not None for key in keys] == [True, False, True, True, True, False]
    monkeypatch.setattr(cache, "MAX_ENTRY_BYTES", cache.MAX_HEADER_BYTES + len(ENGINE))
    cache.store(keys[5], 2 * ENGINE)  # a large one would drive out the others
    assert cache.load(keys[5]) is None


def test_engines_of_a_clock_that_was_ahead_make_room_for_a_new_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [dataclasses.replace(KEY, model_sha256=str(index)) for index in range(4)]
    monkeypatch.setattr(cache, "MAX_KEPT_BYTES", 4 * len(ENGINE))
    for key in keys[:3]:
        cache.store(key, ENGINE)
        os.utime(folder / key.file_name, (9e9, 9e9))
    (folder / f"{cache.UNFINISHED}x").write_bytes(b"1234")
    os.utime(folder / f"{cache.UNFINISHED}x", (0.0, 0.0))
    cache.store(keys[3], ENGINE)
    assert cache.load(keys[3]) == ENGINE
    assert len(list(folder.iterdir())) == 3


def test_the_key_of_a_graph_depends_only_on_its_file_and_the_weights(tiny_artifact: Path) -> None:
    artifact = load_artifact(tiny_artifact)

    def model(changed: str) -> str:
        hashes = {**artifact.manifest.sha256, changed: "other"} if changed else artifact.manifest.sha256
        other = dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, sha256=hashes))
        return cache.engine_key(other, "denoise", runtime="", device="", precision="", options={}).model_sha256

    assert model("encode.onnx") == model("golden.npz") == model("")
    assert len({model(""), model("denoise.onnx"), model("weights.safetensors")}) == 3
    key = cache.engine_key(artifact, "denoise", runtime="", device="", precision="", options={})
    assert json.loads(key.shapes)["x"] == ["members", "queries"]
