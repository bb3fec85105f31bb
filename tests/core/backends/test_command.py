# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin engine`: its exit codes and its output, with a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.core.artifact.manifest import GRAPHS
from grin_ros.core.backends import cache
from grin_ros.core.backends.command import main
from grin_ros.core.backends.registry import BACKENDS


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_build_list_verify_clear(tiny_artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not here (pip install 'grin_ros[openvino]')")
    given = ["--model", str(tiny_artifact), "--threads", "1", "--backend", "openvino"]
    assert main(["build", *given, "--width", "64", "--height", "48", "--members", "1", "2"]) == 0
    out = capsys.readouterr().out
    assert "64x48, 2 members: ready" in out
    assert "ok  openvino: openvino " in out
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    # For all sizes; `decode` for this one, `denoise` for the first step, which members share.
    assert [out.count(f"  {graph}, ") for graph in GRAPHS] == [1, 1, 1]
    assert out.count("  decode 64x48, ") == out.count("  denoise of one member, ") == 1
    assert out.count("ok  ") == 5
    next(entry for entry in cache.entries() if entry.key and "height" in entry.key.shapes).path.write_bytes(b"torn")
    assert main(["list"]) == 1
    assert "!!" in capsys.readouterr().out
    assert main(["verify", *given]) == 0  # the damaged entry is built again by this
    assert "ok  openvino: " in capsys.readouterr().out
    assert main(["clear"]) == 0
    assert "deleted 6 files" in capsys.readouterr().out
    assert not list(cache.entries())


def test_a_wrong_engine_fails_build_and_verify(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(BACKENDS, "ort-cuda", "tests.core.backends.broken:FivePercentTooFar")
    for action in ("build", "verify"):
        assert main([action, "--model", str(tiny_artifact), "--threads", "1", "--backend", "ort", "ort-cuda"]) == 1
        out = capsys.readouterr().out
        assert "ok  ort: onnxruntime" in out
        assert "!!  ort-cuda: backend 'ort-cuda'" in out
        assert "gives wrong depth" in out


def test_a_model_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--model", "nonesuch"]) == 2
    assert "grin engine: model: got 'nonesuch'" in capsys.readouterr().err
