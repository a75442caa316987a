"""Search: named provisions looked up exactly, everything else by BM25 and vectors fused by score."""

from pincite.search.lookup import Lookup, NamedProvision, find_named
from pincite.search.search import Hit, Searcher

__all__ = ["Hit", "Lookup", "NamedProvision", "Searcher", "find_named"]
