# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The folders of a teaching that was stopped, each with what its files follow from: other options make them again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from grin_ros.core.artifact.files import file_sha256
from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.labels.begun import begin
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.core.teachers.contract import load_contract
from grin_ros.lab.teaching.config import TeachConfig
from grin_ros.lab.teaching.old_domain import OldDomain

BEFORE, LESSONS, ANSWERS, TUNE = "before", "lessons", "answers", "tune"
"""The folders for the figures of the old model, the targets of the robot's frames, the old answers, and the tuning."""


def begin_stages(artifact: Artifact, frames: LabelFolder, old: OldDomain, config: TeachConfig, work: Path) -> None:
    """Make the folders in `work`, or keep those that were made from the same. Raises ValueError as `begin` does."""
    common = {"labels": frames.digest(), "model": artifact.digest}
    judged = {"old-domain": [*map(_place, config.old_domain), *old.halves]}
    replay = {"replay": [*map(_place, config.replay), 0 if old.replay is None else len(old.replay)]}
    lessons = {**common, "labels-only": not config.between, "teacher": _teacher(config)}
    begin(work / BEFORE, {**common, **judged})
    begin(work / LESSONS, lessons)
    begin(work / ANSWERS, {"model": artifact.digest, **replay})
    begin(work / TUNE, {**lessons, **replay, **dataclasses.asdict(config.tune)})


def _place(path: Path) -> str:
    return str(path.resolve())


def _teacher(config: TeachConfig) -> list[Any] | None:
    """Return what the answers of the teacher follow from; None if no teacher is asked."""
    if config.teacher is None or not config.between:
        return None
    path, contract = config.teacher
    return [file_sha256(path), dataclasses.asdict(load_contract(contract))]
