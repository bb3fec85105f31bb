# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Folders of files that take long to make. A note says what they are made from, so that other options do not find them.

made_from.json   what the files of the folder are made from: values by name
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

NOTE = "made_from.json"


def begin(folder: Path, made_from: Mapping[str, Any]) -> None:
    """Make the folder, or keep it with its files if they are made from the same. Files that are made from something
    else are removed, and a warning names what differs.

    made_from: values of JSON by name. Raises ValueError if the folder holds files without a note.
    """
    note, wanted = folder / NOTE, json.loads(json.dumps(made_from))
    known: dict[str, Any] | None = None
    if note.is_file():
        known = _read(note)
    elif folder.exists() and any(folder.iterdir()):
        raise ValueError(
            f"{folder}: got files, expected {NOTE} beside them, which says what they are made from; remove the folder"
        )
    if known == wanted:
        return
    if known is not None:
        other = ", ".join(sorted(name for name in wanted if known.get(name) != wanted[name]))
        logger.warning("%s: it was made with other options (%s), so it is made again", folder, other)
        _remove(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted) + "\n")


def _read(note: Path) -> dict[str, Any]:
    """Read a note; one that was interrupted while it was written says nothing."""
    try:
        values = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _remove(folder: Path) -> None:
    """Remove a folder in such a way that an interruption leaves nothing of it under its name."""
    aside = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    shutil.rmtree(aside)
