"""`pincite corpus refs`: what a provision refers to, what refers to it, and the defined terms that it uses."""

from __future__ import annotations

import argparse
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pincite.domain.documents import Document, Provision, Span
    from pincite.domain.references import Reference
    from pincite.library import Library

__all__ = ["register"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``refs``."""
    command = commands.add_parser(
        "refs",
        parents=[common],
        help="show cross-references from and to a document or provision",
        description="Shows what a document or one of its provisions (with all below it) refers to, and what in the "
        "library refers to it; without --in or --out both.",
    )
    command.add_argument("document", help="its name in `corpus list`")
    command.add_argument("provision", nargs="?", help='a pin-cite such as "Art. 33"')
    command.add_argument("--in", action="store_true", dest="incoming", help="only what refers to it")
    command.add_argument("--out", action="store_true", dest="outgoing", help="only what it refers to")
    command.add_argument("--terms", action="store_true", help="also the defined terms that it uses, and where from")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(handler=_refs)


def _refs(args: argparse.Namespace) -> int:
    from pincite.assembly import open_library
    from pincite.cli.corpus.show import provisions_named
    from pincite.config import Home

    library = open_library(Home.find(args.home))
    document = library.document(args.document)
    nodes = provisions_named(document, args.provision) if args.provision else [document.provisions[0]]
    both = args.incoming == args.outgoing
    found: dict[str, Any] = {"document": document.slug, "provision": nodes[0].label}
    if both or args.outgoing:
        found["refers_to"] = [edge for node in nodes for edge in _outgoing(library, document, node.span)]
    if both or args.incoming:
        found["referred_to_by"] = [edge for node in nodes for edge in _incoming(library, document, node)]
    if args.terms:
        found["terms"] = [term for node in nodes for term in _terms(library, document, node.span)]
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print(library, document, found)
    library.close()
    return 0


def _outgoing(library: Library, document: Document, span: Span) -> list[dict[str, Any]]:
    number = library.info(document.slug).number
    return [
        {"at": document.pin_cite(one.span), **_edge(document, one)} for one in library.references_within(number, span)
    ]


def _incoming(library: Library, document: Document, node: Provision) -> list[dict[str, Any]]:
    """Return what refers to a provision or to what is below it; of a whole document's own, nothing."""
    edges = []
    sources: dict[int, Document] = {}
    for number, one in library.references_to(document.slug, _with_all_below(document, node)):
        source = sources.setdefault(number, library.document(library.documents[number].slug))
        if node.index == 0 and source.slug == document.slug:
            continue
        edges.append({"from": source.slug, "at": source.pin_cite(one.span), **_edge(source, one)})
    return edges


def _with_all_below(document: Document, node: Provision) -> range:
    end = node.index + 1
    while end < len(document.provisions) and document.provisions[end].parent >= node.index:
        end += 1
    return range(node.index, end)


def _edge(source: Document, one: Reference) -> dict[str, Any]:
    return {
        "words": one.span.of(source.text),
        "start": one.span.start,
        "end": one.span.end,
        "document": one.document,
        "label": one.label,
        "state": one.state.value,
    }


def _terms(library: Library, document: Document, span: Span) -> list[dict[str, Any]]:
    """Return the terms that a document defines and the words inside `span` use, longest first where they overlap."""
    words = span.of(document.text)
    used = []
    for term in sorted(library.terms_of(library.info(document.slug).number), key=lambda one: -len(one.term)):
        pattern = re.compile(rf"(?<!\w){re.escape(term.term)}(?:s|es)?(?!\w)", re.I)
        place = pattern.search(words)
        if place and not (span.start <= term.span.start < span.end):
            used.append(
                (place.start(), {"term": term.term, "label": term.label, "definition": term.span.of(document.text)})
            )
            words = pattern.sub(lambda match: " " * len(match.group()), words)
    return [facts for _, facts in sorted(used, key=lambda pair: pair[0])]


def _print(library: Library, document: Document, found: dict[str, Any]) -> None:
    shorts = {info.slug: info.short for info in library.documents}
    name = f"{document.short} {found['provision']}".strip()
    if "refers_to" in found:
        print(f"{name} refers to" + ("" if found["refers_to"] else " nothing"))
        for edge in _grouped(found["refers_to"]):
            targets = ", ".join(_target(one, document, shorts) for one in edge)
            _entry(f"{edge[0]['at'] or document.short}: “{edge[0]['words']}” → {targets}{_mark(edge[0])}")
    if "referred_to_by" in found:
        print(f"{name} is referred to by" + ("" if found["referred_to_by"] else " nothing"))
        for edge in _grouped(found["referred_to_by"]):
            targets = ", ".join(one["label"] or document.short for one in edge)
            _entry(f"{shorts[edge[0]['from']]} {edge[0]['at']}: “{edge[0]['words']}” → {targets}")
    if "terms" in found:
        print(f"{name} uses" + ("" if found["terms"] else " no defined terms"))
        for term in found["terms"]:
            _entry(f"{term['term']} ({term['label']}): {textwrap.shorten(term['definition'], 200, placeholder=' …')}")


def _grouped(edges: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return edges by the words that make them: "Articles 15 to 22" is one entry with eight targets."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for edge in edges:
        key = (edge.get("from"), edge["start"], edge["end"], edge["document"], edge["state"])
        groups.setdefault(key, []).append(edge)
    return list(groups.values())


def _target(edge: dict[str, Any], document: Document, shorts: dict[str, str]) -> str:
    own = edge["document"] == document.slug
    name = "" if own else shorts.get(edge["document"], edge["document"])
    return f"{name} {edge['label']}".strip() or document.short


def _mark(edge: dict[str, Any]) -> str:
    return {"external": " (not in the library)", "unresolved": " (does not exist)"}.get(edge["state"], "")


def _entry(text: str) -> None:
    print(textwrap.fill(text, 80, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False))
