# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin`: the list of commands, the help of each, exit codes, and what a missing package gives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from grin_ros import __version__, cli
from grin_ros.core import remedies
from grin_ros.core.command_line import EXIT_CODES

SETUP = (Path(__file__).resolve().parent.parent / "setup.py").read_text(encoding="utf-8")


def stand_in(monkeypatch: pytest.MonkeyPatch, main: object) -> None:
    monkeypatch.setattr(cli, "importlib", SimpleNamespace(import_module=lambda _: SimpleNamespace(main=main)))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command_has_a_sentence_an_example_and_the_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: grin {name} ")
    assert re.search(r"^[A-Z][^\n]+\.$", text, re.MULTILINE)
    assert re.search(rf"^examples?:\n  grin {name}\b", text, re.MULTILINE)
    assert EXIT_CODES in text


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


@pytest.mark.parametrize(
    ("missing", "command", "expected"),
    [
        ("torch", "train", f"grin train: torch is not installed. Type: {remedies.install('train')}"),
        ("matplotlib.pyplot", "demo", "matplotlib is not installed"),
        ("rclpy", "demo", f"Type: {remedies.ros()}"),
        ("sensor_msgs.msg", "demo", f"Type: {remedies.ros()}"),
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


def test_a_missing_module_of_grin_ros_is_not_called_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def main(_: Sequence[str]) -> int:
        raise ModuleNotFoundError("No module named 'grin_ros.nothing'", name="grin_ros.nothing")

    stand_in(monkeypatch, main)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["train"])


@pytest.mark.parametrize(("word", "nearest"), [("trian", "did you mean train?"), ("qqq", "`grin` lists them")])
def test_an_unknown_command_names_the_nearest(word: str, nearest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([word]) == 2
    assert nearest in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_grin_alone_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text and command.help in text for name, command in cli.COMMANDS.items())
    assert all(f"\n{title}:\n" in text for title in cli.GROUPS)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"grin {__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """SIGTERM, as of `timeout`, ends a command as Ctrl-C does, so that it stops the node that it has started."""

    def main(_: Sequence[str]) -> int:
        os.kill(os.getpid(), number)
        time.sleep(5.0)
        return 0

    stand_in(monkeypatch, main)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert cli.main(["train"]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "grin train: interrupted" in capsys.readouterr().err


def test_a_path_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(_: Sequence[str]) -> int:
        raise PermissionError(13, "Permission denied", "/cache/engines")

    stand_in(monkeypatch, main)
    assert cli.main(["engine"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("grin engine: ")
    assert "/cache/engines" in said
    assert "check the path, its permissions" in said


def test_a_terminal_without_greek_letters_gets_all_of_the_help() -> None:
    command = [sys.executable, "-m", "grin_ros.cli", "evaluate", "--help"]
    variables = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, check=True, capture_output=True, env=variables, timeout=60)
    assert b"exit codes: 0 done" in done.stdout


def test_the_command_line_alone_loads_nothing_heavy() -> None:
    script = "import sys, grin_ros.cli; print(sys.modules.keys() & {'numpy', 'torch', 'rclpy', 'cv2'})"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"
