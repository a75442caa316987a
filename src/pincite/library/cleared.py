"""Opening the library of a person's clearance, which is refused where it holds documents above its label."""

from __future__ import annotations

from pincite.config import Home
from pincite.errors import LibraryError
from pincite.library.library import Library

__all__ = ["open_cleared"]


def open_cleared(home: Home, *, mapped: bool = False) -> Library:
    """Open the library that answers this person, every digest compared; `mapped` as for `Library`.

    Raises:
        NotCleared: if none is open to them.
        LibraryError: if it is missing or damaged, or was built under another clearance.toml than the present one.
    """
    library = Library(home.library, mapped=mapped)
    clearance = home.clearance
    if clearance is None:
        return library
    labels, most = clearance.labels, clearance.labels.rank(library.directory.name)
    if any(labels.rank(labels.of(info.provenance.classification)) > most for info in library.documents):
        library.close()
        raise LibraryError(
            f"{library.directory}: not built under the present clearance.toml",
            hint="The home's steward builds it again: pincite corpus build",
        )
    return library
