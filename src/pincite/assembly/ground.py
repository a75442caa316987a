"""What the answers of a batch would rest on, told without loading a model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pincite import __version__
from pincite.config import Home, Settings
from pincite.models.registry import Registry

if TYPE_CHECKING:
    from pincite.batch.ground import Ground

__all__ = ["batch_ground"]


def batch_ground(home: Home, settings: Settings | None = None) -> Ground:
    """Return what answers to a batch would rest on now; no model is loaded for it.

    Raises:
        PinciteError: if there is no library, or a model named in the settings is not in the manifest.
    """
    from pincite.batch.ground import Basis, Catalogue, Entry, Ground
    from pincite.library.cleared import open_cleared

    chosen = settings or Settings.load(home)
    registry = Registry.open(home)
    library = open_cleared(home, mapped=True)
    try:
        entries = [
            Entry(info.slug, (info.title, info.short, *info.aliases), info.provenance.classification)
            for info in library.documents
        ]
        generation = library.generation
    finally:
        library.close()
    reranker = registry.reranker(chosen)
    adapters = [registry.get(name).adapter for name in (chosen.embedder, reranker) if name]
    deciding = [chosen.context, chosen.answer_tokens, chosen.evidence_tokens, chosen.passages]
    basis = Basis(
        library=generation,
        model=registry.get(chosen.model).sha256,
        embedder=registry.get(chosen.embedder).sha256,
        reranker=registry.get(reranker).sha256 if reranker else "",
        settings=hashlib.sha256(json.dumps(deciding).encode()).hexdigest(),
        program=_program_sha256([adapter.sha256 for adapter in adapters if adapter]),
    )
    return Ground(basis, Catalogue(entries), home.labels, library.directory.name if home.clearance else "")


def _program_sha256(adapters: list[str]) -> str:
    """Return the digest of what searches, drafts and checks: code, data, and the question adapters by their digests.

    A change to any may change an answer. An adapter that was withdrawn counts as it stands in the manifest.
    """
    root = Path(__file__).parents[1]
    files = [file for part in ("answer", "domain", "embed", "llm", "search") for file in (root / part).glob("*")]
    digest = hashlib.sha256(f"{__version__}\0{' '.join(adapters)}".encode())
    for file in sorted(file for file in files if file.suffix in (".py", ".toml")):
        digest.update(f"{file.parent.name}/{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
