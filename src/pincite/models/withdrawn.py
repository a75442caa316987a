"""Models withdrawn because of what they were trained on: their digests are refused by loading, fetching and adding."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pincite.errors import ConfigError, ModelError
from pincite.models.files import place

__all__ = ["WITHDRAWN", "WithdrawnModel", "read_withdrawn", "refuse_withdrawn", "write_withdrawn"]

WITHDRAWN = "withdrawn.json"
"""Name of the list inside the models directory."""

_FORM = 1


@dataclass(frozen=True, slots=True)
class WithdrawnModel:
    """A model, or an adapter, by digest; the data set on whose account it went, why, on whose word and when (UTC)."""

    name: str
    sha256: str
    dataset: str
    reason: str
    authority: str
    time: str


def read_withdrawn(directory: Path) -> dict[str, WithdrawnModel]:
    """Return what is withdrawn in a models directory, by digest.

    Raises:
        ConfigError: if the list cannot be read: then no model is loaded.
    """
    path = directory / WITHDRAWN
    try:
        rows = json.loads(path.read_bytes())["models"]
        return {row["sha256"]: WithdrawnModel(**row) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: {error}", hint="Put the file back from a backup.") from error


def write_withdrawn(directory: Path, models: dict[str, WithdrawnModel]) -> None:
    """Put the list on the disk in the place of what was there.

    Raises:
        ConfigError: if it cannot be written.
    """
    made = directory / f".{WITHDRAWN}.new"
    content = {"form": _FORM, "models": [asdict(model) for model in models.values()]}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        place(made, directory / WITHDRAWN)
    except OSError as error:
        raise ConfigError(f"{directory / WITHDRAWN}: {error.strerror}") from error


def refuse_withdrawn(directory: Path, name: str, sha256: str) -> None:
    """Do nothing unless a digest is withdrawn.

    Raises:
        ModelError: if it is; says on account of which data set, and what would restore it.
    """
    if (found := read_withdrawn(directory).get(sha256)) is not None:
        raise ModelError(
            f"{name} was withdrawn on {found.time[:10]}: it was trained on {found.dataset}",
            hint=f"To use it again: pincite purge --dataset {found.dataset} --restore --reason … --authority …",
        )
