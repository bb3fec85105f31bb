# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Write the pages of docs/reference/ that are made from the code.

    python scripts/reference_docs.py            write the pages
    python scripts/reference_docs.py --check    write nothing; exit with 1 where a page is not current

It needs an environment in which every command can be imported (`make test` makes one).
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

from grin_ros.cli import COMMANDS
from grin_ros.core.artifact.manifest import GOLDEN_TOLERANCE_LN
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.backends.requirements import REQUIREMENTS
from grin_ros.core.plausibility.doubt import DOUBTS
from grin_ros.ros.frame.topics import DIAGNOSTICS, INPUTS, OUTPUTS, Topic
from grin_ros.ros.node.diagnostics.verdict import ERROR, OK, RULES, WARN
from grin_ros.ros.parameters.table import markdown_table

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- scripts/reference_docs.py makes this page. Change the code that it is made from, and run the script. -->"
PARAMETERS_INTRODUCTION = """\
The parameter file is [config/grin.yaml](../../config/grin.yaml). A parameter that is *live* can be changed while the
node runs (`ros2 param set /grin steps 4`); the others are read when the node starts. To change those, start it
again. `grin bag` takes the same parameters by `-p NAME:=VALUE`."""
BACKENDS_INTRODUCTION = """\
A backend is a name for the parameter `backend` of the node and for the option `--backend` of commands. `auto` takes the
best one that is present. How to choose, and what happens when a backend fails: [the guide](../guides/backends.md).
`grin engine verify` shows which of them work on a computer and how exactly they answer."""
GOLDEN_SAMPLE = """\
Every backend has to answer the artifact's golden sample before it may publish. The largest accepted error of
ln(range) is {}, unless the artifact says otherwise."""
TOPICS_INTRODUCTION = """\
Names are relative to the namespace of the node. Every output has the stamp and the frame of its image, where its type
has a header. Depth follows REP 118 (metres along the optical axis) and REP 117 (NaN is invalid, +inf is beyond range).
A topic that a parameter switches is there while that parameter is true. More about images and `camera_info`:
[cameras](../guides/cameras.md); about `obstacles`, `free_space` and `scan`: [nav2](../guides/nav2.md); about hints:
[hints](../guides/hints.md); about `/diagnostics`: [operations](../guides/operations.md).

QoS: the node subscribes best effort, so it hears reliable and best-effort publishers, and publishes reliably, so
subscribers of both kinds hear it. All topics are volatile and keep the last messages, as many as the column QoS says. A
`camera_info` whose publisher keeps it (transient_local) is asked for as well. The parameters
`qos_overrides.TOPIC.subscription.POLICY` and `qos_overrides.TOPIC.publisher.POLICY` change `history`, `depth`,
`reliability` and `durability` of every topic but `/diagnostics`
([operations](../guides/operations.md#domains-and-qos))."""
MESSAGES_INTRODUCTION = """\
Each node has one status, `<node>: depth`, once every `diagnostics_period_s`. If several things are wrong, the message
tells the most serious one, which is the first of them in this table. Correct it, and look again. The values beside the
message, the reasons of rejected frames and what to do about them are in [operations](../guides/operations.md)."""
COMMANDS_INTRODUCTION = """\
Every program of the project is a command of `grin`. In a virtual environment, activate it first
(`source .venv/bin/activate`); after `colcon build`, write `ros2 run grin_ros grin` instead of `grin`.
`grin COMMAND --help` prints what is written here. A command with a pip extra needs it installed, often for its help
too, for instance by `pip install -e '.[train]'` in the folder of grin_ros.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed; the reason is on stderr |
| 2 | wrong call; the usage is on stderr |
| 3 | incomplete: a part of the input, such as a message or a picture, could not be read or used; stderr names it |
| 130 | interrupted with Ctrl-C |"""


class _ParserFound(Exception):  # noqa: N818  # it carries a result, it is no error
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


