# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The whole report of the doctor: sections, severities and exit code, with and without ROS."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grin_ros.core.artifact.loading import SHIPPED
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.ros.operator.doctor import command, environment, installation, probe
from grin_ros.ros.operator.doctor.command import main
from grin_ros.ros.operator.doctor.finding import Finding, Severity, error, ok, warn


@pytest.fixture
def without_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _: None)


@pytest.mark.usefixtures("without_ros")
def test_without_ros_the_rest_is_reported_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-engines"]) == 0
    said = capsys.readouterr().out
    for text in ("installation\n", "models\n", "ROS 2\n", "OK     numpy", "WARN   no ROS 2 here", "0 ERROR, 1 WARN"):
        assert text in said
    assert "\nDDS" not in said


@pytest.mark.usefixtures("without_ros")
def test_a_changed_artifact_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(path.name for path in SHIPPED.iterdir() if path.is_dir())
    shutil.copytree(SHIPPED / name, tmp_path / name)
    with (tmp_path / name / "decode.onnx").open("ab") as stream:
        stream.write(b"more")
    monkeypatch.setattr(installation, "SHIPPED", tmp_path)
    monkeypatch.setattr("grin_ros.core.artifact.loading.SHIPPED", tmp_path)
    assert main(["--no-engines"]) == 1
    said = capsys.readouterr().out
    assert f"ERROR  model {name}: " in said
    assert "reinstall grin_ros" in said


def test_ros_that_does_not_start_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def look(_: float) -> None:
        raise RuntimeError("failed to load any RMW implementations")

    monkeypatch.setattr(environment, "ros", lambda _: iter([ok("ROS 2 jazzy")]))
    monkeypatch.setattr(probe, "look", look)
    monkeypatch.setattr(environment, "start", lambda _: ok("ROS 2 starts"))
    assert main(["--no-engines"]) == 1
    assert "ROS 2 cannot be started: RuntimeError: failed to load any RMW" in capsys.readouterr().out


def test_the_graph_is_left_out_where_the_middleware_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "ros", lambda _: iter([ok("ROS 2 jazzy")]))
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_nowhere_cpp")
    assert main(["--no-engines"]) == 1
    said = capsys.readouterr().out
    assert "RMW_IMPLEMENTATION names, rmw_nowhere_cpp" in said
    assert "1 ERROR" in said
    assert "\ngraph" not in said


@pytest.mark.parametrize(("found", "status"), [(warn("w", "do"), 0), (error("e", "do"), 1), (ok("fine"), 0)])
def test_only_an_error_gives_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: Finding, status: int
) -> None:
    def findings(_: object) -> Iterator[tuple[str, Finding]]:
        yield "graph", found

    monkeypatch.setattr(command, "findings", findings)
    assert main([]) == status
    said = capsys.readouterr().out
    assert f"{found.level.value:<7}{found.text}" in said
    assert ("-> do" in said) == (found.level is not Severity.OK)


def test_every_backend_is_tried_and_auto_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    backends = {name: BACKENDS[name] for name in ("ort", "ort-cuda")}  # the others are slow to open
    monkeypatch.setattr(installation, "BACKENDS", backends)
    found = list(installation.models(engines=True))
    said = "\n".join(map(str, found))
    assert "backend ort: onnxruntime" in said
    assert "backend auto is " in said
    assert all(each.level in (Severity.OK, Severity.ABSENT) for each in found), said
