# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A look into parameter files: ROS ignores, without a word, files and sections that name other nodes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_PARAMETERS = "ros__parameters"


def unused_sections(arguments: Sequence[str], nodes: Collection[str]) -> Iterator[str]:
    """Yield a warning for every parameter file that is for none of `nodes`, such as '/robot1/grin'.

    Of a file that is for one of them, yield a warning for every section that names a node as one of them is named, but
    in another namespace. The section may be right, because processes may share a file. Sections for nodes of other
    names are not mentioned.

    arguments: those of the process, with '--params-file FILE' among them. A file that cannot be read is passed over,
    because ROS has refused it.
    """
    running, names = ", ".join(nodes), {_last_name(node) for node in nodes}
    for option, file in pairwise(arguments):
        if option != "--params-file":
            continue
        try:
            found = list(_sections(yaml.safe_load(Path(file).read_text(encoding="utf-8"))))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        unused = [section for section in found if not any(_pattern(section).fullmatch(node) for node in nodes)]
        if found and unused == found:
            yield (
                f"the parameter file {file} is not used: its sections are for {', '.join(found)}, and the node is "
                f"{running}; name the section /** or as the node"
            )
            continue
        for section in unused:
            if _last_name(section) in names:
                yield (
                    f"the section {section} of the parameter file {file} has no effect in this process, which runs "
                    f"{running}; unless it is for another process, name it as the node, or start the node in the "
                    "namespace of the section"
                )


def _sections(content: Any, name: str = "") -> Iterator[str]:
    """Yield the full names of the nodes, wildcards included, that have parameters in the file."""
    if isinstance(content, dict):
        if _PARAMETERS in content:
            yield name
        for key, value in content.items():
            if key != _PARAMETERS:
                yield from _sections(value, f"{name}/{str(key).strip('/')}")


def _last_name(node: str) -> str:
    """Return the name of a node without its namespace."""
    return node.rpartition("/")[2]


def _pattern(section: str) -> re.Pattern[str]:
    """Return what matches the names of a section: ** is any number of names, * is one."""
    return re.compile(re.escape(section).replace(r"/\*\*", "(/[^/]+)*").replace(r"\*", "[^/]*"))
