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
def test_any_number_of_queries(model: Grin, count: int) -> None:
    local, scene_kv = model.encode(**scene(batch=2, queries=count))
    assert local.shape == (2, count, TINY.token_dim)
    assert scene_kv.shape == (TINY.blocks, 2, TINY.scene_rows * TINY.scene_cols, 2 * TINY.token_dim)
    v, log_variance, after = model.predict(noise(2, count), *levels(0.7, 2), latents(2), local, scene_kv)
    assert v.shape == log_variance.shape == (2, count)
    assert after.shape == (2, TINY.latent_count, TINY.latent_dim)
    for output in (v, log_variance, after):
        assert torch.isfinite(output).all()


@torch.no_grad()
def test_order_of_queries_means_nothing(model: Grin) -> None:
    inputs, x = scene(), noise(1, 40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    local, scene_kv = model.encode(**inputs)
    expected = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    shuffled = {k: t[:, order] if k in ("queries", "query_rays") else t for k, t in inputs.items()}
    local, scene_kv = model.encode(**shuffled)
    got = model.predict(x[:, order], *levels(0.7, 1), latents(1), local, scene_kv)
    for g, e in zip(got, (expected[0][:, order], expected[1][:, order], expected[2]), strict=True):
        torch.testing.assert_close(g, e, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_members_share_what_one_frame_encodes(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(3, 40)
    shared = model.predict(x, *levels(0.7, 3), latents(3, 2), local, scene_kv)
    repeated = model.predict(x, *levels(0.7, 3), latents(3, 2), local.repeat(3, 1, 1), scene_kv.repeat(1, 3, 1, 1))
    for s, r in zip(shared, repeated, strict=True):
        torch.testing.assert_close(s, r, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_members_do_not_mix(model: Grin) -> None:
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
    first, second = (model.predict(x, *levels(0.7, 1), latents(1), *model.encode(**i))[0] for i in (inputs, other))
    assert (first - second).abs().max() > 1e-4


@torch.no_grad()
def test_dropped_scene_tokens_are_not_seen(model: Grin) -> None:
    inputs = scene()
    kept = torch.tensor([0, 3, 7, 12])
    _, all_kv = model.encode(**inputs)
    _, some_kv = model.encode(**inputs, scene_kept=kept)
    torch.testing.assert_close(some_kv, all_kv[:, :, kept])


@torch.no_grad()
def test_x_and_level_matter(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    v = model.predict(noise(1, 40), *levels(0.7, 1), latents(1), local, scene_kv)[0]
    assert (model.predict(noise(1, 40, seed=6), *levels(0.7, 1), latents(1), local, scene_kv)[0] - v).abs().max() > 1e-3
    assert (model.predict(noise(1, 40), *levels(0.3, 1), latents(1), local, scene_kv)[0] - v).abs().max() > 1e-3


@torch.no_grad()
def test_latent_self_conditioning_starts_as_nothing() -> None:
    model = fresh()
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    empty = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    given = model.predict(x, *levels(0.7, 1), latents(1, 3), local, scene_kv)
    for e, g in zip(empty, given, strict=True):
        assert torch.equal(e, g)


@torch.no_grad()
def test_latent_self_conditioning_is_used_once_learnt(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    first = model.predict(x, *levels(0.7, 1), latents(1), local, scene_kv)
    second = model.predict(x, *levels(0.7, 1), first[2], local, scene_kv)
    assert (first[0] - second[0]).abs().max() > 1e-3


@torch.no_grad()
def test_denoising_to_the_clean_level_gives_the_clean_sample(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(2, 40)
    signal, sigma = math.cos(0.7), math.sin(0.7)
    x_next, after, log_variance = model.denoise(x, torch.tensor([signal, sigma, 1.0, 0.0]), latents(2), local, scene_kv)
    v, expected_log_variance, expected_latents = model.predict(x, *levels(0.7, 2), latents(2), local, scene_kv)
    torch.testing.assert_close(x_next, clean(x, v, signal, sigma))
    torch.testing.assert_close(after, expected_latents)
    torch.testing.assert_close(log_variance, expected_log_variance)


@torch.no_grad()
def test_denoising_from_pure_noise_is_the_networks_answer_alone(model: Grin) -> None:
    local, scene_kv = model.encode(**scene())
    x = noise(1, 40)
    x_next, _, _ = model.denoise(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), latents(1), local, scene_kv)
    v, _, _ = model.predict(x, *levels(0.5 * math.pi, 1), latents(1), local, scene_kv)
    torch.testing.assert_close(x_next, -v, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_denoising_keeps_to_the_line_of_its_own_answer(model: Grin) -> None:
    # eta = 0: the next x is the forward process of the predicted clean sample with the predicted noise.
    local, scene_kv = model.encode(**scene())
    x, here, there = noise(1, 40), 1.1, 0.4
    numbers = torch.tensor([math.cos(here), math.sin(here), math.cos(there), math.sin(there)])
    x_next, _, _ = model.denoise(x, numbers, latents(1), local, scene_kv)
    v, _, _ = model.predict(x, *levels(here, 1), latents(1), local, scene_kv)
    x_0 = clean(x, v, math.cos(here), math.sin(here))
    eps = (x - math.cos(here) * x_0) / math.sin(here)
    torch.testing.assert_close(x_next, noised(x_0, eps, math.cos(there), math.sin(there)), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_log_variance_is_bounded() -> None:
    model = fresh()
    local, scene_kv = model.encode(**scene())
    for bias, limit in ((1e3, MAX_LOG_VARIANCE), (-1e3, MIN_LOG_VARIANCE)):
        model.head.bias[1] = bias
        log_variance = model.predict(noise(1, 40), *levels(0.7, 1), latents(1), local, scene_kv)[1]
        assert (log_variance == limit).all()


@pytest.mark.parametrize("name", ["nano", "small"])
def test_a_size_is_what_its_file_says(name: str) -> None:
    path = ROOT / f"config/model/{name}.yaml"
    config = load_yaml(ModelConfig, path)
    count = sum(p.numel() for p in Grin(config).parameters())
    assert f"{count / 1e6:.1f} M parameters" in path.read_text()


def test_dimensions_must_fit_the_heads() -> None:
    with pytest.raises(ValueError, match="token_dim: got 40, expected a multiple of head_dim = 16"):
        dataclasses.replace(TINY, token_dim=40)
