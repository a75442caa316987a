"""Models that were trained on a data set: found by their provenance, withdrawn, their files erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pincite.errors import PurgeError
from pincite.models import manifest
from pincite.models.files import locked
from pincite.models.registry import PARTIAL, Registry
from pincite.models.withdrawn import WithdrawnModel, read_withdrawn, write_withdrawn
from pincite.purge.erasure import erase

__all__ = ["Trained", "restore", "trained_on", "withdraw"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model or an adapter that was trained on a data set; `paths` are what there is of it on this machine."""

    name: str
    sha256: str
    paths: tuple[Path, ...]


def trained_on(registry: Registry, dataset: str) -> list[Trained]:
    """Return what manifests say was trained on a data set.

    Raises:
        PurgeError: if nothing was; names the data sets that manifests know.
    """
    found = list(_trained_on(registry, dataset))
    if not found:
        known = {name for entry in registry.entries() for name in (*entry.trained_on, *entry.adapter_trained_on)}
        raise PurgeError(
            f"{dataset}: no model states that it was trained on this",
            hint=f"Stated are: {', '.join(sorted(known)) or 'none'}. What a manifest does not state is not known here.",
        )
    return found


def _trained_on(registry: Registry, dataset: str) -> Iterator[Trained]:
    for entry in registry.entries():
        if dataset in entry.trained_on:
            paths = (registry.path(entry), registry.directory / PARTIAL / entry.name)
            yield Trained(entry.name, entry.sha256, tuple(path for path in paths if path.exists()))
        if entry.adapter is not None and dataset in (*entry.trained_on, *entry.adapter_trained_on):
            path = manifest.shipped().parent / entry.adapter.path
            yield Trained(f"question adapter of {entry.name}", entry.adapter.sha256, (path,) if path.exists() else ())


def withdraw(registry: Registry, dataset: str, *, reason: str, authority: str) -> list[Trained]:
    """Withdraw what was trained on a data set, then erase its files; return it.

    The digests are refused first, so that a kill between leaves nothing that could be loaded.

    Raises:
        PurgeError: as `trained_on`, or if a file cannot be erased; it is refused all the same.
    """
    found = trained_on(registry, dataset)
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with locked(registry.directory / PARTIAL):
        withdrawn = read_withdrawn(registry.directory)
        for one in found:
            withdrawn[one.sha256] = WithdrawnModel(one.name, one.sha256, dataset, reason, authority, now)
        write_withdrawn(registry.directory, withdrawn)
        for path in (path for one in found for path in one.paths):
            erase(path)
    return found


def restore(registry: Registry, dataset: str) -> list[str]:
    """Let what was withdrawn on account of a data set be loaded and fetched again; return the names.

    Raises:
        PurgeError: if nothing was.
    """
    with locked(registry.directory / PARTIAL):
        withdrawn = read_withdrawn(registry.directory)
        kept = {digest: one for digest, one in withdrawn.items() if one.dataset != dataset}
        if len(kept) == len(withdrawn):
            raise PurgeError(f"{dataset}: nothing was withdrawn on its account")
        write_withdrawn(registry.directory, kept)
    return [one.name for one in withdrawn.values() if one.dataset == dataset]
