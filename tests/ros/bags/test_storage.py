# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Bags as every recorder leaves them: each message is read once, with and without metadata, and nothing is written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

import yaml
from rosbags.interfaces import ConnectionExtRosbag2, QosDurability, QosReliability
from rosbags.rosbag2 import CompressionMode

from grin_ros.ros.bags.reading import Bag, zstd
from grin_ros.ros.bags.storage.files import ROOT
from grin_ros.ros.bags.storage.formats import BY_SUFFIX, STORAGES
from tests.ros.bags.recorded import TEXT, Raw, storage_file, texts, write

MESSAGES = texts(24, size=200)
PARTS = 3
STEP = len(MESSAGES) // PARTS
MODES = {"none": CompressionMode.NONE, "file": CompressionMode.FILE, "message": CompressionMode.MESSAGE}


def read(path: Path) -> tuple[list[Raw], list[str]]:
    bag = Bag(path)
    return [(m.topic, m.kind, m.time_ns, m.data) for m in bag.messages()], bag.damage


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in (folder, *folder.iterdir())}


def split_bag(path: Path, storage: str, mode: CompressionMode) -> Path:
    """Write a bag of several files, as `ros2 bag record --max-bag-size` does."""
    path.mkdir()
    described: dict[str, Any] = {}
    for part in range(PARTS):
        one = write(path.parent / f"part_{part}", MESSAGES[part * STEP : (part + 1) * STEP], storage, mode)
        about = yaml.safe_load((one / "metadata.yaml").read_text())[ROOT]
        (name,) = about["relative_file_paths"]
        number = 8 + part  # 10 comes after 9
        new = f"{path.name}_{number}" + "".join(Path(name).suffixes)
        shutil.move(one / name, path / new)
        described = described or {**about, "relative_file_paths": []}
        described["relative_file_paths"].append(new)
    (path / "metadata.yaml").write_text(yaml.safe_dump({ROOT: described}))
    return path


@contextmanager
def read_only(path: Path) -> Iterator[Path]:
    """Mount a folder over itself, read-only, where this process may."""
    path.chmod(0o555)  # this alone does not stop root
    mounted = os.geteuid() == 0 and _ran("mount", "--bind", str(path), str(path))
    try:
        if mounted:
            _ran("mount", "-o", "remount,ro,bind", str(path))
        yield path
    finally:
        if mounted:
            subprocess.run(["umount", str(path)], check=True)
        path.chmod(0o755)


def _ran(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("described", [True, False], ids=["metadata", "no metadata"])
@pytest.mark.parametrize("split", [False, True], ids=["one file", "split"])
@pytest.mark.parametrize(("storage", "mode"), list(product(STORAGES, MODES)))
def test_each_message_is_read_once_whatever_the_recorder_chose(
    tmp_path: Path, storage: str, mode: str, split: bool, described: bool
) -> None:
    bag = (split_bag if split else write_all)(tmp_path / "bag", storage, MODES[mode])
    if not described:
        (bag / "metadata.yaml").unlink()
    before = state(bag)
    messages, damage = read(bag)
    assert messages == MESSAGES
    assert damage == ([] if described else [damage[0]])
    assert described or damage[0].startswith("metadata.yaml: missing")
    files = Bag(bag).files
    assert [read(file) for file in files] == [
        (MESSAGES[start : start + len(MESSAGES) // len(files)], [])
        for start in range(0, len(MESSAGES), len(MESSAGES) // len(files))
    ]
    with read_only(bag):
        assert read(bag) == (messages, damage)
    assert state(bag) == before


def write_all(path: Path, storage: str, mode: CompressionMode) -> Path:
    return write(path, MESSAGES, storage, mode)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_that_lies_there_packed_and_unpacked_is_read_once(tmp_path: Path, storage: str, described: bool) -> None:
    bag = split_bag(tmp_path / "bag", storage, CompressionMode.FILE)
    for packed in bag.glob("*.zstd"):  # as `ros2 bag play` leaves them
        packed.with_suffix("").write_bytes(zstd.decompress(packed.read_bytes()))
    if not described:
        (bag / "metadata.yaml").unlink()
    messages, damage = read(bag)
    assert messages == MESSAGES
    assert len(damage) == (not described)
    for packed in bag.glob("*.zstd"):
        packed.write_bytes(packed.read_bytes()[:100])
    assert read(bag)[0] == MESSAGES, "packing was interrupted: the unpacked files have everything"
    for packed in bag.glob("*.zstd"):
        packed.unlink()
    assert read(bag) == (MESSAGES, damage), "the same files under their other names"


@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_that_the_metadata_does_not_name_is_not_read_and_is_named(
    tmp_path: Path, storage: str, caplog: pytest.LogCaptureFixture
) -> None:
    bag = write(tmp_path / "bag", MESSAGES, storage)
    file = storage_file(bag)
    shutil.copy(file, file.with_name(f"recovered{file.suffix}"))
    assert read(bag) == (MESSAGES, [])
    assert f"recovered{file.suffix}: not read, because metadata.yaml does not name it" in caplog.text


@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_that_the_metadata_names_twice_is_read_once(tmp_path: Path, storage: str) -> None:
    bag = write(tmp_path / "bag", texts(6), storage)
    name = storage_file(bag).name
    metadata = bag / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace(f"- {name}", f"- {name}\n  - ./{name}", 1))
    assert metadata.read_text().count(f"./{name}") == 1
    assert [(m.topic, m.time_ns) for m in Bag(bag).messages()] == [(topic, ns) for topic, _, ns, _ in texts(6)]


@pytest.mark.parametrize("storage", STORAGES)
def test_capital_letters_in_a_suffix_do_not_matter(tmp_path: Path, storage: str) -> None:
    file = storage_file(write(tmp_path / "bag", texts(2), storage))
    shouting = file.rename(tmp_path / f"DRIVE{file.suffix.upper()}")
    assert len(list(Bag(shouting).messages())) == 2


def test_a_packed_message_that_is_broken_is_named(tmp_path: Path) -> None:
    bag = write(tmp_path / "bag", MESSAGES, "sqlite3", CompressionMode.MESSAGE)
    with sqlite3.connect(storage_file(bag)) as database:
        database.execute("UPDATE messages SET data = substr(data, 1, 20) WHERE id = 5")
    database.close()
    messages, damage = read(bag)
    assert messages == [*MESSAGES[:4], *MESSAGES[5:]]
    assert len(damage) == 1
    assert f"/a at {MESSAGES[4][2]} ns: cannot be unpacked" in damage[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"compression_mode": "MESSAGE", "compression_format": "lz4"}, "its compression is 'lz4', expected zstd"),
        ({"storage_identifier": "acme", "relative_file_paths": ["x.acme"]}, "its storage is 'acme', expected one of"),
    ],
)
def test_a_storage_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    bag = write(tmp_path / "bag", MESSAGES)
    described = yaml.safe_load((bag / "metadata.yaml").read_text())
    described[ROOT].update(changes)
    (bag / "metadata.yaml").write_text(yaml.safe_dump(described))
    with pytest.raises(ValueError, match=expected):
        Bag(bag)


