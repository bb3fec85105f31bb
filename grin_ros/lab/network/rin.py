# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Recurrent Interface Network (Jabri et al., arXiv 2212.11972): a few latents read from many tokens, process what
they read, and write back.

The cost grows with latents x tokens and not with tokens squared, so that any number of pixels can be queried.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention with keys and values that are computed separately by `project`."""

    def __init__(self, query_dim: int, source_dim: int, inner_dim: int, head_dim: int) -> None:
        super().__init__()
        self.heads = inner_dim // head_dim
        self.scale = head_dim**-0.5
        self.query = nn.Linear(query_dim, inner_dim, bias=False)
        self.key_value = nn.Linear(source_dim, 2 * inner_dim, bias=False)
        self.out = nn.Linear(inner_dim, query_dim)

    def project(self, source: Tensor) -> Tensor:
        """Return keys and values side by side, (B, M, 2 * inner_dim), from source (B, M, source_dim)."""
        projected: Tensor = self.key_value(source)
        return projected

    def forward(self, x: Tensor, key_value: Tensor) -> Tensor:
        """Return (B, N, query_dim) from x (B, N, query_dim) and key_value (B, M, 2 * inner_dim).

        Attention is written as products and a softmax instead of the fused operator: on CPUs its backward pass is
        faster, and every export target has these operators.
        """
        q = self._split(self.query(x))
        # One transposition serves both and puts them apart. Runtimes would copy slices of the last axis.
        k, v = key_value.unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(torch.matmul(q * self.scale, k.transpose(-2, -1)), -1)
        mixed = torch.matmul(weights, v).transpose(1, 2).flatten(-2)
        out: Tensor = self.out(mixed)
        return out

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    """A residual two-layer perceptron with layer norm."""

    def __init__(self, dim: int, ratio: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, ratio * dim)
        self.project = nn.Linear(ratio * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(functional.gelu(self.expand(self.norm(x)), approximate="tanh"))
        return x + out


class SelfAttentionLayer(nn.Module):
    """A transformer layer in which latents attend to latents."""

    def __init__(self, dim: int, head_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attention = Attention(dim, dim, dim, head_dim)
        self.feed_forward = FeedForward(dim, 4)

    def forward(self, z: Tensor) -> Tensor:
        h = self.norm(z)
        z = z + self.attention(h, self.attention.project(h))
        out: Tensor = self.feed_forward(z)
        return out


class RinBlock(nn.Module):
    """A block that reads (latents attend to tokens), processes (latents attend to latents) and writes (tokens attend to
    latents)."""

    def __init__(self, token_dim: int, latent_dim: int, self_layers: int, head_dim: int) -> None:
        super().__init__()
        self.scene_norm = nn.LayerNorm(token_dim)
        self.read_norm = nn.LayerNorm(latent_dim)
        self.token_norm = nn.LayerNorm(token_dim)
        self.read = Attention(latent_dim, token_dim, token_dim, head_dim)
        self.read_feed_forward = FeedForward(latent_dim, 4)
        self.process = nn.ModuleList(SelfAttentionLayer(latent_dim, head_dim) for _ in range(self_layers))
        self.write_norm = nn.LayerNorm(token_dim)
        self.latent_norm = nn.LayerNorm(latent_dim)
        self.write = Attention(token_dim, latent_dim, token_dim, head_dim)
        self.write_feed_forward = FeedForward(token_dim, 2)

    def scene_key_value(self, scene: Tensor) -> Tensor:
        """Return keys and values (B, G, 2D) of the scene tokens (B, G, D), which stay the same for a whole frame."""
        return self.read.project(self.scene_norm(scene))

    def forward(self, tokens: Tensor, latents: Tensor, scene_kv: Tensor) -> tuple[Tensor, Tensor]:
        """Return new tokens (B, N, D) and latents (B, L, C); scene_kv: (B, G, 2D)."""
        key_value = torch.cat([self.read.project(self.token_norm(tokens)), scene_kv], 1)
        latents = latents + self.read(self.read_norm(latents), key_value)
        latents = self.read_feed_forward(latents)
        for layer in self.process:
            latents = layer(latents)
        tokens = tokens + self.write(self.write_norm(tokens), self.write.project(self.latent_norm(latents)))
        return self.write_feed_forward(tokens), latents
