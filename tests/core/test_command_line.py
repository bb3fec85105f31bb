# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parser that all commands share: defaults in the help, and the nearest word for a wrong one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from grin_ros.core.command_line import (
    CommandParser,
    did_you_mean,
    existing,
    fail,
    new_file,
    new_folder,
    positive,
    seconds,
    whole,
)


def parser() -> CommandParser:
    made = CommandParser("fly", "Fly somewhere.", "grin fly home", notes="Land softly.")
    made.add_argument("--speed", type=float, default=0.0, help="metres a second")
    made.add_argument("--goal", choices=("home", "away"), default="home", help="where to")
    made.add_argument("--stops", nargs="+", default=(1, 2), help="on the way")
    made.add_argument("--fast", action="store_true", help="hurry")
    made.add_argument("--seats", type=int, help="how many")
    made.add_argument("--log", help="file of a log")
    made.add_argument("--wind", default=3.0, help="of the day (default: none)")
    return made


def test_help_shows_defaults_that_say_something() -> None:
    text = " ".join(parser().format_help().split())
    for shown in ("metres a second (default: 0.0)", "where to (default: home)", "on the way (default: 1 2)"):
        assert shown in text
    assert "hurry --seats" in text
    assert text.count("(default: none)") == 1
    assert "example: grin fly home Land softly. exit codes" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sped", "1"], "did you mean --speed? `grin fly --help` explains the command"),
        (["--goal", "hme"], "got 'hme', expected one of home, away; did you mean home?"),
        (["--qqqqqq"], "unrecognized arguments: --qqqqqq; `grin fly --help` explains the command\n"),
        (["--speed", "quick"], "argument --speed: got 'quick', expected a number;"),
        (["--speed", "nan"], "argument --speed: got 'nan', expected a number;"),
        (["--seats", "2.5"], "argument --seats: got '2.5', expected a whole number;"),
    ],
)
def test_a_wrong_call_names_the_nearest_word(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parser().parse_args(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert said in error and error.startswith("grin fly: ") and error.count("\n") == 1


def test_nothing_near_is_no_suggestion() -> None:
    assert did_you_mean("abc", ["xyz"]) == ""
    assert did_you_mean("exprot", ["import", "export"]) == "; did you mean export?"


def test_a_failure_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail("fly", ValueError("no wings")) == 1
    assert capsys.readouterr().err == "grin fly: no wings\n"


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (whole(1), "0", "expected a whole number from 1 on"),
        (whole(0), "-1", "expected a whole number from 0 on"),
        (whole(1), "2.5", "expected a whole number"),
        (positive, "0", "expected a number above 0"),
        (positive, "inf", "expected a number above 0"),
        (positive, "soon", "expected a number above 0"),
        (seconds, "-1", "expected 0 seconds or more"),
        (seconds, "soon", "got 'soon'"),
    ],
)
def test_a_wrong_number_is_refused(read: Callable[[str], object], text: str, expected: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=expected):
        read(text)
    assert (whole(0)("0"), whole(1)("12"), positive("0.5")) == (0, 12, 0.5)


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    for read, path, expected in (
        (new_file, tmp_path, "is a folder, expected a file"),
        (new_file, tmp_path / "nowhere" / "x.json", "nowhere does not exist; make it"),
        (new_file, Path("/proc/x.json"), r"cannot be written \(No such file or directory\); give another path"),
        (new_folder, Path("/proc/new/x"), r"cannot be written \(No such file or directory\); give another path"),
        (new_folder, there / "results", "is a file, expected a folder"),
        (new_folder, there, "is a file, expected a folder"),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=expected):
            read(str(path))
    assert new_file(str(there)) == there
    assert new_file(str(tmp_path / "new.json")) == tmp_path / "new.json"
    assert not (tmp_path / "new.json").exists()
    assert new_folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert not (tmp_path / "a").exists()


def test_an_input_that_is_missing_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="there is no .*weights; check the path"):
        existing(str(tmp_path / "weights"))
    assert existing(str(tmp_path)) == tmp_path
