"""The HTML report: one file that needs nothing else, with a link from each claim to the words it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape as _escape

from pincite.answer.report import label_note
from pincite.batch.result import STATUS_WORDS, Result, cite_line
from pincite.batch.rows import Row
from pincite.batch.summary import Summary
from pincite.domain.answers import Answer, Citation, EvidenceItem
from pincite.domain.text import collapse, printable

__all__ = ["to_html"]

# nothing may be loaded, run or sent from the report, whatever stands in a document or a question
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --line: #c9ced6; --dim: #5a6472; --mark: #fff1a8; --card: #f6f7f9; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a414c; --dim: #9aa5b4; --mark: #6b5a00; --card: #1b1f25; --link: #7cb7ff; }
}
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
a { color: var(--link); }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.15rem; line-height: 1.35; margin: 0 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } .facts th { width: 38%; font-weight: 400; color: var(--dim); }
.facts td { overflow-wrap: anywhere; }
.row { border-top: 2px solid var(--line); padding: 1.1rem 0 .4rem; }
.state { color: var(--dim); font-size: .92rem; margin: 0 0 .5rem; } .state b { color: inherit; }
.id { color: var(--dim); font-weight: 400; margin-right: .4rem; }
.claims { margin: .4rem 0; } .claim:target { background: var(--mark); }
.source { background: var(--card); border-left: 4px solid var(--line); padding: .6rem .9rem; margin: .6rem 0; }
.source:target { border-left-color: var(--link); outline: 2px solid var(--link); }
.cite { font-weight: 600; } .path { color: var(--dim); font-size: .88rem; overflow-wrap: anywhere; }
.words { white-space: pre-line; margin: .4rem 0; } .words i { color: var(--dim); }
mark { background: var(--mark); color: inherit; padding: 0 .1em; }
.back { font-size: .88rem; }
@media print { body { max-width: none; padding: 0; } .row { break-inside: avoid; } }
"""


def to_html(rows: Sequence[Row], results: Mapping[int, Result], summary: Summary) -> bytes:
    """Return the report as UTF-8; every foreign word is escaped, and no resource or script is in it."""
    title = f"Answers to {printable(summary.source)}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_words(title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1 id="top">{_words(title)}</h1>',
        *([f"<p><b>{_words(label_note(summary.label))}</b></p>"] if summary.label else []),
        f"<p>{_words(summary.counts_in_words())}. {summary.needs_review:,} need review.</p>",
        *_index(rows, results),
        *(part for row in rows for part in _row(row, results[row.number])),
        '<h2 id="made">How this was made</h2><table class="facts">',
        *(f"<tr><th scope=row>{_words(name)}</th><td>{_words(value)}</td></tr>" for name, value in summary.facts()),
        *(f"<tr><th scope=row>Note</th><td>{_words(note)}</td></tr>" for note in summary.notes),
        "</table><p class=state>The quotations were cut out of the stored texts by their offsets; the sentences "
        "around them were drafted by a language model and passed the checks against them. This is no legal advice.</p>",
        "</body></html>\n",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _words(text: str) -> str:
    return _escape(printable(text), quote=True)


def _index(rows: Sequence[Row], results: Mapping[int, Result]) -> Iterator[str]:
    yield "<table><thead><tr><th>Id</th><th>Question</th><th>Status</th><th>Review</th></tr></thead><tbody>"
    for row in rows:
        result = results[row.number]
        review = "reviewed" if result.review else "needed" if result.needs_review else ""
        yield (
            f'<tr><td>{_words(row.id)}</td><td><a href="#q{row.number}">{_words(_short(row.asked))}</a></td>'
            f"<td>{_words(STATUS_WORDS[result.status])}</td><td>{review}</td></tr>"
        )
    yield "</tbody></table>"


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:159].rsplit(" ", 1)[0] + " …"


