# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rules that every file of the project keeps to: licence, size, number of files in a folder, and no machine's paths."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 350
MAX_FILES = 15


def project_files() -> list[Path]:
    """All files that are the project's own: what git tracks or would add; without git, what is not hidden or built."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if listed.returncode == 0:
        return [ROOT / name for name in sorted(listed.stdout.split("\0")) if name and (ROOT / name).is_file()]
    tops = ("grin_ros", "tests", "export", "launch", "config", "docs", "benchmarks", "scripts")
    inside = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sorted([*inside, *(path for path in ROOT.iterdir() if path.is_file())])


def texts(suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(path, text) of the project's files with one of the suffixes; all text files for no suffix."""
    for path in project_files():
        if not suffixes or path.suffix in suffixes:
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture, weights


HEADER = re.compile(
    r"\A(#!.*\n)?# SPDX-FileCopyrightText: \d{4} The grin_ros authors\n# SPDX-License-Identifier: Apache-2\.0\n"
)


def test_code_carries_its_licence() -> None:
    missing = [path for path, text in texts((".py", ".sh")) if not HEADER.match(text)]
    assert not missing, f"no SPDX header: {', '.join(missing)}"
    assert not HEADER.match('"""A docstring first."""\n')


def test_a_file_carries_one_idea() -> None:
    large = [f"{path}: {lines}" for path, text in texts((".py",)) if (lines := text.count("\n")) > MAX_LINES]
    assert not large, f"more than {MAX_LINES} lines; split by idea: {', '.join(large)}"


def test_a_folder_carries_one_role() -> None:
    inside = Counter(path.parent.relative_to(ROOT) for path in project_files() if path.suffix == ".py")
    full = [
        f"{folder}: {count}"
        for folder, count in inside.items()
        if count > MAX_FILES and folder.parts[:1] != ("tests",) and folder.parts[:2] != ("grin_ros", "worlds")
    ]
    assert inside[Path("grin_ros/core/geometry")] > 3
    assert not full, f"more than {MAX_FILES} files; split by role: {', '.join(full)}"


# Written in pieces, or this file would name them itself.
MACHINE_PATH = re.compile("(?<![A-Za-z0-9_.~-])/(w" + "ork|r" + "oot|f" + "arm)/")


def test_no_path_of_somebodys_machine() -> None:
    named = [
        f"{path}:{number}"
        for path, text in texts(())
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not named, f"paths of one machine: {', '.join(named)}"
    assert MACHINE_PATH.search("see /" + "work/main")
    assert not MACHINE_PATH.search("docs/" + "work/main")
