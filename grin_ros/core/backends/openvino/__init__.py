# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The OpenVINO backends.

`import openvino` forks a process that reports the use of OpenVINO to Google Analytics, without asking. It does not
where its package openvino_telemetry cannot be imported, so this module prevents that: a robot talks to nobody unasked.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is how Python marks it
