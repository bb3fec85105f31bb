# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images and depth maps of two folders are paired by their names, else by their order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.input_error import InputError
from grin_ros.lab.datasets.images import paired, read_image


def folders(root: Path, images: Sequence[str], maps: Sequence[str]) -> tuple[Path, Path]:
    """Write images and depth maps of these names, and return their folders. Only the images have to be readable."""
    rgb, depth = root / "rgb", root / "depth"
    rgb.mkdir()
    depth.mkdir()
    picture = np.zeros((4, 6, 3), np.uint8)
    for name in images:
        coded = cv2.imencode(".png" if name.lower().endswith("png") else ".jpg", picture)[1]
        (rgb / name).write_bytes(coded.tobytes())
    for name in maps:
        (depth / name).write_bytes(b"")
    return rgb, depth


def names(pairs: Sequence[tuple[Path, Path]]) -> list[tuple[str, str]]:
    return [(image.name, depth.name) for image, depth in pairs]


def test_files_of_one_name_belong_together_whatever_their_suffix(tmp_path: Path) -> None:
    rgb, depth = folders(
        tmp_path, ["a.jpeg", "b.JPG", "c.png", "d.jpg"], ["a.PNG", "b.tif", "c.TIFF", "d.npy", "x.txt"]
    )
    pairs, warning = paired(rgb, depth)
    assert names(pairs) == [("a.jpeg", "a.PNG"), ("b.JPG", "b.tif"), ("c.png", "c.TIFF"), ("d.jpg", "d.npy")]
    assert warning == ""


def test_files_without_a_partner_are_left_out_and_told(tmp_path: Path) -> None:
    rgb, depth = folders(tmp_path, ["f0.png", "f1.png", "f3.png"], ["f0.png", "f2.png", "f3.png"])
    pairs, warning = paired(rgb, depth)
    assert names(pairs) == [("f0.png", "f0.png"), ("f3.png", "f3.png")]
    assert warning == "2 files are left out: no file of the other folder has their name, for instance f1.png"


def test_without_common_names_the_order_counts_and_numbers_are_sorted_by_value(tmp_path: Path) -> None:
    images = ["img9.png", "img10.png", "img11.png"]
    rgb, depth = folders(tmp_path, images, ["depth009.png", "depth010.png", "depth011.png"])
    pairs, warning = paired(rgb, depth)
    assert names(pairs) == [("img9.png", "depth009.png"), ("img10.png", "depth010.png"), ("img11.png", "depth011.png")]
    assert warning.startswith("no names agree, so files are paired by their order, img9.png with depth009.png to img11")


def test_fractions_of_a_stamp_are_sorted_by_value_too(tmp_path: Path) -> None:
    rgb, depth = folders(tmp_path, ["2.5.png", "2.25.png", "10.125.png"], ["a1.png", "a2.png", "a3.png"])
    pairs, _ = paired(rgb, depth)
    assert [image.name for image, _ in pairs] == ["2.25.png", "2.5.png", "10.125.png"]


def test_different_numbers_without_common_names_are_refused(tmp_path: Path) -> None:
    rgb, depth = folders(tmp_path, ["a.png", "b.png"], ["depth_a.png"])
    with pytest.raises(InputError, match="got 2 images and 1 depth maps without common names; give a depth map the"):
        paired(rgb, depth)


@pytest.mark.parametrize(
    ("images", "maps", "message"),
    [
        (["a.png"], ["a.npy", "a.png"], "depth: got a.npy and a.png, expected one file of the name 'a'"),
        (["a.jpg", "a.png"], ["a.png"], "rgb: got a.jpg and a.png, expected one file of the name 'a'"),
    ],
)
def test_two_files_of_one_name_are_refused(
    tmp_path: Path, images: Sequence[str], maps: Sequence[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        paired(*folders(tmp_path, images, maps))


def test_maps_of_other_kinds_can_be_ignored(tmp_path: Path) -> None:
    pairs, _ = paired(*folders(tmp_path, ["a.png"], ["a.npy", "a.png"]), kinds=(".png",))
    assert names(pairs) == [("a.png", "a.png")]


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    rgb, depth = folders(tmp_path, ["a.png", os.fsdecode(b"caf\xe9.png")], ["a.png"])
    for call in (lambda: paired(rgb, depth), lambda: read_image(rgb / os.fsdecode(b"caf\xe9.png"))):
        with pytest.raises(InputError, match="got a name that is not UTF-8; rename the file or folder"):
            call()
