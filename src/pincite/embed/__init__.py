"""Sentence embeddings: texts in, unit vectors out."""

from pincite.embed.protocol import Embedder

__all__ = ["Embedder"]
