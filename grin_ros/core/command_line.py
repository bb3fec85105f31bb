# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The common parts of all commands of `grin`: the form of their help, suggestions for wrong words, and exit codes."""

from __future__ import annotations

import argparse
import difflib
import functools
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

DONE = 0
FAILED = 1
WRONG_CALL = 2
INCOMPLETE = 3
INTERRUPTED = 130
EXIT_CODES = "exit codes: 0 done, 1 failed, 2 wrong call, 3 incomplete, 130 interrupted"


class Main(Protocol):
    """The main function of a command."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run the command with these arguments (default: those of the process), and return its exit code."""
        ...


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keep line breaks, and add '(default: ...)' to the help of an option with a default that says something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        values = action.default if isinstance(action.default, (list, tuple)) else [action.default]
        shown = " ".join(str(value) for value in values if not isinstance(value, bool) and value is not None)
        if not action.help or not action.option_strings or not shown or shown == argparse.SUPPRESS:
            return action.help
        return action.help if "default" in action.help else f"{action.help} (default: {shown})"


class CommandParser(argparse.ArgumentParser):
    """The parser of one command. A wrong call ends with WRONG_CALL and the nearest word that is known."""

    def __init__(
        self, command: str, description: str, *examples: str, notes: str = "", usage: str | None = None
    ) -> None:
        """Describe `command` in a sentence. `examples` are whole command lines; `notes` follow them in the help.

        A command that begins with grin_, such as grin_node, is a program of its own.
        """
        shown = "\n".join(f"  {example}" for example in examples)
        title = "example" if len(examples) == 1 else "examples"
        super().__init__(
            prog=command if command.startswith("grin_") else f"grin {command}",
            usage=usage,
            description=description,
            epilog="\n\n".join(part for part in (f"{title}:\n{shown}", notes, EXIT_CODES) if part),
            formatter_class=_HelpFormatter,
        )
        self.register("type", int, _integer)
        self.register("type", float, _number)

    def error(self, message: str) -> NoReturn:
        """Print the message in one line, and exit. An option that nobody knows comes with the nearest one."""
        _, unrecognised, words = message.partition("unrecognized arguments: ")
        if unrecognised:
            options = [option for action in self._actions for option in action.option_strings]
            message += did_you_mean(words.split()[0].partition("=")[0], options)
        link = "" if message.endswith("?") else ";"
        self.exit(WRONG_CALL, f"{self.prog}: {message}{link} `{self.prog} --help` explains the command\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            text = f"got {value!r}, expected one of {', '.join(known)}{did_you_mean(str(value), known)}"
            raise argparse.ArgumentError(action, text)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number") from None


def _number(
    text: str, fits: Callable[[float], bool] = lambda value: not math.isnan(value), expected: str = "a number"
) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not fits(value):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected {expected}")
    return value


def whole(least: int) -> Callable[[str], int]:
    """Return what reads a whole number from `least` on, and raises argparse.ArgumentTypeError for anything else."""

    def read(text: str) -> int:
        if not (text.isdecimal() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number from {least} on")
        return int(text)

    return read


def positive(text: str) -> float:
    """Return a number above 0 and below infinity. Raises argparse.ArgumentTypeError for anything else."""
    return _number(text, lambda value: 0.0 < value < math.inf, "a number above 0")


def seconds(text: str) -> float:
    """Return a number of seconds from 0 on. Raises argparse.ArgumentTypeError for anything else."""
    return _number(text, lambda value: 0.0 <= value < math.inf, "0 seconds or more")


def existing(text: str) -> Path:
    """Return the path of a file or folder that exists. Raises argparse.ArgumentTypeError before any work is done."""
    path = Path(text).expanduser()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {path}; check the path")
    return path


def new_file(text: str) -> Path:
    """Return the path of a file that can be written. Raises argparse.ArgumentTypeError before any work is done."""
    path = Path(text).expanduser()
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is a folder, expected a file; add a file name")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"the folder {path.parent} does not exist; make it, or give another path")
    new = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path} cannot be written ({error.strerror}); give another path") from error
    if new:
        path.unlink()
    return path


def new_folder(text: str) -> Path:
    """Return the path of a folder that can be made or written. Raises argparse.ArgumentTypeError before any work."""
    path = Path(text).expanduser()
    there = next(part for part in (path, *path.absolute().parents) if part.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"{there} is a file, expected a folder; give another path")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:  # permissions alone do not tell: root has them in /proc, where nothing can be made
        text = f"{path} cannot be written ({error.strerror}); give another path, for instance by --out"
        raise argparse.ArgumentTypeError(text) from error
    return path


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return '; did you mean X?' with the nearest known word, or '' if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def one_line_errors(command: str, *failures: type[Exception]) -> Callable[[Main], Main]:
    """Let the main of a command print the errors whose texts are written for the user in one line.

    A ValueError says what is wrong with the call or its files, and ends the command with WRONG_CALL; `failures` end it
    with FAILED. Other errors are faults of the program and keep their traceback, except those that `grin` explains.
    """

    def decorate(main: Main) -> Main:
        @functools.wraps(main)
        def run(argv: Sequence[str] | None = None) -> int:
            try:
                return main(argv)
            except ValueError as error:  # InputError and ArtifactError are kinds of it
                return fail(command, error, WRONG_CALL)
            except failures as error:
                return fail(command, error)

        return run

    return decorate


def fail(command: str, error: object, code: int = FAILED) -> int:
    """Print 'grin COMMAND: ERROR' to stderr, and return the exit code."""
    print(f"grin {command}: {error}", file=sys.stderr)
    return code
