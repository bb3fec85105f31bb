# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
import torch

from grin_ros.lab.network.embeddings import RAY_OCTAVES, LevelEmbedding, RayEmbedding, ValueEmbedding, fourier


def test_fourier_features_are_the_value_and_its_octaves() -> None:
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    got = fourier(x, 3)
    angles = [0.5 * math.pi * 2.0**k * value for value in (0.3, -0.7) for k in range(3)]
    expected = [0.3, -0.7, *map(math.sin, angles), *map(math.cos, angles)]
    assert got.shape == (1, 2 * 7)
    torch.testing.assert_close(got[0], torch.tensor(expected, dtype=torch.float64))


def test_fourier_features_of_both_ends_differ() -> None:
    # The lowest octave spans half a turn over [-1, 1], so that -1 and 1 are different angles.
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
def test_height_and_up_matter_with_a_known_mounting(embedding: RayEmbedding, other: list[float]) -> None:
    level = embedding(RAYS, torch.tensor([[0.0, -1.0, 0.0, 1.0, 1.0]]))
    assert (embedding(RAYS, torch.tensor([other])) - level).abs().max() > 1e-2


def test_ray_embeddings_do_not_depend_on_other_rays(embedding: RayEmbedding) -> None:
    mounting = torch.tensor([[0.0, -1.0, 0.0, 1.0, 1.0]])
    together = embedding(RAYS, mounting)
    for i in range(RAYS.shape[1]):
        torch.testing.assert_close(embedding(RAYS[:, i : i + 1], mounting), together[:, i : i + 1])


def test_ray_embedding_of_extreme_inputs_is_finite(embedding: RayEmbedding) -> None:
    # A null ray (outside the lens), rays straight up and down, and a camera on the ground.
    rays = torch.tensor([[[0.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0]]])
    for height in (0.0, 1e-6, 1e4):
        assert torch.isfinite(embedding(rays, torch.tensor([[0.0, -1.0, 0.0, height, 1.0]]))).all()


HEIGHT_NUMBER = 4 * (2 * RAY_OCTAVES + 1)
"""The index of the height in the projected features, which comes after rays and elevation and before the ground."""


def read_alone(number: int) -> RayEmbedding:
    """Return an embedding with one channel that is one of the projected features."""
    embedding = RayEmbedding(1).requires_grad_(False)
    embedding.project.weight.zero_()
    embedding.project.bias.zero_()  # type: ignore[union-attr]
    embedding.project.weight[0, number] = 1.0
    return embedding


def test_anchors_are_the_height_and_the_distance_to_level_ground() -> None:
    # The anchors are log10 of the height and of height / sin(angle below the horizon).
    below = math.radians(30.0)
    ray = torch.tensor([[[0.0, math.sin(below), math.cos(below)]]])
    mounting = torch.tensor([[0.0, -1.0, 0.0, 1.5, 1.0]])
    assert float(read_alone(HEIGHT_NUMBER)(ray, mounting)) == pytest.approx(math.log10(1.5), abs=1e-5)
    assert float(read_alone(HEIGHT_NUMBER + 1)(ray, mounting)) == pytest.approx(math.log10(3.0), abs=1e-5)


def test_the_last_feature_is_the_flag_of_a_known_mounting() -> None:
    known = read_alone(-1)(RAYS, torch.tensor([[0.0, -1.0, 0.0, 1.5, 1.0]]))
    assert (known == 1.0).all()
    assert (read_alone(-1)(RAYS, torch.zeros(1, 5)) == 0.0).all()


def test_small_differences_of_height_matter(embedding: RayEmbedding) -> None:
    # With octaves of log10(height) 5 % make a difference at 0.2 m and at 20 m.
    for height in (0.2, 2.0, 20.0):
        near, far = (embedding(RAYS, torch.tensor([[0.0, -1.0, 0.0, h, 1.0]])) for h in (height, 1.05 * height))
        assert (near - far).abs().max() > 0.02


def test_each_sample_has_its_own_mounting(embedding: RayEmbedding) -> None:
    mountings = torch.tensor([[0.0, -1.0, 0.0, 1.0, 1.0], [0.0, -0.8, 0.6, 0.3, 1.0], [0.0] * 5])
    together = embedding(RAYS.expand(3, -1, -1), mountings)
    for i in range(3):
        torch.testing.assert_close(together[i : i + 1], embedding(RAYS, mountings[i : i + 1]))


def test_value_embeddings_do_not_depend_on_other_pixels() -> None:
    torch.manual_seed(0)
    embedding = ValueEmbedding(8)
    x = torch.randn(2, 5)
    whole = embedding(x)
    assert whole.shape == (2, 5, 8)
    torch.testing.assert_close(embedding(x[:, 3:4]), whole[:, 3:4])
    assert (embedding(x + 0.02) - whole).abs().max() > 1e-3


def test_level_embeddings_of_different_levels_differ() -> None:
    torch.manual_seed(0)
    phi = torch.linspace(0.0, 0.5 * math.pi, 9)
    levels = LevelEmbedding(32)(torch.cos(phi), torch.sin(phi))
    assert levels.shape == (9, 32)
    assert torch.pdist(levels).min() > 1e-3
