# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The start of ROS 2 in a process: what it needs from the environment, and errors that say what to do."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.logging import get_logger
from rclpy.utilities import remove_ros_args

from grin_ros.core.input_error import InputError
from grin_ros.ros.dds_profile import use_dds_profile

_LOG_VARIABLES = ("ROS_LOG_DIR", "ROS_HOME")
"""Variables that say where ROS 2 writes its log files. Without them it is $HOME/.ros/log."""
_PLACE_IN_SOURCE = re.compile(r", at /\S+:\d+")
"""The line of C code that rclpy adds to its errors."""


def start_ros(arguments: Sequence[str] = (), context: Context | None = None) -> None:
    """Call rclpy.init with the Fast DDS profile of this package, unless another one is set.

    arguments: those of the process, its name first. Raises InputError if they are wrong, or if ROS 2 does not start.
    """
    notes = list(_prepared_environment())
    try:
        rclpy.init(args=list(arguments), context=context)
    except RuntimeError as error:  # rclpy's own errors are kinds of it
        raise _start_error(error) from error
    for note in notes:
        get_logger("grin").warning(note)


def own_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments that are not for ROS, without the name of the process. Raises InputError."""
    try:
        return list(remove_ros_args(list(arguments))[1:])
    except RuntimeError as error:
        raise _start_error(error) from error


def use_log_folder() -> str:
    """Make ROS 2 write its log files to the temporary folder if it cannot write them where it would.

    Return what was done, or '' if nothing had to be. ROS 2 does not start without a folder for its log.
    """
    if any(os.environ.get(name) for name in _LOG_VARIABLES):
        return ""
    home = os.environ.get("HOME")
    if home and _can_make(Path(home) / ".ros" / "log"):
        return ""
    folder = Path(tempfile.gettempdir()) / f"ros_log_{os.getuid()}"
    os.environ["ROS_LOG_DIR"] = str(folder)
    why = f"{home}/.ros/log cannot be written" if home else "HOME is not set"
    return f"{why}, so ROS 2 writes its log files to {folder}; set ROS_LOG_DIR to choose another folder"


def _prepared_environment() -> Iterator[str]:
    """Set what is missing in the environment, and yield what the operator should know."""
    try:
        use_dds_profile()
    except FileNotFoundError as error:
        yield f"no Fast DDS profile, so images of more than half a megabyte may get lost: {error}"
    if note := use_log_folder():
        yield note


def _can_make(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _start_error(error: RuntimeError) -> InputError:
    text = " ".join(_PLACE_IN_SOURCE.sub("", str(error)).split())
    if "Couldn't parse" in text:
        return InputError(text, "correct what follows --ros-args; a parameter file looks like config/grin.yaml")
    return InputError(f"ROS 2 does not start: {text}", "type: grin doctor")
