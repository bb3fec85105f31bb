# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every encoding, row padding and byte order gives the same RGB, with both libraries; bad images are refused."""

from __future__ import annotations

import logging
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from grin_ros.ros.inputs.images import ENCODINGS, Converter, check_layout, open_converter
from tests.ros.inputs import converters

BAYER = {"rggb": "RGGB", "bggr": "BGGR", "gbrg": "GBRG", "grbg": "GRBG"}


@pytest.fixture(scope="module", params=["rosbags-image", "cv_bridge"])
def converter(request: pytest.FixtureRequest) -> Converter:
    """A converter with each of the two libraries."""
    with converters.installed(converters.module() if request.param == "cv_bridge" else None):
        opened = open_converter()
    assert opened.name == request.param
    return opened


def encode(rgb: NDArray[np.uint8], encoding: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Return the bytes (H, row bytes) of `rgb` in this encoding, the expected RGB, and by how much it may differ."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    height = len(rgb)
    if "16" in encoding:
        narrow, expected, _ = encode(rgb, encoding.replace("16", "8"))
        wide = narrow.astype(np.uint16) * 257 - np.uint16(100)  # swapped it would be another value
        return wide.view(np.uint8).reshape(height, -1), expected, 1
    if encoding in ("rgb8", "bgr8", "rgba8", "bgra8"):
        order = {"r": red, "g": green, "b": blue, "a": np.full_like(red, 77)}
        return np.stack([order[letter] for letter in encoding[:-1]], -1).reshape(height, -1), rgb, 0
    if encoding == "mono8":
        return green.copy(), np.stack([green] * 3, -1), 0
    if encoding.startswith("bayer_"):
        flat = np.broadcast_to(rgb[0, 0], rgb.shape)  # a mosaic of one colour demosaics to it exactly
        pattern = BAYER[encoding[6:10]]
        mosaic = np.empty(rgb.shape[:2], np.uint8)
        for index, letter in enumerate(pattern):
            mosaic[index // 2 :: 2, index % 2 :: 2] = flat[0, 0, "RGB".index(letter)]
        return mosaic, flat, 0
    luma_first = encoding in ("yuyv", "yuv422_yuy2")
    packed = np.empty((height, rgb.shape[1], 2), np.uint8)
    luma, chroma = (0, 1) if luma_first else (1, 0)
    packed[..., luma] = green
    packed[..., chroma] = 128  # grey: BT.601 luma 16 to 235 becomes 0 to 255
    grey = np.clip(np.rint((green.astype(float) - 16) * 255 / 219), 0, 255).astype(np.uint8)
    return packed.reshape(height, -1), np.stack([grey] * 3, -1), 1


def message(
    rows: NDArray[np.uint8], encoding: str, width: int, padding: int, big_endian: bool, last_row: bool
) -> Image:
    """Return a message with `padding` bytes after each row (after the last one only if last_row)."""
    height = len(rows)
    if big_endian and "16" in encoding:
        rows = rows.view(np.uint16).byteswap().view(np.uint8)
    padded = np.full((height, rows.shape[1] + padding), 0xAB, np.uint8)
    padded[:, : rows.shape[1]] = rows
    data = padded.tobytes()
    made = Image(height=height, width=width, encoding=encoding, step=padded.shape[1], is_bigendian=int(big_endian))
    made.data.frombytes(data if last_row else data[: len(data) - padding])
    return made


@settings(max_examples=120)
@given(
    encoding=st.sampled_from(sorted(ENCODINGS)),
    height=st.integers(3, 9),
    half_width=st.integers(2, 6),
    padding=st.integers(0, 37),
    big_endian=st.booleans(),
    last_row=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_every_encoding_padding_and_byte_order(
    converter: Converter,
    encoding: str,
    height: int,
    half_width: int,
    padding: int,
    big_endian: bool,
    last_row: bool,
    seed: int,
) -> None:
    rgb = np.random.default_rng(seed).integers(16, 236, (height, 2 * half_width, 3), np.uint8)
    rows, expected, tolerance = encode(rgb, encoding)
    got = converter(message(rows, encoding, rgb.shape[1], padding, big_endian, last_row))
    assert got.shape == rgb.shape
    assert got.dtype == np.uint8
    inner = np.s_[1:-1, 1:-1] if encoding.startswith("bayer") else np.s_[:]
    assert np.abs(got[inner].astype(int) - expected[inner].astype(int)).max() <= tolerance


def test_one_row_with_padding_and_the_other_byte_order(converter: Converter) -> None:
    rgb = np.arange(40, 52, dtype=np.uint8).reshape(1, 4, 3)
    rows, expected, tolerance = encode(rgb, "rgb16")
    given = message(rows, "rgb16", 4, 5, True, True)
    before = bytes(given.data)
    assert np.abs(converter(given).astype(int) - expected.astype(int)).max() <= tolerance
    assert bytes(given.data) == before


def test_capital_letters_in_an_encoding_do_not_matter(converter: Converter) -> None:
    rgb = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    for encoding in ("RGB8", "Bgr8"):
        rows, expected, _ = encode(rgb, encoding.lower())
        assert (converter(message(rows, encoding, 4, 0, False, True)) == expected).all()


def test_sixteen_bits_are_the_full_range_and_keep_their_channels(converter: Converter) -> None:
    colour = {"r": 65535, "g": 32768, "b": 257, "a": 1}
    for encoding in ("rgb16", "bgr16", "rgba16", "bgra16"):
        rows = np.tile(np.array([colour[letter] for letter in encoding[:-2]], "<u2"), (4, 6)).view(np.uint8)
        red, green, blue = converter(message(rows, encoding, 6, 0, False, True))[2, 2].tolist()
        assert red == 255, encoding
        assert green in (127, 128), encoding
        assert blue == 1, encoding


def test_colours_of_yuv(converter: Converter) -> None:
    """A red picture, encoded by the formula of BT.601, comes back red and not blue, in both byte orders of the pair."""
    luma, u, v = 82, 90, 240
    for encoding, block in (("yuv422", [u, luma, v, luma]), ("yuyv", [luma, u, luma, v])):
        rows = np.tile(np.array(block, np.uint8), (4, 3))
        red = converter(message(rows, encoding, 6, 0, False, True))[2, 2].astype(int)
        assert red[0] > 240, (encoding, red)
        assert red[1:].max() < 15, (encoding, red)


def test_mosaic_of_a_picture_keeps_its_edges(converter: Converter) -> None:
    """Left half red, right half blue: each side has its own colour, so the pattern's phase is right."""
    rgb = np.zeros((8, 12, 3), np.uint8)
    rgb[:, :6, 0], rgb[:, 6:, 2] = 200, 200
    for name, pattern in BAYER.items():
        mosaic = np.empty(rgb.shape[:2], np.uint8)
        for index, letter in enumerate(pattern):
            rows, cols = np.s_[index // 2 :: 2], np.s_[index % 2 :: 2]
            mosaic[rows, cols] = rgb[rows, cols, "RGB".index(letter)]
        got = converter(message(mosaic, f"bayer_{name}8", 12, 3, False, True))
        assert got[4, 2].tolist() == [200, 0, 0], name
        assert got[4, 9].tolist() == [0, 0, 200], name


def broken(**fields: Any) -> Image:
    made = message(np.zeros((4, 12), np.uint8), "rgb8", 4, 0, False, True)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (broken(encoding="rgb9"), "did you mean 'rgb8'"),
        (broken(encoding=""), "got encoding ''"),
        (
            broken(encoding="8UC3"),
            "say what its channels are where it is made, with cv_bridge: cv2_to_imgmsg(image, 'bg",
        ),
        (broken(encoding="32FC1"), "got encoding '32FC1', which is depth, expected a picture; remap image"),
        (broken(encoding="16UC1"), "got encoding '16UC1', which is depth"),
        (broken(width=0), "got 0x4, expected 1 to 64000000 pixels"),
        (broken(height=0), "got 4x0"),
        (broken(width=60000, height=60000, step=180000), "got 60000x60000, expected 1 to 64000000 pixels"),
        (broken(width=2**32 - 1, height=2**32 - 1, step=2**32 - 1), "got 4294967295x4294967295"),
        (broken(step=11), "got step 11, expected at least 12 bytes"),
        (broken(step=0), "got step 0"),
        (broken(height=5), "truncated: got 48 bytes, expected 60"),
        (broken(step=2**32 - 1), "truncated"),
        (broken(encoding="yuyv", width=3, step=6), "even width"),
        (broken(encoding="bayer_rggb8", width=2, step=12), "at least 3x3"),
        (broken(encoding="bayer_rggb16", width=7, step=12), "got step 12, expected at least 14 bytes"),
    ],
)
def test_what_is_no_image_is_refused_with_got_and_expected(converter: Converter, image: Image, text: str) -> None:
    with pytest.raises(ValueError, match=r"^image: ") as raised:
        converter(image)
    assert text in str(raised.value)


def test_the_check_allocates_nothing_for_what_is_declared() -> None:
    """64 million declared pixels with 48 bytes of data: refused by arithmetic."""
    with pytest.raises(ValueError, match="truncated: got 48 bytes, expected 192000000"):
        check_layout(broken(width=8000, height=8000, step=24000))


def test_a_converter_that_fails_is_named() -> None:
    def fail(_: Image) -> NDArray[np.uint8]:
        raise cv2.error("no such code")

    with pytest.raises(ValueError, match=r"image: broken cannot convert 'mono8' to 'rgb8': no such code"):
        Converter("broken", fail)(message(np.zeros((4, 4), np.uint8), "mono8", 4, 0, False, True))


def test_a_cv_bridge_that_does_not_work_is_logged_and_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """A cv_bridge that was built for another NumPy raises at its first use, or gives wrong colours."""

    class Raises:
        def imgmsg_to_cv2(self, *_: Any, **__: Any) -> None:
            raise AttributeError("_ARRAY_API not found")

    class Swaps(converters.CvBridge):
        def imgmsg_to_cv2(self, img_msg: Any, desired_encoding: str = "passthrough") -> NDArray[Any]:
            return super().imgmsg_to_cv2(img_msg, desired_encoding)[..., ::-1]

    for bridge, reason in ((Raises, "_ARRAY_API not found"), (Swaps, "came back as")):
        caplog.clear()
        with converters.installed(converters.module(bridge)), caplog.at_level(logging.WARNING):
            assert open_converter().name == "rosbags-image"
        assert reason in caplog.text


def test_without_any_library_the_remedy_is_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rosbags.image", None)
    with converters.installed(None), pytest.raises(ValueError, match="pip install rosbags-image"):
        open_converter()
