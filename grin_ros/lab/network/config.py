# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sizes of a model and the space in which it predicts depth."""

from __future__ import annotations

from dataclasses import dataclass

from grin_ros.core.geometry.log_depth import LinearDepth, LogDepth
from grin_ros.core.sampling.schedule import Schedule


@dataclass(frozen=True)
class ModelConfig:
    """The configuration of a model. config/model/*.yaml holds the shipped sizes; an artifact's manifest repeats them.

    Raises ValueError for sizes that do not fit together.
    """

    image_height: int = 192
    """The camera image is resized to image_height x image_width whatever its aspect: the rays hold the geometry."""
    image_width: int = 256
    grid_rows: int = 48
    """At run time the queried pixels are the centres of grid_rows x grid_cols cells over the image."""
    grid_cols: int = 64
    feature_dim: int = 96
    """Channels of the image feature pyramid."""
    token_dim: int = 128
    """Width of the interface, which has one token per queried pixel."""
    latent_count: int = 96
    latent_dim: int = 256
    blocks: int = 3
    """Number of RIN blocks, each of which reads, processes and writes."""
    self_layers: int = 2
    """Self-attention layers over the latents in each block."""
    head_dim: int = 32
    encoder_widths: tuple[int, ...] = (32, 16, 24, 40, 80, 112, 192, 320)
    """Channels of the stem and the stages. The default is EfficientNet-Lite0; small has the widths of Lite2."""
    encoder_repeats: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)
    min_range_m: float = 0.1
    max_range_m: float = 100.0
    data_std: float = 0.3
    """Standard deviation of log-depth in [-1, 1]; the network works on log-depth / data_std."""
    depth: str = "log"
    """Encoding of the predicted depth: log, or linear (only for comparison; it cannot be exported)."""
    local: bool = True
    """Give a queried pixel the image features at its place; if False, it has its ray alone."""
    scene: bool = True
    """Let the latents read scene tokens."""
    rays: bool = True
    """Describe positions by the rays of the camera; if False, by the rays of one camera for all images."""
    schedule_shift: float = 0.35
    temperature: float = 0.1
    """Amplitude of the noise that sampling starts from, relative to the schedule's. With full noise a sample is a draw
    from all depths that fit the image; with less it stays near their mean, so that more steps cost less accuracy."""

    def __post_init__(self) -> None:
        if self.image_height % 32 or self.image_width % 32:
            raise ValueError(
                f"image size: got {self.image_width}x{self.image_height}, "
                "expected multiples of 32 (the encoder's stride)"
            )
        for name in ("token_dim", "latent_dim"):
            dim = getattr(self, name)
            if dim % self.head_dim:
                raise ValueError(f"{name}: got {dim}, expected a multiple of head_dim = {self.head_dim}")
        if not 0.0 < self.temperature <= 1.0:
            raise ValueError(f"temperature: got {self.temperature}, expected more than 0, at most 1")
        if self.depth not in ("log", "linear"):
            raise ValueError(f"depth: got {self.depth!r}, expected 'log' or 'linear'")

    @property
    def scene_rows(self) -> int:
        """The rows of the grid of scene (global) tokens, which are the image features at stride 16."""
        return self.image_height // 16

    @property
    def scene_cols(self) -> int:
        """The columns of the grid of scene tokens."""
        return self.image_width // 16

    @property
    def depth_encoding(self) -> LogDepth | LinearDepth:
        """The encoding of metres as numbers in [-1, 1]."""
        encoding = LogDepth if self.depth == "log" else LinearDepth
        return encoding(self.min_range_m, self.max_range_m)

    @property
    def schedule(self) -> Schedule:
        """The noise schedule of training and sampling."""
        return Schedule(self.schedule_shift)

    @property
    def ln_per_unit(self) -> float:
        """The derivative d ln(range) / d x, where x is the log-depth that the network predicts."""
        return float(self.data_std * LogDepth(self.min_range_m, self.max_range_m).ln_per_unit)
