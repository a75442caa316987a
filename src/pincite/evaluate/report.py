"""A run for people: the table of measures, tables by kind, source and tag, and the worst cases, at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pincite.domain.text import collapse, printable
from pincite.evaluate.measures import MEASURES

__all__ = ["run_table", "worst_cases"]

_WIDTH = 80
_MOST_GROUPS = 15
"""Groups up to which those of one question are shown too."""
_COLUMNS = (
    ("facts", "facts"),
    ("evidence_cited", "quoted"),
    ("success", "both"),
    ("evidence_in_10", "in 10"),
    ("recall_10", "R@10"),
    ("ndcg_10", "nDCG"),
    ("abstention_recall", "abst."),
    ("false_abstention", "false"),
)
_LEGEND = (
    "facts: answer has the facts; quoted: all gold evidence quoted; both: facts and evidence; in 10: gold evidence in "
    "first 10; abst.: unanswerable not answered; false: answerable not answered"
)


def run_table(run: Mapping[str, Any]) -> str:
    """Return a run's measures as text."""
    conditions = run["conditions"]
    names = ", ".join(printable(one["file"]) for one in run["sets"])
    lines = [
        *_wrap(f"{names}: {len(run['questions'])} questions, {conditions['mode']}"),
        *_wrap(
            f"library {conditions['library']} ({conditions['documents']:,} documents, "
            f"{conditions['passages']:,} passages), embedder {conditions['embedder']['name']}"
            + (f", reranker {conditions['reranker']['name']}" if conditions.get("reranker") else "")
            + (f", model {conditions['model']['title']}" if "model" in conditions else "")
        ),
        "",
        f"{'':30} {'value':>9}  {'95% interval':>19}  {'questions':>9}",
    ]
    for measure in MEASURES:
        if value := run["measures"].get(measure.name):
            interval = f"{_number(value['low'])} to {_number(value['high'])}"
            lines.append(f"{measure.title:30} {_number(value['value']):>9}  {interval:>19}  {value['questions']:9,}")
    for dimension, groups in run["by"].items():
        if groups:
            lines += ["", *_groups(dimension, groups)]
    if any(run["by"].values()):
        lines += ["", *_wrap(_LEGEND)]
    return "\n".join(lines) + "\n"


def _groups(dimension: str, groups: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    title = {"kind": "by kind", "source": "by source", "tags": "by tag"}[dimension]
    shown = [(name, head) for name, head in _COLUMNS if any(name in values for values in groups.values())]
    room = _WIDTH - 6 - 7 * len(shown)
    yield f"{title:{room}} {'n':>5}" + "".join(f"{head:>7}" for _, head in shown)
    counts = {group: max((one["questions"] for one in values.values()), default=0) for group, values in groups.items()}
    hidden = [group for group, count in counts.items() if count == 1] if len(groups) > _MOST_GROUPS else []
    for group, values in groups.items():
        if group in hidden:
            continue
        cells = "".join(f"{values[name]['value']:7.3f}" if name in values else f"{'–':>7}" for name, _ in shown)
        yield f"{_short(group, room):{room}} {counts[group]:5}{cells}"
    if hidden:
        yield f"and {len(hidden)} with one question each"


def _short(text: str, room: int) -> str:
    text = collapse(printable(text))
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        collapse(printable(text)), _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


# ------------------------------------------------------------------ the worst cases


def worst_cases(run: Mapping[str, Any], count: int) -> str:
    """Return the `count` worst questions as text: what was expected, what came, what was found."""
    bad = [question for question in run["questions"] if severity(question) > 0]
    bad.sort(key=lambda question: -severity(question))
    if not bad:
        return "No question went wrong.\n"
    return "\n".join(line for question in bad[:count] for line in _case(question))


def severity(question: Mapping[str, Any]) -> float:
    """Return how bad a question went: 0 if right; a wrong answer is worse than none, none worse than a poor quote."""
    measures = question["measures"]
    verbatim, quotes = measures.get("verbatim", (0, 0))
    if verbatim != quotes:
        return 5.0  # must never happen
    if measures.get("answered_unanswerable"):
        return 4.0
    near = 0.5 * (1 - float(measures.get("ndcg_10", 1)))
    if measures.get("facts") == 0:
        return (1.0 if measures.get("false_abstention") else 3.0) + near
    if measures.get("false_abstention"):
        return 1.0 + near
    if measures.get("absent_refused") == 0:
        return 2.0
    if measures.get("evidence_cited") == 0:
        return 0.6 + near
    if "answered" not in question and measures.get("evidence_in_10") == 0:
        return 1.0 + near
    return 0.0


def _case(question: Mapping[str, Any]) -> Iterator[str]:
    yield "─" * _WIDTH
    kind = " · ".join(filter(None, [question["id"], question["kind"], *question["source"]]))
    yield from _wrap(kind)
    yield from _wrap(question["question"], "  ")
    expected = question["expected"]
    yield "expected"
    if question["answerable"] is False:
        yield "  no answer"
    if expected["note"]:
        yield from _wrap(expected["note"], "  ")
    for group in expected["gold"]:
        where = ", ".join(group["places"][:3]) or "not in the library"
        rank = f"found at {group['rank']}" if group["rank"] else "not found"
        words = " | ".join(group["targets"])
        yield from _wrap(f"{where} ({rank}): {textwrap.shorten(words, 200, placeholder=' …')}", "  ")
    if "answered" in question:
        yield from _came(question["answered"])
    yield "found"
    for hit in question["hits"][:5]:
        mark = "*" if hit["gold"] else " "
        yield from _wrap(f"{hit['rank']:2}.{mark} {hit['document']} {hit['label']} ({hit['score']:.2f})", "  ")
    yield ""


def _came(answered: Mapping[str, Any]) -> Iterator[str]:
    reason = f" ({answered['reason']})" if answered["reason"] else ""
    yield f"came: {answered['status']}{reason}"
    yield from _wrap(answered["answer"] or answered["message"], "  ")
    for citation in answered["citations"]:
        mark = "*" if citation["right"] else " "
        quote = textwrap.shorten(citation["quote"], 160, placeholder=" …")
        yield from _wrap(f"[{citation['n']}]{mark} {citation['document']} {citation['label']}: {quote}", "  ")
    for dropped in answered["dropped"]:
        yield from _wrap(f"dropped ({dropped['check']}): {dropped['text']}", "  ")
