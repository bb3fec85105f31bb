# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A picture of one frame: image, depth, sigma, and the error where depth was measured, with colour bars in metres.

matplotlib is imported only when a picture is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPTH_COLOURS = "turbo_r"  # near is red
SIGMA_COLOURS = "magma"
INVALID_RGB = (226, 227, 230)
SPARSE_SHARE = 0.3
"""Measured depth on a smaller share of the pixels is drawn with larger dots."""
_INK, _PAPER = "#1f2328", "#ffffff"
_DPI = 150


@dataclass(frozen=True)
class ColourScale:
    """A mapping of metres to colours, from low_m to high_m, logarithmic if `log`. Values outside are clipped."""

    low_m: float
    high_m: float
    log: bool
    colours: str

    def norm(self) -> Any:
        """Return the normalisation for matplotlib."""
        from matplotlib.colors import LogNorm, Normalize

        return (LogNorm if self.log else Normalize)(self.low_m, self.high_m, clip=True)

    def paint(self, values_m: NDArray[Any]) -> NDArray[np.uint8]:
        """Return (H, W) metres as (H, W, 3) uint8 RGB; NaN is light grey, +inf the far end."""
        from matplotlib import colormaps

        filled = np.nan_to_num(values_m.astype(np.float64), nan=self.low_m, posinf=self.high_m)
        rgb: NDArray[np.uint8] = colormaps[self.colours](self.norm()(filled).data, bytes=True)[..., :3].copy()
        rgb[np.isnan(values_m)] = INVALID_RGB
        return rgb


