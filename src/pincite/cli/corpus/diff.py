"""`pincite corpus diff`: what changed from one version of a document to another."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pincite.cli.terminal import unfiltered
from pincite.domain.text import harmless

if TYPE_CHECKING:
    from pincite.domain.documents import Document
    from pincite.ingest.compare import Change, Comparison

__all__ = ["register"]

_CONTEXT = 10
"""Unchanged words shown on each side of a change."""

_COLOURS = {"-": "\x1b[31m", "+": "\x1b[32m"}
_MARKS = {"added": "+", "removed": "-", "changed": "~", "moved": ">", "heading changed": "#"}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``diff``."""
    command = commands.add_parser(
        "diff",
        parents=[common],
        help="compare two versions of a document",
        description="Compares two documents provision by provision: names from `corpus list`, or files, which are "
        "read as they would be for the library. [-words-] went, {+words+} came.",
    )
    command.add_argument("old", help="name of a document, or a file")
    command.add_argument("new", help="name of a document, or a file")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--exit-code", action="store_true", help="exit with 1 if the documents differ")
    command.set_defaults(handler=_diff)


def _diff(args: argparse.Namespace) -> int:
    from pincite.ingest.compare import compare

    old, new = _documents(args)
    found = compare(old, new)
    if args.json:
        print(json.dumps(_json(old, new, found), ensure_ascii=False, indent=2))
    else:
        width = max(40, min(100, shutil.get_terminal_size((80, 24)).columns))
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print("\n".join(_lines(old, new, found, width, colour=colour)), file=unfiltered(sys.stdout))
    return 1 if args.exit_code and found.changes else 0


def _documents(args: argparse.Namespace) -> tuple[Document, Document]:
    """Return both documents: from the library by name, else from files.

    Raises:
        PinciteError: if a name is neither, or a file cannot be read.
    """
    from pincite.assembly import open_library, read_file
    from pincite.config import Home
    from pincite.errors import LibraryMissing, UnknownDocument
    from pincite.ingest.sources import expand_paths

    home = Home.find(args.home)
    try:
        library = open_library(home)
    except LibraryMissing:
        library = None
    found = []
    for name in (args.old, args.new):
        if library is not None and any(info.slug == name for info in library.documents):
            found.append(library.document(name))
        elif Path(name).is_file():
            (source,) = expand_paths([Path(name)])
            found.append(read_file(home, source))
        elif library is not None:
            library.info(name)  # raises, and names the documents that there are
        else:
            raise UnknownDocument(f"{name}: no such file, and no library in this home")
    return found[0], found[1]


def _json(old: Document, new: Document, found: Comparison) -> dict[str, object]:
    return {
        "old": _identity(old),
        "new": _identity(new),
        "counts": found.counts(),
        "changes": [change.to_json() for change in found.changes],
    }


def _identity(document: Document) -> dict[str, str]:
    own = document.provenance
    return {
        "document": document.slug,
        "title": document.title,
        "version": own.version,
        "effective": own.effective,
        "sha256": own.sha256,
    }


def _lines(old: Document, new: Document, found: Comparison, width: int, *, colour: bool) -> Iterator[str]:
    for mark, document in (("-", old), ("+", new)):
        own = document.provenance
        facts = [
            document.title,
            own.version and f"version {own.version}",
            own.effective and f"effective {own.effective}",
        ]
        yield from _wrap(f"{mark} {document.slug}: {' · '.join(filter(None, facts))}", width, subsequent_indent="    ")
    yield ""
    counts = {kind: count for kind, count in found.counts().items() if count}
    yield from _wrap(", ".join(f"{count} {kind}" for kind, count in counts.items()) or "nothing to compare", width)
    for change in found.changes:
        yield ""
        yield from _change_lines(change, width, colour=colour)


def _wrap(text: str, width: int, **options: Any) -> list[str]:
    """Wrap `text`, and make it harmless: these lines may go past the filter, because they may be coloured."""
    return [harmless(line) for line in textwrap.wrap(text, width, **options)]


def _change_lines(change: Change, width: int, *, colour: bool) -> Iterator[str]:
    label = change.new or change.old
    if change.old and change.new and change.old != change.new:
        label = f"{change.old} → {change.new}"
    heading = change.new_heading or change.old_heading
    kind = change.kind.value
    if kind == "heading changed":
        head = f"{label} heading: [-{change.old_heading}-] {{+{change.new_heading}+}}"
    else:
        # an unnumbered provision is named by its headings already
        heading = "" if heading and label.endswith(heading) else heading
        head = " ".join(filter(None, (label, heading, f"({kind})")))
    yield from _wrap(f"{_MARKS[kind]} {head}", width, subsequent_indent="    ", break_on_hyphens=False)
    if kind == "moved":
        return  # the words are the same
    text = " ".join(_run(run.mark, run.text, kind, n, len(change.words)) for n, run in enumerate(change.words))
    wrapped = _wrap(
        text, width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
    yield from _coloured(wrapped) if colour else wrapped


def _run(mark: str, text: str, kind: str, at: int, count: int) -> str:
    """Return a run of words in its brackets; long unchanged stretches are cut to what stands beside a change."""
    if kind in ("added", "removed"):
        return text  # the sign before the label says it of all words
    if mark == "-":
        return f"[-{text}-]"
    if mark == "+":
        return f"{{+{text}+}}"
    words = text.split()
    head = words[:_CONTEXT] if at > 0 else []
    tail = words[-_CONTEXT:] if at < count - 1 else []
    if len(words) <= len(head) + len(tail) + 3 and (head or tail):
        return text
    return " ".join([*head, "…", *tail])


def _coloured(lines: list[str]) -> Iterator[str]:
    """Colour what stands in brackets, anew on each line, so that nothing else takes the colour on."""
    active = ""
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        parts = [indent, active]
        for word in line.split():
            if word.startswith("[-") or word.startswith("{+"):
                active = _COLOURS[word[1]]
                parts.append(active)
            parts.append(word)
            if active and (word.endswith("-]") or word.endswith("+}")):
                active = ""
                parts.append("\x1b[0m")
            parts.append(" ")
        yield "".join(parts).rstrip() + ("\x1b[0m" if active else "")
