# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Metric depth with calibrated uncertainty from one camera, for ROS 2 robots (GRIN: pixel-level depth diffusion)."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grin_ros.core.artifact.loading import load_artifact as load_artifact
    from grin_ros.core.backends.opening import open_engine as open_engine
    from grin_ros.core.estimator import Estimator as Estimator
    from grin_ros.core.estimator import Settings as Settings
    from grin_ros.core.geometry.camera import Camera as Camera
    from grin_ros.core.geometry.mounting import Mounting as Mounting
    from grin_ros.core.types import DepthEstimate as DepthEstimate
    from grin_ros.core.types import Frame as Frame
    from grin_ros.core.types import Hints as Hints
    from grin_ros.core.types import Unreached as Unreached

__version__ = "0.1.0"

PUBLIC = {
    "Camera": "grin_ros.core.geometry.camera",
    "DepthEstimate": "grin_ros.core.types",
    "Estimator": "grin_ros.core.estimator",
    "Frame": "grin_ros.core.types",
    "Hints": "grin_ros.core.types",
    "Mounting": "grin_ros.core.geometry.mounting",
    "Settings": "grin_ros.core.estimator",
    "Unreached": "grin_ros.core.types",
    "load_artifact": "grin_ros.core.artifact.loading",
    "open_engine": "grin_ros.core.backends.opening",
}
"""The names that a program needs to estimate depth, each with the module that defines it. `grin_ros.Camera` imports
that module when it is first used, so that `import grin_ros` loads neither NumPy nor OpenCV."""

# The posterior of hints is many small products. If NumPy's OpenBLAS shares each of them between threads that wait for
# one another, a frame takes a hundred times as long on a busy robot.
if "OPENBLAS_NUM_THREADS" not in os.environ:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if "numpy" in sys.modules:  # its OpenBLAS has read the environment already
        from grin_ros.core.blas import use_one_thread

        use_one_thread()


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'grin_ros' has no attribute '{name}'; it has {', '.join(PUBLIC)}")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