@pytest.mark.parametrize("options", list(product(*[[True, False]] * 4, ["ALL", "NONE"])))
def test_an_mcap_file_with_any_part_of_an_index_is_read(tmp_path: Path, options: tuple[Any, ...]) -> None:
    mcap = pytest.importorskip("mcap.writer", reason="mcap writes files with parts of an index (pip install mcap)")
    chunks, statistics, channels, schemas, index = options
    file = tmp_path / "x.mcap"
    with file.open("wb") as stream:
        writer = mcap.Writer(
            stream,
            chunk_size=1000,
            use_chunking=chunks,
            use_statistics=statistics,
            repeat_channels=channels,
            repeat_schemas=schemas,
            index_types=mcap.IndexType[index],
            use_summary_offsets=index == "ALL",
        )
        writer.start(profile="", library="test")
        schema = writer.register_schema(TEXT, "ros2msg", b"string data")
        channel = {}
        for topic, _, time_ns, data in [*MESSAGES[STEP:], *MESSAGES[:STEP]]:  # not in the order of time
            if topic not in channel:
                channel[topic] = writer.register_channel(topic, "cdr", schema)
            writer.add_message(channel[topic], time_ns, data, time_ns)
        writer.finish()
    assert read(file) == (MESSAGES, [])
    stopped = list(Bag(file).messages({"/b"}, stop_ns=MESSAGES[10][2]))
    assert [m.time_ns for m in stopped] == [t for topic, _, t, _ in MESSAGES[:10] if topic == "/b"]
    contents = Bag(file).contents()
    if contents is not None:
        assert contents.counts == {"/a": 12, "/b": 12}
        assert (contents.start_ns, contents.end_ns) == (MESSAGES[0][2], MESSAGES[-1][2])


QOS_REST = """
  deadline: {sec: 2147483647, nsec: 4294967295}
  lifespan: {sec: 2147483647, nsec: 4294967295}
  liveliness: 1
  liveliness_lease_duration: {sec: 2147483647, nsec: 4294967295}
  avoid_ros_namespace_conventions: false"""
LATCHED = QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL, 5
UNKNOWN = QosReliability.UNKNOWN, QosDurability.UNKNOWN, 0
QOS_TEXTS: dict[str, tuple[str, list[Any]]] = {
    "numbers": (f"- history: 1\n  depth: 5\n  reliability: 1\n  durability: 1{QOS_REST}", [LATCHED]),
    "names": (
        f"- history: keep_last\n  depth: 5\n  reliability: reliable\n  durability: transient_local{QOS_REST}",
        [LATCHED],
    ),
    "four keys": ("- reliability: 1\n  durability: 1\n  history: 1\n  depth: 5", [LATCHED]),
    "unknown": ("- {reliability: 17, durability: perhaps, depth: many}", [UNKNOWN]),
    "times as texts": ("- {reliability: 1, durability: 1, depth: 5, deadline: infinite}", [LATCHED]),
    "two publishers": ("- {depth: 5, reliability: 1, durability: 1}\n- {}", [LATCHED, UNKNOWN]),
    "a mapping": ("history: 1\ndepth: 3", []),
    "a list of texts": ("[reliable, volatile]", []),
    "not YAML": ("- {history", []),
    "empty": ("", []),
    "an empty list": ("[]", []),
    "a date that is none": ("- 2001-99-99", []),
}


