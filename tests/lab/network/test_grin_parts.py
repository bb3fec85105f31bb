# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Models of ablations: parts that are switched off, and linear depth."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from grin_ros.lab.network.grin import Grin, cell_centres, directions
from tests.lab.network.tiny import TINY, awake, latents, levels, noise, scene


def switched(**values: object) -> Grin:
    return awake(config=dataclasses.replace(TINY, **values))  # type: ignore[arg-type]


@torch.no_grad()
def answer(model: Grin, inputs: dict[str, Tensor]) -> Tensor:
    return model.predict(noise(1, 40), *levels(0.7, 1), latents(1), *model.encode(**inputs))[0]


@pytest.mark.parametrize(
    ("part", "unseen", "seen"),
    [
        ("scene", {"scene_rays"}, {"image", "queries", "query_rays", "mounting"}),
        ("rays", {"query_rays", "scene_rays"}, {"image", "queries", "mounting"}),
        ("local", {"queries"}, {"image", "query_rays", "scene_rays", "mounting"}),
    ],
)
def test_a_part_that_is_switched_off_has_no_effect(part: str, unseen: set[str], seen: set[str]) -> None:
    model, inputs = switched(**{part: False}), scene()
    expected = answer(model, inputs)
    for name in unseen | seen:
        other = torch.zeros(1, 5) if name == "mounting" else scene(seed=1)[name]
        changed = answer(model, {**inputs, name: other})
        if name in unseen:
            assert torch.equal(changed, expected), name
        else:
            assert (changed - expected).abs().max() > 1e-4, name


@torch.no_grad()
def test_without_local_conditioning_a_pixel_has_only_its_ray() -> None:
    inputs = scene()
    other = {**inputs, "image": scene(seed=1)["image"]}
    (local, kv), (local_2, kv_2) = (switched(local=False).encode(**i) for i in (inputs, other))
    assert torch.equal(local, local_2)
    assert (kv - kv_2).abs().max() > 1e-4  # the image still has an effect through the scene tokens
    assert (switched().encode(**inputs)[0] - switched().encode(**other)[0]).abs().max() > 1e-4


@torch.no_grad()
def test_without_scene_conditioning_there_are_no_scene_tokens() -> None:
    model = switched(scene=False)
    for kept in (None, torch.tensor([0, 3])):
        local, kv = model.encode(**scene(batch=2), scene_kept=kept)
        assert kv.shape == (TINY.blocks, 2, 0, 2 * TINY.token_dim)
        outputs = model.predict(noise(2, 40), *levels(0.7, 2), latents(2), local, kv)
        assert all(torch.isfinite(output).all() for output in outputs)


@torch.no_grad()
def test_without_rays_every_image_has_the_rays_of_one_camera() -> None:
    # This is the network with rays for images that were all taken by that camera.
    inputs = scene(batch=2)
    cells = cell_centres(TINY.scene_rows, TINY.scene_cols).expand(2, -1, -1)
    told = {**inputs, "query_rays": directions(inputs["queries"]), "scene_rays": directions(cells)}
    for got, expected in zip(switched(rays=False).encode(**inputs), switched().encode(**told), strict=True):
        torch.testing.assert_close(got, expected)


def test_that_camera_is_90_degrees_wide() -> None:
    expected = torch.tensor([[-0.5, -2 / 3], [0.5, -2 / 3], [-0.5, 0.0], [0.5, 0.0], [-0.5, 2 / 3], [0.5, 2 / 3]])
    torch.testing.assert_close(cell_centres(3, 2), expected)
    rays = directions(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, -1.0]]))
    half = math.sqrt(0.5)
    torch.testing.assert_close(rays, torch.tensor([[0.0, 0.0, 1.0], [half, 0.0, half], [0.0, -half, half]]))


@pytest.mark.parametrize("depth", ["log", "linear"])
@pytest.mark.parametrize("range_m", [0.12, 1.0, 20.0, 95.0])
def test_ln_range_inverts_the_encoding_of_training(depth: str, range_m: float) -> None:
    model = switched(depth=depth)
    x = torch.tensor([float(model.config.depth_encoding.encode(range_m)) / TINY.data_std], dtype=torch.float64)
    ln_range, slope = model.ln_range(x.requires_grad_(True))
    assert float(ln_range.detach()) == pytest.approx(math.log(range_m), abs=1e-6)
    ln_range.sum().backward()
    assert x.grad is not None
    assert float(torch.as_tensor(slope).detach()) == pytest.approx(float(x.grad), rel=1e-6)


@pytest.mark.parametrize("depth", ["log", "linear"])
def test_ln_range_is_clipped_to_the_limits(depth: str) -> None:
    ln_range, _ = switched(depth=depth).ln_range(torch.tensor([-99.0, 99.0]))
    torch.testing.assert_close(ln_range.exp(), torch.tensor([TINY.min_range_m, TINY.max_range_m]), rtol=1e-5, atol=0.0)


def test_an_unknown_encoding_of_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="depth: got 'inverse', expected 'log' or 'linear'"):
        dataclasses.replace(TINY, depth="inverse")


@torch.no_grad()
def test_the_same_weights_accept_a_smaller_image() -> None:
    # The first stage of training has fewer scene tokens with the same weights.
    model = awake()
    inputs = scene()
    model.pyramid.size = (32, 64)
    local, kv = model.encode(**{**inputs, "scene_rays": inputs["scene_rays"][:, :8]})
    assert local.shape == (1, 40, TINY.token_dim)
    assert kv.shape[2] == 2 * 4
