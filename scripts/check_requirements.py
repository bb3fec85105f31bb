# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Check that the requirements of a robot and of the demo can be resolved for every supported version of Python.

    make resolve

uv resolves them against the package index without installing anything, and without needing those versions of Python.
(`pip download --python-version` cannot do it: it accepts wheels only, and one dependency of the ROS 2 wheels, empy, has
none.) The extra `train` is left out because it pins torch to one release, and `rerun` because its viewer needs Python
3.11 or later; `make test` installs the former.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("ros-wheels", "bags", "demo", "openvino")
PLATFORM = "x86_64-manylinux_2_28"
"""The platform of the ROS 2 wheels."""


def python_versions() -> list[str]:
    """Return the versions of Python that setup.py names in its classifiers."""
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "setup.py").read_text(encoding="utf-8"))


def resolve(python: str) -> subprocess.CompletedProcess[str]:
    """Resolve the requirements for one version of Python; a return code of 0 means that they can be met together."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "setup.py", "--quiet", "--no-header", "--no-annotate"]
    command += ["--python-version", python, "--python-platform", PLATFORM]
    for extra in EXTRAS:
        command += ["--extra", extra]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def main() -> int:
    """Return 0 if the requirements can be resolved for every version, else 1."""
    failed = False
    versions = python_versions()
    for python in versions:
        done = resolve(python)
        if done.returncode:
            failed = True
            print(f"Python {python}: the requirements cannot be resolved\n{done.stderr}", file=sys.stderr)
        else:
            print(f"Python {python}: {done.stdout.count('==')} packages", flush=True)
    if not versions:
        print("setup.py names no version of Python in its classifiers", file=sys.stderr)
    return 1 if failed or not versions else 0


if __name__ == "__main__":
    sys.exit(main())
