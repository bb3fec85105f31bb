# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Diffusion: the schedule, the noise, the DDIM step and the sampler. NumPy only."""
