"""`pincite search`: the passages a question finds, without any model writing."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap

from pincite.cli.dates import add_as_of

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``search``."""
    parser = subparsers.add_parser("search", parents=[common], help="find passages, without an answer")
    parser.add_argument("query", help="words or a question")
    parser.add_argument("-n", "--count", type=int, default=10, help="how many passages (default 10)")
    add_as_of(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(handler=_search)


def _search(args: argparse.Namespace) -> int:
    from pincite.assembly import open_searcher
    from pincite.config import Home
    from pincite.domain.text import collapse, normalise
    from pincite.errors import QuestionError

    query = collapse(normalise(args.query))
    if not query:
        raise QuestionError("the query is empty")
    searcher = open_searcher(Home.find(args.home))
    result = searcher.search(query, max(1, args.count), as_of=args.as_of)
    rows = []
    for hit in result.hits:
        info = searcher.library.documents[hit.passage.document]
        text = searcher.library.document(info.slug).text
        rows.append(
            {
                "document": info.slug,
                "short": searcher.library.names[info.slug],
                "label": hit.passage.label,
                "kind": info.kind.value,
                "path": list(hit.passage.path),
                "start": hit.passage.span.start,
                "end": hit.passage.span.end,
                "text": hit.passage.span.of(text),
                "score": round(hit.score, 4),
                "exact": hit.exact,
                "effective": info.provenance.effective,
                "status": searcher.remark(info.slug, result) or "in force",
                "text_sha256": info.text_sha256,
            }
        )
    notes = [*result.lookup.withheld, *(text for _, text in result.lookup.missing)]
    notes += [result.caveats] if result.caveats else []
    searcher.library.close()
    if args.json:
        as_of = result.as_of.isoformat() if result.as_of else None
        found = {"query": query, "as_of": as_of, "day": result.day.isoformat(), "notes": notes, "passages": rows}
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        width = min(100, shutil.get_terminal_size((88, 24)).columns)
        for note in notes:
            print(note)
        for number, row in enumerate(rows, 1):
            status = "" if row["status"] == "in force" else f" · {row['status']}"
            print(f"{number:2}. {row['short']} {row['label']} · {row['kind']} · {row['score']:.2f}{status}")
            preview = textwrap.shorten(str(row["text"]), 3 * width, placeholder=" …")
            print(textwrap.fill(preview, width, initial_indent="    ", subsequent_indent="    "))
    return 0 if rows else 3
