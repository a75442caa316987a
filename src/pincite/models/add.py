"""Adding a model by file: checked against the digest a steward approved, copied, recorded in local.toml."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pincite.domain.progress import Progress, silent
from pincite.errors import DigestMismatch, ModelError
from pincite.llm.gguf import read_header
from pincite.llm.recognition import template_of
from pincite.models import files
from pincite.models.embedder import check_directory
from pincite.models.manifest import ModelEntry, ModelFile, Use, listing_digest, read, to_toml
from pincite.models.registry import PARTIAL, Registry
from pincite.models.verify import check_files
from pincite.models.withdrawn import refuse_withdrawn

__all__ = ["add", "describe"]


def describe(path: Path, progress: Progress = silent) -> tuple[tuple[ModelFile, ...], str]:
    """Return the files and the digest of a GGUF file or a sentence-transformers directory.

    The digest of a file is its SHA-256; that of a directory is `listing_digest`.

    Raises:
        ModelError: if it is neither, or a directory that breaks the rules.
    """
    with files.reading(path):
        if path.is_dir():
            names = check_directory(path)
            total = sum((path / name).stat().st_size for name in names)
            listed, done = [], 0
            for name in names:
                size = (path / name).stat().st_size
                sha256 = files.digest(path / name, progress, what=f"reading {path.name}", before=done, total=total)
                listed.append(ModelFile(name, size, sha256))
                done += size
            return tuple(listed), listing_digest(listed)
        read_header(path)
        sha256 = files.digest(path, progress, what=f"reading {path.name}")
        return (ModelFile(path.name, path.stat().st_size, sha256),), sha256


def add(
    path: Path,
    registry: Registry,
    *,
    name: str,
    sha256: str,
    use: Use,
    title: str = "",
    licence: str = "",
    upstream: str = "",
    template: str = "",
    trained_on: Sequence[str] = (),
    progress: Progress = silent,
) -> ModelEntry:
    """Copy a model into the models directory and record it in ``local.toml``.

    Args:
        path: a GGUF file (use "llm") or a sentence-transformers directory (use "embedder").
        registry: knows the models directory and the names taken.
        name: what settings will call it.
        sha256: the approved digest, as `describe` gives it.
        template: the chat template of a language model; without it, the one its metadata shows.
        trained_on: names of data sets that it was trained on, so that `pincite purge --dataset` knows it.

    Raises:
        DigestMismatch: if the digest is another one; nothing is copied.
        ModelError: if the name or file name is taken, the rules are broken or no template fits.
        ConfigError: if the name or digest is not well-formed.
        DownloadError: if there is not enough space.
    """
    path = path.absolute()
    if not path.exists():
        raise ModelError(f"{path}: not there")
    if path.is_dir() != (use == "embedder"):
        raise ModelError(f"{path}: a model of use {use} is a {'directory' if use == 'embedder' else 'GGUF file'}")
    for entry in registry.entries():
        if entry.name == name or entry.target == path.name:
            raise ModelError(
                f"{entry.name} ({entry.target}) is known already", hint="Choose another name or file name."
            )
    if use == "llm":
        with files.reading(path):
            template = template_of(path, template).name
    elif template:
        raise ModelError(f"{path}: only language models have a chat template, not a model of use {use}")
    listed, found = describe(path, progress)
    refuse_withdrawn(registry.directory, name, found)
    if found != sha256.lower():
        raise DigestMismatch(f"{path}: SHA-256 is {found}, given is {sha256.lower()}", hint="Nothing was copied.")
    entry = ModelEntry(
        name=name,
        use=use,
        title=title or name,
        target=path.name,
        is_directory=use == "embedder",
        size=sum(file.size for file in listed),
        sha256=found,
        licence=licence or "unknown",
        upstream=upstream or "unknown",
        template=template,
        default=False,
        files=listed,
        local=True,
        trained_on=tuple(trained_on),
    )
    directory = registry.directory
    work = directory / PARTIAL
    with files.locked(work, progress), files.reading(directory):
        files.need_space(work, entry.size)
        record = work / "local.toml"
        record.write_text(_with(registry.local_manifest, entry), encoding="utf-8")
        read(record, local=True)  # a name that manifests do not allow stops here, before anything is copied
        made = work / f"add-{entry.target}"
        files.discard(made)
        try:
            _copy(path, made, entry)
            check_files(entry, made, progress)  # the copy, not the original, is what will be loaded
            files.place(made, directory / entry.target)
        finally:
            files.discard(made)
        files.place(record, registry.local_manifest)
    return entry


def _copy(path: Path, made: Path, entry: ModelEntry) -> None:
    for file in entry.files:
        target = made / file.path if entry.is_directory else made
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path / file.path if entry.is_directory else path, target)


def _with(manifest: Path, entry: ModelEntry) -> str:
    head = "# Models added by hand with `pincite models add`; this machine's own, never in git.\n"
    before = manifest.read_text(encoding="utf-8") if manifest.is_file() else head
    return f"{before}\n{to_toml(entry)}"
