# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
#
# UNBUILT: this file was written without a Docker to build it with. `grin doctor` in the container says what is missing.
#
#   docker build -t grin_ros .
#   docker run --rm -it --net=host --ipc=host grin_ros \
#       ros2 launch grin_ros grin.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info

FROM ros:jazzy

SHELL ["/bin/bash", "-c"]
RUN apt-get update && apt-get install -y --no-install-recommends \
        python3-pip python3-numpy python3-opencv python3-yaml python3-tqdm \
        ros-jazzy-cv-bridge ros-jazzy-nav-msgs ros-jazzy-tf2-msgs ros-jazzy-diagnostic-msgs ros-jazzy-lifecycle-msgs \
    && rm -rf /var/lib/apt/lists/*
# Neither is a package of Ubuntu. OpenVINO is for x86_64 only, where a frame takes 0.55 to 0.65 of the time with it.
RUN pip install --no-cache-dir --break-system-packages "onnxruntime>=1.18,<2" \
    && if [ "$(uname -m)" = x86_64 ]; then pip install --no-cache-dir --break-system-packages openvino==2026.4.1; fi

COPY . /ws/src/grin_ros
RUN source /opt/ros/jazzy/setup.bash && cd /ws && colcon build --packages-select grin_ros
RUN sed -i 's|^exec |source /ws/install/setup.bash --\nexec |' /ros_entrypoint.sh

CMD ["ros2", "launch", "grin_ros", "grin.launch.py"]
