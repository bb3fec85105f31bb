#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The same as `grin precision`."""

import sys

from grin_ros.lab.export.precision import main

if __name__ == "__main__":
    sys.exit(main())
