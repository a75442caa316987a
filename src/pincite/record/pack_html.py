"""The readable form of an evidence pack: one HTML file that needs nothing else and can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pincite.domain.text import collapse, printable
from pincite.record.pack import Entry, Pack
from pincite.record.selection import fields, headline, in_words

__all__ = ["to_html"]

# nothing may be loaded, run or sent, whatever stands in a document or a question
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light; --line: #c9ced6; --dim: #5a6472; --mark: #fff1a8; --card: #f6f7f9; }
body { font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: #1b1f25; background: #fff; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 1.6rem 0 .4rem; }
h3 { font-size: 1rem; margin: .9rem 0 .2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th[scope=row] { width: 28%; font-weight: 400; color: var(--dim); } .facts td { overflow-wrap: anywhere; }
section { border-top: 2px solid var(--line); padding: .6rem 0; }
.source { background: var(--card); border-left: 4px solid var(--line); padding: .6rem .9rem; margin: .6rem 0; }
.words { white-space: pre-line; margin: .4rem 0; } .dim { color: var(--dim); font-size: .9rem; }
mark { background: var(--mark); color: inherit; padding: 0 .1em; }
code, pre { font: .8rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
code, pre { overflow-wrap: anywhere; white-space: pre-wrap; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .source { break-inside: avoid; } }
@media print { mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
_ASKED = ("answer", "refusal", "cancelled")


def to_html(pack: Pack) -> bytes:
    """Return the pack in UTF-8; every word of a document, a question or a model is escaped."""
    asked = [entry for entry in pack.entries if entry.record.kind in _ASKED]
    others = [entry for entry in pack.entries if entry.record.kind not in _ASKED]
    span = f"{pack.entries[0].record.time[:10]} to {pack.entries[-1].record.time[:10]}"
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Evidence, {span}</title><style>{_STYLE}</style></head><body>",
        f'<h1 id="top">Evidence from the audit log, {span}</h1>',
        *_verifying(pack),
        *_index(asked),
        *(part for entry in asked for part in _question(entry, pack)),
        *_others(others),
        *_cards("Documents", "As the library that was at hand when this was made describes them.", pack.documents),
        *_cards("Models", "As the list of approved models describes them.", pack.models),
        "</body></html>\n",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _words(text: object) -> str:
    return escape(printable(str(text)), quote=True)


def _verifying(pack: Pack) -> Iterator[str]:
    yield (
        "<p>Each record below is in the log that this checkpoint signs; nothing of it can be changed without the "
        "verifier saying so. The quotations were cut out of the stored texts by their offsets; the sentences around "
        "them were drafted by a language model and checked against them. This is no legal advice.</p>"
    )
    yield f"<pre>{_words(pack.note)}</pre>"
    yield (
        "<p>To verify, with Python 3.11 or later and no network: <code>python3 verify_log.py --pack . --key "
        "PUBLIC_KEY</code>, where PUBLIC_KEY is the key that you were given by another way than this folder. "
        f"The one in this folder is <code>{_words(pack.key)}</code></p>"
    )
    if pack.earlier:
        yield f"<p>The log continues this earlier checkpoint (hashes of the proof: {len(pack.consistency)}):</p>"
        yield f"<pre>{_words(pack.earlier)}</pre>"


def _index(entries: list[Entry]) -> Iterator[str]:
    heads = "".join(f"<th>{name}</th>" for name in ("Record", "Time", "User", "Question", "Status"))
    yield f"<h2>Questions</h2><table><thead><tr>{heads}</tr></thead><tbody>"
    for entry in entries:
        record = entry.record
        asked = record.secret.get("question", "") if record.secret else "(erased)"
        yield (
            f'<tr><td><a href="#r{record.index}">{record.index}</a></td><td>{_words(record.time)}</td>'
            f"<td>{_words(record.user)}</td><td>{_words(asked)}</td>"
            f"<td>{_words(record.public.get('status', record.kind))}</td></tr>"
        )
    yield "</tbody></table>"


def _question(entry: Entry, pack: Pack) -> Iterator[str]:
    record = entry.record
    secret: dict[str, Any] = record.secret or {}
    answer: dict[str, Any] = secret.get("answer") or {}
    yield f'<section id="r{record.index}"><h2>{_words(secret.get("question", "(erased)"))}</h2>'
    yield f"<p class=dim>{_words(headline(record))}</p>"
    if record.erased:
        yield "<p>The payload of this record was erased; that it was recorded, when and by whom, is not.</p>"
    for earlier in secret.get("history", ()):
        yield f"<p class=dim>Asked before it: {_words(earlier)}</p>"
    if answer:
        yield f"<p>{_words(answer.get('answer') or answer.get('message') or 'No answer.')}</p>"
        if answer.get("answer") and answer.get("message"):
            yield f"<p>{_words(answer['message'])}</p>"
        for difference in answer.get("differences", ()):
            yield f"<p><b>{_words(difference['text'])}</b></p>"
        for cited in answer.get("citations", ()):
            yield from _citation(cited, pack)
    if secret.get("draft"):
        yield f"<h3>Draft, unchecked</h3><p class=words>{_words(secret['draft'])}</p>"
    if secret.get("checks"):
        yield "<h3>Checks</h3><table>"
        for check in secret["checks"]:
            found = f"failed: {check['failed']}" if check["failed"] else "passed"
            yield f"<tr><th scope=row>{_words(found)}</th><td>{_words(check['text'])}</td></tr>"
        yield "</table>"
    yield "<h3>On what it rests</h3>"
    told = {name: value for name, value in record.public.items() if name not in ("citations", "status")}
    yield from _facts(told)
    yield from _proof(entry)
    yield '<p class=dim><a href="#top">Top</a></p></section>'


def _citation(cited: Mapping[str, Any], pack: Pack) -> Iterator[str]:
    around = pack.around(cited["document"], cited["start"], cited["end"], cited["text_sha256"])
    head = " · ".join(
        _words(collapse(str(part)))
        for part in (f"[{cited['n']}] {cited['title']}", cited["label"], cited["kind"], cited.get("status", ""))
        if part
    )
    quote = f"<mark>{_words(cited['quote'])}</mark>"
    if around is not None:
        before, after = around.before, around.after
        words = f"{_words(before)}{_joint(before[-1:])}{quote}{_joint(after[:1])}{_words(after)}"
        note = ""
    else:
        words, note = quote, "The library no longer has this text; the quotation is the one that was recorded. "
    yield (
        f"<div class=source><b>{head}</b><div class=words>{words}</div><div class=dim>{note}Characters "
        f"{cited['start']:,} to {cited['end']:,} of the text with SHA-256 "
        f"<code>{_words(cited['text_sha256'])}</code></div></div>"
    )


def _joint(edge: str) -> str:
    """Return a space beside a quotation, which `printable` takes away at the end of what it is given."""
    return edge if edge == " " else ""


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "<table class=facts>"
    for name, words in fields("", {name: value for name, value in facts.items() if value not in (None, "", [])}):
        yield f"<tr><th scope=row>{_words(name)}</th><td>{_words(words)}</td></tr>"
    yield "</table>"


def _proof(entry: Entry) -> Iterator[str]:
    steps = " ".join(step.hex() for step in entry.inclusion)
    yield (
        f"<p class=dim>Record {entry.line.index}, leaf hash <code>{entry.line.leaf.hex()}</code>. Proof of inclusion: "
        f"<code>{steps or 'it is the only record'}</code></p>"
    )


def _others(entries: list[Entry]) -> Iterator[str]:
    if not entries:
        return
    yield "<h2>Sessions, seal, changes and exports</h2>"
    for entry in entries:
        yield f'<section id="r{entry.line.index}"><p><b>{_words(headline(entry.record))}</b></p>'
        yield "".join(f"<p>{_words(line)}</p>" for line in in_words(entry.record))
        yield from _proof(entry)
        yield "</section>"


def _cards(title: str, words: str, cards: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not cards:
        return
    yield f"<h2>{title}</h2><p class=dim>{words}</p>"
    for name, card in sorted(cards.items()):
        yield f"<h3>{_words(name)}</h3>"
        yield from _facts(card)
