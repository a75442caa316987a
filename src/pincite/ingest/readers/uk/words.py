"""The words of CLML elements as they are in force: additions read, repealed words left out, notes not mixed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

__all__ = ["Words", "local_name"]

_NO_WORDS = {"CommentaryRef", "FootnoteRef", "MarginNoteRef"}
_BLOCKS = {
    "Text", "Para", "P", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "Pnumber", "P1para", "P2para", "P3para", "P4para",
    "P5para", "P6para", "P7para", "ListItem", "OrderedList", "UnorderedList", "Signee", "PersonName", "JobTitle",
    "Department", "DateSigned", "AddressLine", "DateText", "th", "td", "Title", "Number",
}  # fmt: skip
_DOTS = "..."


def local_name(element: Any) -> str:
    """Return an element's name without its namespace; "" for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


class Words:
    """Reads the words of elements and counts the characters that it leaves out, by what they are."""

    def __init__(self, root: Any) -> None:
        self.left_out: Counter[str] = Counter()
        self._partly = 0
        self._dotted: set[str] = set()
        self._replaced = {
            change
            for name in ("Substitution", "Addition")
            for element in root.iter(f"{{*}}{name}")
            if (change := element.get("ChangeId"))
        }

    def warnings(self) -> Iterator[str]:
        """Yield what a reader of the text must know."""
        if self._partly:
            yield f"{self._partly} passage(s) are repealed for a part of the United Kingdom only; their words are kept"

    @staticmethod
    def elements(parent: Any) -> Iterator[Any]:
        """Yield the child elements, comments and processing instructions left out."""
        return (child for child in parent if isinstance(child.tag, str))

    def child(self, parent: Any, name: str) -> Any | None:
        """Return the first child element of that name."""
        return next((child for child in self.elements(parent) if local_name(child) == name), None)

    @staticmethod
    def has_own_words(element: Any) -> bool:
        """Tell whether words stand in the element itself, not in its children."""
        return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))

    def of(self, element: Any) -> str:
        """Return the words of an element in force, on one line."""
        return " ".join("".join(self._parts(element)).split())

    def term(self, item: Any) -> str:
        """Return the term that a definition defines: it stands in the first text, before anything else is opened."""
        text = next((e for e in item.iter("{*}Text") if isinstance(e.tag, str)), None)
        term = next(iter(text.iter("{*}Term")), None) if text is not None else None
        return self.of(term) if term is not None else ""

    def leave_out(self, element: Any, what: str) -> None:
        """Count an element's characters as left out; with an empty `what` they are no text of the document."""
        if what:
            self.left_out[what] += len(" ".join("".join(map(str, element.itertext())).split()))

    def _parts(self, element: Any) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if child.tag is etree.Entity:
                yield str(child.text)
            elif isinstance(child.tag, str):
                name = local_name(child)
                if name == "Repeal":
                    yield from self._repealed(child)
                elif name not in _NO_WORDS:
                    gap = " " if name in _BLOCKS else ""
                    yield gap
                    yield from self._parts(child)
                    yield gap
            yield child.tail or ""

    def _repealed(self, element: Any) -> Iterator[str]:
        """Yield what stands in the place of repealed words: dots, once per repeal, unless other words replace them."""
        words = " ".join("".join(map(str, element.itertext())).split())
        if not words.strip(" ."):
            yield words
            return
        if element.get("RetainText") == "true" and element.get("Extent"):
            self._partly += 1
            yield from self._parts(element)
            return
        self.left_out["repealed words"] += len(words)
        change = element.get("ChangeId") or ""
        if element.get("SubstitutionRef") in self._replaced or (change and change in self._dotted):
            return
        self._dotted.add(change)
        yield _DOTS
