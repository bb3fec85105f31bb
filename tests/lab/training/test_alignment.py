# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Training with an encoder for photographs and another one for renders, and the command that aligns them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.encoder import normalised_image
from grin_ros.lab.training import align, loop
from grin_ros.lab.training.batches import Sampling, batch
from grin_ros.lab.training.loss import LossConfig, Objective, draw_passes
from tests.lab.network.tiny import TINY, awake
from tests.lab.training.recordings import write_shards
from tests.lab.training.runs import RUN


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_shards(tmp_path / "shards")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_weights(path, awake().state_dict(), TINY, torch.float32)
    return path


def test_a_run_can_encode_renders_with_another_encoder(data: Path, weights: Path, tmp_path: Path) -> None:
    frozen = dataclasses.replace(RUN, encoder_lr=0.0)
    start = load_model(weights)
    with torch.no_grad():
        for parameter in start.pyramid.backbone.parameters():
            parameter.mul_(1.5)
    moved = tmp_path / "moved.safetensors"
    save_weights(moved, start.state_dict(), TINY, torch.float32)

    def after_a_step(start_from: Path, renders_through: Path | None) -> dict[str, torch.Tensor]:
        out = tmp_path / start_from.stem
        loop.train(frozen, data, out, stop_after=1, start_from=start_from, renders_through=renders_through)
        return load_model(out / "weights.safetensors").state_dict()

    plain, apart = after_a_step(weights, None), after_a_step(moved, weights)
    # All samples are renders, so the gradients are those of the other encoder, and the model's own is not changed.
    for name, tensor in apart.items():
        expected = start.state_dict()[name] if name.startswith("pyramid.backbone.") else plain[name]
        torch.testing.assert_close(tensor, expected)


def test_another_encoder_for_renders_needs_a_frozen_encoder(data: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="encoder_lr: got .* expected 0"):
        loop.train(RUN, data, tmp_path / "out", start_from=weights, renders_through=weights)


def test_the_command_aligns_photographs_with_renders(data: Path, weights: Path, tmp_path: Path) -> None:
    photographs = write_shards(tmp_path / "photographs", shards=2, seed=5)
    after = tmp_path / "aligned.safetensors"
    options = ["--renders", str(data), "--photographs", str(photographs), "--worlds", "room", "--layers", "3"]
    assert align.main([str(weights), *options, "--out", str(after)]) == 0
    was, now = load_model(weights).state_dict(), load_model(after).state_dict()
    changed = {name for name, tensor in now.items() if not torch.equal(tensor, was[name])}
    assert len(changed) == 6  # weights and biases of three convolutions
    assert all(name.startswith("pyramid.backbone.") for name in changed)


@pytest.mark.parametrize("rendered", [[True, False, True], [False, False, True], [True] * 3, [False] * 3])
def test_renders_and_photographs_go_through_their_own_encoders(data: Path, rendered: list[bool]) -> None:
    """The maps are those of each sample alone, encoded by the encoder of its kind."""
    model, other = awake(0).eval(), awake(1).eval().pyramid.backbone
    drawn = batch(ShardDataset(data), np.array([1, 3, 11]), TINY, Sampling(queries=48), np.random.default_rng(0))
    mixed = dataclasses.replace(drawn, rendered=torch.tensor(rendered))
    maps = Objective(model, LossConfig(), other).maps(mixed, other)
    for i, is_render in enumerate(rendered):
        encoder = other if is_render else model.pyramid.backbone
        alone = model.pyramid.merge(encoder(normalised_image(drawn.image[i : i + 1], *model.pyramid.size)))
        for got, expected in zip(maps, alone, strict=True):
            torch.testing.assert_close(got[i : i + 1], expected)


def test_an_encoder_for_renders_does_not_learn(data: Path) -> None:
    model, other = awake(0), awake(1).pyramid.backbone
    drawn = batch(ShardDataset(data), np.array([1, 3, 11]), TINY, Sampling(queries=48), np.random.default_rng(0))
    passes = draw_passes(TINY, LossConfig(), 3, np.random.default_rng(0), torch.device("cpu"))
    total = Objective(model, LossConfig(), other)(drawn, *passes)["total"]
    total.backward()
    assert all(parameter.grad is None for parameter in other.parameters())
    assert model.head.weight.grad is not None and bool(model.head.weight.grad.any())


def test_a_share_of_the_renders_goes_through_the_encoder_of_photographs(data: Path) -> None:
    dataset = ShardDataset(data)
    indices = np.zeros(200, np.int64)
    for share, low, high in ((0.0, 0, 0), (0.5, 70, 130), (1.0, 200, 200)):
        sampling = Sampling(queries=4, augment=False, render_encoder_share=share)
        drawn = batch(dataset, indices, TINY, sampling, np.random.default_rng(3))
        assert low <= int(drawn.rendered.sum()) <= high
    photographs = Sampling(queries=4, augment=False, render_encoder_share=0.5, photographs=(dataset.world(0),))
    assert not batch(dataset, indices[:20], TINY, photographs, np.random.default_rng(3)).rendered.any()
