# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from grin_ros.lab.network.checkpoint import load_model, load_weights, save_weights
from grin_ros.lab.network.encoder import load_imagenet
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training import blend
from grin_ros.lab.training.blend import average, encoder_towards, main, scaled, with_imagenet
from tests.lab.network.tiny import TINY, awake, init_like_imagenet, scene


def test_average_is_the_mean_of_each_tensor() -> None:
    parts = [awake(seed).state_dict() for seed in (0, 1, 2)]
    mean = average(parts)
    assert mean.keys() == parts[0].keys()
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, (parts[0][name] + parts[1][name] + parts[2][name]) / 3.0)
    for name, tensor in average(parts[:1]).items():
        assert torch.equal(tensor, parts[0][name]), name


def test_weights_count_as_their_shares_say() -> None:
    parts = [awake(seed).state_dict() for seed in (0, 1)]
    for name, tensor in average(parts, [3.0, 1.0]).items():
        torch.testing.assert_close(tensor, 0.75 * parts[0][name] + 0.25 * parts[1][name])
    for shares in ([1.0], [1.0, 0.0], [1.0, -1.0], [1.0, math.inf], [1.0, math.nan]):
        with pytest.raises(ValueError, match="expected a number above 0 for each of them"):
            average(parts, shares)


def test_weights_of_different_models_are_not_averaged() -> None:
    weights = {"a": torch.zeros(2), "b": torch.zeros(3)}
    for other in ({"a": torch.zeros(2)}, {**weights, "c": torch.zeros(1)}, {**weights, "b": torch.zeros(1, 3)}):
        for parts in ([weights, other], [other, weights]):
            with pytest.raises(ValueError, match="different models, which differ at '[bc]'"):
                average(parts)
    with pytest.raises(ValueError, match="got no weights"):
        average([])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_only_the_encoder_moves_towards_another(share: float) -> None:
    weights, other = awake(1).state_dict(), awake(9).state_dict()
    for name, tensor in encoder_towards(weights, other, share).items():
        inside = name.startswith("pyramid.backbone.")
        expected = (1.0 - share) * weights[name] + share * other[name] if inside else weights[name]
        torch.testing.assert_close(tensor, expected)
        assert inside or torch.equal(tensor, weights[name]), name


def test_weights_with_imagenet_have_its_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    # ImageNet weights are replaced by seeded ones, because there are none for the narrow encoder of the tests.
    monkeypatch.setattr(blend, "load_imagenet", lambda encoder: init_like_imagenet(encoder, seed=9))
    pretrained = Grin(TINY)
    init_like_imagenet(pretrained.pyramid.backbone, seed=9)
    weights = with_imagenet(TINY)
    for name, tensor in pretrained.pyramid.backbone.state_dict().items():
        assert torch.equal(weights[f"pyramid.backbone.{name}"], tensor), name


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    weights = awake().state_dict()
    with pytest.raises(ValueError, match="expected 0 .* to 1"):
        encoder_towards(weights, weights, share)


def test_an_encoder_of_another_model_is_refused() -> None:
    weights = awake().state_dict()
    other = {name: tensor for name, tensor in weights.items() if "backbone" not in name}
    with pytest.raises(ValueError, match="different models"):
        encoder_towards(weights, other, 0.5)


def test_imagenet_weights_do_not_fit_another_encoder() -> None:
    with pytest.raises(ValueError, match="encoder_widths, encoder_repeats: got .* EfficientNet-Lite0 or 2"):
        load_imagenet(awake().pyramid.backbone)


def test_a_factor_moves_the_first_answer_by_it_and_nothing_else() -> None:
    model = awake(1)
    moved = awake(1)
    moved.load_state_dict(scaled(model.state_dict(), TINY, 1.25))
    tokens = model.encode(**scene(queries=40))
    x, ones = torch.randn(1, 40), torch.ones(1)
    before, after = (m.predict(x, 0.0 * ones, ones, m.empty_latents(tokens[0]), *tokens) for m in (model, moved))
    farther_ln = (before.velocity - after.velocity) * TINY.ln_per_unit
    torch.testing.assert_close(farther_ln, torch.full_like(x, math.log(1.25)))
    assert torch.equal(before.log_variance, after.log_variance)
    with pytest.raises(ValueError, match="expected more than 0"):
        scaled(model.state_dict(), TINY, 0.0)


def written(path: Path, seed: int, **changes: Any) -> str:
    """Write weights of the tiny model with another configuration and return the path."""
    config = dataclasses.replace(TINY, **changes)
    save_weights(path, awake(seed, config).state_dict(), config, torch.float32)
    return str(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_range_m": 50.0}, "max_range_m = 50.0, expected 100.0 as in the first weights"),
        ({"temperature": 0.5}, "temperature = 0.5, expected 0.1"),
        ({"latent_count": 4}, "latent_count = 4, expected 8"),
    ],
)
def test_the_command_refuses_weights_of_different_configurations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    one, other = written(tmp_path / "one", 1), written(tmp_path / "other", 2, **changes)
    out = tmp_path / "out"
    assert main([one, other, "--out", str(out)]) == 2
    assert f"grin blend: {other}: got {said}" in capsys.readouterr().err
    assert not out.exists()


def test_an_encoder_may_come_from_another_configuration_of_its_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, near = written(tmp_path / "one", 1), written(tmp_path / "near", 2, max_range_m=50.0, latent_count=4)
    out = tmp_path / "out"
    assert main([one, "--encoder", near, "1.0", "--out", str(out)]) == 0
    assert load_model(out).config == TINY
    name = f"{blend.ENCODER}stem.weight"
    assert torch.equal(load_weights(out)[name], load_weights(Path(near))[name])
    wide = written(tmp_path / "wide", 2, encoder_widths=(16,) * 8)
    assert main([one, "--encoder", wide, "1.0", "--out", str(out)]) == 2
    assert f"--encoder {wide}: got encoder_widths = (16, 16" in capsys.readouterr().err


def test_the_command_names_a_damaged_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = written(tmp_path / "one", 1), written(tmp_path / "other", 2)
    Path(other).write_bytes(Path(other).read_bytes()[:-8])
    assert main([one, other, "--out", str(tmp_path / "out")]) == 2
    assert f"grin blend: {other}: not a safetensors file, or damaged" in capsys.readouterr().err
