"""The models of one home, by its settings: each verified, then loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pincite.config import Home, Settings
from pincite.models.registry import Registry

if TYPE_CHECKING:
    from pincite.embed import Embedder
    from pincite.llm import LanguageModel

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Where everything comes from for one home.

    `sequences`: how many answers the language model can write at a time.
    """

    home: Home
    settings: Settings
    registry: Registry
    sequences: int = 1

    @classmethod
    def of(cls, home: Home, settings: Settings | None = None, *, sequences: int = 1) -> Parts:
        """Read settings and manifests."""
        return cls(home, settings or Settings.load(home), Registry.open(home), sequences)

    def embedder(self) -> Embedder:
        """Load the embedding model after verifying its files."""
        return self._embedder(self.settings.embedder)

    def reranker(self) -> Embedder | None:
        """Load the embedding model that reads the best passages once more; None if `reranker_name` is empty."""
        name = self.reranker_name
        return self._embedder(name) if name else None

    @property
    def reranker_name(self) -> str:
        """Name of the reranker that is used, empty for none; see `Registry.reranker`."""
        return self.registry.reranker(self.settings)

    def _embedder(self, name: str) -> Embedder:
        with self.registry.verified(name, "embedder") as verified:
            from pincite.embed.sentence_transformer import TransformerEmbedder

            entry = self.registry.get(name)
            adapter = self.registry.require_adapter(entry)
            return TransformerEmbedder(
                verified.path,
                name=entry.name,
                sha256=entry.sha256,
                adapter=adapter,
                adapter_sha256=entry.adapter.sha256 if entry.adapter else "",
            )

    def model(self) -> LanguageModel:
        """Load the language model after verifying its file."""
        with self.registry.verified(self.settings.model, "llm") as verified:
            from pincite.llm.llama import LlamaModel, send_log_to
            from pincite.llm.templates import template_named

            entry = self.registry.get(self.settings.model)
            send_log_to(self.home.log_file)
            return LlamaModel(
                verified.path,
                opened=verified.opened,
                title=entry.title,
                sha256=entry.sha256,
                template=template_named(entry.template),
                context=self.settings.context,
                threads=self.settings.threads,
                gpu_layers=self.settings.gpu_layers,
                sequences=self.sequences,
            )
