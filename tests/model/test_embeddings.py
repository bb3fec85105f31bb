# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch

from grin_ros.model.embeddings import LevelEmbedding, RayEmbedding, ValueEmbedding, fourier


def test_fourier_is_the_value_and_its_octaves() -> None:
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    got = fourier(x, 3)
    angles = [0.5 * math.pi * 2.0**k * value for value in (0.3, -0.7) for k in range(3)]
    expected = [0.3, -0.7, *map(math.sin, angles), *map(math.cos, angles)]
    assert got.shape == (1, 2 * 7)
    torch.testing.assert_close(got[0], torch.tensor(expected, dtype=torch.float64))


def test_fourier_tells_the_ends_apart() -> None:
    # The lowest octave spans half a turn over [-1, 1], so -1 and 1 are not the same angle.
    ends = fourier(torch.tensor([[-1.0], [1.0]]), 1)
    assert (ends[0, 1:] - ends[1, 1:]).abs().max() > 1.0


@pytest.fixture
def embedding() -> RayEmbedding:
    torch.manual_seed(0)
    return RayEmbedding(16)


RAYS = torch.nn.functional.normalize(torch.tensor([[[0.0, 0.0, 1.0], [0.3, 0.2, 1.0], [-0.5, -0.1, 1.0]]]), dim=-1)


def test_unknown_mounting_ignores_up_and_height(embedding: RayEmbedding) -> None:
    nothing = embedding(RAYS, torch.zeros(1, 5))
    for up, height in (((0.0, -1.0, 0.0), 1.5), ((0.7, -0.7, 0.1), 30.0)):
        assert torch.equal(embedding(RAYS, torch.tensor([[*up, height, 0.0]])), nothing)


@pytest.mark.parametrize(
    "other",
    [[0.0, -1.0, 0.0, 2.0, 1.0], [0.0, -0.8, 0.6, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]],
    ids=["height", "up", "unknown"],
)
def test_known_mounting_tells_height_and_up(embedding: RayEmbedding, other: list[float]) -> None:
    level = embedding(RAYS, torch.tensor([[0.0, -1.0, 0.0, 1.0, 1.0]]))
    assert (embedding(RAYS, torch.tensor([other])) - level).abs().max() > 1e-2


def test_ray_embedding_is_of_each_ray_alone(embedding: RayEmbedding) -> None:
    mounting = torch.tensor([[0.0, -1.0, 0.0, 1.0, 1.0]])
    together = embedding(RAYS, mounting)
    for i in range(RAYS.shape[1]):
        torch.testing.assert_close(embedding(RAYS[:, i : i + 1], mounting), together[:, i : i + 1])


def test_ray_embedding_of_extreme_inputs_is_finite(embedding: RayEmbedding) -> None:
    # A null ray (outside the lens), straight up and down, and a camera on the ground.
    rays = torch.tensor([[[0.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0]]])
    for height in (0.0, 1e-6, 1e4):
        assert torch.isfinite(embedding(rays, torch.tensor([[0.0, -1.0, 0.0, height, 1.0]]))).all()


def test_ground_anchor_is_the_distance_to_level_ground() -> None:
    # With weights that read the ground feature alone, embedding = ln(height / sin(angle below the horizon)).
    embedding = RayEmbedding(1).requires_grad_(False)
    with torch.no_grad():
        embedding.project.weight.zero_()
        embedding.project.bias.zero_()
        embedding.project.weight[0, -2] = 1.0
    below = math.radians(30.0)
    ray = torch.tensor([[[0.0, math.sin(below), math.cos(below)]]])
    got = float(embedding(ray, torch.tensor([[0.0, -1.0, 0.0, 1.5, 1.0]])))
    assert got == pytest.approx(math.log(3.0), abs=1e-5)


def test_value_embedding_is_of_each_pixel_alone() -> None:
    torch.manual_seed(0)
    embedding = ValueEmbedding(8)
    x = torch.randn(2, 5)
    whole = embedding(x)
    assert whole.shape == (2, 5, 8)
    torch.testing.assert_close(embedding(x[:, 3:4]), whole[:, 3:4])
    assert (embedding(x + 0.02) - whole).abs().max() > 1e-3


def test_level_embedding_tells_levels_apart() -> None:
    torch.manual_seed(0)
    phi = torch.linspace(0.0, 0.5 * math.pi, 9)
    levels = LevelEmbedding(32)(torch.cos(phi), torch.sin(phi))
    assert levels.shape == (9, 32)
    assert torch.pdist(levels).min() > 1e-3
