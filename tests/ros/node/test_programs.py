# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""grin_node and grin_multi_camera on the command line: help and wrong arguments start no node, and say why."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import rclpy

from grin_ros.core import remedies
from grin_ros.ros import programs
from grin_ros.ros.node import multi_camera, single_camera

MAINS = {"grin_node": single_camera.main, "grin_multi_camera": multi_camera.main}


@pytest.mark.parametrize("name", MAINS)
def test_help_prints_usage_with_an_example_and_exits(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        MAINS[name]([name, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: {name} ")
    assert "example:" in said
    assert "--ros-args -p autostart:=true" in said
    assert not rclpy.ok()


@pytest.mark.parametrize(
    ("main", "arguments", "text"),
    [
        (single_camera.main, ["grin_node", "front"], "unrecognized arguments: front"),
        (multi_camera.main, ["grin_multi_camera"], "the following arguments are required: NAME"),
        (multi_camera.main, ["grin_multi_camera", "1a"], "got '1a', expected NAME or NAME=IMAGE_TOPIC"),
        (
            single_camera.main,
            ["grin_node", "--ros-args", "--params-file", "/nowhere.yaml"],
            "params file: '--params-file /nowhere.yaml'. Error: Error opening YAML file; correct what follows",
        ),
        (single_camera.main, ["grin_node", "--ros-args", "-p"], "No parameter override rule found"),
    ],
)
def test_wrong_arguments_are_refused(
    main: Callable[[list[str]], None], arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert text in capsys.readouterr().err
    assert not rclpy.ok()


@pytest.mark.parametrize("program", [programs.grin_node, programs.grin_multi_camera])
def test_without_rclpy_the_programs_say_what_to_type(
    program: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("No module named 'rclpy'", name="rclpy")

    monkeypatch.setattr(programs, "importlib", SimpleNamespace(import_module=missing))
    with pytest.raises(SystemExit) as stop:
        program()
    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        f"{program.__name__}: rclpy is not installed, and the node needs it. Type: {remedies.ros()}\n"
    )


@pytest.mark.parametrize("program", [programs.grin_node, programs.grin_multi_camera])
def test_ctrl_c_while_modules_are_imported_ends_quietly(
    program: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(programs, "importlib", SimpleNamespace(import_module=interrupted))
    program()
    assert capsys.readouterr() == ("", "")
