# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin doctor`: what is installed here, and whether the shipped models answer their golden sample."""

from __future__ import annotations

import argparse
import ctypes.util
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import metadata

from grin_ros.artifact import SHIPPED, ArtifactError, load_artifact
from grin_ros.engine.auto import preferences
from grin_ros.engine.base import ENGINES, EngineError, EngineUnavailableError, check_golden, open_engine

# What can be imported -> what it is for. The first group must be there.
NEEDED = {"numpy": "everything", "cv2": "images and lenses", "onnxruntime": "the backend ort", "yaml": "settings"}
OPTIONAL = {
    "openvino": "the backends openvino and openvino-bf16: pip install 'grin_ros[openvino]'",
    "rclpy": "the node: source a ROS 2, or pip install 'grin_ros[ros-wheels]'",
    "cv_bridge": "image encodings on a ROS installation",
    "rosbags": "bags: pip install 'grin_ros[bags]'",
    "matplotlib": "pictures: pip install 'grin_ros[demo]'",
    "torch": "training, export, the backend reference: pip install 'grin_ros[train]'",
    "moderngl": "rendering rooms: pip install 'grin_ros[train]', and EGL",
}


def findings() -> Iterator[tuple[bool | None, str]]:
    """(fine, what): False is a fault, None is something that is missing but not needed for all."""
    ros = os.environ.get("ROS_DISTRO")
    yield True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield True, f"ROS 2: {f'{ros} is sourced' if ros else 'none sourced'}"
    for modules, when_missing in ((NEEDED, False), (OPTIONAL, None)):
        for module, purpose in modules.items():
            there = importlib.util.find_spec(module) is not None
            yield (True if there else when_missing), f"{module} {_version(module) if there else f'missing; {purpose}'}"
    egl = ctypes.util.find_library("EGL")
    yield (True if egl else None), f"EGL: {egl or 'missing; rendering rooms (Debian: libegl1 libgl1-mesa-dri)'}"
    shipped = sorted(path.name for path in SHIPPED.glob("*") if path.is_dir())
    if not shipped:
        yield False, "shipped models: none; reinstall grin_ros, or export one (README, Training)"
    for name in shipped:
        yield from _answers(name)


def _answers(model: str) -> Iterator[tuple[bool | None, str]]:
    """What each backend makes of the golden sample; one that is not here is no fault, one that answers wrong is."""
    try:
        artifact = load_artifact(model)
    except ArtifactError as error:
        yield False, f"model {model}: {error}"
        return
    right = set()
    for backend in ENGINES:
        what = f"model {model} {artifact.digest}, backend {backend}"
        try:
            engine = open_engine(backend, artifact)
        except EngineUnavailableError as error:
            yield None, f"{what}: {error}"
            continue
        except EngineError as error:
            yield False, f"{what}: {error}"
            continue
        report = check_golden(engine)
        engine.close()
        right.add(backend)
        yield (
            True,
            (
                f"{what}: {engine.description} answers the golden sample within "
                f"{report.max_error_ln:.1e} ln (accepted {report.tolerance_ln:.0e})"
            ),
        )
    for backend, why in preferences():
        if backend in right:
            yield True, f"model {model}: backend auto is {backend}, because {why}"
            return
    yield False, f"model {model}: no backend that 'auto' considers can run it"


def _version(module: str) -> str:
    """Of the distribution that brought it; Debian's and ROS's packages do not always say."""
    distributions = _distributions().get(module)
    return metadata.version(distributions[0]) if distributions else "is there"


@lru_cache(maxsize=1)
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


def main(argv: Sequence[str] | None = None) -> int:
    """Print the findings. 0, or 1 where something that must work does not."""
    argparse.ArgumentParser(prog="grin doctor", description=__doc__).parse_args(argv)
    faults = 0
    for fine, what in findings():
        print(f"{ {True: 'ok', None: '--', False: '!!'}[fine] }  {what}", flush=True)
        faults += fine is False
    print(f"\n{faults} fault(s)" if faults else "\nall well; -- is missing, but needed for its purpose only")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