def depth_scale(*depths_m: NDArray[Any] | None) -> ColourScale:
    """Return one scale for estimate and measurement.

    It goes from the smallest 2nd to the largest 98th percentile of the images, and is logarithmic if that is more than
    a factor of 8, as outdoors.
    """
    ends = [np.percentile(d[np.isfinite(d) & (d > 0)], (2, 98)) for d in depths_m if d is not None and _any(d)]
    low, high = (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else (1.0, 2.0)
    high = max(high, low * 1.05)
    return ColourScale(float(low), float(high), bool(high > 8.0 * low), DEPTH_COLOURS)


def sigma_scale(*values_m: NDArray[Any] | None) -> ColourScale:
    """Return one scale for sigma and error, from 0 to the largest of their 95th percentiles."""
    ends = [np.percentile(v[np.isfinite(v)], 95) for v in values_m if v is not None and np.isfinite(v).any()]
    return ColourScale(0.0, float(max([*ends, 1e-3])), False, SIGMA_COLOURS)


@dataclass(frozen=True)
class Tiles:
    """The painted parts of a panel: title, (H, W, 3) uint8 RGB, and colour scale (None for a photograph) of each."""

    images: tuple[tuple[str, NDArray[np.uint8], ColourScale | None], ...]

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(title for title, _, _ in self.images)


def paint(
    rgb: NDArray[np.uint8],
    depth_m: NDArray[Any],
    sigma_m: NDArray[Any],
    truth_m: NDArray[Any] | None = None,
    *,
    with_truth: bool = False,
) -> Tiles:
    """Return image, depth and sigma as tiles, and |depth - measured| if measured depth (H, W; NaN: none) is given.

    with_truth: add the measured depth. It shares its scale with depth, and sigma shares one with the error, so that a
    good sigma looks like the error.
    """
    truth_m = truth_m if truth_m is not None and _any(truth_m) else None
    error_m = None
    if truth_m is not None:
        with np.errstate(invalid="ignore"):
            error_m = np.where(np.isfinite(depth_m), np.abs(depth_m - truth_m), np.nan)
    near_far, small_large = depth_scale(depth_m, truth_m), sigma_scale(sigma_m, error_m)
    tiles: list[tuple[str, NDArray[np.uint8], ColourScale | None]] = [("image", rgb, None)]
    if with_truth and truth_m is not None:
        tiles.append(("measured depth", near_far.paint(fattened(truth_m, nearest=True)), near_far))
    tiles.append(("depth", near_far.paint(depth_m), near_far))
    if np.isfinite(sigma_m).any():
        tiles.append(("sigma (1 σ)", small_large.paint(sigma_m), small_large))
    if error_m is not None:
        tiles.append(("error |depth − measured|", small_large.paint(fattened(error_m, nearest=False)), small_large))
    return Tiles(tuple(tiles))


def panel(
    rgb: NDArray[np.uint8],
    depth_m: NDArray[Any],
    sigma_m: NDArray[Any],
    gt_m: NDArray[Any] | None,
    path: str | Path,
    *,
    title: str = "",
    with_truth: bool = False,
    columns: int | None = None,
) -> None:
    """Draw image | depth | sigma | error and write the picture to `path` (PNG by its suffix).

    rgb: (H, W, 3) uint8. depth_m, sigma_m: (H, W) metres, NaN and +inf as in DepthEstimate. gt_m: (H, W) measured depth
    in metres, NaN where none; None: no error tile. with_truth: add the measured depth as a tile. columns: tiles in a
    row (None: all).
    """
    for name, values in (("depth_m", depth_m), ("sigma_m", sigma_m), ("gt_m", gt_m)):
        if values is not None and values.shape != rgb.shape[:2]:
            raise ValueError(f"{name}: got shape {values.shape}, expected the image's {rgb.shape[:2]}")
    save(draw(paint(rgb, depth_m, sigma_m, gt_m, with_truth=with_truth), title, columns), path)


def draw(tiles: Tiles, title: str = "", columns: int | None = None) -> Figure:
    """Return a figure of the tiles side by side, each with its name above and its colour bar below."""
    count = len(tiles.images)
    columns = min(columns or count, count)
    rows = -(-count // columns)
    height_px, width_px = tiles.images[0][1].shape[:2]
    # These are inches: a tile, the gap between tiles, the line of text above and the colour bar below each.
    tile_w = 3.2
    tile_h = tile_w * height_px / width_px
    gap, above, below, edge, head = 0.14, 0.27, 0.45, 0.12, 0.34 if title else 0.0
    figure_w = 2 * edge + columns * tile_w + (columns - 1) * gap
    figure_h = edge + head + rows * (above + tile_h + below)
    figure = new_figure(figure_w, figure_h)
    if title:
        figure.text(edge / figure_w, 1 - 0.2 / figure_h, title, color=_INK, fontsize=11, weight="bold", va="center")
    for i, (name, image, scale) in enumerate(tiles.images):
        left = edge + (i % columns) * (tile_w + gap)
        top = figure_h - head - edge / 2 - (i // columns) * (above + tile_h + below)
        axes = figure.add_axes(
            (left / figure_w, (top - above - tile_h) / figure_h, tile_w / figure_w, tile_h / figure_h)
        )
        axes.imshow(image, interpolation="lanczos" if scale is None else "nearest", aspect="auto")
        axes.set_axis_off()
        figure.text(left / figure_w, (top - above / 2) / figure_h, name, color=_INK, fontsize=10, va="center")
        if scale is not None:
            bar = figure.add_axes(
                (left / figure_w, (top - above - tile_h - 0.16) / figure_h, tile_w / figure_w, 0.09 / figure_h)
            )
            _colour_bar(bar, scale)
    return figure


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure, made without pyplot, which has global state and may need a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write the figure; its folder is created."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI)


def fattened(values_m: NDArray[Any], nearest: bool) -> NDArray[np.float32]:
    """Return sparse values (H, W; NaN: none) as dots that can be seen; dense values unchanged.

    nearest: where dots overlap, the smaller value is drawn, as a near surface hides a far one; otherwise the larger.
    """
    values = values_m.astype(np.float32)
    known = np.isfinite(values)
    if known.mean() >= SPARSE_SHARE:
        return values
    size = 2 * max(1, round(values.shape[1] / 320)) + 1
    dot = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    sign = np.float32(-1.0 if nearest else 1.0)
    grown = cv2.dilate(np.where(known, sign * values, np.finfo(np.float32).min), dot)
    reached = cv2.dilate(known.astype(np.uint8), dot) > 0
    return np.where(reached, sign * grown, np.float32(np.nan))


def _colour_bar(axes: Axes, scale: ColourScale) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    figure = axes.figure
    mappable = ScalarMappable(norm=scale.norm(), cmap=scale.colours)
    bar = figure.colorbar(mappable, cax=axes, orientation="horizontal")
    ticks = metre_ticks(scale)
    bar.ax.xaxis.set_major_locator(FixedLocator(ticks))
    bar.ax.xaxis.set_minor_locator(NullLocator())
    bar.ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks[:-1]] + [f"{ticks[-1]:g} m"]))
    for tick, label in zip(
        ticks, bar.ax.get_xticklabels(), strict=True
    ):  # this keeps the text inside the width of the bar
        place = float(scale.norm()(tick))
        label.set_horizontalalignment("left" if place < 0.04 else "right" if place > 0.9 else "center")
    bar.ax.tick_params(labelsize=8.5, length=2.5, width=0.6, colors=_INK, pad=2)
    bar.outline.set_visible(False)


def metre_ticks(scale: ColourScale) -> list[float]:
    """Return two to eight round numbers of metres inside the scale: 1, 2 or 5 times a power of ten."""
    decades = [m * 10.0**e for e in range(-5, 4) for m in (1.0, 2.0, 5.0)]
    if scale.log:
        ticks = [d for d in decades if scale.low_m <= d <= scale.high_m]
        return ticks if 2 <= len(ticks) <= 8 else [scale.low_m, scale.high_m]
    step = next(d for d in decades if (scale.high_m - scale.low_m) / d <= 6.5)
    first = int(np.ceil(scale.low_m / step - 1e-9))
    return [round(k * step, 6) for k in range(first, int(scale.high_m / step + 1e-9) + 1)]


def _any(depth_m: NDArray[Any]) -> bool:
    return bool((np.isfinite(depth_m) & (depth_m > 0)).any())
