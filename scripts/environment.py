# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Make the environment .venv for `make demo` or `make test`. Only the standard library is used.

With a sourced ROS 2, the environment sees the system's packages and uses that rclpy. Without one, it gets ROS 2 as
wheels from PyPI. The two are never mixed: an environment that was made for the one is made again for the other. When
nothing has changed since the last run, this takes a fraction of a second.
"""

from __future__ import annotations

import contextlib
import fcntl
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
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NOTE = VENV / "grin_environment.json"
"""The note that says what the environment was made for, and which packages it holds."""
UNFINISHED = ROOT / ".venv.unfinished"
"""Exists while the environment is first made. Where it is found at the start, that run was interrupted."""
LOCK = ROOT / ".venv.lock"
DEMO = ("openvino", "bags", "demo")
EXTRAS = {"demo": DEMO, "test": (*DEMO, "trt", "gate", "fleet", "html", "train", "test")}
"""Purpose -> extras of setup.py. OpenVINO is in both: on x86_64 a frame takes about 0.6 of the time of ONNX Runtime."""

SIZES = {"demo": "about 1 GB, a few minutes", "test": "about 2.7 GB, several minutes"}
"""Purpose -> what the packages take on disk, and their installation in time. Wheels of ROS 2 included."""


class SetupError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def main(argv: list[str]) -> int:
    """Return 0 when the environment is ready, 1 when it cannot be made, 2 for a wrong call."""
    if len(argv) != 1 or argv[0] not in EXTRAS:
        print(f"usage: scripts/environment.sh {'|'.join(EXTRAS)}", file=sys.stderr)
        return 2
    try:
        with only_one():
            make_environment(argv[0])
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the same command continues where it stopped", file=sys.stderr)
        return 130
    return 0


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of the environment; wait, and say so, while another process makes it."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("[1/3] environment: waiting for another process that is making it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_environment(purpose: str) -> None:
    """Create .venv if needed and install the packages for `purpose`, one of EXTRAS. Raises SetupError."""
    ros = sourced_ros()
    wanted = {"ros": ros or "wheels", "python": ".".join(platform.python_version_tuple()[:2])}
    note = json.loads(NOTE.read_text()) if NOTE.is_file() else {}
    digest = description_digest()
    kind = f"ROS 2 {ros} of this shell" if ros else "ROS 2 from PyPI wheels"
    print(f"[1/3] environment: {VENV.name}, Python {wanted['python']}, {kind}", flush=True)
    if UNFINISHED.exists() or {key: note.get(key) for key in wanted} != wanted:
        create(bool(ros), made_here=bool(note))
        note = wanted
    if digest in (note.get(purpose), note.get("test")):
        print("[2/3] packages: up to date", flush=True)
        return
    extras = EXTRAS[purpose] if ros else ("ros-wheels", *EXTRAS[purpose])
    print(f"[2/3] packages: grin_ros[{','.join(extras)}], {SIZES[purpose]}", flush=True)
    install([f"{ROOT}[{','.join(extras)}]"], constraints() if ros else [])
    NOTE.write_text(json.dumps({**note, purpose: digest}, indent=1))
    UNFINISHED.unlink(missing_ok=True)


def sourced_ros() -> str:
    """Return the name of the ROS 2 that is sourced in this shell, '' if there is none.

    Raises SetupError where this Python cannot import that rclpy, or where neither ROS 2 nor its wheels exist.
    """
    distro = os.environ.get("ROS_DISTRO", "")
    if distro and importlib.util.find_spec("rclpy") is None:
        raise SetupError(
            f"ROS 2 {distro} is sourced, but {sys.executable} (Python {platform.python_version()}) cannot import its "
            "rclpy. Name the Python that it was built for (make demo PYTHON=/usr/bin/python3), or use a shell without "
            "ROS"
        )
    if not distro and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SetupError(
            f"the ROS 2 wheels exist for Linux on x86_64 only, this is {sys.platform} on {platform.machine()}. "
            "Install ROS 2 (Humble or later) and source it: source /opt/ros/<distro>/setup.bash"
        )
    return distro


def create(system_packages: bool, *, made_here: bool) -> None:
    """Make .venv. An environment that somebody else made is kept and only added to."""
    if VENV.exists() and not made_here and not UNFINISHED.exists():
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "--version"]
        if subprocess.run(pip, check=False, stdout=subprocess.DEVNULL).returncode:
            raise SetupError(f"{VENV} exists, but has no working pip. Remove it with `make clean-all`, and try again")
        print("      .venv exists already and is kept; `make clean-all` removes it", flush=True)
        return
    if UNFINISHED.exists():
        print("      the last run was interrupted: .venv is made again", flush=True)
    elif made_here:
        print("      .venv was made for another ROS 2 or Python: it is made again", flush=True)
    UNFINISHED.touch()
    venv.create(VENV, system_site_packages=system_packages, clear=True, with_pip=True, symlinks=True)


def constraints() -> list[str]:
    """Return limits for pip: compiled packages of a ROS installation (cv_bridge) need the NumPy they were built for."""
    try:
        import numpy as np
    except ImportError:
        return []
    return [f"numpy>={np.__version__},<{int(np.__version__.split('.')[0]) + 1}"]


def install(requirements: list[str], limits: list[str]) -> None:
    """Run `pip install -e` and print one line per download. Raises SetupError with the last lines that pip printed."""
    limits_file = VENV / "constraints.txt"
    limits_file.write_text("".join(f"{line}\n" for line in limits))
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--constraint", str(limits_file), "--editable", *requirements]
    started = time.monotonic()
    output: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            output.append(line)
            if re.match(r"\s*(Downloading \S+ \([0-9.]+ [MG]B|Installing collected)", line):
                print(f"      {time.monotonic() - started:4.0f} s  {shortened(line.strip())}", flush=True)
    if pip.returncode:
        raise SetupError(
            f"pip could not install the packages. Its last lines were:\n{''.join(output[-25:])}"
            "Check the network and the package index, then run the same command again"
        )
    print(f"      done in {time.monotonic() - started:.0f} s", flush=True)


def shortened(line: str) -> str:
    """Return a line of pip for a terminal: a download's file and size, or how many packages are being installed."""
    download = re.match(r"Downloading (\S+?)-[^-]+-[^-]+-\S+ (\([0-9.]+ [MG]B\))", line)
    if download:
        return f"downloading {download[1].rsplit('/', 1)[-1]} {download[2]}"
    return f"installing {line.count(',') + 1} packages" if line.startswith("Installing") else line


def description_digest() -> str:
    """Return a digest that changes when the description of the packages changes."""
    files = (ROOT / "setup.py", ROOT / "pyproject.toml", ROOT / "grin_ros" / "__init__.py", Path(__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
