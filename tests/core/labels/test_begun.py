# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from grin_ros.core.labels.begun import NOTE, begin

MADE_FROM = {"start": 0.0, "topics": ("/a", "/b"), "model": "tiny"}


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder with a file that was made from MADE_FROM."""
    begin(tmp_path / "frames", MADE_FROM)
    (tmp_path / "frames" / "one.npy").write_text("1")
    return tmp_path / "frames"


def test_files_that_are_made_from_the_same_are_kept(begun: Path, caplog: pytest.LogCaptureFixture) -> None:
    begin(begun, dict(reversed(MADE_FROM.items())))
    assert (begun / "one.npy").read_text() == "1"
    assert not caplog.records


def test_files_that_are_made_from_something_else_are_removed_and_a_line_names_what_differs(
    begun: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changed = {**MADE_FROM, "start": 1.0, "model": "nano"}
    begin(begun, changed)
    assert [path.name for path in begun.parent.rglob("*.*")] == [NOTE]
    assert [record.message for record in caplog.records] == [
        f"{begun}: it was made with other options (model, start), so it is made again"
    ]
    begin(begun, changed)
    assert len(caplog.records) == 1


def test_a_note_that_was_not_written_to_its_end_is_no_proof(begun: Path) -> None:
    (begun / NOTE).write_text('{"start": 0')
    begin(begun, MADE_FROM)
    assert not (begun / "one.npy").exists()


def test_files_of_unknown_origin_are_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ValueError, match="remove the folder"):
        begin(tmp_path, MADE_FROM)
    assert (tmp_path / "mine.txt").exists()
