# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG decode to the image that was encoded; bombs, truncated and foreign streams are refused."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

from grin_ros.ros.inputs.compressed import check_stream, decode
from grin_ros.ros.inputs.images import open_converter
from tests.ros.inputs import converters
from tests.ros.inputs.test_content import DEPTH_FORMATS

with converters.installed(None):
    CONVERTER = open_converter()


def stream(image: NDArray[np.uint8] | NDArray[np.uint16], extension: str, *options: int) -> bytes:
    done, data = cv2.imencode(extension, image, list(options))
    assert done
    return bytes(data.tobytes())


def message(data: bytes, declared: str = "jpeg") -> CompressedImage:
    made = CompressedImage(format=declared)
    made.data.frombytes(data)
    return made


def decoded(image: CompressedImage) -> NDArray[np.uint8]:
    """Check a message, and return its RGB."""
    return decode(check_stream(image), CONVERTER)


def gradient(height: int = 24, width: int = 40) -> NDArray[np.uint8]:
    """Return a smooth RGB image, which JPEG changes little."""
    v, u = np.mgrid[:height, :width]
    return np.stack([u * 5, v * 9, 255 - u * 3 - v], -1).astype(np.uint8)


def test_png_is_exact_and_jpeg_close() -> None:
    rgb = gradient()
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    np.testing.assert_array_equal(decoded(message(stream(bgr, ".png"), "png")), rgb)
    quality = (int(cv2.IMWRITE_JPEG_QUALITY), 98, int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR), 0x111111)
    got = decoded(message(stream(bgr, ".jpg", *quality), "rgb8; jpeg compressed bgr8"))
    assert np.abs(got.astype(int) - rgb.astype(int)).max() <= 8


@pytest.mark.parametrize("extension", [".png", ".jpg"])
@pytest.mark.parametrize("declared", DEPTH_FORMATS)
def test_compressed_depth_is_refused_whatever_its_stream(declared: str, extension: str) -> None:
    depth = np.full((24, 40), 180, np.uint16 if extension == ".png" else np.uint8)
    with pytest.raises(ValueError, match=r"which is depth, expected a picture; remap image/compressed to"):
        check_stream(message(stream(depth, extension), declared))


@settings(max_examples=25)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    extension=st.sampled_from([".jpg", ".png"]),
    grey=st.booleans(),
    progressive=st.booleans(),
)
def test_the_size_in_the_header_is_the_size_of_the_image(
    width: int, height: int, extension: str, grey: bool, progressive: bool
) -> None:
    image = np.zeros((height, width) if grey else (height, width, 3), np.uint8)
    options = (int(cv2.IMWRITE_JPEG_PROGRESSIVE), int(progressive)) if extension == ".jpg" else ()
    info = check_stream(message(stream(image, extension, *options)))
    assert (info.width, info.height, info.grey) == (width, height, grey)


def test_a_grey_bayer_stream_is_demosaiced_and_a_coloured_one_is_not() -> None:
    mosaic = np.zeros((8, 8), np.uint8)
    mosaic[::2, ::2] = 200  # red of rggb
    got = decoded(message(stream(mosaic, ".png"), "bayer_rggb8; png compressed bayer_rggb8"))
    assert got[4, 4].tolist() == [200, 0, 0]
    rgb = gradient()
    coloured = stream(np.ascontiguousarray(rgb[..., ::-1]), ".png")
    got = decoded(message(coloured, "bayer_rggb8; png compressed bgr8"))
    np.testing.assert_array_equal(got, rgb)


def test_png_of_sixteen_bits_mono_and_mosaic() -> None:
    mosaic = np.zeros((8, 8), np.uint16)
    mosaic[::2, ::2] = 200 * 257
    got = decoded(message(stream(mosaic, ".png"), "bayer_rggb16; png compressed bayer_rggb16"))
    assert got[4, 4].tolist() == [200, 0, 0]
    grey = np.full((8, 8), 150 * 257, np.uint16)
    got = decoded(message(stream(grey, ".png"), "mono16; png compressed mono16"))
    assert got[4, 4].tolist() == [150, 150, 150]


def test_a_rotation_tag_does_not_turn_the_image() -> None:
    """The camera was calibrated for the image as the sensor gives it."""
    jpeg = stream(gradient(24, 40), ".jpg")
    exif = b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + b"\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    assert decoded(message(turned)).shape == (24, 40, 3)


def test_a_small_stream_that_declares_a_huge_image_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"IEND"
    with pytest.raises(ValueError, match=r"got 60000x60000, expected 1 to 64000000 pixels"):
        decoded(message(bomb, "png"))


@pytest.mark.parametrize("extension", [".jpg", ".png"])
@settings(max_examples=60)
@given(share=st.floats(0.0, 0.995))
def test_a_truncated_stream_is_refused_wherever_it_ends(extension: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    whole = stream(noise, extension)
    part = whole[: int(share * len(whole))]
    with pytest.raises(ValueError, match=r"^compressed image: "):
        check_stream(message(part))  # not left to OpenCV: some versions fill the rest of a JPEG with grey
    with pytest.raises(ValueError, match=r"^compressed image: "):
        decoded(message(part))


@settings(max_examples=200)
@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_bytes_are_decoded_or_refused(data: bytes, start: bytes) -> None:
    """Nothing else than ValueError comes out."""
    with pytest.raises(ValueError, match=r"^compressed image: "):
        decoded(message(start + data))


def test_another_format_is_named() -> None:
    with pytest.raises(ValueError, match=r"format 'tiff' that begin with 49 49 2a 00, expected a JPEG or PNG stream"):
        decoded(message(b"II*\0rest", "tiff"))
