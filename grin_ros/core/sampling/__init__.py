# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Diffusion arithmetic: schedule, noise and the DDIM update. Plain NumPy; torch tensors pass through `ddim` as well."""