def parser_of(main: Callable[[], object]) -> argparse.ArgumentParser:
    """Return the parser that `main` would parse its arguments with; nothing of the program runs after that."""

    def stop(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _ParserFound(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            main()
        except _ParserFound as found:
            return found.parser
    raise ValueError(f"{main}: it ended without parsing its arguments with argparse")


def command_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of `grin NAME`."""
    return parser_of(importlib.import_module(COMMANDS[name].module).main)


def parameters_page() -> str:
    """Return the table of the node's parameters as Markdown."""
    return "\n\n".join(["# Parameters of the node", NOTE, PARAMETERS_INTRODUCTION, markdown_table()])


def commands_page() -> str:
    """Return the options of every command of `grin` as Markdown."""
    parts = [
        "# Commands",
        NOTE,
        COMMANDS_INTRODUCTION,
        _table(
            ("command", "purpose", "pip extra"),
            (
                (f"[`grin {name}`](#grin-{name})", command.help, f"`{command.extra}`" if command.extra else "")
                for name, command in COMMANDS.items()
            ),
        ),
    ]
    for name in COMMANDS:
        parts += [f"## grin {name}", *_command(command_parser(name))]
    return "\n\n".join(parts) + "\n"


def topics_page() -> str:
    """Return the tables of inputs and outputs as Markdown."""
    head = ("topic", "type", "content", "QoS", "switched by")

    def rows(topics: Iterable[Topic], reliability: str) -> Iterator[Sequence[str]]:
        for topic in topics:
            switches = ", ".join(f"`{it}`" for it in topic.switches)
            qos = f"{reliability}, last {topic.queue}"
            yield f"`{topic.name}`", f"`{topic.type}`", topic.description, qos, switches

    lines = ["# Topics", NOTE, TOPICS_INTRODUCTION, "## Inputs", _table(head, rows(INPUTS.values(), "best effort"))]
    lines += ["## Outputs", _table(head, rows([*OUTPUTS.values(), DIAGNOSTICS], "reliable"))]
    return "\n\n".join(lines) + "\n"


def backends_page() -> str:
    """Return the table of the backends as Markdown."""
    rows = []
    for name, target in BACKENDS.items():
        needs = REQUIREMENTS[name]
        code = target.partition(":")[0]
        rows.append(
            (
                f"`{name}`",
                needs.device,
                needs.precision,
                needs.packages,
                f"`{needs.extra}`" if needs.extra else "",
                f"`{code}`",
            )
        )
    tolerances = ", ".join(f"{tolerance:g} in {precision}" for precision, tolerance in GOLDEN_TOLERANCE_LN.items())
    lines = [
        "# Backends",
        NOTE,
        BACKENDS_INTRODUCTION,
        _table(("backend", "runs on", "precision", "needs", "pip extra", "code"), rows),
        GOLDEN_SAMPLE.format(tolerances),
    ]
    return "\n\n".join(lines) + "\n"


def messages_page() -> str:
    """Return the table of the messages on /diagnostics as Markdown; an ellipsis stands for a value."""
    level = {OK: "OK", WARN: "WARN", ERROR: "ERROR"}
    rows = (
        (
            level[rule.level],
            f"`{re.sub(r'{[^}]*}', '…', said.text)}`",
            re.sub(r"{[^}]*}", "what the message says", said.remedy),
        )
        for name, rule in RULES.items()
        if name != "failed"
        for said in (DOUBTS.values() if name == "implausible" else [rule])
    )
    failures = (
        ("ERROR", f"`{failure} failed: …`", f"what the message says; then `ros2 lifecycle set /grin {failure}`")
        for failure in ("configure", "activate")
    )
    lines = [
        "# Messages on /diagnostics",
        NOTE,
        MESSAGES_INTRODUCTION,
        _table(("level", "message", "what to do"), [*failures, *rows]),
    ]
    return "\n\n".join(lines) + "\n"


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield description, positional arguments and options of a parser, and the same of its sub-commands."""
    if parser.description:
        yield from _prose(parser.description)
    rows, inner = [], []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):
            inner += list(dict(action.choices).items())
            continue
        rows.append((_call(action), _help(parser, action)))
    if rows:
        yield _table(("argument", "description"), rows)
    for name, each in inner:
        yield f"### {parser.prog} {name}"
        yield from _command(each)
    if parser.epilog:
        yield from _prose(parser.epilog)


def _call(action: argparse.Action) -> str:
    """Return how an argument is written: '`--start S`', '`BAG`'."""
    if action.nargs == 0:
        value = ""
    elif isinstance(action.metavar, tuple):
        value = " ".join(action.metavar)
    else:
        value = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
        value = value or (action.dest.upper() if action.option_strings else action.dest)
        value += {"+": " ...", "*": " ..."}.get(str(action.nargs), "")
    flags = ", ".join(action.option_strings)
    return "`" + f"{flags} {value}".strip() + "`"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help text of an argument with its %(default)s and the like filled in."""
    values = {**vars(action), "prog": parser.prog}
    if action.choices is not None:
        values["choices"] = ", ".join(map(str, action.choices))
    return (parser._get_formatter()._get_help_string(action) or "") % values


def _prose(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; indented or aligned lines become code blocks."""
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.splitlines()
        if any(re.search(r"^\s{2,}\S|\S\s{3,}\S", line) for line in lines):
            yield "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```"
        else:
            yield " ".join(line.strip() for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = []
    for row in (head, ["---"] * len(head), *rows):
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


PAGES: Mapping[str, Callable[[], str]] = {
    "parameters.md": parameters_page,
    "topics.md": topics_page,
    "backends.md": backends_page,
    "diagnostics.md": messages_page,
    "cli.md": commands_page,
}


def stale(folder: Path = REFERENCE) -> list[str]:
    """Return the names of the pages in `folder` that are missing or differ from what the code gives now."""
    return [
        name
        for name, page in PAGES.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != page()
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages, or check them. Return 1 where --check finds a page that is not current."""
    parser = argparse.ArgumentParser(description="Write the pages of docs/reference/ that are made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page is not current")
    if parser.parse_args(argv).check:
        old = stale()
        if old:
            print(f"not current: {', '.join(old)}; run python scripts/reference_docs.py", file=sys.stderr)
        return bool(old)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
