# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Metric depth with calibrated uncertainty from one camera, for ROS 2 robots (GRIN: pixel-level depth diffusion)."""

import os
import sys

__version__ = "0.1.0"

# The posterior of hints is many small products. If NumPy's OpenBLAS shares each of them between threads that wait for
# one another, a frame takes a hundred times as long on a busy robot.
if "OPENBLAS_NUM_THREADS" not in os.environ:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if "numpy" in sys.modules:  # its OpenBLAS has read the environment already
        from grin_ros.core.blas import limit_threads

        limit_threads(1)
