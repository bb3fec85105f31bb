# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that install what is missing, as they work where this package runs from.

grin_ros is on no package index, so `pip install grin_ros[...]` would find nothing.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlparse

PACKAGE = Path(__file__).resolve().parents[1]
ROS_HOME = Path("/opt/ros")


def install(extra: str) -> str:
    """Return the command that installs the packages of an extra of setup.py, or of several ('ros-wheels,bags').

    It names the source folder if grin_ros runs from it or was installed from it, and otherwise the packages that the
    extra consists of.
    """
    source = _source_folder()
    if source is not None:
        editable = "-e " if source == PACKAGE.parent else ""
        return f"{_pip()} install {editable}{shlex.quote(f'{_short(source)}[{extra}]')}"
    wanted = [shlex.quote(requirement) for requirement in _requirements(extra)]
    return f"{_pip()} install {' '.join(wanted)}" if wanted else f"install grin_ros again, with its extra {extra}"


def ros() -> str:
    """Return what brings rclpy: sourcing an installed ROS 2, or else installing its wheels."""
    installed = sorted(path.parent for path in ROS_HOME.glob("*/setup.bash"))
    workspace = PACKAGE.parents[4] / "setup.bash" if "site-packages" in PACKAGE.parts else None  # colcon's install/
    if workspace is not None and workspace.is_file():
        return f"source {workspace}"
    return f"source {installed[-1] / 'setup.bash'}" if installed else install("ros-wheels")


def activate() -> str:
    """Return the command for a shell in which `grin` works, or '' if it works already or grin_ros is in no venv."""
    if sys.prefix == sys.base_prefix or shutil.which("grin"):
        return ""
    return f"source {_short(Path(sys.prefix) / 'bin' / 'activate')}"


def _source_folder() -> Path | None:
    """Return the folder with setup.py that this package runs from, or was installed from."""
    if (PACKAGE.parent / "setup.py").is_file():
        return PACKAGE.parent
    try:
        told = json.loads(metadata.distribution("grin_ros").read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        return None
    folder = Path(unquote(urlparse(told.get("url", "")).path))
    return folder if (folder / "setup.py").is_file() else None


def _requirements(extra: str) -> list[str]:
    """Return the requirements of the extras, as pip's metadata has them."""
    try:
        listed = metadata.requires("grin_ros") or []
    except metadata.PackageNotFoundError:
        return []
    wanted = extra.split(",")
    split = [requirement.partition(";") for requirement in listed]
    return [name.strip() for name, _, marker in split if any(f'extra == "{one}"' in marker for one in wanted)]


def _pip() -> str:
    """Return the pip of this Python, as short as it can be typed here."""
    if sys.prefix == sys.base_prefix:
        return f"{Path(sys.executable).name} -m pip"
    return f"{_short(Path(sys.prefix) / 'bin' / 'pip')}"


def _short(path: Path) -> str:
    """Return the path relative to the current folder if it lies in there."""
    here = Path(os.getcwd())
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
