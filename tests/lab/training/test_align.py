# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from grin_ros.lab.network.encoder import EfficientNetLite, SameConv
from grin_ros.lab.training.align import LARGEST_GAIN, align
from tests.lab.network.tiny import TINY, init_like_imagenet


def encoder() -> EfficientNetLite:
    network = EfficientNetLite(TINY.encoder_widths, TINY.encoder_repeats)
    init_like_imagenet(network, seed=3)
    return network


def images(seed: int, contrast: float = 1.0, brightness: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 3, 64, 64, generator=generator) * contrast + brightness


def convolutions(network: EfficientNetLite) -> list[SameConv]:
    return [module for module in network.modules() if isinstance(module, SameConv)]


def statistics(network: EfficientNetLite, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return standard deviation and mean of the channels of each convolution."""
    seen: list[tuple[Tensor, Tensor]] = []

    def note(_: nn.Module, __: object, output: Tensor) -> None:
        deviation, mean = torch.std_mean(output, (0, 2, 3), correction=0)
        seen.append((deviation, mean))

    handles = [layer.register_forward_hook(note) for layer in convolutions(network)]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return seen


def test_photographs_get_the_statistics_of_renders() -> None:
    before, after = encoder(), encoder()
    renders, photographs = images(0), images(1, 0.7, 0.2)
    align(after, renders, photographs, len(convolutions(after)))
    for (deviation, mean), (wanted_deviation, wanted_mean) in zip(
        statistics(after, photographs), statistics(before, renders), strict=True
    ):
        torch.testing.assert_close(mean, wanted_mean, atol=1e-4, rtol=1e-3)
        # The gain has a limit, so channels that are nearly constant are left out.
        close = (deviation - wanted_deviation).abs() < 3e-3 + 0.01 * wanted_deviation
        assert close.float().mean() > 0.8


def test_equal_statistics_change_nothing() -> None:
    before, after = encoder(), encoder()
    align(after, images(0), images(0), len(convolutions(after)))
    for name, tensor in after.state_dict().items():
        torch.testing.assert_close(tensor, before.state_dict()[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", [0, 1, 5])
def test_only_the_given_first_layers_change(layers: int) -> None:
    before, after = encoder(), encoder()
    align(after, images(0), images(1, 0.5), layers)
    changed = [
        not torch.equal(a.weight, b.weight) for a, b in zip(convolutions(before), convolutions(after), strict=True)
    ]
    assert changed == [i < layers for i in range(len(changed))]


def test_the_gain_has_a_limit() -> None:
    before, after = encoder(), encoder()
    align(after, images(0, 8.0), images(1, 0.1), 1)
    gain = convolutions(after)[0].weight / convolutions(before)[0].weight
    torch.testing.assert_close(gain, torch.full_like(gain, LARGEST_GAIN))


def test_the_network_does_not_change_any_more_after_alignment() -> None:
    network = encoder()
    align(network, images(0), images(1), 3)
    aligned = copy.deepcopy(network.state_dict())
    fresh = encoder()
    fresh.load_state_dict(aligned)
    for got, expected in zip(network(images(2)), fresh(images(2)), strict=True):
        torch.testing.assert_close(got, expected)
    assert all(torch.equal(tensor, aligned[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("layers", [-1, 1000])
def test_a_wrong_number_of_layers_is_refused(layers: int) -> None:
    with pytest.raises(ValueError, match=f"got {layers}, expected 0 to"):
        align(encoder(), images(0), images(1), layers)
