# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The content of an image topic by what its messages declare: depth, or a picture.

The node, `grin bag` and `grin doctor` all ask this function, so that none of them takes depth for a picture.
"""

from __future__ import annotations

from sensor_msgs.msg import CompressedImage, Image

from grin_ros.core.picture_stream import PNG

_DEPTH_ENCODINGS = {"16uc1", "16sc1", "32sc1", "32fc1", "64fc1"}
"""Encodings of one channel that is not a brightness. Depth comes as 16UC1 (millimetres) or 32FC1 (metres, REP 118)."""
_DEPTH_TRANSPORT = "compresseddepth"
_GREY_16 = bytes((16, 0))  # the bit depth and the colour type in the header of a PNG stream


def is_depth(message: Image | CompressedImage) -> bool:
    """Return True if a message declares that it holds depth or another quantity, not a picture.

    A compressed image declares the encoding before its compression in `format`: '16UC1; png compressed ' comes from
    compressed_image_transport, '16UC1; compressedDepth' from compressed_depth_image_transport. A format without an
    encoding, such as 'png', declares a picture, unless the stream is a grey PNG of 16 bits.
    """
    declared = (message.format if isinstance(message, CompressedImage) else message.encoding)[:256].lower()
    if declared.partition(";")[0].strip() in _DEPTH_ENCODINGS or _DEPTH_TRANSPORT in declared:
        return True
    if not isinstance(message, CompressedImage) or "16" in declared:
        return False
    head = bytes(message.data[:26])
    return head.startswith(PNG) and head[24:26] == _GREY_16
