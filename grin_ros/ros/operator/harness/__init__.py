# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The harness that starts a node as a process of its own and drives it over DDS: for the demo, benchmarks and tests.

prepare_environment()
with NodeProcess(log, {"model": "nano"}) as process, NodeClient(process) as client:
    client.bring_up(OUTPUTS, on_message)
    client.publish(image_message(image), camera_info_message(camera), time.time_ns())
"""
