# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Findings about installed packages, shipped artifacts, and how each backend answers their golden sample."""

from __future__ import annotations

import ctypes.util
import importlib.util
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import metadata

from grin_ros.core import remedies
from grin_ros.core.artifact.loading import SHIPPED, Artifact, load_artifact
from grin_ros.core.artifact.manifest import ArtifactError
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.preferences import preferences
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.ros.operator.doctor.finding import Finding, absent, error, ok, warn

# Module -> (what it is for, what to type).
NEEDED = {
    "numpy": ("everything", "pip install numpy"),
    "cv2": ("images and lenses", "pip install opencv-python-headless"),
    "onnxruntime": ("the backend ort", "pip install onnxruntime"),
    "yaml": ("settings", "pip install PyYAML"),
}
OPTIONAL = {
    "openvino": ("the backends openvino and openvino-bf16", remedies.install("openvino")),
    "rclpy": ("the node", remedies.ros()),
    "cv_bridge": ("image encodings on a ROS installation", "apt install ros-$ROS_DISTRO-cv-bridge"),
    "tf2_msgs": (
        "poses of sensors and cameras from tf",
        "apt install ros-$ROS_DISTRO-tf2-msgs; the wheels of ROS 2 do not have it: give poses as numbers there",
    ),
    "rosbags": ("bags", remedies.install("bags")),
    "matplotlib": ("pictures", remedies.install("demo")),
    "torch": ("training, export, the backend reference", remedies.install("train")),
    "moderngl": ("rendering worlds", remedies.install("train")),
}


def packages() -> Iterator[Finding]:
    """Say which Python this is, and which of the packages that grin_ros imports are installed."""
    yield ok(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for modules, missing in ((NEEDED, error), (OPTIONAL, absent)):
        for module, (purpose, remedy) in modules.items():
            if importlib.util.find_spec(module) is not None:
                yield ok(f"{module} {_version(module)}")
            else:
                yield missing(f"{module} is not installed: {purpose}", remedy)
    egl = ctypes.util.find_library("EGL")
    yield (
        ok(f"EGL: {egl}")
        if egl
        else absent("EGL is not installed: rendering worlds", "apt install libegl1 libgl1-mesa-dri")
    )


def models(engines: bool) -> Iterator[Finding]:
    """Say whether the shipped models are intact; with `engines` also how each backend answers their golden sample."""
    shipped = sorted(path.name for path in SHIPPED.glob("*") if path.is_dir())
    if not shipped:
        yield error("no model is shipped", "reinstall grin_ros, or export one (docs/guides/training.md)")
    for name in shipped:
        try:
            artifact = load_artifact(name)
        except ArtifactError as fault:
            yield error(f"model {name}: {fault}", "reinstall grin_ros, or export the model again")
            continue
        yield ok(f"model {name} {artifact.digest}: all files have the hashes of its manifest")
        if caveat := artifact.manifest.sigma_caveat():
            yield warn(f"model {name}: {caveat}", f"grin calibrate {name} --renders DIR")
        if engines:
            yield from _answers(name, artifact)


def _answers(model: str, artifact: Artifact) -> Iterator[Finding]:
    """Say how each backend answers the golden sample. One that is absent is no fault, a wrong answer is one."""
    right = set()
    for backend in BACKENDS:
        what = f"model {model}, backend {backend}"
        try:
            engine = open_engine(backend, artifact)
        except EngineUnavailableError as fault:
            yield absent(f"{what}: {fault.text}", f"if you want it: {fault.remedy or 'see docs/reference/backends.md'}")
            continue
        except EngineError as fault:
            yield error(f"{what}: {fault}", "choose another backend, or another version of this one's runtime")
            continue
        report = check_golden(engine)
        engine.close()
        right.add(backend)
        yield ok(
            f"{what}: {engine.description} answers the golden sample within {report.max_error_ln:.1e} ln "
            f"(accepted {report.tolerance_ln:.0e})"
        )
    for backend, why in preferences():
        if backend in right:
            yield ok(f"model {model}: backend auto is {backend}, because {why}")
            return
    yield error(f"model {model}: no backend that 'auto' considers can run it", "pip install onnxruntime")


def _version(module: str) -> str:
    """Return the version of the distribution that brought a module; packages of Debian and ROS may have none."""
    distributions = _distributions().get(module)
    return metadata.version(distributions[0]) if distributions else "is there"


@lru_cache(maxsize=1)
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()
