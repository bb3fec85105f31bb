# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The camera of a picture: from EXIF, an angle or a calibration, resized with the picture."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.core.photo.exif import Exif, read_exif

CALIBRATED = Camera(640, 480, 500.0, 501.5, 318.25, 241.0, "plumb_bob", (-0.2, 0.05))


def exif_block(order: str, focal_mm: int, width: int, height: int) -> bytes:
    """The TIFF structure that a camera writes: a first folder, which points to the one of EXIF."""
    mark = {"<": b"II", ">": b"MM"}[order]
    first = struct.pack(f"{order}HHHII", 1, 0x8769, 4, 1, 26) + bytes(4)
    rows = [struct.pack(f"{order}HHIHH", 0xA405, 3, 1, focal_mm, 0)]
    rows += [struct.pack(f"{order}HHII", tag, 4, 1, size) for tag, size in ((0xA002, width), (0xA003, height))]
    return mark + struct.pack(f"{order}HI", 42, 8) + first + struct.pack(f"{order}H", 3) + b"".join(rows) + bytes(4)


def with_exif(path: Path, block: bytes) -> Path:
    """Put an EXIF block into a JPEG or PNG file."""
    data = path.read_bytes()
    if path.suffix == ".png":
        end = data.index(b"IEND") - 4
        data = data[:end] + struct.pack(">I", len(block)) + b"eXIf" + block + bytes(4) + data[end:]
    else:
        segment = b"Exif\0\0" + block
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    path.write_bytes(data)
    return path


@pytest.fixture(params=[".jpg", ".png"])
def photograph(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"photo{request.param}"
    cv2.imwrite(str(path), np.full((30, 40, 3), 99, np.uint8))
    return path


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_both_byte_orders(photograph: Path, order: str) -> None:
    assert read_exif(with_exif(photograph, exif_block(order, 26, 4032, 3024))) == Exif(26, 4032, 3024)


def test_a_picture_without_exif_or_with_damaged_exif_has_zeros(photograph: Path) -> None:
    assert read_exif(photograph) == Exif()
    assert read_exif(with_exif(photograph, exif_block("<", 26, 4032, 3024)[:30])) == Exif()


def test_the_focal_length_of_film_is_scaled_by_the_diagonal() -> None:
    known = CameraChoice()(3000, 2000, Exif(50, 6000, 4000))
    assert known.camera.fx == known.camera.fy == pytest.approx(50 / 36 * 3000)
    assert (known.camera.cx, known.camera.cy) == (1499.5, 999.5)
    assert "EXIF" in known.source
    assert not known.assumed
    turned = CameraChoice()(2000, 3000, Exif(50, 6000, 4000))
    assert turned.camera.fx == pytest.approx(known.camera.fx)


@pytest.mark.parametrize("exif", [None, Exif(), Exif(0, 640, 480), Exif(26, 640, 640)])
def test_an_assumption_is_made_and_told_without_exif_and_for_a_cropped_picture(exif: Exif | None) -> None:
    for size in ((640, 480), (480, 640)):
        known = CameraChoice()(*size, exif)
        assert known.assumed
        assert max(known.camera.fov_deg()) == pytest.approx(60.0)
        assert "60 degrees" in known.source


@pytest.mark.parametrize("fov_deg", [1.0, 60.0, 90.0, 179.0])
def test_fov_is_horizontal_and_goes_before_exif(fov_deg: float) -> None:
    known = CameraChoice(fov_deg=fov_deg)(480, 640, Exif(26, 480, 640))
    assert known.camera.fov_deg()[0] == pytest.approx(fov_deg)
    assert not known.assumed


@pytest.mark.parametrize("fov_deg", [0.9, 179.1, 0.0, -60.0, math.nan, math.inf])
def test_a_fov_that_no_picture_has_is_refused(fov_deg: float) -> None:
    with pytest.raises(InputError, match="expected 1 to 179; give the horizontal angle"):
        CameraChoice(fov_deg=fov_deg)(640, 480)


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (1280, 960), (1000, 750), (333, 250)])
def test_a_calibration_is_resized_with_the_picture(size: tuple[int, int]) -> None:
    camera = CameraChoice(CALIBRATED)(*size).camera
    assert camera == CALIBRATED.resized(*size)
    # The same point of the scene stays at the same share of the picture.
    share = (camera.project([0.1, 0.2, 1.0]) + 0.5) / size
    np.testing.assert_allclose(share, (CALIBRATED.project([0.1, 0.2, 1.0]) + 0.5) / (640, 480))


@pytest.mark.parametrize("size", [(480, 640), (640, 360), (640, 470)])
def test_a_calibration_of_other_sides_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="calibrated for 640x480 px, which is another ratio of sides"):
        CameraChoice(CALIBRATED)(*size)