def _row(row: Row, result: Result) -> Iterator[str]:
    yield f'<section class="row" id="q{row.number}">'
    yield f"<h2><span class=id>{_words(row.id)}</span>{_words(_short(row.asked) if result.error else row.asked)}</h2>"
    state = [f"<b>{_words(STATUS_WORDS[result.status])}</b>"]
    if result.answer is not None:
        state.append(f"confidence {result.confidence}")
        state += [_words(label_note(result.answer.label))] if result.answer.label else []
    if result.needs_review:
        state.append(f"needs review: {_words(result.needs_review)}")
    if result.review:
        state.append(f"reviewed by {_words(result.review.by)}, {_words(result.review.at)}")
    limits = [*row.documents, *([f"classified {row.label}"] if row.label else [])]
    if limits:
        state.append(f"searched only: {_words('; '.join(limits))}")
    if result.answer is not None and result.answer.as_of:
        state.append(f"as of {result.answer.as_of}")
    yield f"<p class=state>{' · '.join(state)}</p>"
    if result.answer is None:
        yield f"<p>{_words(result.error or result.kept)}</p>"
    else:
        yield from _answer(row, result, result.answer)
    yield '<p class=back><a href="#top">All questions</a></p></section>'


def _answer(row: Row, result: Result, answer: Answer) -> Iterator[str]:
    if answer.claims:
        claims = []
        for number, claim in enumerate(answer.claims, 1):
            links = "".join(f'<a href="#q{row.number}-s{n}">[{n}]</a>' for n in claim.citations)
            claims.append(f'<span class="claim" id="q{row.number}-c{number}">{_words(claim.text)}</span> {links}')
        yield f"<p class=claims>{' '.join(claims)}</p>"
        if answer.message:
            yield f"<p>{_words(answer.message)}</p>"
    else:
        yield f"<p class=claims>{_words(result.text)}</p>"
    passages = {passage.n: passage for passage in result.passages}
    for citation in answer.citations:
        passage = passages.get(citation.n)
        parts = passage.parts(citation) if passage else None
        quote = f"<mark>{_words(citation.quote)}</mark>"
        words = f"{_words(parts[0])}<mark>{_words(parts[1])}</mark>{_words(parts[2])}" if parts else quote
        lead_in = f"<i>{_words(passage.lead_in)}</i>\n" if passage and parts and passage.lead_in else ""
        path = (citation.title, *(passage.path if passage else ()))
        yield from _source(row, citation, path, lead_in + words, answer)
    if answer.nearest:
        yield "<p class=state>What came closest:</p>"
        for item in answer.nearest:
            yield (
                f"<div class=source><div class=cite>{_words(item.cite)}</div>"
                f"<div class=path>{_path((item.title, *item.path))}</div><div class=words>{_marked(item)}</div></div>"
            )


def _source(row: Row, citation: Citation, path: Sequence[str], words: str, answer: Answer) -> Iterator[str]:
    back = "".join(
        f' <a href="#q{row.number}-c{number}">sentence {number}</a>'
        for number, claim in enumerate(answer.claims, 1)
        if citation.n in claim.citations
    )
    yield (
        f'<div class="source" id="q{row.number}-s{citation.n}"><div class=cite>'
        f"[{citation.n}] {_words(cite_line(citation))}</div><div class=path>{_path(path)}</div>"
        f"<div class=words>{words}</div>"
        f"<div class=back>Supports{back} · characters {citation.start:,} to {citation.end:,} of the text with "
        f"SHA-256 {_words(citation.text_sha256[:16])}…</div></div>"
    )


def _path(path: Sequence[str]) -> str:
    return " › ".join(_words(collapse(part)) for part in path)


def _marked(item: EvidenceItem) -> str:
    """Return a passage that came close, with the sentences chosen from it marked."""
    parts, at = [], 0
    for quote in sorted(item.quotes, key=lambda span: span.start):
        start, end = quote.start - item.passage.start, quote.end - item.passage.start
        if start < at or end > len(item.text):
            continue
        parts += [_words(item.text[at:start]), f"<mark>{_words(item.text[start:end])}</mark>"]
        at = end
    return "".join([*parts, _words(item.text[at:])])
