"""`pincite corpus list` and `show`: what is in the library."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from pincite.cli.dates import add_as_of
from pincite.domain.text import harmless

if TYPE_CHECKING:
    from pincite.domain.documents import Document, Provision
    from pincite.library import Library

__all__ = ["provisions_named", "register"]

_SHOWN = 10
"""Unresolved references printed; --json has all."""


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
        if row["warnings"]:
            print(f"{'':<{width}}  warning: {row['warnings'][0]}{_more(len(row['warnings']) - 1, row['document'])}")
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
        sys.stdout.buffer.write(harmless(document.text).encode("utf-8"))  # offsets must fit whatever the locale
        return 0
    if args.provision:
        return _show_provision(document, args.provision)
    facts = _facts(library, document)
    if args.json:
        print(json.dumps(facts, ensure_ascii=False, indent=2))
        return 0
    _print_facts(facts)
    for node in document.provisions[1:]:
        if node.heading:
            depth = sum(1 for _ in document.ancestors(node))
            print(f"{'  ' * (depth + 1)}{node.label} {node.heading}".rstrip())
    return 0


def _facts(library: Library, document: Document) -> dict[str, Any]:
    """Return all that is known of a document; the keys are those of ``--json``."""
    info = library.info(document.slug)
    account = library.completeness_of(info.number)
    return {
        "document": info.slug,
        "title": info.title,
        "short": info.short,
        "aliases": list(info.aliases),
        "kind": info.kind.value,
        "text_sha256": info.text_sha256,
        "passages": library.manifest["documents"][info.slug]["passages"],
        "provisions": dict(account.counts),
        "numbering": {"gaps": list(account.gaps), "duplicates": list(account.duplicates)},
        "characters": len(document.text),
        "account": {
            "visible": account.characters,
            "in_passages": account.in_passages,
            "in_headings": account.in_headings,
            "unreached": account.unreached,
            "unreached_at": list(account.unreached_at),
            "not_readable": account.replaced,
            "left_out": dict(account.left_out),
        },
        "references": library.reference_counts(info.number),
        "unresolved": _unresolved(library, document, info.number),
        "terms": len(library.terms_of(info.number)),
        "provenance": {key: value for key, value in dataclasses.asdict(info.provenance).items() if value},
        "warnings": list(info.warnings),
    }


def _unresolved(library: Library, document: Document, number: int) -> list[dict[str, str]]:
    """Return the references to provisions that documents of the library do not have."""
    whole = document.provisions[0].span
    return [
        {"at": document.pin_cite(r.span), "words": r.span.of(document.text), "document": r.document, "label": r.label}
        for r in library.references_within(number, whole)
        if r.state == "unresolved"
    ]


def _print_facts(facts: dict[str, Any]) -> None:
    """Print a document's facts for people, within 80 columns."""
    account = facts["account"]
    left_out = account["left_out"]
    lines = [
        ("document", facts["document"]),
        ("title", facts["title"]),
        ("names", "; ".join(dict.fromkeys((facts["short"], *facts["aliases"])))),
        ("kind", facts["kind"]),
        ("text sha256", facts["text_sha256"]),
        ("provisions", ", ".join(_counted(kind, count) for kind, count in facts["provisions"].items())),
        ("passages", f"{facts['passages']:,}"),
        (
            "characters",
            f"{account['visible']:,} but for spaces: {account['in_passages']:,} in passages, "
            f"{account['in_headings']:,} in headings, {account['unreached']:,} in no passage; "
            f"{account['not_readable']:,} not readable",
        ),
        ("left out", ", ".join(f"{size:,} characters of {what}" for what, size in left_out.items()) or "nothing"),
        ("numbering", _numbering(facts["numbering"])),
        (
            "references",
            ", ".join(f"{count:,} {state}" for state, count in facts["references"].items()) or "none",
        ),
        ("terms", f"{facts['terms']:,} defined"),
        *facts["provenance"].items(),
        *(("warning", warning) for warning in facts["warnings"]),
        *(
            ("unresolved", f"{one['at']}: “{one['words']}”: {one['document']} has no {one['label']}")
            for one in facts["unresolved"][:_SHOWN]
        ),
    ]
    if len(facts["unresolved"]) > _SHOWN:
        lines.append(("", f"and {len(facts['unresolved']) - _SHOWN} more unresolved: --json shows all"))
    for key, value in lines:
        print(
            textwrap.fill(f"{key.replace('_', ' '):16}{value}", 80, subsequent_indent=" " * 16, break_on_hyphens=False)
        )


def _numbering(numbering: dict[str, list[str]]) -> str:
    gaps, twice = len(numbering["gaps"]), len(numbering["duplicates"])
    missing = f"{gaps:,} {'gap' if gaps == 1 else 'gaps'}" if gaps else "no gaps"
    return f"{missing}, {f'{twice:,} numbers twice' if twice else 'nothing twice'}"


def _counted(kind: str, count: int) -> str:
    """Return "99 articles", "1 preamble"."""
    names = {"table": "table row", "block": "unnumbered paragraph"}
    name = names.get(kind, kind)
    return f"{count:,} {name if count == 1 else 'annexes' if name == 'annex' else f'{name}s'}"


def _more(count: int, slug: str) -> str:
    return f" (and {count} more: pincite corpus show {slug})" if count > 0 else ""


def _show_provision(document: Document, name: str) -> int:
    for node in provisions_named(document, name):
        print(document.text[node.start : node.end])
    return 0


def provisions_named(document: Document, name: str) -> list[Provision]:
    """Return the provisions of a document that a pin-cite names ("Art. 33", "article 33(1)", "4.2").

    Raises:
        LibraryError: if it has none of that name.
    """
    from pincite.errors import LibraryError
    from pincite.search.lookup import find_named

    wanted = {named.label.casefold() for named in find_named(name)} | {name.strip().casefold()}
    wanted |= {f"§ {label}" for label in wanted} | {label.removeprefix("§ ") for label in wanted}
    found = [node for node in document.provisions if node.label and node.label.casefold() in wanted]
    if not found:
        labels = [node.label for node in document.provisions if node.label]
        raise LibraryError(
            f"{document.short} has no {name}",
            hint=f"Its labels run from {labels[0]} to {labels[-1]}." if labels else "",
        )
    return found
