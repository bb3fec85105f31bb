# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags of both formats are read: sound ones give back what was written, damaged ones all that is readable."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from rosbags.rosbag2 import CompressionMode

from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.storage import sqlite_file
from grin_ros.ros.bags.storage.formats import BY_SUFFIX, STORAGES
from tests.ros.bags.recorded import START_NS, TEXT, storage_file, texts, write

BOTH = pytest.mark.parametrize("storage", STORAGES)
MESSAGES = texts(300)


def plain(messages: list[Message]) -> list[tuple[str, str, int, bytes]]:
    return [(m.topic, m.kind, m.time_ns, m.data) for m in messages]


def read(path: Path) -> tuple[list[tuple[str, str, int, bytes]], list[str]]:
    bag = Bag(path)
    return plain(list(bag.messages())), bag.damage


@BOTH
def test_a_sound_bag_comes_back_as_it_was(tmp_path: Path, storage: str) -> None:
    path = write(tmp_path / "bag", MESSAGES, storage)
    assert read(path) == (MESSAGES, [])
    assert read(storage_file(path)) == (MESSAGES, [])
    contents = Bag(path).contents()
    assert contents is not None
    assert contents.kinds == {"/a": TEXT, "/b": TEXT}
    assert (contents.start_ns, contents.end_ns) == (MESSAGES[0][2], MESSAGES[-1][2])


@BOTH
def test_only_the_named_topics_before_the_end_are_read(tmp_path: Path, storage: str) -> None:
    bag = Bag(write(tmp_path / "bag", MESSAGES, storage))
    assert plain(list(bag.messages({"/b"}, MESSAGES[10][2]))) == MESSAGES[1:10:2]


@pytest.mark.parametrize(
    ("storage", "compression"),
    [
        ("mcap", CompressionMode.STORAGE),
        ("mcap", CompressionMode.MESSAGE),
        ("sqlite3", CompressionMode.MESSAGE),
        ("sqlite3", CompressionMode.FILE),
        ("mcap", CompressionMode.FILE),
    ],
)
def test_compressed_bags(tmp_path: Path, storage: str, compression: CompressionMode) -> None:
    path = write(tmp_path / "bag", MESSAGES[:40], storage, compression)
    assert read(path) == (MESSAGES[:40], [])


@BOTH
def test_without_metadata_the_files_are_read_by_name(tmp_path: Path, storage: str) -> None:
    for number in (10, 9):  # in the order of the numbers, not of the texts
        part = write(tmp_path / f"part_{number}", MESSAGES[number * 10 : number * 10 + 10], storage)
        (tmp_path / "bag").mkdir(exist_ok=True)
        shutil.move(storage_file(part), tmp_path / "bag" / f"x_{number}{STORAGES[storage].suffix}")
    messages, damage = read(tmp_path / "bag")
    assert messages == MESSAGES[90:110]
    assert len(damage) == 1
    assert "metadata.yaml: missing" in damage[0]


@pytest.mark.parametrize(
    ("storage", "compression"),
    [("mcap", CompressionMode.NONE), ("mcap", CompressionMode.STORAGE), ("sqlite3", CompressionMode.NONE)],
)
@pytest.mark.parametrize("share", [0.3, 0.97])
def test_a_truncated_file_gives_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, compression: CompressionMode, share: float
) -> None:
    monkeypatch.setattr(sqlite_file, "GIVE_UP_ROWS", len(MESSAGES))
    path = write(tmp_path / "bag", MESSAGES, storage, compression)
    file = storage_file(path)
    with file.open("r+b") as stream:
        stream.truncate(int(file.stat().st_size * share))
    messages, damage = read(path)
    assert messages == MESSAGES[: len(messages)]
    assert (share - 0.2) * len(MESSAGES) < len(messages) <= len(MESSAGES)
    assert damage
    assert file.name in damage[0]
    assert read(path) == (messages, damage), "reading it again must give the same"


