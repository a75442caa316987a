"""The library: immutable generations of passages and vectors on disk, and the one that is current."""

from pincite.library.generations import Generations
from pincite.library.library import DocumentInfo, Library, PassageRow

__all__ = ["DocumentInfo", "Generations", "Library", "PassageRow"]
