# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of motion: whether poses, their stamps and their scale fit the images, other sensors and the floor."""
