# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Photographs brought to the statistics of renders, inside the encoder, without a label.

A network that learnt from renders expects what renders give. For each convolution, in order, the mean and deviation of
each channel are measured on renders and on photographs, and the photographs' are made those of renders (adaptive batch
normalisation, Li et al., arXiv 1603.04779). Batch norm is folded here, so gain and shift go into weights and bias: the
graph stays as it is. What the last layers say is rather what is in a picture than how it was taken; they stay.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grin_ros.lab.network.encoder import EfficientNetLite, SameConv

LARGEST_GAIN = 2.0
_FLOOR = 1e-3  # of deviations: a channel that is silent stays so


def align(encoder: EfficientNetLite, renders: Tensor, photographs: Tensor, layers: int) -> None:
    """Change the first `layers` convolutions so that on photographs they answer as they do on renders, in mean and
    deviation of each channel.

    renders, photographs: (B, 3, H, W) as the encoder takes them. Some hundred of each, of much the same kind of place:
    what differs in what they show is taken for a difference of style. ValueError for a count of layers there is not.
    """
    convolutions = [module for module in encoder.modules() if isinstance(module, SameConv)]
    if not 0 <= layers <= len(convolutions):
        raise ValueError(f"layers: got {layers}, expected 0 to {len(convolutions)}, what this encoder has")
    wanted: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    changes: dict[SameConv, tuple[Tensor, Tensor]] = {}

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        wanted[layer] = _statistics(output)

    def change(layer: nn.Module, _: object, output: Tensor) -> Tensor:
        assert isinstance(layer, SameConv)
        (mean, deviation), (wanted_mean, wanted_deviation) = _statistics(output), wanted[layer]
        gain = ((wanted_deviation + _FLOOR) / (deviation + _FLOOR)).clamp(1.0 / LARGEST_GAIN, LARGEST_GAIN)
        changes[layer] = gain, wanted_mean - gain * mean
        return output * gain[:, None, None] + changes[layer][1][:, None, None]

    for images, hook in ((renders, note), (photographs, change)):
        handles = [layer.register_forward_hook(hook) for layer in convolutions[:layers]]
        with torch.no_grad():
            encoder(images)
        for handle in handles:
            handle.remove()
    with torch.no_grad():
        for layer, (gain, shift) in changes.items():
            assert layer.bias is not None
            layer.weight.mul_(gain[:, None, None, None])
            layer.bias.mul_(gain).add_(shift)


def _statistics(output: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation (C,) of (B, C, h, w)."""
    deviation, mean = torch.std_mean(output.float(), (0, 2, 3), correction=0)
    return mean, deviation
