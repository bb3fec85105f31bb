# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The storage files of a bag: those that metadata.yaml names, or those that lie there if it is missing."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grin_ros.core.input_error import InputError
from grin_ros.ros.bags.storage.formats import BY_SUFFIX, STORAGES, Storage
from grin_ros.ros.bags.storage.mcap_file import mcap_profile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROOT = "rosbag2_bagfile_information"
"""The key of metadata.yaml under which rosbag2 keeps everything."""
PACKED = ".zstd"
"""The suffix of a storage file that `ros2 bag record --compression-mode file` has packed."""
ROS1_MAGIC = b"#ROSBAG V"
SUFFIXES = f"{', '.join(BY_SUFFIX)}, alone or with {PACKED} behind it"


@dataclass(frozen=True)
class Source:
    """One storage file. unpacked: for a packed one, the same file unpacked, if it lies beside it too."""

    path: Path
    storage: Storage
    unpacked: Path | None = None

    @property
    def packed(self) -> bool:
        """True if the file has to be unpacked before it can be read."""
        return self.path.suffix == PACKED


@dataclass(frozen=True)
class Listing:
    """The files of a bag, in the order in which they are read.

    packs_messages: the metadata says that each message is compressed. damage: what is wrong with the metadata, or ''.
    ignored: storage files in the folder that the metadata does not name.
    """

    sources: tuple[Source, ...]
    packs_messages: bool = False
    damage: str = ""
    ignored: tuple[Path, ...] = ()


def listing(path: Path) -> Listing:
    """Find the files of a bag. Raises InputError if there are none, or if they are of a kind that cannot be read."""
    if path.is_file():
        _refuse_ros1(path)
        if (storage := _storage_of(path)) is None:
            raise InputError(f"{path}: not a bag", f"give a bag directory, or a file that ends in {SUFFIXES}")
        return Listing((Source(path, storage),))
    if not path.is_dir():
        raise InputError(f"{path}: not a bag: there is no such file or directory", "check the path")
    found = sorted((p for p in path.iterdir() if p.is_file() and _storage_of(p)), key=_by_number)
    for file in [*found, *path.glob("*.bag")]:
        _refuse_ros1(file)
    try:
        known = yaml.safe_load((path / "metadata.yaml").read_text())[ROOT]
        names = list(dict.fromkeys(Path(name).name for name in known["relative_file_paths"]))
        if not names:
            raise ValueError("it names no file")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        if not found:
            raise InputError(
                f"{path}: not a bag: no readable metadata.yaml, no .mcap and no .db3 in it",
                "give the directory that holds the storage files",
            ) from error
        damage = f"metadata.yaml: missing or unreadable ({type(error).__name__}); the files are read by name"
        alone = [p for p in found if p.suffix == PACKED or p.with_name(p.name + PACKED) not in found]
        return Listing(tuple(_source(p, found, None) for p in alone), damage=damage)
    return _described(path, known, names, found)


def _described(path: Path, known: Mapping[str, Any], names: list[str], found: list[Path]) -> Listing:
    """Return the listing of a directory with metadata. known: its content. names: the files that it names."""
    identifier, packing = str(known.get("storage_identifier")), str(known.get("compression_format") or "")
    mode = str(known.get("compression_mode") or "").lower()
    if mode not in ("", "none") and packing not in ("", "zstd"):
        raise InputError(
            f"{path}: its compression is '{packing}', expected zstd",
            "write it without compression by `ros2 bag convert` on the machine that recorded it",
        )
    sources = []
    for name in names:
        place = path / name
        if not place.is_file():  # after `unzstd --rm` or `zstd --rm`, the same file has the other name
            other = place.with_suffix("") if place.suffix == PACKED else place.with_name(name + PACKED)
            place = other if other.is_file() else place
        if _storage_of(place) is None and identifier not in STORAGES:
            raise InputError(
                f"{path}: its storage is '{identifier}', expected one of {', '.join(STORAGES)}",
                "convert it by `ros2 bag convert` on a machine with the plugin of that storage",
            )
        sources.append(_source(place, found, STORAGES.get(identifier)))
    used = {name for source in sources for name in _both_names(source.path)}
    return Listing(tuple(sources), mode == "message", "", tuple(p for p in found if p.name not in used))


def _source(path: Path, found: list[Path], default: Storage | None) -> Source:
    storage = _storage_of(path) or default
    assert storage is not None
    plain = path.with_suffix("")
    return Source(path, storage, plain if path.suffix == PACKED and plain in found else None)


def _both_names(path: Path) -> tuple[str, str]:
    plain = path.name.removesuffix(PACKED)
    return plain, plain + PACKED


def _storage_of(path: Path) -> Storage | None:
    return BY_SUFFIX.get(Path(path.name.removesuffix(PACKED)).suffix.lower())


def _by_number(path: Path) -> list[int | str]:
    """Return a key that sorts drive_9 before drive_10."""
    return [int(text) if text.isdigit() else text for text in re.split(r"(\d+)", path.name)]


def _refuse_ros1(path: Path) -> None:
    """Raise InputError for a recording of ROS 1: a .bag file, or an MCAP file that was made of one."""
    try:
        with path.open("rb") as file:
            if file.read(len(ROS1_MAGIC)) == ROS1_MAGIC:
                source = path
            else:
                file.seek(0)
                with zstd.open(file, "rb") if path.suffix == PACKED else file as stream:
                    if mcap_profile(stream) != "ros1":
                        return
                source = path.with_suffix(".bag")
    except (OSError, EOFError, zstd.ZstdError):
        return  # whoever reads the file says what is wrong with it
    raise InputError(
        f"{path}: this is a ROS 1 recording",
        f"convert it{'' if source == path else ', or rather the .bag file that it was made of,'} with rosbags-convert: "
        f"rosbags-convert --src {source} --dst {source.with_suffix('')}",
    )
