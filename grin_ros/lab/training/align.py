# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Alignment of the encoder to photographs, without labels.

A network that was trained on renders expects features with the statistics of renders. For each convolution in turn, the
mean and standard deviation of each channel are measured on renders and on photographs, and the layer is changed so that
photographs give the statistics of renders (adaptive batch normalisation, Li et al., arXiv 1603.04779). Batch norm is
folded into the convolutions here, so the gain and the shift go into weights and biases and the graph does not change.
The last layers describe the content of an image rather than its style and should not be aligned.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grin_ros.lab.network.encoder import EfficientNetLite, SameConv

LARGEST_GAIN = 2.0
_FLOOR = 1e-3  # added to standard deviations, so that a channel that is always 0 is not amplified


def align(encoder: EfficientNetLite, renders: Tensor, photographs: Tensor, layers: int) -> None:
    """Change the first `layers` convolutions so that photographs give the channel statistics that renders give now.

    renders, photographs: (B, 3, H, W) with the values that the encoder takes; some hundred of each. Both should show
    the same kind of places, because a difference in content would be corrected as if it were one of style. Raises
    ValueError if the encoder does not have that many convolutions.
    """
    convolutions = [module for module in encoder.modules() if isinstance(module, SameConv)]
    if not 0 <= layers <= len(convolutions):
        raise ValueError(f"layers: got {layers}, expected 0 to {len(convolutions)}, the convolutions of this encoder")
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
    """Return the mean and the standard deviation (C,) of the channels of (B, C, h, w)."""
    deviation, mean = torch.std_mean(output.float(), (0, 2, 3), correction=0)
    return mean, deviation
