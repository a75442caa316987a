"""Answers as plain text (``pincite ask``, the clipboard) and as Markdown (exported conversations)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from pincite.domain.answers import BESIDE_THE_POINT, Answer, Citation, EvidenceItem, Reason
from pincite.domain.labels import Labels
from pincite.domain.text import collapse, printable

__all__ = ["as_of_note", "dropped_note", "label_note", "refusal", "to_markdown", "to_text"]

_REASONS = {
    Reason.NONE: "Nothing in the corpus supports an answer.",
    Reason.NO_PASSAGE: "No passage in the corpus deals with this.",
    Reason.NO_SUCH_PROVISION: "The provision named in the question does not exist in the corpus.",
    Reason.NOT_IN_FORCE: "The text named in the question does not answer for this day.",
    Reason.INSUFFICIENT: "Passages were found, but they do not answer the question.",
    Reason.DRAFT_FAILED: "No sentence of the draft passed the checks.",
}


def refusal(answer: Answer) -> str:
    """Return in words why there is no answer: the engine's message, else the reason's own words."""
    return printable(answer.message) or _REASONS[answer.reason]


def dropped_note(answer: Answer) -> str:
    """Say how many sentences of the draft were left out and which checks they failed; empty if none."""
    failed = [check for _, check in answer.dropped if check not in BESIDE_THE_POINT]
    if not failed:
        return ""
    checks = dict.fromkeys(collapse(printable(check)) or "unnamed" for check in failed)
    count = len(failed)
    sentences = "1 sentence of the draft was" if count == 1 else f"{count} sentences of the draft were"
    return f"{sentences} left out; failed: {', '.join(checks)}."


def as_of_note(answer: Answer) -> str:
    """Say for which day the question was asked; empty if for the day itself."""
    return f"As of {answer.as_of}: only texts in force on that day were searched." if answer.as_of else ""


def label_note(label: str) -> str:
    """Say how the text may be handled; empty if it has no label."""
    return f"Label: {collapse(printable(label))}" if label else ""


# ------------------------------------------------------------------ plain text


def to_text(answer: Answer, *, width: int = 88) -> str:
    """Return `answer` as plain text, wrapped at `width`: sentences with ``[n]``, then sources with their quotes.

    Without an answer: the message and the closest passages. Neither markup nor control characters.
    """
    blocks = [_wrap(printable(answer.text) if answer.claims else refusal(answer), width)]
    blocks += [_wrap(printable(difference.text), width) for difference in answer.differences]
    if as_of_note(answer):
        blocks.append(_wrap(as_of_note(answer), width))
    if answer.claims and answer.message:
        blocks.append(_wrap(printable(answer.message), width))
    if dropped_note(answer):
        blocks.append(_wrap(f"Note: {dropped_note(answer)}", width))
    if answer.citations:
        blocks.append("Sources")
        blocks += [_source(f"[{c.n}] {_cite_line(c)}", [c.quote], width) for c in answer.citations]
    if answer.nearest:
        blocks.append("Closest passages")
        blocks += [_source(_cite_line(item), _nearest_quotes(item), width) for item in answer.nearest]
    if answer.label:
        blocks.append(_wrap(label_note(answer.label), width))
    return "\n\n".join(blocks) + "\n"


def _cite_line(source: Citation | EvidenceItem) -> str:
    effective = f"effective {source.effective}" if source.effective and "effective" not in source.status else ""
    parts = (source.cite, source.kind.value, effective, source.status)
    return " · ".join(collapse(printable(part)) for part in parts if part)


def _nearest_quotes(item: EvidenceItem) -> list[str]:
    """Return the chosen sentences of a passage; those of its lead-in are not in `item.text` and are left out."""
    quotes = [item.quote_text(quote) for quote in item.quotes if item.passage.contains(quote)]
    return quotes or [item.text]


def _source(head: str, quotes: Iterable[str], width: int) -> str:
    return "\n".join([_wrap(head, width), *(_wrap(f"“{printable(q)}”", width, "    ") for q in quotes)])


def _wrap(text: str, width: int, indent: str = "") -> str:
    # a quotation keeps its line structure, so each stored line is wrapped on its own
    return "\n".join(
        textwrap.fill(
            line,
            max(width, 20),
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in text.split("\n")
        if line
    )


# -------------------------------------------------------------------- Markdown

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$^=])")
_LINK = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=[Ww]{3})\.|@")
_LINE_START = re.compile(r"^(\d+(?=[.)])|)([-+.)])", re.MULTILINE)


def escape(text: str) -> str:
    r"""Return untrusted `text` as Markdown that renders as exactly these characters: no links, HTML or structure."""
    text = _SPECIAL.sub(r"\\\1", printable(text))
    text = _LINK.sub(lambda match: "\\" + match[0], text)
    return _LINE_START.sub(r"\1\\\2", text)


def to_markdown(answers: Sequence[Answer], labels: Labels | None = None) -> str:
    """Return a conversation as Markdown: each question, its answer, sources with quotes, and the digests behind it.

    Under the title stands the highest label of the answers in the order of `labels`.
    """
    if not answers:
        return "# Pincite\n\nNo answers.\n"
    blocks = [f"# {escape(collapse(answers[0].question))}"]
    if label := (labels or Labels()).highest(answer.label for answer in answers if answer.label):
        blocks.append(f"**{escape(label_note(label))}**")
    for number, answer in enumerate(answers, 1):
        blocks += _answer_blocks(number, answer)
    return "\n\n".join(blocks) + "\n"


def _answer_blocks(number: int, answer: Answer) -> Iterator[str]:
    yield f"## {number}. {escape(collapse(answer.question))}"
    if answer.standalone and answer.standalone != answer.question:
        yield f"Searched for: {escape(collapse(answer.standalone))}"
    if as_of_note(answer):
        yield as_of_note(answer)
    if answer.label:
        yield escape(label_note(answer.label))
    if answer.claims:
        yield escape(collapse(answer.text))
        for difference in answer.differences:
            yield f"**{escape(collapse(difference.text))}**"
        if answer.message:
            yield escape(collapse(answer.message))
    else:
        yield "**Not found in corpus**"
        yield escape(refusal(answer))
    if dropped_note(answer):
        yield f"*{escape(dropped_note(answer))}*"
    if answer.citations:
        yield "### Sources"
        for citation in answer.citations:
            yield from _markdown_source(f"\\[{citation.n}\\] ", citation, [citation.quote])
    if answer.nearest:
        yield "### Closest passages"
        for item in answer.nearest:
            yield from _markdown_source("", item, _nearest_quotes(item))
    yield from _produced_by(answer)


def _markdown_source(prefix: str, source: Citation | EvidenceItem, quotes: Iterable[str]) -> Iterator[str]:
    title = escape(collapse(source.title))
    yield f"{prefix}**{escape(collapse(source.cite))}** · {escape(_cite_line(source).split(' · ', 1)[1])}  \n{title}"
    for quote in quotes:
        # two spaces at a line's end keep the stored line breaks
        yield "  \n".join(f"> {line}" for line in f"“{escape(quote)}”".split("\n"))
    yield f"Text SHA-256: `{re.sub('[^0-9A-Za-z]', '', source.text_sha256)}`"


def _produced_by(answer: Answer) -> Iterator[str]:
    if answer.digests:
        lines = [f"- {escape(collapse(name))}: {escape(collapse(digest))}" for name, digest in answer.digests.items()]
        yield "### Produced by\n\n" + "\n".join(lines)
