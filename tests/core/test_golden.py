# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth and sigma of a tiny seeded model at nine pixels, so that any change of the numbers is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="the model is torch (pip install grin_ros[train])")

from grin_ros.core.geometry.camera_inputs import camera_inputs  # noqa: E402
from grin_ros.core.sampling.noise import member_noise  # noqa: E402
from grin_ros.core.sampling.sampler import sample  # noqa: E402
from grin_ros.core.types import Frame  # noqa: E402
from grin_ros.lab.export.exporter import ModelDenoiser  # noqa: E402
from grin_ros.lab.network.grin import Grin  # noqa: E402

ROWS, COLS = (5, 37, 70), (4, 50, 97)
DEPTH_M = [[1.865086, 2.083693, 1.475983], [2.402324, 2.916735, 1.804627], [1.651518, 2.407778, 2.698184]]
SIGMA_M = [[1.702621, 1.874909, 1.360672], [2.459863, 2.797627, 1.630376], [1.572613, 2.133163, 2.604671]]


def estimate(model: Grin, frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return depth and sigma by the model's own methods, with two steps and three members."""
    config = model.config
    inputs = camera_inputs(frame.camera, (config.grid_rows, config.grid_cols), (config.scene_rows, config.scene_cols))
    image = torch.tensor(frame.image[None])
    given = [torch.tensor(a) for a in (inputs.queries, inputs.query_rays, inputs.scene_rays, inputs.mounting)]
    with torch.inference_mode():
        tokens = model.encode(image, *given)
        noise = torch.tensor(member_noise(inputs.queries[0], 3, seed=0))
        latents = torch.zeros(3, config.latent_count, config.latent_dim)
        denoise = ModelDenoiser(model, tokens)
        found = sample(denoise, noise, latents, config.schedule.levels(2), share_first_step=False)
        depth_m, sigma_m = model.decode(found.x, found.log_variance, image, torch.tensor(inputs.ray_z))
    return depth_m.numpy(), sigma_m.numpy()


def test_nine_pixels(tiny_model: Grin, tiny_frame: Frame) -> None:
    depth_m, sigma_m = estimate(tiny_model, tiny_frame)
    at = np.ix_(ROWS, COLS)
    np.testing.assert_allclose(depth_m[at], DEPTH_M, rtol=1e-4)
    np.testing.assert_allclose(sigma_m[at], SIGMA_M, rtol=1e-3)


def test_the_slice_depends_on_image_camera_and_mounting(tiny_model: Grin, tiny_frame: Frame) -> None:
    depth_m, _ = estimate(tiny_model, tiny_frame)
    camera, image = tiny_frame.camera, tiny_frame.image
    changed = [
        Frame(np.ascontiguousarray(image[:, ::-1]), camera),
        Frame(image, camera.resized(202, 150).cropped(0, 0, 101, 75)),
        Frame(image, camera.with_mounting(None)),
    ]
    for frame in changed:
        assert np.abs(np.log(estimate(tiny_model, frame)[0]) - np.log(depth_m)).max() > 1e-3
