# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A look into parameter files: ROS ignores, without a word, a file whose sections name other nodes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_PARAMETERS = "ros__parameters"


def unused_files(arguments: Sequence[str], nodes: Collection[str]) -> Iterator[str]:
    """Yield a warning for every parameter file that is for none of `nodes`, such as '/robot1/grin'.

    arguments: those of the process, with '--params-file FILE' among them. A file that cannot be read is passed over,
    because ROS has refused it.
    """
    for option, file in pairwise(arguments):
        if option != "--params-file":
            continue
        try:
            found = list(_sections(yaml.safe_load(Path(file).read_text(encoding="utf-8"))))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if found and not any(_pattern(section).fullmatch(node) for section in found for node in nodes):
            yield (
                f"the parameter file {file} is not used: its sections are for {', '.join(found)}, and the node is "
                f"{', '.join(nodes)}; name the section /** or as the node"
            )


def _sections(content: Any, name: str = "") -> Iterator[str]:
    """Yield the full names of the nodes, wildcards included, that have parameters in the file."""
    if isinstance(content, dict):
        if _PARAMETERS in content:
            yield name
        for key, value in content.items():
            if key != _PARAMETERS:
                yield from _sections(value, f"{name}/{str(key).strip('/')}")


def _pattern(section: str) -> re.Pattern[str]:
    """Return what matches the names of a section: ** is any number of names, * is one."""
    return re.compile(re.escape(section).replace(r"/\*\*", "(/[^/]+)*").replace(r"\*", "[^/]*"))
