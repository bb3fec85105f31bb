# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The identity of work on a bag. Work of the same identity may be continued, or is there already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grin_ros.ros.bags.reading import Bag

Identity = Mapping[str, Any]
"""Values of JSON by the name that an operator knows them by."""

_ELSEWHERE = ("input", "output", "parameters", "part_frames")
"""Fields of a job that say where something lies or how far an interruption reaches, or that have names of their own."""
_WITHOUT_EFFECT = ("model", "threads")
"""Parameters that do not count: the model is known by its digest, and answers do not depend on threads, whose number
may follow from the workers and the machine."""
_OPTIONS = {
    "images": "--image",
    "info": "--camera-info",
    "cameras": "--calibration or --fov",
    "start_s": "--start",
    "end_s": "--end",
}


def identity_of(job: Mapping[str, Any], bag: Bag, model_digest: str) -> Identity:
    """Return values that are the same only for the same input, options and model, wherever bag and model lie.

    job: the fields of a Job by name.
    """
    contents = bag.contents()
    options = {_OPTIONS.get(key, f"--{key}"): v for key, v in job.items() if key not in _ELSEWHERE}
    parameters = {name: value for name, value in job["parameters"].items() if name not in _WITHOUT_EFFECT}
    made: Identity = json.loads(
        json.dumps(
            {
                "the input": [bag.fingerprints(), None if contents is None else contents._asdict()],
                "the model": model_digest,
                **options,
                **parameters,
            }
        )
    )
    return made


def differences(one: Any, other: Identity) -> list[str]:
    """Return the names of the values that differ. one: an identity as it was stored, or anything else."""
    known = one if isinstance(one, dict) else {}
    return sorted(name for name in known.keys() | other.keys() if known.get(name) != other.get(name))
