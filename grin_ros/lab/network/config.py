# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The sizes of a model, and the space it predicts in."""

from __future__ import annotations

from dataclasses import dataclass

from grin_ros.core.geometry.log_depth import LinearDepth, LogDepth
from grin_ros.core.sampling.schedule import Schedule


@dataclass(frozen=True)
class ModelConfig:
    """One GRIN. config/model/*.yaml holds the shipped sizes; the manifest of an artifact repeats it."""

    image_height: int = 192
    """The camera image is resized to image_height x image_width whatever its aspect: the rays carry the geometry."""
    image_width: int = 256
    grid_rows: int = 48
    """Dense queries at run time: grid_rows x grid_cols cell centres over the image."""
    grid_cols: int = 64
    feature_dim: int = 96
    """Channels of the image feature pyramid."""
    token_dim: int = 128
    """Width of the interface: one token a queried pixel."""
    latent_count: int = 96
    latent_dim: int = 256
    blocks: int = 3
    """Read, process, write: so often."""
    self_layers: int = 2
    """Self-attention layers over the latents in each block."""
    head_dim: int = 32
    encoder_widths: tuple[int, ...] = (32, 16, 24, 40, 80, 112, 192, 320)
    """Stem and stages of EfficientNet-Lite0; small has those of Lite2, a test model narrower ones."""
    encoder_repeats: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)
    min_range_m: float = 0.1
    max_range_m: float = 100.0
    data_std: float = 0.3
    """Spread of log-depth on its [-1, 1] scale; the network works on log-depth / data_std."""
    depth: str = "log"
    """Scale of the predicted depth: log, or linear (to be compared with; not exported)."""
    local: bool = True
    """Whether a queried pixel sees the image's features there; else its ray alone."""
    scene: bool = True
    """Whether the latents read scene tokens."""
    rays: bool = True
    """Whether positions are the camera's rays; else those of one camera for all images."""
    schedule_shift: float = 0.35
    temperature: float = 0.1
    """Amplitude of the noise that sampling starts from, over the schedule's. Full noise asks for a draw from all depths
    that fit; less asks for one near their middle, which is nearer to the truth: more steps then cost less accuracy."""

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
        """Scene (global) tokens are the features at stride 16."""
        return self.image_height // 16

    @property
    def scene_cols(self) -> int:
        return self.image_width // 16

    @property
    def depth_scale(self) -> LogDepth | LinearDepth:
        """Metres to [-1, 1] and back."""
        scale = LogDepth if self.depth == "log" else LinearDepth
        return scale(self.min_range_m, self.max_range_m)

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.schedule_shift)

    @property
    def ln_per_unit(self) -> float:
        """d ln(range) / d x, x being the log-depth that the network predicts."""
        return float(self.data_std * LogDepth(self.min_range_m, self.max_range_m).ln_per_unit)
