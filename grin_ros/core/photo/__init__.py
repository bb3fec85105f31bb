# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth of pictures and videos from files, with the camera from a calibration file, EXIF or an angle."""
