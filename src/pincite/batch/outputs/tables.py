"""Results as JSON lines, CSV and Markdown, in the order of the questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pincite.answer.report import escape
from pincite.batch.forms.delimited import written
from pincite.batch.forms.markdown import cell
from pincite.batch.grid import COLUMNS
from pincite.batch.result import STATUS_WORDS, Result, cite_line
from pincite.batch.rows import Row
from pincite.batch.summary import Summary
from pincite.domain.text import collapse, printable

__all__ = ["to_csv", "to_jsonl", "to_markdown"]


def to_jsonl(rows: Sequence[Row], results: Mapping[int, Result]) -> bytes:
    """Return one JSON object a row: ``row``, ``id``, ``question``, filters, and the result's members."""
    lines = []
    for row in rows:
        values = {
            "row": row.number,
            "id": row.id,
            "where": row.where,
            "question": row.asked,
            "documents": list(row.documents),
            "label": row.label,
            **results[row.number].to_json(),
        }
        lines.append(json.dumps(values, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def to_csv(rows: Sequence[Row], results: Mapping[int, Result], *, separator: str = ",") -> bytes:
    """Return a table with headings; UTF-8 with a mark, by which spreadsheet programs know it; every cell harmless."""
    table = [["Id", "Question", *COLUMNS]]
    for row in rows:
        cells = results[row.number].cells()
        if not cells:
            cells = {"Answer": row.kept, "Status": STATUS_WORDS[results[row.number].status]}
        table.append([row.id, printable(row.question), *(cells.get(name, "") for name in COLUMNS)])
    return written(table, separator=separator).encode("utf-8-sig", "replace")


def to_markdown(rows: Sequence[Row], results: Mapping[int, Result], summary: Summary) -> bytes:
    """Return a report: what was asked of what, a table of all rows, then each answer with its quotations."""
    blocks = [f"# {escape(summary.source)}", "\n".join(f"- {name}: {escape(value)}" for name, value in summary.facts())]
    table = ["| Id | Question | Status | Confidence | Needs review |", "|---|---|---|---|---|"]
    for row in rows:
        result = results[row.number]
        words = (row.id, row.asked, STATUS_WORDS[result.status], result.confidence, result.needs_review)
        table.append("| " + " | ".join(cell(word) for word in words) + " |")
    blocks.append("\n".join(table))
    for row in rows:
        blocks += _answer(row, results[row.number])
    return ("\n\n".join(blocks) + "\n").encode("utf-8", "replace")


def _answer(row: Row, result: Result) -> list[str]:
    cells = result.cells()
    blocks = [f"## {escape(row.id)}. {escape(row.asked)}"]
    if not cells:
        words = STATUS_WORDS[result.status] + (f": {row.kept}" if row.kept else "")
        return [*blocks, escape(collapse(words))]
    facts = [f"**{cells['Status']}**", f"confidence {cells['Confidence']}", f"review: {escape(cells['Needs review'])}"]
    further = ("Same as", "Reviewed by", "Answer label")
    facts += [f"{name.lower()} {escape(cells[name])}" for name in further if cells[name]]
    blocks += [" · ".join(facts), escape(collapse(cells["Answer"] or cells["Reason"]))]
    for citation in result.answer.citations if result.answer else ():
        blocks.append(f"\\[{citation.n}\\] **{escape(cite_line(citation))}**")
        blocks.append("  \n".join(f"> {line}" for line in f"“{escape(citation.quote)}”".split("\n")))
    return blocks
