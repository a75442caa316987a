"""The question adapter: low-rank changes to the embedder's matrices, applied where a question is encoded.

A question in plain words and the provision that answers it share few words. The adapter moves questions towards the
provisions; passages keep the vectors of the unchanged model, so that a library serves with and without it.
Low-rank adaptation: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import nn
from torch.nn import functional

from pincite.errors import DigestMismatch, ModelError

__all__ = ["LowRank", "adaptable", "adapted", "save_adapter", "shared_copy"]

_LAYER = re.compile(r"(?:^|\.)encoder\.layer\.\d+\.")


class LowRank(nn.Module):
    """Adds a matrix of low rank to a weight; a parametrization of `torch.nn.utils.parametrize`.

    Args:
        rows, columns: shape of the weight.
        rank: of what is added.
    """

    def __init__(self, rows: int, columns: int, rank: int) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.zeros(rows, rank))
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the changed weight, shape (rows, columns)."""
        return weight + self.up @ self.down


def adaptable(model: nn.Module) -> dict[str, nn.Linear]:
    """Return the matrices that an adapter may change, by name: all linear ones of the encoder's layers."""
    return {
        name: module for name, module in model.named_modules() if isinstance(module, nn.Linear) and _LAYER.search(name)
    }


def shared_copy(model: Any) -> Any:
    """Return a copy of `model` (a SentenceTransformer) that shares its weights."""
    shared = (*model.parameters(), *model.buffers())
    return copy.deepcopy(model, memo={id(tensor): tensor for tensor in shared})


def save_adapter(path: Path, changes: Mapping[str, LowRank], *, base: str) -> None:
    """Write an adapter as float16 safetensors; `base` is the digest of the model that it belongs to."""
    tensors = {}
    for name, change in changes.items():
        tensors[f"{name}.up"] = change.up.detach().to(torch.float16).contiguous()
        tensors[f"{name}.down"] = change.down.detach().to(torch.float16).contiguous()
    save_file(tensors, path, metadata={"base": base})


def adapted(model: Any, path: Path, *, base: str, sha256: str = "") -> Any:
    """Return a copy of `model` (a SentenceTransformer) with the adapter applied; it shares all weights of the model.

    The file is read once: the bytes that are compared with `sha256`, if given, are the bytes that are used.

    Raises:
        DigestMismatch: if the file has another digest.
        ModelError: if the file is not an adapter of the model with the digest `base`.
    """
    try:
        data = path.read_bytes()
        if sha256 and (found := hashlib.sha256(data).hexdigest()) != sha256:
            raise DigestMismatch(f"{path}: SHA-256 is {found}, approved is {sha256}")
        tensors = {name: tensor.float() for name, tensor in load(data).items()}
        made_for = str(_metadata(data).get("base", ""))
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"{path}: not readable as safetensors: {error}") from error
    if made_for != base:
        raise ModelError(f"{path}: made for another embedding model ({made_for[:12] or 'unknown'}…)")
    names = {name.rpartition(".")[0] for name in tensors}
    matrices = adaptable(model)
    for name in names:
        shapes = tuple(tensors.get(f"{name}.{part}", torch.empty(0)).shape for part in ("up", "down"))
        fits = name in matrices and all(len(shape) == 2 for shape in shapes)
        if (
            not fits
            or (shapes[0][0], shapes[1][1]) != tuple(matrices[name].weight.shape)
            or shapes[0][1] != shapes[1][0]
        ):
            raise ModelError(f"{path}: does not fit the embedding model at {name!r}")
    changed = shared_copy(model)
    for name, module in adaptable(changed).items():
        if name in names:
            changed.set_submodule(name, _Adapted(module, tensors[f"{name}.up"], tensors[f"{name}.down"]))
    return changed


class _Adapted(nn.Module):
    """A linear layer and what the adapter adds to it, computed apart: the sum of the matrices would be a second model
    in memory."""

    def __init__(self, layer: nn.Linear, up: torch.Tensor, down: torch.Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("up", up)
        self.register_buffer("down", down)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what a layer with the changed weight would, but for rounding."""
        added = functional.linear(functional.linear(inputs, self.get_buffer("down")), self.get_buffer("up"))
        return torch.add(self.layer(inputs), added)


def _metadata(data: bytes) -> dict[str, Any]:
    """Return the metadata of safetensors that were read without error: JSON after its length in eight bytes."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return dict(header.get("__metadata__") or {})
