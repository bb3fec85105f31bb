# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from grin_ros.core.config import load_yaml
from grin_ros.core.sampling.ddim import clean, noised
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.grin import MAX_LOG_VARIANCE, MIN_LOG_VARIANCE, Grin
from tests.lab.network.tiny import TINY, awake, fresh, latents, levels, noise, scene

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def model() -> Grin:
    return awake()


@pytest.mark.parametrize("count", [1, 40, 700])
@torch.no_grad()
def test_any_number_of_pixels_can_be_queried(model: Grin, count: int) -> None:
    local, scene_kv = model.encode(**scene(batch=2, queries=count))
    assert local.shape == (2, count, TINY.token_dim)
    assert scene_kv.shape == (TINY.blocks, 2, TINY.scene_rows * TINY.scene_cols, 2 * TINY.token_dim)
    out = model.predict(noise(2, count), *levels(0.7, 2), latents(2), local, scene_kv)
    assert out.velocity.shape == out.log_variance.shape == (2, count)
    assert out.latents.shape == (2, TINY.latent_count, TINY.latent_dim)
    assert all(torch.isfinite(part).all() for part in out)


@torch.no_grad()
def test_the_order_of_queries_does_not_matter(model: Grin) -> None:
    inputs, x = scene(), noise(1, 40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    local, scene_kv = model.encode(**inputs)
    expected = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    shuffled = {k: t[:, order] if k in ("queries", "query_rays") else t for k, t in inputs.items()}
    local, scene_kv = model.encode(**shuffled)
    got = model.predict(x[:, order], *levels(0.7, 1), latents(1), local, scene_kv)
    for g, e in zip(got, (expected.velocity[:, order], expected.latents, expected.log_variance[:, order]), strict=True):
        torch.testing.assert_close(g, e, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_members_share_the_tokens_of_a_frame(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(3, 40)
    shared = model.predict(x, *levels(0.7, 3), latents(3, 2), local, scene_kv)
    repeated = model.predict(x, *levels(0.7, 3), latents(3, 2), local.repeat(3, 1, 1), scene_kv.repeat(1, 3, 1, 1))
    for s, r in zip(shared, repeated, strict=True):
        torch.testing.assert_close(s, r, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_members_do_not_influence_each_other(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(3, 40)
    together = model.predict(x, *levels(0.7, 3), latents(3, 2), local, scene_kv)
    alone = model.predict(x[1:2], *levels(0.7, 1), latents(3, 2)[1:2], local, scene_kv)
    for t, a in zip(together, alone, strict=True):
        torch.testing.assert_close(t[1:2], a, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["image", "query_rays", "scene_rays", "mounting", "queries"])
@torch.no_grad()
def test_every_input_matters(model: Grin, name: str) -> None:
    inputs, x = scene(), noise(1, 40)
    other = {**inputs, name: scene(seed=1)[name]}
    if name == "mounting":
        other[name] = torch.zeros(1, 5)
    first, second = (
        model.predict(x, *levels(0.7, 1), latents(1), *model.encode(**i)).velocity for i in (inputs, other)
    )
    assert (first - second).abs().max() > 1e-4


@torch.no_grad()
def test_dropped_scene_tokens_have_no_keys(model: Grin) -> None:
    inputs = scene()
    kept = torch.tensor([0, 3, 7, 12])
    _, all_kv = model.encode(**inputs)
    _, some_kv = model.encode(**inputs, scene_kept=kept)
    torch.testing.assert_close(some_kv, all_kv[:, :, kept])


@torch.no_grad()
def test_noisy_input_and_noise_level_matter(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())

    def velocity(seed: int, phi: float) -> torch.Tensor:
        return model.predict(noise(1, 40, seed=seed), *levels(phi, 1), latents(1), local, scene_kv).velocity

    assert (velocity(6, 0.7) - velocity(5, 0.7)).abs().max() > 1e-3
    assert (velocity(5, 0.3) - velocity(5, 0.7)).abs().max() > 1e-3


@torch.no_grad()
def test_latent_self_conditioning_has_no_effect_before_training() -> None:
    model = fresh()
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    empty = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    given = model.predict(x, *levels(0.7, 1), latents(1, 3), local, scene_kv)
    for e, g in zip(empty, given, strict=True):
        assert torch.equal(e, g)


@torch.no_grad()
def test_latent_self_conditioning_has_an_effect_after_training(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    first = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    second = model.predict(x, *levels(0.7, 1), first.latents, local, scene_kv)
    assert (first.velocity - second.velocity).abs().max() > 1e-3


@torch.no_grad()
def test_denoising_to_the_clean_level_gives_the_clean_sample(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(2, 40)
    signal, sigma = math.cos(0.7), math.sin(0.7)
    denoised = model.denoise(x, torch.tensor([signal, sigma, 1.0, 0.0]), latents(2), local, scene_kv)
    expected = model.predict(x, *levels(0.7, 2), latents(2), local, scene_kv)
    torch.testing.assert_close(denoised.x, clean(x, expected.velocity, signal, sigma))
    torch.testing.assert_close(denoised.latents, expected.latents)
    torch.testing.assert_close(denoised.log_variance, expected.log_variance)


@torch.no_grad()
def test_denoising_from_pure_noise_keeps_none_of_the_noise(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    denoised = model.denoise(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), latents(1), local, scene_kv)
    v = model.predict(x, *levels(0.5 * math.pi, 1), latents(1), local, scene_kv).velocity
    torch.testing.assert_close(denoised.x, -v, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_denoising_takes_the_deterministic_ddim_step(model: Grin) -> None:
    # With eta = 0 the next x is the forward process of the predicted clean sample with the predicted noise.
    local, scene_kv = model.encode(**scene())
    x, here, there = noise(1, 40), 1.1, 0.4
    numbers = torch.tensor([math.cos(here), math.sin(here), math.cos(there), math.sin(there)])
    denoised = model.denoise(x, numbers, latents(1), local, scene_kv)
    v = model.predict(x, *levels(here, 1), latents(1), local, scene_kv).velocity
    x_0 = clean(x, v, math.cos(here), math.sin(here))
    eps = (x - math.cos(here) * x_0) / math.sin(here)
    torch.testing.assert_close(denoised.x, noised(x_0, eps, math.cos(there), math.sin(there)), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_log_variance_is_bounded() -> None:
    model = fresh()
    local, scene_kv = model.encode(**scene())
    for bias, limit in ((1e3, MAX_LOG_VARIANCE), (-1e3, MIN_LOG_VARIANCE)):
        model.head.bias[1] = bias
        log_variance = model.predict(noise(1, 40), *levels(0.7, 1), latents(1), local, scene_kv).log_variance
        assert (log_variance == limit).all()


@pytest.mark.parametrize("name", ["nano", "small"])
def test_the_number_of_parameters_is_the_one_in_the_yaml_file(name: str) -> None:
    path = ROOT / f"config/model/{name}.yaml"
    config = load_yaml(ModelConfig, path)
    count = sum(p.numel() for p in Grin(config).parameters())
    assert f"{count / 1e6:.1f} M parameters" in path.read_text()


def test_dimensions_that_do_not_fit_the_heads_are_refused() -> None:
    with pytest.raises(ValueError, match="token_dim: got 40, expected a multiple of head_dim = 16"):
        dataclasses.replace(TINY, token_dim=40)
