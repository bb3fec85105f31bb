# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A page with the points of a picture to turn round in a browser. It is one file that needs no network."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.types import DepthEstimate, Frame

MAX_POINTS = 60_000
"""The largest number of points of a page. Beside plotly's 5 MB of JavaScript they take about 2 MB."""
SHOWN_PERCENT = (0.5, 99.0)
"""The axes begin and end at these percentiles, so that a few far points do not make the others small."""


def page_possible() -> bool:
    """Return True if plotly, which makes the page, is installed."""
    return find_spec("plotly") is not None


def write_page(path: Path, frame: Frame, estimate: DepthEstimate, title: str) -> int:
    """Write the page, and return its number of points: every k-th pixel in both directions that has a depth.

    Raises OSError if it cannot be written.
    """
    from plotly.io import to_html  # it is optional, and takes long to import

    points = chosen_points(frame, estimate, MAX_POINTS)
    figure = figure_of(*points, title)
    page = to_html(figure, include_plotlyjs=True, full_html=True, validate=False, config={"displaylogo": False})
    path.write_text(page, encoding="utf-8")
    return len(points[0])


def chosen_points(
    frame: Frame, estimate: DepthEstimate, most: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Return points (N, 3) in metres, colours (N, 3) and sigma (N,) in metres of the pixels with a finite depth.

    Of a picture with more than `most` pixels, every k-th in both directions is looked at.
    """
    stride = math.ceil(math.sqrt(estimate.depth_m.size / most))
    kept = np.s_[::stride, ::stride]
    points = points_from_depth(estimate.depth_m[kept], frame.camera.rays()[kept])
    valid = np.isfinite(points).all(axis=-1)
    return points[valid], frame.image[kept][valid], estimate.sigma_m[kept][valid]


def figure_of(
    points_m: NDArray[np.float32], colours: NDArray[np.uint8], sigma_m: NDArray[np.float32], title: str
) -> dict[str, Any]:
    """Return the figure of plotly: points (N, 3) in the optical frame, colours (N, 3) uint8 RGB, sigma (N,) metres.

    Buttons choose what colours the points: the picture, depth or sigma.
    """
    x, y, z, sigma = (_millimetres(column) for column in (*points_m.T, sigma_m))
    picture = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colours.tolist()]
    marker = {
        "size": 1.5, "color": picture, "colorscale": "Turbo", "showscale": False, "colorbar": {"title": {"text": "m"}},
    }  # fmt: skip
    low, high = np.percentile(points_m, SHOWN_PERCENT, axis=0) if len(points_m) else np.zeros((2, 3))
    axes = {
        f"{name}axis": {"title": {"text": f"{name}, m ({where})"}, "range": [float(low[i]), float(high[i])]}
        for i, (name, where) in enumerate((("x", "right"), ("y", "down"), ("z", "ahead")))
    }
    choices = {"picture": (picture, False), "depth": (z, True), "sigma": (sigma, True)}
    buttons = [
        {"label": name, "method": "restyle", "args": [{"marker.color": [values], "marker.showscale": [scale]}]}
        for name, (values, scale) in choices.items()
    ]
    scene = {
        **axes,
        "aspectmode": "data",
        "camera": {"up": {"x": 0, "y": -1, "z": 0}, "eye": {"x": 0.0, "y": -0.3, "z": -1.6}},
    }
    return {
        "data": [
            {
                "type": "scatter3d", "mode": "markers", "x": x, "y": y, "z": z, "marker": marker,
                "customdata": sigma,
                "hovertemplate": "depth %{z:.2f} m, sigma %{customdata:.2f} m<extra></extra>",
            }
        ],
        "layout": {
            "title": {"text": f"{title}: {len(points_m)} points"}, "scene": scene,
            "margin": {"l": 0, "r": 0, "b": 0, "t": 100},
            "updatemenus": [
                {"type": "buttons", "direction": "right", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom",
                 "buttons": buttons}
            ],
        },
    }  # fmt: skip


def _millimetres(values_m: NDArray[np.float32]) -> list[float]:
    """Return values as short numbers: the page holds them as text."""
    return [round(value, 3) for value in map(float, values_m)]
