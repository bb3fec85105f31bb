# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin`: every command exists, arguments arrive, and what is missing is named with its remedy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from grin_ros import cli

SETUP = (Path(__file__).resolve().parent.parent / "setup.py").read_text(encoding="utf-8")


def stand_in(monkeypatch: pytest.MonkeyPatch, main: object) -> None:
    monkeypatch.setattr(cli, "importlib", SimpleNamespace(import_module=lambda _: SimpleNamespace(main=main)))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_extras_of_the_remedy_exist(name: str) -> None:
    known = set(re.findall(r'^    "([a-z-]+)": \[', SETUP, re.MULTILINE))
    assert {"demo", "train"} <= known
    assert set(filter(None, cli.COMMANDS[name].extra.split(","))) <= known


def test_arguments_and_exit_code_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Sequence[str]] = []

    def main(argv: Sequence[str]) -> int:
        got.append(argv)
        return 7

    stand_in(monkeypatch, main)
    assert cli.main(["evaluate", "folder", "--json", "x.json", "-h"]) == 7
    assert got == [["folder", "--json", "x.json", "-h"]]


def test_no_exit_code_is_success(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda _: None)
    assert cli.main(["train"]) == 0


@pytest.mark.parametrize(
    ("missing", "command", "expected"),
    [
        ("torch", "train", "grin train: torch is not installed. Install what it needs: pip install 'grin_ros[train]'"),
        ("matplotlib.pyplot", "demo", "matplotlib is not installed"),
        ("rclpy", "demo", "Source a ROS 2"),
        ("sensor_msgs.msg", "demo", "pip install 'grin_ros[ros-wheels,bags,demo]'"),
    ],
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, command: str, expected: str
) -> None:
    def main(_: Sequence[str]) -> int:
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    stand_in(monkeypatch, main)
    assert cli.main([command]) == 1
    assert expected in capsys.readouterr().err


def test_a_fault_of_ours_is_not_called_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def main(_: Sequence[str]) -> int:
        raise ModuleNotFoundError("No module named 'grin_ros.nothing'", name="grin_ros.nothing")

    stand_in(monkeypatch, main)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["train"])


def test_an_unknown_command_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["trian"])
    assert stop.value.code == 2
    assert "train" in capsys.readouterr().err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(command.help in text for command in cli.COMMANDS.values())


def test_the_command_line_alone_loads_nothing_heavy() -> None:
    script = "import sys, grin_ros.cli; print(sys.modules.keys() & {'numpy', 'torch', 'rclpy', 'cv2'})"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"
