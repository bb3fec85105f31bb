# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The recorded drive `room_drive.mcap`: the camera of a robot in a rendered room, with the exact depth of every frame.

    python -m benchmarks.driving.room_drive        renders and writes it again (needs EGL; the extras train and bags)

Everything in it is made by this project's own code from procedural bodies and textures: no models, photographs or
textures of others. Its licence is the project's, Apache-2.0.

/front/image/compressed   JPEG of 256 x 192 px through a lens with distortion, principal point off the centre
/front/camera_info        K and D of that lens
/front/truth              16UC1, depth in millimetres along z, 0 where nothing is: every STRIDE-th pixel from OFFSET on
/front/lidar              the scan of a level 2D lidar at the camera, with a ray every half degree and 1 % of noise
"""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, LaserScan

from benchmarks.moving import lidar
from benchmarks.stand_in.camera import info_message
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.geometry.transform import Transform
from grin_ros.ros.bags.messages import deserialize, serialize
from grin_ros.ros.bags.reading import Bag
from grin_ros.ros.message_types import type_name

BAG = Path(__file__).with_suffix(".mcap")
IMAGE, INFO, TRUTH, SCAN = "/front/image/compressed", "/front/camera_info", "/front/truth", "/front/lidar"
FRAME, LIDAR_FRAME = "front_optical", "front_lidar"
SEED, FRAMES, REACH_M, TURN_RAD = 54, 13, 0.2, 0.12
START_NS, STEP_NS = 1_800_000_000_000_000_000, 400_000_000
STRIDE, OFFSET = 4, 2
QUALITY = 88
LENS = Camera(
    256, 192, 196.0, 194.0, 134.0, 90.0, "plumb_bob", (-0.2, 0.04, 0.0005, -0.0003, 0.0),
    Mounting(0.9, 0.0, math.radians(8.0)),
)  # fmt: skip


def stamp_ns(number: int) -> int:
    """Return the stamp of the frame with this number, which is its log time too."""
    return START_NS + number * STEP_NS


def number(stamp_ns: int) -> int:
    """Return the number of the frame with this stamp."""
    return (stamp_ns - START_NS) // STEP_NS


def pose(number: int) -> Transform:
    """Return the pose of the camera in a frame of the drive, along `closed_path` of the renderer.

    It takes points of the optical frame to a frame on the floor below the middle of the drive, x ahead and z up.
    """
    assert LENS.mounting is not None
    phase = 2.0 * math.pi * number / FRAMES
    sway = math.sin(2.0 * phase)
    at_m = (REACH_M * math.sin(phase), 0.3 * REACH_M * sway, LENS.mounting.height_m)
    turn = Transform.from_rpy(at_m, (0.0, 0.0, TURN_RAD * sway))
    return turn.after(Transform(LENS.mounting.rotation(), np.zeros(3)))


def truth_m() -> dict[int, NDArray[np.float32]]:
    """Return stamp in nanoseconds -> depth (48, 64) in metres, NaN where nothing is; `seen` picks these pixels."""
    found = {}
    for message in Bag(BAG).messages({TRUTH}):
        image = deserialize(message.data, Image)
        depth_mm = np.frombuffer(image.data, np.uint16).reshape(image.height, image.width)
        stamp = image.header.stamp
        found[stamp.sec * 10**9 + stamp.nanosec] = np.where(depth_mm > 0, depth_mm / 1e3, np.nan).astype(np.float32)
    return found


def seen(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pixels of a depth image (192, 256) for which the bag holds the truth."""
    return image[OFFSET::STRIDE, OFFSET::STRIDE]


def write(path: Path = BAG) -> None:
    """Render the drive and write the bag, one MCAP file."""
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    from grin_ros.worlds.assets.assets import Assets
    from grin_ros.worlds.rendering.renderer import Renderer
    from grin_ros.worlds.sequence import render_sequence

    renderer = Renderer(LENS.width, LENS.height)
    views = render_sequence(renderer, SEED, Assets(), LENS, FRAMES, reach_m=REACH_M, turn_rad=TURN_RAD)
    renderer.close()
    store = get_typestore(Stores.ROS2_JAZZY)
    with tempfile.TemporaryDirectory() as folder:
        bag = Path(folder) / path.stem
        writer = Writer(bag, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        with writer:
            connections = {
                topic: writer.add_connection(topic, type_name(kind), typestore=store)
                for topic, kind in ((INFO, CameraInfo), (IMAGE, CompressedImage), (TRUTH, Image), (SCAN, LaserScan))
            }
            for number, view in enumerate(views):
                depth_m = seen(range_to_depth(view.range_m, LENS.rays()))
                messages = (*_messages(view.image, depth_m), _scan(view.range_m, np.random.default_rng(number)))
                for topic, message in zip(connections, messages, strict=True):
                    sec, nanosec = divmod(stamp_ns(number), 10**9)
                    message.header.frame_id = LIDAR_FRAME if topic == SCAN else FRAME
                    message.header.stamp = Time(sec=sec, nanosec=nanosec)
                    writer.write(connections[topic], stamp_ns(number), serialize(message))
        shutil.move(str(bag / f"{path.stem}.mcap"), path)


def _messages(image: NDArray[np.uint8], depth_m: NDArray[np.float32]) -> tuple[CameraInfo, CompressedImage, Image]:
    info = info_message(LENS.width, LENS.height, k=LENS.K.ravel(), d=list(LENS.distortion))
    done, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    compressed = CompressedImage(format="rgb8; jpeg compressed bgr8")
    compressed.data.frombytes(jpeg.tobytes())
    depth_mm = np.nan_to_num(np.rint(depth_m * 1e3), nan=0.0, posinf=0.0).astype(np.uint16)
    truth = Image(height=depth_mm.shape[0], width=depth_mm.shape[1], encoding="16UC1", step=2 * depth_mm.shape[1])
    truth.data.frombytes(depth_mm.tobytes())
    return info, compressed, truth


def _scan(range_m: NDArray[np.float32], rng: np.random.Generator) -> LaserScan:
    """Return the scan of the rays that the camera sees; +inf where they meet nothing within range (REP 117)."""
    hit, rays = lidar.level_points(LENS, range_m)
    ranges_m = np.full(rays.max() - rays.min() + 1, np.inf)
    ranges_m[rays.max() - rays] = np.linalg.norm(hit, axis=1) * (1.0 + lidar.NOISE * rng.standard_normal(len(hit)))
    step_rad = lidar.STEP_RAD
    scan = LaserScan(angle_min=-step_rad * rays.max(), angle_max=-step_rad * rays.min(), angle_increment=step_rad)
    scan.range_min, scan.range_max = 0.05, lidar.REACH_M
    scan.ranges = np.where(ranges_m < lidar.REACH_M, ranges_m, np.inf).astype(np.float32).tolist()
    return scan


if __name__ == "__main__":
    write()
    print(f"{BAG}: {BAG.stat().st_size / 1e3:.0f} kB")
