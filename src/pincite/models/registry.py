"""The models this installation knows, and the way from a name to a verified path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from pincite.config import Home, Settings, models_directory
from pincite.domain.progress import Progress, silent
from pincite.errors import ConfigError, ModelError
from pincite.models import manifest
from pincite.models.manifest import ModelEntry, Use
from pincite.models.verify import Verified, check_file, verified, verify
from pincite.models.withdrawn import read_withdrawn, refuse_withdrawn

__all__ = ["LOCAL", "PARTIAL", "Registry", "State"]

LOCAL = "local.toml"
"""Name of the manifest, inside the models directory, of the models that a steward added."""

PARTIAL = ".partial"
"""Name of the directory, inside the models directory, that holds unfinished downloads."""


class State(StrEnum):
    """What a look at the disk says about a model, without hashing it."""

    PRESENT = "present"
    MISSING = "missing"
    PARTIAL = "partly fetched"
    WRONG_SIZE = "wrong size"


class Registry:
    """The merged manifests and the directory that holds the weights.

    Args:
        directory: the models directory; it need not exist.
        manifests: manifest files, each name in one of them only; ``local.toml`` of the directory is always read.

    Raises:
        ConfigError: if a manifest is damaged or two models share a name or file.
    """

    def __init__(self, directory: Path, manifests: Sequence[Path]) -> None:
        self.directory = directory
        entries = [entry for path in manifests for entry in manifest.read(path)]
        self.local_manifest = directory / LOCAL
        if self.local_manifest.is_file():
            entries += manifest.read(self.local_manifest, local=True)
        self._entries: dict[str, ModelEntry] = {}
        for entry in entries:
            if entry.name in self._entries or any(entry.target == other.target for other in self._entries.values()):
                raise ConfigError(f"{self.local_manifest}: {entry.name} ({entry.target}) is in two manifests")
            self._entries[entry.name] = entry

    @classmethod
    def open(cls, home: Home) -> Registry:
        """Return the registry of this installation: the shipped manifest and the home's models directory."""
        return cls(models_directory(home), [manifest.shipped()])

    def entries(self) -> tuple[ModelEntry, ...]:
        """Return all models in manifest order."""
        return tuple(self._entries.values())

    def get(self, name: str) -> ModelEntry:
        """Return the model called `name`.

        Raises:
            ModelError: if there is none; lists the known names.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise ModelError(f"no model is called {name!r}", hint=f"Known: {', '.join(self._entries)}.") from None

    def path(self, entry: ModelEntry) -> Path:
        """Return where the model's file or directory is or will be."""
        return self.directory / entry.target

    def state(self, entry: ModelEntry) -> State:
        """Tell from names and sizes alone whether the model is there."""
        path = self.path(entry)
        if not path.exists():
            unfinished = (self.directory / PARTIAL / entry.name).exists()
            return State.PARTIAL if unfinished else State.MISSING
        for file in entry.files:
            target = path / file.path if entry.is_directory else path
            if not target.is_file() or target.stat().st_size != file.size:
                return State.WRONG_SIZE
        return State.PRESENT

    def there(self, name: str) -> str:
        """Return the name of a model that is used only where it is on this machine; empty if it is not, or `name` is.

        A damaged one counts as there, so that whoever loads it is told; one that was withdrawn does not.

        Raises:
            ModelError: if no manifest has it.
        """
        if not name:
            return ""
        entry = self.get(name)
        absent = self.state(entry) in (State.MISSING, State.PARTIAL)
        return "" if absent or entry.sha256 in read_withdrawn(self.directory) else name

    def reranker(self, settings: Settings) -> str:
        """Return the name of the reranker that is used: the one that the settings name; empty if its files are not here
        or it is the embedder itself, which knows nothing new.

        Raises:
            ModelError: if no manifest has it.
        """
        name = self.there(settings.reranker)
        return "" if name == settings.embedder else name

    def require_adapter(self, entry: ModelEntry) -> Path | None:
        """Return the verified path of the question adapter that ships for `entry`, None if there is none any more.

        Raises:
            ModelMissing, DigestMismatch: if it is not there or not the approved one.
        """
        if entry.adapter is None or entry.adapter.sha256 in read_withdrawn(self.directory):
            return None
        path = manifest.shipped().parent / entry.adapter.path
        check_file(path, entry.adapter, entry.name, hint="Install Pincite again: the file is part of the program.")
        return path

    def require(self, name: str, use: Use, progress: Progress = silent) -> Path:
        """Return the path of a model after verifying every byte of it.

        Raises:
            ModelMissing: if it is not on this machine; the hint says how to get it.
            DigestMismatch, ModelError: if it is unknown, of another use, withdrawn, or not the approved one.
        """
        return verify(self._of_use(name, use), self.directory, progress)

    @contextmanager
    def verified(self, name: str, use: Use, progress: Progress = silent) -> Iterator[Verified]:
        """Give a model for loading: verified before, and at the end of the block not changed since.

        Raises:
            ModelMissing, DigestMismatch, ModelError: as `require`; DigestMismatch also at the end.
        """
        with verified(self._of_use(name, use), self.directory, progress) as model:
            yield model

    def _of_use(self, name: str, use: Use) -> ModelEntry:
        entry = self.get(name)
        if entry.use != use:
            known = ", ".join(other.name for other in self.entries() if other.use == use)
            raise ModelError(f"{name} is of use {entry.use}, not {use}", hint=f"Known of use {use}: {known}.")
        refuse_withdrawn(self.directory, entry.name, entry.sha256)
        return entry
