# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pages for readers: links lead somewhere, commands and names exist, and generated pages are current."""

from __future__ import annotations

import argparse
import importlib
import re
import runpy
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from grin_ros.cli import COMMANDS
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.backends.requirements import REQUIREMENTS
from grin_ros.ros.parameters.table import BY_NAME
from scripts import reference_docs
from tests.test_files import texts

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEST = Path(__file__).relative_to(ROOT).as_posix()
README_LINES = 120
LAUNCH_GUIDE = ROOT / "docs" / "guides" / "launch.md"

PARAMETER = re.compile(rf"^\s*(?:{'|'.join({name.partition('.')[0] for name in BY_NAME})}):")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FOLDERS = "grin_ros|tests|config|launch|export|benchmarks|docs|scripts"
PATH = re.compile(rf"(?<![\w./~-])((?:{FOLDERS})/[\w./-]*\w)(?![\w/*{{<])")
FILE = re.compile(rf"`(?!(?:{FOLDERS})/)((?:\w+/)*\w+\.py)`")
MODULE = re.compile(r"\bgrin_ros(?:\.[a-z]\w*)+")


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return plain.strip().replace(" ", "-")


def anchors(file: Path) -> set[str]:
    """Return the anchors of all headings of a page."""
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)}


def broken_links(page: Path, text: str) -> Iterator[str]:
    """Yield each link to a file or heading of the repository that is not there."""
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+://", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


def code(text: str) -> Iterator[str]:
    """Yield every line of code: of blocks for a shell, of indented blocks, and between backticks."""
    for language, block in FENCE.findall(text):
        if language in ("", "sh"):
            yield from block.replace("\\\n", " ").splitlines()
    prose = FENCE.sub("", text)
    for line in prose.replace("\\\n", " ").splitlines():
        if line.startswith("    "):
            yield line
        else:
            yield from re.findall(r"`([^`]+)`", line)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in the code of a page; what a shell cannot split is no command."""
    for line in code(text):
        for part in re.split(r"&&|;|\|", line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue
            if words:
                yield words


@cache
def options(main: Callable[[], object]) -> frozenset[str]:
    """Return the options of a program, of its sub-commands too."""

    def of(parser: argparse.ArgumentParser) -> Iterator[str]:
        for action in parser._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from of(inner)

    return frozenset(of(reference_docs.parser_of(main)))


def unknown_options(words: list[str], known: frozenset[str]) -> list[str]:
    """Return the options among `words` that are not known. What follows --ros-args is for ROS."""
    ours = words[: words.index("--ros-args")] if "--ros-args" in words else words
    return [word for word in ours if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known]


@cache
def launch_arguments(file: str) -> frozenset[str]:
    """Return the arguments of a launch file; the launch guide's tables are compared with the files elsewhere."""
    section = LAUNCH_GUIDE.read_text(encoding="utf-8").partition(f"## {file}\n")[2].partition("\n## ")[0]
    return frozenset(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


@cache
def declared(pattern: str, file: str) -> frozenset[str]:
    return frozenset(re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))


def executables() -> frozenset[str]:
    return declared(r'^ +"(\w+) = grin_ros\.', "setup.py")


