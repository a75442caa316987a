"""Foreign HTML and XML as element trees: entities not expanded, nothing fetched, deep nesting refused."""

from __future__ import annotations

from typing import Any

from lxml import etree, html

from pincite.errors import DocumentError

__all__ = ["fold_entities", "html_tree", "local_name", "words_of", "xml_tree"]


def html_tree(data: bytes) -> Any:
    """Return the root of an HTML document.

    Raises:
        DocumentError: if elements are nested so deeply that the parser leaves some out, or there are none.
    """
    declared = b"charset=" in data[:4096] or b"encoding=" in data[:4096]
    # without a declaration lxml would read Latin-1
    parser = html.HTMLParser(encoding=None if declared else "utf-8", huge_tree=False)
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"not well-formed: {error}") from error
    if any("xcessive depth" in entry.message for entry in parser.error_log):
        raise DocumentError("elements nested too deeply; what follows them cannot be read")
    return root


def xml_tree(data: bytes) -> Any:
    """Return the root of an XML document.

    Raises:
        DocumentError: if it is not well-formed or nested too deeply.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(data, parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"not well-formed: {error}") from error


def fold_entities(root: Any) -> int:
    """Put unexpanded entities (``&name;``) into the text around them; return how many there were."""
    entities = list(root.iter(etree.Entity))
    for entity in entities:
        words = f"{entity.text}{entity.tail or ''}"
        before, parent = entity.getprevious(), entity.getparent()
        if before is not None:
            before.tail = (before.tail or "") + words
        else:
            parent.text = (parent.text or "") + words
        entity.tail = None
        parent.remove(entity)
    return len(entities)


def local_name(element: Any) -> str:
    """Return an element's name without its namespace, "" for comments and the like."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def words_of(element: Any) -> str:
    """Return all text below an element on one line."""
    return " ".join("".join(element.itertext()).split())
