# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The settings of a teaching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grin_ros.lab.teaching.tune import TuneConfig

FORGETTING = 0.05
"""The largest accepted increase of AbsRel on the old domain, as a share."""


@dataclass(frozen=True)
class TeachConfig:
    """model: the artifact to begin with. old_domain, replay: see `find_old_domain`. between: learn an answer between
    the labels too: that of teacher (an ONNX file and the name of its contract), else that of the old model. threads: of
    the runtimes and torch; 0 lets them choose."""

    model: str = "nano"
    tune: TuneConfig = field(default_factory=TuneConfig)
    old_domain: Sequence[Path] = ()
    replay: Sequence[Path] = ()
    between: bool = True
    teacher: tuple[Path, str] | None = None
    forgetting: float = FORGETTING
    threads: int = 0