def grin(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with `grin NAME ...`. Capitals and dots stand for any command."""
    if len(words) < 2 or not re.match(r"[a-z]", words[1]):
        return
    if words[1] not in COMMANDS:
        yield f"no command grin {words[1]}"
        return
    unknown = unknown_options(words[2:], options(importlib.import_module(COMMANDS[words[1]].module).main))
    yield from (f"no option grin {words[1]} {option}" for option in unknown)


def python(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with `python FILE ...`, and with `python -m MODULE ...` where the module is ours."""
    main: Callable[[], object] | None
    if words[1:2] == ["-m"] and len(words) > 2:
        module = words[2]
        if module.partition(".")[0] not in FOLDERS.split("|"):
            return
        if not find_spec(module):
            yield f"no module {module}"
            return
        main = getattr(importlib.import_module(module), "main", None)
    elif len(words) > 1 and words[1].endswith(".py"):
        if not (ROOT / words[1]).is_file():
            yield f"no file {words[1]}"
            return
        main = program(words[1])
    else:
        return
    if main:
        unknown = unknown_options(words[2:], options(main))
        yield from (f"{' '.join(words[:3])}: no option {option}" for option in unknown)


@cache
def program(path: str) -> Callable[[], object]:
    main: Callable[[], object] = runpy.run_path(str(ROOT / path), run_name="documented")["main"]
    return main


def problems(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with one command."""
    match words:
        case ["grin", *_]:
            yield from grin(words)
        case ["ros2", "run", "grin_ros", name, *rest]:
            if name not in executables():
                yield f"no executable {name}"
            if name == "grin":
                yield from grin([name, *rest])
        case ["ros2", "launch", "grin_ros", file, *rest]:
            if not (ROOT / "launch" / file).is_file() and file.islower():
                yield f"no launch file {file}"
            elif file.islower():
                given = {word.partition(":=")[0] for word in rest if ":=" in word}
                yield from (f"{file} has no argument {name}" for name in given - launch_arguments(file))
        case ["ros2", "param", "set", _, name, *_] if name not in BY_NAME:
            yield f"no parameter {name}"
        case ["make", target, *_] if target.islower() and target not in declared(r"^([a-z-]+):", "Makefile"):
            yield f"no target make {target}"
        case ["pip", "install", *rest]:
            if any(word.startswith("grin_ros") for word in rest):
                yield "grin_ros is on no package index"
            extras = ",".join(re.findall(r"\.\[([^\]]+)\]", " ".join(rest)))
            known = declared(r'^    "([a-z-]+)": \[', "setup.py")
            yield from (f"no extra {extra}" for extra in filter(None, extras.split(",")) if extra not in known)
            exact = declared(r'"([\w-]+==[\w.]+)', "setup.py")
            yield from (f"setup.py has no {word}" for word in rest if "==" in word and word not in exact)
        case ["python" | "python3", *_]:
            yield from python(words)
    parameters = [value.partition(":=")[0] for flag, value in pairwise(words) if flag == "-p"]
    ours = words[0].startswith("grin") or words[:3] == ["ros2", "run", "grin_ros"]
    yield from (f"no parameter {name}" for name in parameters if ours and name not in BY_NAME)


@cache
def sources() -> frozenset[str]:
    """Return the path of every Python file of the repository, with a slash before it."""
    files = [*ROOT.glob("*.py"), *(path for top in FOLDERS.split("|") for path in (ROOT / top).rglob("*.py"))]
    return frozenset(f"/{path.relative_to(ROOT).as_posix()}" for path in files)


def missing_names(text: str) -> Iterator[str]:
    """Yield paths and modules of the repository that a page names and that are not there."""
    yield from (path for path in PATH.findall(text) if not (ROOT / path).exists())
    own = sources()
    yield from (name for name in FILE.findall(text) if not any(path.endswith(f"/{name}") for path in own))
    for name in MODULE.findall(text):
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            found = None
        if not found and not (ROOT / f"{name.replace('.', '/')}.py").is_file() and not is_attribute(name):
            yield name


def is_attribute(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute)
    except ImportError:
        return False


names = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@names
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text(encoding="utf-8"))) == []


@names
def test_commands_exist_with_their_options(page: Path) -> None:
    wrong = [problem for words in commands(page.read_text(encoding="utf-8")) for problem in problems(words)]
    assert wrong == []


@names
def test_named_files_and_modules_exist(page: Path) -> None:
    assert sorted(set(missing_names(page.read_text(encoding="utf-8")))) == []


def bare_parameters(text: str) -> Iterator[str]:
    """Yield each block that begins with a parameter of the node; saved as a file, it needs 'ros__parameters' above."""
    blocks = [block for _, block in FENCE.findall(text)] + re.findall(
        r"(?:^    .*\n)+", FENCE.sub("", text), re.MULTILINE
    )
    yield from (block for block in blocks if PARAMETER.match(block))


@names
def test_examples_of_parameter_files_can_be_saved_as_files(page: Path) -> None:
    assert list(bare_parameters(page.read_text(encoding="utf-8"))) == []


@names
def test_a_depth_image_is_remapped_with_its_camera_info(page: Path) -> None:
    for line in code(page.read_text(encoding="utf-8")):
        for name, topic in re.findall(r"-r (\S*hints/depth):=(\S*)/", line):
            assert f"-r {name}/camera_info:={topic}/camera_info" in line


def test_a_parameter_without_its_file_is_found() -> None:
    assert len(list(bare_parameters("```yaml\nbackend: ort\n```\n\n    mounting:\n      known: true\n"))) == 2
    assert not list(bare_parameters("```yaml\n/**:\n  ros__parameters:\n    backend: ort\n```\n"))


def test_pages_that_code_and_configuration_name_exist() -> None:
    suffixes = (".py", ".sh", ".yaml", ".xml", ".cfg", ".toml")
    named = {page for path, text in texts(suffixes) if path != TEST for page in re.findall(r"docs/[\w/]+\.md", text)}
    assert len(named) > 3
    assert {page for page in named if not (ROOT / page).is_file()} == set()


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.parent != ROOT} - linked == {index}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_generated_pages_are_current() -> None:
    assert reference_docs.stale() == [], "run: python scripts/reference_docs.py"


def test_every_backend_says_what_it_needs() -> None:
    assert list(REQUIREMENTS) == list(BACKENDS)


def test_a_generated_page_that_is_not_current_is_found(tmp_path: Path) -> None:
    for name in reference_docs.PAGES:
        (tmp_path / name).write_text((reference_docs.REFERENCE / name).read_text(encoding="utf-8"), encoding="utf-8")
    first, *others = reference_docs.PAGES
    with (tmp_path / first).open("a") as page:
        page.write("an edit by hand\n")
    (tmp_path / others[0]).unlink()
    assert reference_docs.stale(tmp_path) == [first, others[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`grin demos`", "no command grin demos"),
        ("```sh\ngrin bag drive out --frame 3\n```", "no option grin bag --frame"),
        ("    grin bag drive out -p stepz:=2\n", "no parameter stepz"),
        ("`ros2 run grin_ros grin trian`", "no command grin trian"),
        ("`ros2 run grin_ros gryn`", "no executable gryn"),
        ("`ros2 launch grin_ros grim.launch.py`", "no launch file grim.launch.py"),
        ("`ros2 launch grin_ros grin.launch.py imag:=/a`", "grin.launch.py has no argument imag"),
        ("`ros2 param set /grin stepz 4`", "no parameter stepz"),
        ("`make tests`", "no target make tests"),
        ("`pip install '.[trane]'`", "no extra trane"),
        ("`pip install 'grin_ros[train]'`", "grin_ros is on no package index"),
        ("`pip install openvino==2025.1.0`", "setup.py has no openvino==2025.1.0"),
        ("`python benchmarks/nothing.py`", "no file benchmarks/nothing.py"),
        ("`python benchmarks/costmap.py --modle 1`", "python benchmarks/costmap.py --modle: no option --modle"),
        ("`python -m grin_ros.nothing`", "no module grin_ros.nothing"),
    ],
)
def test_a_wrong_command_is_found(text: str, expected: str) -> None:
    assert [problem for words in commands(text) for problem in problems(words)] == [expected]


def test_a_broken_link_and_a_wrong_name_are_found() -> None:
    readme = ROOT / "README.md"
    text = "[a](docs/nothing.md) [b](docs/README.md#nothing) [c](#licence) [d](https://example.org/nothing)"
    assert list(broken_links(readme, text)) == ["docs/nothing.md", "docs/README.md#nothing"]
    named = "`export/nothing.py`, `config/grin.yaml`, grin_ros.core.nothing, grin_ros.core.estimator.Estimator, `no.py`"
    assert list(missing_names(named)) == ["export/nothing.py", "no.py", "grin_ros.core.nothing"]
