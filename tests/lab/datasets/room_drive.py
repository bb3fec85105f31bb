# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A sequence on disk: a drive through a textured room."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.core.motion.room import CAMERA, sideways, view

FRAMES = 14
MEASURED = (0, 9, 13)
"""The images with measured depth, which has a gap in the middle."""


def write_room_drive(root: Path) -> Path:
    """Write images, poses, stamps, camera and the depth of some images into the folder `root`, and return it."""
    for name in ("images", "depth"):
        (root / name).mkdir()
    poses, stamps = [], []
    for index, pose in enumerate(sideways(FRAMES)):
        image, range_m = view(CAMERA, pose)
        cv2.imwrite(str(root / "images" / f"{index:06d}.png"), image[..., ::-1])
        if index in MEASURED:
            depth = np.rint(range_m * CAMERA.rays()[..., 2] * 1000.0).astype(np.uint16)
            depth[80:100] = 0
            cv2.imwrite(str(root / "depth" / f"{index:06d}.png"), depth)
        matrix = np.column_stack([pose.rotation, pose.translation_m])
        poses.append(f"{index:06d} " + " ".join(f"{v:.8f}" for v in matrix.ravel()))
        stamps.append(f"{index:06d} {0.1 * index:.6f}")
    (root / "poses.txt").write_text("\n".join(poses))
    (root / "stamps.txt").write_text("\n".join(stamps))
    np.savetxt(root / "K.txt", CAMERA.K)
    (root / "D.txt").write_text("none\n")
    return root
