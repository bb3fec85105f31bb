#!/bin/sh
# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
# Find a Python 3.10 to 3.14 that can make virtual environments, and let it make .venv (see environment.py).
# The variable PYTHON names another one: make demo PYTHON=python3.13
set -eu
cd "$(dirname "$0")/.."
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE # of another environment's Python: it would skip setting up this one's libraries

fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))'
without_venv=
for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
    "$python" -c "$fits" 2>/dev/null || continue
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        exec "$python" scripts/environment.py "$@"
    fi
    without_venv="${without_venv:-$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}"
done

if [ -n "$without_venv" ]; then
    echo "error: $without_venv is here, but not its venv module. On Debian and Ubuntu: sudo apt install $without_venv-venv" >&2
else
    echo "error: no Python 3.10 to 3.14 found as ${PYTHON:-python3, or python3.10 to python3.14}." \
        "Install one, or name it: make demo PYTHON=/path/to/python3.12" >&2
fi
exit 1
