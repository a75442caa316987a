"""`pincite corpus list` and `show`: what is in the library."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from pincite.cli.dates import add_as_of

if TYPE_CHECKING:
    from pincite.domain.documents import Document
    from pincite.library import Library

__all__ = ["register"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``list`` and ``show``."""
    command = commands.add_parser("list", parents=[common], help="show the documents")
    command.add_argument("--json", action="store_true", help="print JSON")
    add_as_of(command)
    command.set_defaults(handler=_list)

    command = commands.add_parser("show", parents=[common], help="show one document: provenance, counts, provisions")
    command.add_argument("document", help="its name in `corpus list`")
    command.add_argument("provision", nargs="?", help='a pin-cite such as "Art. 33" to print its words')
    command.add_argument("--text", action="store_true", help="print the stored text to which all offsets refer")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(handler=_show)


def _library(args: argparse.Namespace) -> Library:
    from pincite.assembly import open_library
    from pincite.config import Home

    return open_library(Home.find(args.home))


def _list(args: argparse.Namespace) -> int:
    from pincite.domain import validity

    library = _library(args)
    passages = library.manifest["documents"]
    today = validity.today()
    searched = library.versions.searched(args.as_of, today)
    states = {info.slug: library.versions.validity(info.slug, args.as_of or today) for info in library.documents}
    rows = [
        {
            "document": info.slug,
            "kind": info.kind.value,
            "title": info.title,
            "short": info.short,
            "passages": passages[info.slug]["passages"],
            "text_sha256": info.text_sha256,
            "provenance": dataclasses.asdict(info.provenance),
            "state": states[info.slug].state.value,
            "status": states[info.slug].words,
            "searched": info.slug in searched,
            "warnings": list(info.warnings),
        }
        for info in library.documents
    ]
    failed = library.manifest["failed"]
    if args.json:
        print(
            json.dumps(
                {
                    "generation": library.generation,
                    "as_of": args.as_of and args.as_of.isoformat(),
                    "documents": rows,
                    "failed": failed,
                },
                ensure_ascii=False,
                indent=2,
            )
        )
        return 0
    width = max(len(row["document"]) for row in rows)
    for row in rows:
        label = row["provenance"]["classification"]
        details = " · ".join(filter(None, (row["kind"], f"{row['passages']} passages", label, _dates(row))))
        print(f"{row['document']:<{width}}  {row['title']} ({details})")
        for warning in row["warnings"]:
            print(f"{'':<{width}}  warning: {warning}")
    for name, reason in failed:
        print(f"not read: {name}: {reason}")
    print(
        f"{len(rows)} documents, {library.manifest['passages']} passages, generation {library.generation}",
        file=sys.stderr,
    )
    return 0


def _dates(row: dict[str, Any]) -> str:
    """Say in words what a document is on the day of the list, and whether questions reach it."""
    effective, until = row["provenance"]["effective"], row["provenance"]["until"]
    words = row["status"]
    if row["state"] == "in force":
        words = f"in force since {effective}" if effective else "no effective date stated"
        words += f" until {until}" if until else ""
    return words if row["searched"] else f"{words} · not searched"


def _show(args: argparse.Namespace) -> int:
    library = _library(args)
    document = library.document(args.document)
    if args.text:
        sys.stdout.buffer.write(document.text.encode("utf-8"))  # offsets must fit whatever the locale
        return 0
    if args.provision:
        return _show_provision(document, args.provision)
    counts = Counter(node.kind.value for node in document.provisions[1:])
    info = library.info(args.document)
    facts: dict[str, Any] = {
        "document": info.slug,
        "title": info.title,
        "short": info.short,
        "aliases": list(info.aliases),
        "kind": info.kind.value,
        "characters": len(document.text),
        "text_sha256": info.text_sha256,
        "passages": library.manifest["documents"][info.slug]["passages"],
        "provisions": dict(counts),
        "provenance": {key: value for key, value in dataclasses.asdict(info.provenance).items() if value},
        "warnings": list(info.warnings),
    }
    if args.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return 0
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {number}" for name, number in value.items())
        elif isinstance(value, list):
            value = "; ".join(value)
        print(f"{key:12} {value}")
    for node in document.provisions[1:]:
        if node.heading:
            depth = sum(1 for _ in document.ancestors(node))
            print(f"{'  ' * (depth + 1)}{node.label} {node.heading}".rstrip())
    return 0


def _show_provision(document: Document, name: str) -> int:
    from pincite.errors import LibraryError
    from pincite.search.lookup import find_named

    wanted = {named.label.casefold() for named in find_named(name)} | {name.strip().casefold()}
    found = [node for node in document.provisions if node.label and node.label.casefold() in wanted]
    if not found:
        labels = [node.label for node in document.provisions if node.label]
        raise LibraryError(
            f"{document.short} has no {name}",
            hint=f"Its labels run from {labels[0]} to {labels[-1]}." if labels else "",
        )
    for node in found:
        print(document.text[node.start : node.end])
    return 0
