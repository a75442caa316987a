"""A regulation as JSON with chapters, articles and recitals (the form of the first corpus's GDPR)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.sentences import split_sentences

__all__ = ["read_articles_json"]

# "Articles 5,, and;" where numbers were lost; not "and, where applicable", which is how people write
_HOLE = re.compile(r"\bArticles?(?: |\d|,|\(\w+\)|and\b|to\b|or\b)*(?:,,|\b(?:and|to|or)(?=[;.]))")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")


def read_articles_json(data: bytes) -> RawDocument:
    """Read it; its articles are unbroken text without paragraph numbers, so pin-cites end at the article.

    Raises:
        DocumentError: if the JSON has another form or an article or recital is missing from the sequence.
    """
    try:
        content: Any = json.loads(data)
        articles = [article for chapter in content["chapters"] for article in chapter["articles"]]
        recitals = content.get("recitals", [])
        _complete("article", [int(article["number"]) for article in articles])
        _complete("recital", [int(recital["number"]) for recital in recitals])
        blocks = tuple(_blocks(content["chapters"], recitals))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise DocumentError(f"not a regulation in JSON: {error}") from error
    title = str(content.get("_meta", {}).get("regulation", ""))
    holes = sum(len(_HOLE.findall(block.text)) for block in blocks)
    warning = f'at least {holes} cross-reference(s) lack their number in this source ("Articles 5,, and;")'
    return RawDocument(blocks, title, {}, (warning,) if holes else ())


def _complete(what: str, numbers: list[int]) -> None:
    missing = sorted(set(range(1, len(numbers) + 1)) - set(numbers))
    if missing:
        raise DocumentError(f"{what} {missing[0]} is missing")


def _blocks(chapters: list[dict[str, Any]], recitals: list[dict[str, Any]]) -> Iterator[Block]:
    for recital in recitals:
        # each sentence of a recital is numbered in this source ("1 The protection … 2 Article 8(1) …")
        text = _without_counters(_clean(recital["text"]))
        yield Block(text, recital=int(recital["number"]))
    for chapter in chapters:
        yield Block(f"CHAPTER {_ROMAN[int(chapter['number']) - 1]} {_clean(chapter['title'])}", level=1)
        for article in chapter["articles"]:
            yield Block(f"Article {article['number']}", level=2)
            yield Block(_clean(article["title"]))
            for text, item in _paragraphs(_clean(article["text"])):
                yield Block(text, item=item)


def _clean(text: str) -> str:
    return re.sub(r"\s+([,.;:)])", r"\1", " ".join(str(text).split()))


def _without_counters(text: str) -> str:
    number = 1
    while True:
        match = re.search(rf"(?:^|(?<=[.;:’”]) ){number} (?=[A-Z‘“(])", text)
        if not match:
            return text
        text = text[: match.start()] + (" " if match.start() else "") + text[match.end() :]
        number += 1


def _paragraphs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield sentences, an enumeration ("…the following applies: x; y; z.") as its lead-in and its items."""
    for span in split_sentences(text):
        sentence = span.of(text)
        lead, colon, rest = sentence.partition(": ")
        items = re.split(r"(?<=;) (?!in (?:such|that) a? ?case|and,? where|however)", rest) if colon else []
        if len(items) < 2:
            yield sentence, False
            continue
        yield lead + ":", False
        for item in items:
            yield item, True
