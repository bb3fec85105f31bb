# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The table of everything about a picture or a camera that makes the depth of a frame doubtful."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Doubt:
    """A property of the input that no working and calibrated camera has. In `DOUBTS`, text is a template."""

    name: str
    """A few words, to count by and to look up in docs/guides/operations.md."""
    text: str
    """The observation and what it means for the robot."""
    remedy: str
    blind: bool = False
    """True if the picture shows nothing, so that no depth in it may clear a costmap."""

    def filled(self, **values: object) -> Doubt:
        """Return the doubt whose text has the values of one frame."""
        return replace(self, text=self.text.format(**values))


WITHHELD = "; obstacles, free_space and scan are not published"
"""The end of the text of each blind doubt."""
DOUBTS: Mapping[str, Doubt] = {
    doubt.name: replace(doubt, text=doubt.text + WITHHELD) if doubt.blind else doubt
    for doubt in (
        Doubt(
            "few bits",
            "no value of the 16-bit picture is above {peak} of 65535, as in pictures of 10 or 12 bits, so it is nearly "
            "black and its depth is a guess",
            "set the camera driver to an encoding of 8 bits, or let it shift the values to the full 16 bits",
            blind=True,
        ),
        Doubt(
            "row length",
            "a row of the picture has {bytes} bytes for each pixel, and its encoding {encoding} has {expected}, so the "
            "picture may be a stretched part of another one, and depth is wrong then",
            "let the node that publishes it declare the encoding of its pixels, such as bgr8 for a colour picture of "
            "OpenCV, or publish rows without padding",
            blind=True,
        ),
        Doubt(
            "nearly black",
            "the picture is nearly black (98 % of it below {level:.0f} of 255), so its depth is a guess",
            "check for a covered lens, the light, and the exposure of the camera",
            blind=True,
        ),
        Doubt(
            "no contrast",
            "the picture has no contrast (98 % of it within {range:.0f} of 255 grey levels), so its depth is a guess",
            "check for a covered lens, for overexposure, and that the camera driver delivers pictures of the sensor",
            blind=True,
        ),
        Doubt(
            "noise",
            "the picture is noise without structure, so its depth is a guess",
            "check the light, the gain and the cable of the camera, and the encoding that its driver declares",
            blind=True,
        ),
        Doubt(
            "test pattern",
            "all rows of the picture are the same, as in the colour bars of a driver that has no sensor, so its depth "
            "is a guess",
            "switch the test pattern of the camera off, and check that its sensor is connected",
            blind=True,
        ),
        Doubt(
            "nothing certain",
            "hardly any pixel is certain enough for planners (sigma / depth at most {limit:g}), so nothing is known "
            "of what is in front of the robot",
            "look at the picture: check for a covered or dirty lens, darkness, fog, and a bare wall that fills it; "
            "raise obstacles.max_relative_sigma (with hints obstacles.hinted_relative_sigma) if it is too strict",
            blind=True,
        ),
        Doubt(
            "frame name",
            "the frame_id of images is '{frame_id}', and tf2 takes no empty name and none with a slash in front, so "
            "Nav2 and RViz drop all that is published",
            "let the camera driver fill in the name of the optical frame of the camera, without a slash in front",
        ),
        Doubt(
            "principal point",
            "camera_info: the principal point ({cx:.0f}, {cy:.0f}) is far from the middle of the {width}x{height} "
            "image, as if K were that of another resolution (about {other_width:.0f}x{other_height:.0f}), so depth may "
            "be wrong by a factor",
            "use the calibration of this resolution; if the image is a part of a larger one, fill in roi",
        ),
        Doubt(
            "field of view",
            "camera_info: the focal length {focal:.1f} px of the {width} px wide image gives a field of view of "
            "{degrees:.0f} degrees, which no {lens} lens has, so depth may be wrong by a factor",
            "calibrate the camera again; K is in pixels of the full image, not in millimetres",
        ),
        Doubt(
            "pixel shape",
            "camera_info: the focal lengths fx = {fx:.1f} and fy = {fy:.1f} px would be those of pixels that are not "
            "square, as if only one of them had been scaled, so depth may be wrong by a factor",
            "calibrate the camera again; if the image was resized, scale fx with its width, fy with its height",
        ),
        Doubt(
            "P and K",
            "camera_info: P and K disagree (focal lengths {p_focal:.0f} and {k_focal:.0f} px), so one of them is that "
            "of another image and depth may be wrong by a factor",
            "calibrate the camera again; if the image was resized, scale P and K alike, as image_proc does",
        ),
        Doubt(
            "distortion",
            "camera_info: with the coefficients D the lens sees {bent:.0f} degrees along the width, without them "
            "{straight:.0f}, so D is probably that of another lens or model and depth may be wrong by a factor",
            "calibrate the camera again, and check that distortion_model is the model of D",
        ),
        Doubt(
            "rectified",
            "by its name, {topic} holds {kind} images, but the parameter rectified is {value}, so D of camera_info is "
            "{use} and depth bends towards the borders of the image",
            "set the parameter rectified to what the images are, or use another topic",
        ),
        Doubt(
            "rolled",
            "the mounting says that the camera is rolled by {degrees:.0f} degrees, so its picture is not upright; the "
            "network has learnt upright pictures, and depth is much less accurate",
            "turn the image upright before it comes here, and give mounting and camera_info of the turned image; if it "
            "is upright, correct the frame of the camera (x right, y down, z ahead, REP 103)",
        ),
        Doubt(
            "looks up",
            "the mounting says that the camera looks {degrees:.0f} degrees up, as if its frame were a body frame (x "
            "ahead, z up) instead of an optical frame (z ahead, y down), so heights and depth may be wrong",
            "publish the transform of the optical frame (REP 103), and let the camera driver write that frame_id",
        ),
        Doubt(
            "frozen",
            "the last {count} pictures are the same to the bit although their stamps differ, so depth may be that of "
            "an earlier moment",
            "start the camera driver again; in a simulator without noise this is normal while nothing moves",
        ),
    )
}
"""All doubts by name, the most serious first."""


_RANKS = {name: rank for rank, name in enumerate(DOUBTS)}


def most_serious_first(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    """Return doubts in the order of `DOUBTS`."""
    return tuple(sorted(doubts, key=lambda each: _RANKS[each.name]))


def doubt(name: str, **values: object) -> Doubt:
    """Return the doubt of this name in `DOUBTS`, with the values that its text needs."""
    return DOUBTS[name].filled(**values)
