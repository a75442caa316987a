"""The question adapter: low-rank changes to the embedder's matrices, applied where a question is encoded.

A question in plain words and the provision that answers it share few words. The adapter moves questions towards the
provisions; passages keep the vectors of the unchanged model, so that a library serves with and without it.
Low-rank adaptation: Hu et al. 2021, arXiv 2106.09685.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from pincite.errors import ModelError

__all__ = ["LowRank", "adaptable", "adapted", "save_adapter"]

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


def save_adapter(path: Path, changes: Mapping[str, LowRank], *, base: str) -> None:
    """Write an adapter as float16 safetensors; `base` is the digest of the model that it belongs to."""
    tensors = {}
    for name, change in changes.items():
        tensors[f"{name}.up"] = change.up.detach().to(torch.float16).contiguous()
        tensors[f"{name}.down"] = change.down.detach().to(torch.float16).contiguous()
    save_file(tensors, path, metadata={"base": base})


def adapted(model: Any, path: Path, *, base: str) -> Any:
    """Return a copy of `model` (a SentenceTransformer) with the adapter applied; what it leaves alone is shared.

    Raises:
        ModelError: if the file is not an adapter of the model with the digest `base`.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            made_for = (file.metadata() or {}).get("base", "")
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError) as error:
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
    shared = {id(p): p for n, p in model.named_parameters() if n.removesuffix(".weight") not in names}
    changed = copy.deepcopy(model, memo=dict(shared))
    for name, module in adaptable(changed).items():
        if name in names:
            with torch.no_grad():
                module.weight += tensors[f"{name}.up"] @ tensors[f"{name}.down"]
    return changed
