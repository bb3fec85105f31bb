# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Decoding of clean samples: depth, sigma, and pixels that are beyond range or have no ray."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from grin_ros.lab.network.grin import Grin
from tests.lab.network.tiny import TINY, awake


@pytest.fixture(scope="module")
def model() -> Grin:
    return awake()


def flat(value: float, members: int = 1) -> Tensor:
    return torch.full((members, TINY.grid_rows * TINY.grid_cols), value)


GREY = torch.full((1, 30, 46, 3), 90, dtype=torch.uint8)
AHEAD = torch.ones(1, 30, 46)


def decode(model: Grin, x: Tensor, log_variance: Tensor, ray_z: Tensor = AHEAD) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        return model.decode(x, log_variance, GREY, ray_z)


@pytest.mark.parametrize("range_m", [0.1, 0.7, 3.0, 42.0, 89.0])
def test_decode_inverts_the_encoding_of_training(model: Grin, range_m: float) -> None:
    x = float(TINY.depth_encoding.encode(range_m)) / TINY.data_std
    depth_m, _ = decode(model, flat(x), flat(-4.0))
    assert depth_m.shape == (30, 46)
    torch.testing.assert_close(depth_m, torch.full((30, 46), range_m), rtol=1e-4, atol=0.0)


def test_decode_clips_to_the_range_of_the_encoding(model: Grin) -> None:
    depth_m, _ = decode(model, flat(-50.0), flat(-4.0))
    torch.testing.assert_close(depth_m, torch.full((30, 46), TINY.min_range_m), rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("range_m", [91.0, 100.0, 1e4])
def test_decode_answers_infinity_beyond_range(model: Grin, range_m: float) -> None:
    x = math.log(range_m / TINY.depth_encoding.decode(0.0)) / TINY.ln_per_unit
    depth_m, sigma_m = decode(model, flat(x), flat(-4.0))
    assert (depth_m == torch.inf).all()
    assert torch.isnan(sigma_m).all()


def test_pixels_without_a_ray_are_nan_and_not_beyond_range(model: Grin) -> None:
    ray_z = torch.ones(1, 30, 46)
    ray_z[0, :5], ray_z[0, 5:10] = -0.3, torch.nan
    depth_m, sigma_m = decode(model, flat(10.0), flat(-4.0), ray_z)
    assert torch.isnan(depth_m[:10]).all()
    assert (depth_m[10:] == torch.inf).all()
    assert torch.isnan(sigma_m).all()


def test_the_range_and_not_the_depth_decides_what_is_beyond_range(model: Grin) -> None:
    # On a ray far to the side, depth along z is much smaller than the range.
    depth_m, _ = decode(model, flat(10.0), flat(-4.0), torch.full((1, 30, 46), 0.1))
    assert (depth_m == torch.inf).all()


@torch.no_grad()
def test_sky_above_ground_has_a_clean_edge(model: Grin) -> None:
    # The upper half is sky, the lower half is at 5 m, and the image shows the edge. No pixel lies in between.
    x = torch.full((TINY.grid_rows, TINY.grid_cols), 1.0 / TINY.data_std)
    x[TINY.grid_rows // 2 :] = float(TINY.depth_encoding.encode(5.0)) / TINY.data_std
    image = torch.full((1, 32, 48, 3), 220, dtype=torch.uint8)
    image[:, 16:] = 40
    depth_m, sigma_m = model.decode(x.reshape(1, -1), flat(-6.0), image, torch.ones(1, 32, 48))
    assert (depth_m[:16] == torch.inf).all()
    torch.testing.assert_close(depth_m[16:], torch.full((16, 48), 5.0), rtol=0.05, atol=0.0)
    assert torch.equal(torch.isfinite(sigma_m), torch.isfinite(depth_m))


@pytest.mark.parametrize(
    ("members", "median"), [([0.3], 0.3), ([0.1, 0.5], 0.3), ([2.0, 0.1, -0.4], 0.1), ([9.0, 0.0, 0.2, -7.0], 0.1)]
)
def test_depth_is_the_median_of_the_members(model: Grin, members: list[float], median: float) -> None:
    got, _ = decode(model, torch.cat([flat(m) for m in members]), flat(-4.0, len(members)))
    expected, _ = decode(model, flat(median), flat(-4.0))
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=0.0)


def test_sigma_follows_the_law_of_total_variance(model: Grin) -> None:
    members, variances = [0.1, 0.5, 0.3, -0.1], [0.04, 0.01, 0.09, 0.02]
    x = torch.cat([flat(m) for m in members])
    log_variance = torch.cat([flat(math.log(v)) for v in variances])
    mean = sum(members) / 4
    variance = sum(variances) / 4 + sum((m - mean) ** 2 for m in members) / 4
    depth_m, sigma_m = decode(model, x, log_variance)
    expected = depth_m * math.sqrt(variance) * TINY.ln_per_unit
    torch.testing.assert_close(sigma_m, expected, rtol=1e-4, atol=0.0)


def test_depth_is_along_z_and_nan_where_no_ray_looks_forward(model: Grin) -> None:
    ray_z = torch.linspace(-0.5, 1.0, 46).expand(1, 30, 46).clone()
    ray_z[0, 3:6] = torch.nan
    depth_m, sigma_m = decode(model, flat(0.2), flat(-3.0), ray_z)
    seen = ray_z[0] > 0.0
    assert 0 < int(seen.sum()) < seen.numel()
    assert torch.equal(torch.isfinite(depth_m), seen)
    assert torch.equal(torch.isfinite(sigma_m), seen)
    assert torch.isnan(depth_m[~seen]).all()
    range_m = float(TINY.depth_encoding.decode(0.2 * TINY.data_std))
    torch.testing.assert_close(depth_m[seen], range_m * ray_z[0][seen], rtol=1e-4, atol=0.0)


@torch.no_grad()
def test_the_query_grid_is_laid_out_row_by_row(model: Grin) -> None:
    # The top half is near, the bottom half far and the left half certain, which shows transposed or flipped axes.
    rows, cols = TINY.grid_rows, TINY.grid_cols
    x = torch.zeros(rows, cols)
    x[rows // 2 :] = 1.0
    log_variance = torch.full((rows, cols), -1.0)
    log_variance[:, : cols // 2] = -6.0
    depth_m, sigma_m = decode(model, x.reshape(1, -1), log_variance.reshape(1, -1))
    assert depth_m[:13].max() < depth_m[17:].min()
    relative = sigma_m / depth_m
    assert relative[:10, :20].max() < relative[:10, 26:].min()


def test_linear_depth_is_decoded_with_its_sigma() -> None:
    model = awake(config=dataclasses.replace(TINY, depth="linear"))
    x = float(model.config.depth_encoding.encode(8.0)) / TINY.data_std
    depth_m, sigma_m = decode(model, flat(x), flat(-8.0))
    torch.testing.assert_close(depth_m, torch.full((30, 46), 8.0), rtol=1e-4, atol=0.0)
    # With linear depth, sigma in metres is the same at every range.
    expected_m = math.exp(-4.0) * TINY.data_std * 0.5 * (TINY.max_range_m - TINY.min_range_m)
    torch.testing.assert_close(sigma_m, torch.full((30, 46), expected_m), rtol=1e-3, atol=0.0)
    assert (decode(model, flat(50.0), flat(-8.0))[0] == torch.inf).all()