@pytest.mark.parametrize("name", QOS_TEXTS)
def test_a_qos_text_of_any_version_does_not_matter_to_the_messages(tmp_path: Path, name: str) -> None:
    text, expected = QOS_TEXTS[name]
    bag = write(tmp_path / "bag", MESSAGES, "sqlite3")
    with sqlite3.connect(storage_file(bag)) as database:
        database.execute("UPDATE topics SET offered_qos_profiles = ?", (text,))
    database.close()
    mcap = pytest.importorskip("mcap.writer", reason="mcap writes any QoS text (pip install mcap)")
    file = tmp_path / "x.mcap"
    with file.open("wb") as stream:
        writer = mcap.Writer(stream)
        writer.start(profile="ros2")
        schema = writer.register_schema(TEXT, "ros2msg", b"string data")
        channel = {t: writer.register_channel(t, "cdr", schema, {"offered_qos_profiles": text}) for t in ("/a", "/b")}
        for topic, _, time_ns, data in MESSAGES:
            writer.add_message(channel[topic], time_ns, data, time_ns)
        writer.finish()
    for path in (bag, file):
        assert read(path) == (MESSAGES, [])
        ext = next(Bag(path).messages()).connection.ext
        assert isinstance(ext, ConnectionExtRosbag2)
        assert [(qos.reliability, qos.durability, qos.depth) for qos in ext.offered_qos_profiles] == expected


def test_a_write_ahead_log_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    file = storage_file(write(tmp_path / "bag", MESSAGES[:10], "sqlite3"))
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode=WAL")
    rows = [(1 if topic == "/a" else 2, time_ns, data) for topic, _, time_ns, data in MESSAGES[10:]]
    database.executemany("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", rows)
    database.commit()
    killed = tmp_path / "killed"
    shutil.copytree(file.parent, killed, ignore=shutil.ignore_patterns("*-shm"))  # the disk when the recorder dies
    database.close()
    before = state(killed)
    with read_only(killed):
        messages, damage = read(killed)
        assert messages == MESSAGES
        assert "was not closed" in damage[0]
        contents = Bag(killed).contents()
        assert contents is not None
        assert sum(contents.counts.values()) == len(MESSAGES)
    assert state(killed) == before


@pytest.mark.parametrize("suffix", [".bag", *BY_SUFFIX])
def test_a_ros1_recording_is_refused_with_the_command_that_converts_it(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"old{suffix}"
    file.write_bytes(b"#ROSBAG V2.0\nwhatever")
    for path in (file, tmp_path):
        with pytest.raises(ValueError, match=f"ROS 1 recording.*rosbags-convert --src {file} --dst {tmp_path / 'old'}"):
            Bag(path)


def test_an_mcap_file_of_ros1_is_refused(tmp_path: Path) -> None:
    mcap = pytest.importorskip("mcap.writer", reason="mcap writes files of ROS 1 (pip install mcap)")
    file = tmp_path / "x.mcap"
    with file.open("wb") as stream:
        writer = mcap.Writer(stream)
        writer.start(profile="ros1")
        writer.finish()
    with pytest.raises(ValueError, match="this is a ROS 1 recording.*rosbags-convert --src"):
        Bag(file)
    file.rename(tmp_path / "unpacked")
    (tmp_path / "x.mcap.zstd").write_bytes(zstd.compress((tmp_path / "unpacked").read_bytes()))
    with pytest.raises(ValueError, match="this is a ROS 1 recording"):
        Bag(tmp_path / "x.mcap.zstd")


@pytest.mark.parametrize("chunked", [True, False])
def test_a_schema_that_is_no_text_costs_no_message(tmp_path: Path, chunked: bool) -> None:
    mcap = pytest.importorskip("mcap.writer", reason="mcap writes schemas of other encodings (pip install mcap)")
    file, odd = tmp_path / "x.mcap", bytes(range(128, 256))
    kinds = {"/gps": ("gps.Fix", "protobuf", odd), "/bad": ("a/msg/A", "ros2msg", odd)}
    kinds["/a"] = (TEXT, "ros2msg", b"string data")
    with file.open("wb") as stream:
        writer = mcap.Writer(stream, use_chunking=chunked)
        writer.start(profile="ros2")
        for topic, kind in kinds.items():
            channel = writer.register_channel(topic, "cdr", writer.register_schema(*kind))
            for number in range(3):
                writer.add_message(channel, number, b"\0\1\0\0whatever", number)
        writer.finish()
    bag = Bag(file)
    found = list(bag.messages())
    counts = dict.fromkeys(kinds, 3)
    assert Counter(m.topic for m in found) == counts
    assert {m.topic: m.connection.msgdef.data for m in found} == {"/gps": "", "/bad": "", "/a": "string data"}
    (damage,) = set(bag.damage)
    assert "the definition of a/msg/A cannot be read" in damage
    contents = Bag(file).contents()
    assert contents is not None
    assert contents.counts == counts
