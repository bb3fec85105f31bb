# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parser that all commands share: defaults in the help, and the nearest word for a wrong one."""

from __future__ import annotations

import pytest

from grin_ros.core.command_line import CommandParser, did_you_mean, fail


def parser() -> CommandParser:
    made = CommandParser("fly", "Fly somewhere.", "grin fly home", notes="Land softly.")
    made.add_argument("--speed", type=float, default=0.0, help="metres a second")
    made.add_argument("--goal", choices=("home", "away"), default="home", help="where to")
    made.add_argument("--stops", nargs="+", default=(1, 2), help="on the way")
    made.add_argument("--fast", action="store_true", help="hurry")
    made.add_argument("--log", help="file of a log")
    made.add_argument("--wind", default=3.0, help="of the day (default: none)")
    return made


def test_help_shows_defaults_that_say_something() -> None:
    text = " ".join(parser().format_help().split())
    for shown in ("metres a second (default: 0.0)", "where to (default: home)", "on the way (default: 1 2)"):
        assert shown in text
    assert "hurry --log" in text
    assert text.count("(default: none)") == 1
    assert "example: grin fly home Land softly. exit codes" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sped", "1"], "did you mean --speed?"),
        (["--goal", "hme"], "got 'hme', expected one of home, away; did you mean home?"),
        (["--qqqqqq"], "unrecognized arguments: --qqqqqq\n"),
    ],
)
def test_a_wrong_call_names_the_nearest_word(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parser().parse_args(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_nothing_near_is_no_suggestion() -> None:
    assert did_you_mean("abc", ["xyz"]) == ""
    assert did_you_mean("exprot", ["import", "export"]) == "; did you mean export?"


def test_a_failure_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail("fly", ValueError("no wings")) == 1
    assert capsys.readouterr().err == "grin fly: no wings\n"
