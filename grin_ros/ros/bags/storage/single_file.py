# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Outputs that are one storage file and no folder: `grin bag INPUT drive_depth.mcap`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from grin_ros.ros.bags.storage.files import ROOT
from grin_ros.ros.bags.storage.formats import BY_SUFFIX
from grin_ros.ros.bags.storage.mcap_file import mcap_metadata


def is_single_file(output: Path) -> bool:
    """Return True if the name of an output asks for one file."""
    return output.suffix.lower() in BY_SUFFIX


def description_of(path: Path) -> Mapping[str, Any]:
    """Return what metadata.yaml says about a bag, or what a single storage file says itself.

    Raises OSError, yaml.YAMLError, sqlite3.Error, or KeyError, TypeError or ValueError if it says nothing.
    """
    if path.is_dir():
        text = (path / "metadata.yaml").read_text()
    elif path.suffix.lower() == ".mcap":
        text = mcap_metadata(path, "rosbag2")["serialized_metadata"]
    elif not is_single_file(path):
        raise ValueError(f"{path}: not a bag")
    else:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)) as database:
            (text,) = database.execute("SELECT metadata FROM metadata").fetchone()
    known = yaml.safe_load(text)
    described: Mapping[str, Any] = known.get(ROOT, known)
    return described
