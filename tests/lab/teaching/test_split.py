# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.core.labels.folder import LabelFolder
from grin_ros.lab.teaching.split import split_by_time
from tests.lab.teaching.site import site, write_site


def test_what_judges_is_later_than_what_is_learnt_with_a_gap_between(tmp_path: Path) -> None:
    frames = site(tmp_path, 200)
    split = split_by_time(frames)
    assert len(split.learn) > 100
    for earlier, later in ((split.learn, split.choose), (split.choose, split.judge)):
        assert (frames.stamp_ns(later[0]) - frames.stamp_ns(earlier[-1])) / 1e9 >= 0.03 * 99.5


def test_each_recording_is_split_by_itself(tmp_path: Path) -> None:
    folders = [write_site(tmp_path / name, 60, name) for name in ("monday", "tuesday")]
    frames = LabelFolder(folders)
    split = split_by_time(frames)
    for part in (split.learn, split.choose, split.judge):
        assert {frames.recording(index) for index in part} == {"monday", "tuesday"}


def test_too_few_frames_are_refused_before_anything_is_learnt(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="record for longer"):
        split_by_time(site(tmp_path, 6))
