"""Reads every official text and prints what was found beside the official counts: `python -m benchmarks.completeness`.

Exits with 1 if a text does not agree with its official counts or characters of it reach no passage.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pincite.errors import PinciteError
from pincite.ingest.parse import Parsed, parse
from pincite.ingest.readers import form_of
from pincite.ingest.resolve import resolve_references
from pincite.ingest.sources import Source

OFFICIAL = Path(__file__).with_name("official_counts.toml")
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "regulations"
COLUMNS = (
    "file", "form", "found", "official", "gaps", "twice", "references: resolved, unresolved, external", "terms",
    "in no passage", "left out", "U+FFFD", "agrees",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One file: what it was read as, or why it was not read; `official` is empty where no count is known."""

    name: str
    form: str
    parsed: Parsed | None
    official: dict[str, Any]
    reason: str = ""

    @property
    def disagreements(self) -> list[str]:
        """What differs from the official counts, in words."""
        if self.parsed is None:
            return [self.reason]
        found = {key: count(self.parsed, key) for key in self.official}
        wrong = [
            f"{name(key)} {found[key]} ≠ {number}" for key, number in self.official.items() if found[key] != number
        ]
        unreached = self.parsed.completeness.unreached
        return wrong + ([f"{unreached} unreached"] if unreached else [])


def count(parsed: Parsed, key: str) -> int:
    """Return how many provisions there are of a kind ("article") or with a label of a form ("§ 164.")."""
    nodes = parsed.document.provisions
    if "§" in key:  # sections, not what is in them
        pattern = re.compile(rf"{re.escape(key)}[\w.:-]+")
        return len({node.label for node in nodes if pattern.fullmatch(node.label)})
    return sum(node.kind.value == key for node in nodes)


def name(key: str) -> str:
    return f"{key}*" if "§" in key else key


def read(path: Path, texts: list[dict[str, Any]]) -> Row:
    official = next((text["counts"] for text in texts if path.name.startswith(text["file"])), {})
    slug = f"{path.stem}-{path.suffix[1:]}".lower().replace("_", "-")
    try:
        return Row(path.name, form_of(path.read_bytes()), parse(Source(path, slug, None, {}, (), {})), official)
    except PinciteError as error:
        return Row(path.name, form_of(path.read_bytes()), None, official, error.message)


def cells(row: Row, states: dict[str, int]) -> tuple[str, ...]:
    if row.parsed is None:
        return (row.name, row.form, row.reason, "", "", "", "", "", "", "", "", "no")
    account = row.parsed.completeness
    kinds = ("article", "recital", "annex", "chapter", "section", "paragraph", "point", "note", "table")
    found = [f"{name(key)} {count(row.parsed, key)}" for key in row.official if "§" in key]
    found += [f"{kind} {account.counts[kind]}" for kind in kinds if account.counts.get(kind)]
    return (
        row.name,
        row.form,
        ", ".join(found),
        ", ".join(f"{name(key)} {number}" for key, number in row.official.items()) or "–",
        str(len(account.gaps)),
        str(len(account.duplicates)),
        ", ".join(str(states.get(state, 0)) for state in ("resolved", "unresolved", "external")),
        str(len(row.parsed.terms)),
        str(account.unreached),
        ", ".join(f"{what} {size}" for what, size in account.left_out.items()) or "–",
        str(account.replaced),
        ("; ".join(row.disagreements) or "yes") if row.official else "–",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="directory of official texts")
    parser.add_argument("--gaps", action="store_true", help="also list every gap and duplicate")
    args = parser.parse_args()
    texts = tomllib.loads(OFFICIAL.read_text(encoding="utf-8"))["text"]
    paths = sorted(path for path in args.corpus.rglob("*") if path.is_file())
    if not paths:
        print(f"no official texts in {args.corpus}", file=sys.stderr)
        return 1
    rows = [read(path, texts) for path in paths]
    parsed = [row.parsed for row in rows if row.parsed]
    edges = resolve_references([one.document for one in parsed], [one.mentions for one in parsed])
    states: dict[str, dict[str, int]] = {}
    for one, references in zip(parsed, edges, strict=True):
        counts = states.setdefault(one.document.slug, {})
        for reference in references:
            counts[reference.state.value] = counts.get(reference.state.value, 0) + 1
    print("|" + "|".join(COLUMNS) + "|\n|" + "---|" * len(COLUMNS))
    for row in rows:
        found = states.get(row.parsed.document.slug, {}) if row.parsed else {}
        print("|" + "|".join(cell.replace("|", "\\|") for cell in cells(row, found)) + "|")
    judged = [row for row in rows if row.official]
    agree = [row for row in judged if not row.disagreements]
    print(f"\n{len(agree)} of {len(judged)} agree with the official counts; {len(rows)} files read, {_unreached(rows)}")
    if args.gaps:
        for row in rows:
            for gap in (*row.parsed.completeness.gaps, *row.parsed.completeness.duplicates) if row.parsed else ():
                print(f"- {row.name}: {gap}")
    return 0 if len(agree) == len(judged) else 1


def _unreached(rows: list[Row]) -> str:
    unreached = sum(row.parsed.completeness.unreached for row in rows if row.parsed)
    return f"{unreached} characters in no passage"


if __name__ == "__main__":
    sys.exit(main())