def test_a_broken_chunk_costs_its_own_messages_only(tmp_path: Path) -> None:
    file = tmp_path / "x.mcap"
    writer_library = pytest.importorskip("mcap.writer", reason="mcap writes checksums (pip install mcap)")
    with file.open("wb") as stream:
        writer = writer_library.Writer(stream, chunk_size=50_000, compression=writer_library.CompressionType.NONE)
        writer.start(profile="ros2", library="test")
        schema = writer.register_schema(TEXT, "ros2msg", b"string data")
        channels = {topic: writer.register_channel(topic, "cdr", schema) for topic in ("/a", "/b")}
        for topic, _, time_ns, data in MESSAGES:
            writer.add_message(channels[topic], time_ns, data, time_ns)
        writer.finish()
    assert read(file) == (MESSAGES, [])
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        stream.write(b"\xff" * 100)
    messages, damage = read(file)
    assert 0 < len(MESSAGES) - len(messages) < 30, "one chunk of fifteen"
    assert set(messages) < set(MESSAGES), "nothing but what was recorded"
    assert messages[-1] == MESSAGES[-1]
    assert any("chunk of" in text and "lost" in text for text in damage), damage
    with file.open("r+b") as stream:  # and now without its index
        stream.truncate(file.stat().st_size - 100)
    assert set(read(file)[0]) == set(messages)


def test_a_broken_page_costs_few_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "bag", MESSAGES, "sqlite3")
    file = storage_file(path)
    data = bytearray(file.read_bytes())
    at = data.index(MESSAGES[150][3][8:60])
    page = at // 4096 * 4096
    data[page : page + 4096] = b"\x7f" * 4096
    file.write_bytes(data)
    messages, damage = read(path)
    assert len(set(messages) & set(MESSAGES)) >= len(MESSAGES) - 6
    assert len(messages) < len(MESSAGES)
    assert "lost" in damage[-1]


@BOTH
def test_no_message_is_lost_in_silence_and_none_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    monkeypatch.setattr(sqlite_file, "GIVE_UP_ROWS", len(MESSAGES))
    written = texts(40, size=400)
    path = write(tmp_path / "bag", written, storage)
    sound = storage_file(path).read_bytes()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        data = bytearray(sound)
        for at in rng.integers(0, len(data), rng.choice([1, 3, 20])):
            data[at] = rng.integers(0, 256)
        if seed % 3 == 0:
            del data[rng.integers(0, len(data)) :]
        storage_file(path).write_bytes(data)
        messages, damage = read(path)
        assert damage or len(messages) == len(written), f"seed {seed}: {len(messages)}"
        assert len(messages) == len(set(messages)), f"seed {seed}"


def test_messages_in_the_log_of_a_killed_recording_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "bag", MESSAGES[:100], "sqlite3")
    file = storage_file(path)
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.executemany(
        "INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)",
        [(1 if topic == "/a" else 2, time_ns, data) for topic, _, time_ns, data in MESSAGES[100:]],
    )
    database.commit()
    killed = tmp_path / "killed"
    shutil.copytree(path, killed)  # the state of the disk when the recorder dies
    database.close()
    messages, damage = read(killed)
    assert messages == MESSAGES
    assert "not closed" in damage[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "bag", MESSAGES[:10], "mcap")
    file = storage_file(path)
    file.rename(tmp_path / "elsewhere.mcap")
    assert read(path) == ([], [f"{file.name}: missing, though metadata.yaml names it"])


@pytest.mark.parametrize("suffix", BY_SUFFIX)
@pytest.mark.parametrize("content", [b"", b"not a bag at all" * 100])
def test_a_file_of_random_bytes_gives_no_message_and_is_named(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    messages, damage = read(path)
    assert messages == []
    assert damage


def test_what_is_not_a_bag_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    for path in (tmp_path, tmp_path / "x.txt", tmp_path / "missing"):
        with pytest.raises(ValueError, match="not a bag"):
            Bag(path)


def test_times_are_those_of_the_log(tmp_path: Path) -> None:
    assert read(write(tmp_path / "bag", MESSAGES[:1]))[0][0][2] == START_NS
