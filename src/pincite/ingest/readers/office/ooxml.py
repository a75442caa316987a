"""What Word's parts have in common: names without namespaces, relationships, properties."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from pincite.errors import DocumentError
from pincite.ingest.readers.office.archive import Archive

__all__ = ["child", "children", "is_on", "main_part", "name", "properties", "related", "related_by_id", "value"]

# Transitional and Strict documents differ in their namespaces and in nothing that is read here, so local names do.


def name(element: Any) -> str:
    """Return an element's local name."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def value(element: Any, attribute: str = "val") -> str:
    """Return an attribute by its local name; "" if it or the element is missing."""
    if element is None:
        return ""
    return next((str(v) for key, v in element.attrib.items() if key.rpartition("}")[2] == attribute), "")


def children(element: Any, *names: str) -> Iterator[Any]:
    """Yield the children of these local names."""
    if element is not None:
        yield from (inner for inner in element if name(inner) in names)


def child(element: Any, *path: str) -> Any:
    """Return the first child of this name, of that the first child of the next name, and so on; or None."""
    for step in path:
        if element is None:
            return None
        for inner in element:
            if name(inner) == step:
                element = inner
                break
        else:
            return None
    return element


def is_on(element: Any) -> bool:
    """Tell whether a switch (``<w:vanish/>``, ``w:val="0"``) is on."""
    return element is not None and value(element) not in ("0", "false", "off")


def _relations(archive: Archive, part: str) -> Iterator[tuple[str, str, str]]:
    """Yield id, type and target of the relationships that lead to a part of the package; outside ones never."""
    folder, _, file = part.rpartition("/")
    relations = posixpath.join(folder, "_rels", file + ".rels")
    if relations not in archive:
        return
    for relation in archive.xml(relations):
        if value(relation, "TargetMode") != "External":
            # the root of the package is the top: "../" cannot lead out of an archive in memory
            target = posixpath.normpath(posixpath.join("/", folder, value(relation, "Target"))).lstrip("/")
            if target in archive:
                yield value(relation, "Id"), value(relation, "Type").rpartition("/")[2], target


def related(archive: Archive, part: str, kind: str) -> list[str]:
    """Return the parts of the package to which `part` has a relationship of this kind.

    Raises:
        DocumentError: if the relationships cannot be read.
    """
    return [target for _, found, target in _relations(archive, part) if found == kind]


def related_by_id(archive: Archive, part: str) -> dict[str, str]:
    """Return the parts of the package to which `part` has relationships, by their ids."""
    return {key: target for key, _, target in _relations(archive, part)}


def main_part(archive: Archive) -> str:
    """Return the name of the package's main part.

    Raises:
        DocumentError: if there is none.
    """
    parts = related(archive, "", "officeDocument")
    if not parts:
        raise DocumentError("its main part is missing", hint="The file is damaged; save it again.")
    return parts[0]


def properties(archive: Archive) -> dict[str, str]:
    """Return the document's properties: title, version and whatever it states in custom ones; keys in lower case."""
    found = {}
    for part in related(archive, "", "custom-properties"):
        for entry in archive.xml(part):
            found[value(entry, "name").lower()] = "".join(entry.itertext()).strip()
    for part in related(archive, "", "core-properties"):
        for entry in archive.xml(part):
            if name(entry) in ("title", "version") and (entry.text or "").strip():
                found.setdefault(name(entry), entry.text.strip())
    return {key: text for key, text in found.items() if text}
