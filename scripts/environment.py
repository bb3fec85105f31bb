# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Lay out .venv for `make demo` or `make test`; quick when nothing changed. Standard library only.

With a sourced ROS 2 the environment sees the system's packages and takes rclpy from there; without one it gets the ROS
wheels. The two are never mixed: an environment made for the one is made anew for the other.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NOTE = VENV / "grin_environment.json"
DEMO = ("bags", "demo")
EXTRAS = {"demo": DEMO, "test": (*DEMO, "openvino", "trt", "gate", "fleet", "train", "test")}


class SetupError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in EXTRAS:
        print(f"usage: scripts/environment.sh {'|'.join(EXTRAS)}", file=sys.stderr)
        return 2
    try:
        lay_out(argv[0])
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def lay_out(purpose: str) -> None:
    ros = sourced_ros()
    wanted = {"ros": ros or "wheels", "python": ".".join(platform.python_version_tuple()[:2])}
    note = json.loads(NOTE.read_text()) if NOTE.is_file() else {}
    digest = description_digest()
    kind = f"ROS 2 {ros} of this shell" if ros else "ROS 2 from PyPI wheels"
    print(f"[1/3] environment: {VENV.name}, Python {wanted['python']}, {kind}", flush=True)
    if {key: note.get(key) for key in wanted} != wanted:
        create(bool(ros), anew=bool(note))
        note = wanted
        NOTE.write_text(json.dumps(note))
    if digest in (note.get(purpose), note.get("test")):
        print("[2/3] packages: up to date", flush=True)
        return
    extras = EXTRAS[purpose] if ros else ("ros-wheels", *EXTRAS[purpose])
    print(f"[2/3] packages: grin_ros[{','.join(extras)}]", flush=True)
    install([f"{ROOT}[{','.join(extras)}]"], constraints() if ros else [])
    NOTE.write_text(json.dumps({**note, purpose: digest}, indent=1))


def sourced_ros() -> str:
    """Name of the ROS 2 sourced in this shell, '' if none. Raises SetupError where this Python is not its Python."""
    distro = os.environ.get("ROS_DISTRO", "")
    if distro and importlib.util.find_spec("rclpy") is None:
        raise SetupError(
            f"ROS 2 {distro} is sourced, but {sys.executable} (Python {platform.python_version()}) cannot import its "
            "rclpy. Name the Python it was built for (make demo PYTHON=/usr/bin/python3), or use a shell without ROS"
        )
    if not distro and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SetupError(
            f"the ROS 2 wheels exist for Linux on x86_64 only, this is {sys.platform} on {platform.machine()}. "
            "Install ROS 2 (Humble or later) and source it: source /opt/ros/<distro>/setup.bash"
        )
    return distro


def create(system_packages: bool, *, anew: bool) -> None:
    """Make .venv. One that this script did not make is kept and only added to; one made for another ROS is replaced."""
    if VENV.exists() and not anew:
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "--version"]
        if subprocess.run(pip, check=False, stdout=subprocess.DEVNULL).returncode:
            raise SetupError(f"{VENV} exists, but has no working pip. Remove it with `make clean-all`, and try again")
        print("      .venv exists already and is kept; `make clean-all` removes it", flush=True)
        return
    if anew:
        print("      .venv was made for another ROS 2 or Python: made anew", flush=True)
    venv.create(VENV, system_site_packages=system_packages, clear=True, with_pip=True, symlinks=True)


def constraints() -> list[str]:
    """On a ROS installation, compiled packages (cv_bridge) need the NumPy they were built for, or a later minor one."""
    try:
        import numpy as np
    except ImportError:
        return []
    return [f"numpy>={np.__version__},<{int(np.__version__.split('.')[0]) + 1}"]


def install(requirements: list[str], limits: list[str]) -> None:
    """pip install -e, shown as one line per download; on failure all that pip said last. Raises SetupError."""
    limits_file = VENV / "constraints.txt"
    limits_file.write_text("".join(f"{line}\n" for line in limits))
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--constraint", str(limits_file), "--editable", *requirements]
    started = time.monotonic()
    said: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            if re.match(r"\s*(Downloading \S+ \([0-9.]+ [MG]B|Installing collected)", line):
                print(f"      {time.monotonic() - started:4.0f} s  {line.strip()[:100]}", flush=True)
    if pip.returncode:
        raise SetupError(
            f"pip could not install the packages; it said:\n{''.join(said[-25:])}"
            "Check the network and the package index, then run the same command again: it goes on where it stopped"
        )
    print(f"      done in {time.monotonic() - started:.0f} s", flush=True)


def description_digest() -> str:
    """Changes when what is to be installed changes."""
    files = (ROOT / "setup.py", ROOT / "pyproject.toml", ROOT / "grin_ros" / "__init__.py", Path(__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
