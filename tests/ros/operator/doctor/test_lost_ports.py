# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Ports of Fast DDS that a writer has lost: a mapped file that was removed, and a reader of the one that came after."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grin_ros.ros.operator.doctor import lost_ports as module
from grin_ros.ros.operator.doctor.finding import Severity
from grin_ros.ros.operator.doctor.lost_ports import LostPort, lost_port_findings, lost_ports

pytestmark = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists its locks in /proc/locks")

PORT = 65499
HERE = LostPort(PORT, os.getpid(), os.getpid())


@pytest.fixture
def port(tmp_path: Path) -> Path:
    file = tmp_path / f"fastrtps_port{PORT}"
    file.write_bytes(bytes(mmap.PAGESIZE))
    return file


@pytest.fixture
def written(port: Path) -> Iterator[mmap.mmap]:
    """Map the port, as a writer does."""
    with port.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        yield mapped


@pytest.fixture
def read(port: Path) -> Iterator[None]:
    """Lock the file beside the port, as its reader does."""
    with Path(f"{port}_el").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("read")
def test_a_port_is_lost_once_its_file_is_replaced(port: Path, written: mmap.mmap) -> None:
    assert HERE not in lost_ports()
    port.unlink()
    port.write_bytes(bytes(mmap.PAGESIZE))
    assert HERE in lost_ports()
    written.close()
    assert HERE not in lost_ports()


@pytest.mark.usefixtures("read", "written")
def test_a_lock_of_the_same_number_on_another_device_is_another_one(
    port: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port.unlink()
    inode = Path(f"{port}_el").stat().st_ino
    (tmp_path / "locks").write_text(
        f"1: FLOCK  ADVISORY  WRITE 1 ff:ff:{inode} 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 2\n"
    )
    (tmp_path / str(os.getpid())).mkdir()
    (tmp_path / str(os.getpid()) / "maps").write_bytes(Path("/proc/self/maps").read_bytes())
    monkeypatch.setattr(module, "PROCESSES", tmp_path)
    assert not lost_ports()


def test_mapped_files_need_no_names_in_utf_8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9"
    with open(name, "w+b") as file:
        file.write(b"x")
        file.flush()
        with mmap.mmap(file.fileno(), 0):
            assert HERE not in lost_ports()


@pytest.mark.usefixtures("written")
def test_a_port_that_nobody_reads_any_more_is_not_lost(port: Path) -> None:
    port.unlink()
    assert HERE not in lost_ports()
    Path(f"{port}_el").touch()  # of a reader that was killed
    assert HERE not in lost_ports()


@pytest.mark.usefixtures("read", "written")
def test_the_finding_names_both_processes_and_what_to_do(port: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NOTICED_S", 0.0)
    port.unlink()
    (found,) = (each for each in lost_port_findings() if each.text.count(f"process {os.getpid()} (") == 2)
    assert found.level is Severity.ERROR
    assert f"start process {os.getpid()} (" in found.remedy


@pytest.mark.usefixtures("read")
def test_what_writers_notice_by_themselves_is_no_finding(
    port: Path, written: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    port.unlink()
    monkeypatch.setattr(module.time, "sleep", lambda _: written.close())
    assert not [each for each in lost_port_findings() if str(os.getpid()) in each.text]


def test_a_system_without_proc_has_no_lost_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROCESSES", tmp_path)
    assert not lost_ports()
