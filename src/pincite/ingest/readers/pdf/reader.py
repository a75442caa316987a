"""PDF through PDFium: what a reader sees, in reading order, with the page of every block.

`Block.page` counts from the file's first page, as every viewer's "page 6 of 48" and its go-to box do. Printed page
numbers are not used: they repeat ("i" of the cover and of the preface), and not all viewers show them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import quantiles

import pypdfium2
import pypdfium2.raw as pdfium

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.pdf.blocks import PageText, make_blocks
from pincite.ingest.readers.pdf.contents import contents_rows, without_repeated_headings
from pincite.ingest.readers.pdf.guard import check_streams, is_damaged
from pincite.ingest.readers.pdf.layout import lay_out
from pincite.ingest.readers.pdf.notes import part_notes, take_marks
from pincite.ingest.readers.pdf.rows import Row, joined, make_rows, running_rows
from pincite.ingest.readers.pdf.sight import set_hidden_apart
from pincite.ingest.readers.pdf.words import PageWords, Word, read_words

__all__ = ["read_pdf"]

_MOST_PAGES = 5000
_MOST_CHARS = 10_000_000  # of a document; the longest act in force in the EU has about 1.5 million
_SHOWN = 60  # characters of hidden text that a warning quotes
_NO_TITLE = re.compile(
    r"untitled|unbenannt|microsoft word|\(anonymous\)|.*\.(?:docx?|odt|rtf|indd|pdf|tex|dvi|qxd)$", re.I
)


def read_pdf(data: bytes) -> RawDocument:
    """Read what a PDF shows as text; what cannot be read, or cannot be seen, is reported.

    Raises:
        DocumentError: if it needs a password, is damaged, is larger than a document can be, or has no text.
    """
    check_streams(data)
    document = _open(data)
    try:
        return _Reader(document, is_damaged(data)).read()
    finally:
        document.close()


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD:
            raise DocumentError(
                "protected by a password", hint="Save a copy without the password and add that."
            ) from error
        raise DocumentError(
            f"not a readable PDF ({error})", hint="The file is damaged or incomplete; get it again from its source."
        ) from error
    count = len(document)
    if not 0 < count <= _MOST_PAGES:
        document.close()
        raise DocumentError(f"{count:,} pages; the limit is {_MOST_PAGES:,}" if count else "it has no pages")
    return document


class _Reader:
    def __init__(self, document: pypdfium2.PdfDocument, damaged: bool) -> None:
        self._document = document
        self._left_out: dict[str, int] = {}
        self._warnings: list[str] = []
        if damaged:
            self._warnings.append("the file is damaged; it was read as far as it could be repaired")

    def read(self) -> RawDocument:
        self._report_restrictions()
        pages = self._words()
        rows = [make_rows(page.words) for page in pages]
        self._set_apart(pages, rows)
        blocks = make_blocks(self._pages(pages, rows), self._left_out)
        blocks, contents = without_repeated_headings(blocks)
        self._count("table of contents", contents)
        return RawDocument(
            tuple(blocks), self._title(blocks), _control(blocks), tuple(self._warnings), left_out=self._left_out
        )

    def _count(self, what: str, characters: int) -> None:
        if characters:
            self._left_out[what] = self._left_out.get(what, 0) + characters

    # -- words ----------------------------------------------------------------------------------------------

    def _words(self) -> list[PageWords]:
        pages: list[PageWords] = []
        hidden: dict[str, list[tuple[int, list[Word]]]] = {}
        broken: list[int] = []
        characters = 0
        for number in range(1, len(self._document) + 1):
            try:
                page = self._document[number - 1]
            except pypdfium2.PdfiumError:
                broken.append(number)
                pages.append(PageWords(0, 0))
                continue
            try:
                words = read_words(page, number)
                characters += sum(len(word.text) for word in words.words)
                if characters > _MOST_CHARS:
                    raise DocumentError(f"more than {_MOST_CHARS:,} characters up to page {number}")
                for reason, group in set_hidden_apart(page, words).items():
                    hidden.setdefault(reason, []).append((number, group))
            finally:
                page.close()
            pages.append(words)
        self._report_hidden(hidden)
        self._report_pages(pages, broken)
        unknown = sum(page.unknown for page in pages)
        if unknown:
            self._warnings.append(f"{unknown:,} character(s) in fonts that do not say what they mean")
        return pages

    def _report_pages(self, pages: Sequence[PageWords], broken: list[int]) -> None:
        empty = [at for at, page in enumerate(pages, 1) if not (page.words or page.aside) and at not in broken]
        if len(empty) + len(broken) == len(pages):
            if self._left_out:
                raise DocumentError("all its text is hidden", hint="; ".join(self._warnings))
            raise DocumentError("no page has a text layer", hint="Run text recognition over the scan first.")
        for numbers, what in ((empty, "no text on page(s)"), (broken, "unreadable page(s)")):
            if numbers:
                self._warnings.append(f"{what} {_ranges(numbers)} ({len(numbers)} of {len(pages)})")

    def _report_hidden(self, hidden: dict[str, list[tuple[int, list[Word]]]]) -> None:
        for reason, places in hidden.items():
            numbers = [number for number, _ in places]
            words = [word for _, group in places for word in group]
            if reason == "recognised":
                self._warnings.append(
                    f"text recognised from a scan on page(s) {_ranges(numbers)}: compare quotations with the image"
                )
                continue
            characters = sum(len(word.text) for word in words)
            self._count("hidden text", characters)
            shown = joined(words)
            shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
            self._warnings.append(
                f"hidden text left out on page(s) {_ranges(numbers)}, {reason}, {characters:,} characters: “{shown}”"
            )

    def _report_restrictions(self) -> None:
        if pdfium.FPDF_GetSecurityHandlerRevision(self._document.raw) >= 0:
            self._warnings.append("encrypted without a password; its owner restricts what may be done with it")
        attached = pdfium.FPDFDoc_GetAttachmentCount(self._document.raw)
        if attached > 0:
            self._warnings.append(f"{attached} attached file(s) not read")

    # -- layout ---------------------------------------------------------------------------------------------

    def _set_apart(self, pages: Sequence[PageWords], rows: list[list[Row]]) -> None:
        """Take running heads and tables of contents out of the rows."""
        labels = [self._document.get_page_label(at) for at in range(len(pages))]
        for at, found in enumerate(running_rows(pages, rows, labels)):
            for index, what in found.items():
                self._count(what, _length(rows[at][index].words))
            rows[at] = [row for index, row in enumerate(rows[at]) if index not in found]
        for at, indexes in enumerate(contents_rows(rows)):
            self._count("table of contents", sum(_length(rows[at][index].words) for index in indexes))
            rows[at] = [row for index, row in enumerate(rows[at]) if index not in indexes]

    def _pages(self, pages: Sequence[PageWords], rows: list[list[Row]]) -> list[PageText]:
        sizes: Counter[float] = Counter()
        for of_page in rows:
            for row in of_page:
                sizes[round(row.size, 1)] += _length(row.words)
        body = sizes.most_common(1)[0][0] if sizes else 0.0
        ends = [row.x1 for page in rows for row in page]
        right = quantiles(ends, n=50)[-1] if len(ends) > 1 else max(ends, default=0.0)
        asides = self._asides(pages)
        texts = []
        for number, (page, page_rows, aside) in enumerate(zip(pages, rows, asides, strict=True), 1):
            left = min((row.x0 for row in page_rows), default=0.0)
            words = [word for row in page_rows for word in row.words]
            items = lay_out(words, page.rules, (left, right))
            items, notes = part_notes(items, page.rules, body)
            marks = {mark for mark, _ in notes}
            self._count("footnote marks", take_marks(items, marks) + sum(map(len, marks)))
            texts.append(PageText(number, items, notes, aside))
        return texts

    def _asides(self, pages: Sequence[PageWords]) -> list[list[str]]:
        """Return what stands at an angle: on most pages it is a stamp or watermark, else text to be kept."""
        found = [[joined(group) for group in _by_angle(page.aside)] for page in pages]
        counts = Counter(text for texts in found for text in set(texts))
        enough = max(2, len(pages) // 2)
        for texts in found:
            for text in [text for text in texts if counts[text] >= enough]:
                texts.remove(text)
                self._count("watermarks", len(text.replace(" ", "")))
        return found

    # -- what the document says of itself -------------------------------------------------------------------

    def _title(self, blocks: Sequence[Block]) -> str:
        stated = str(self._document.get_metadata_dict().get("Title") or "").strip()
        if len(stated) > 4 and not _NO_TITLE.match(stated) and re.search(r"[^\W\d_]{3}", stated):
            return stated
        return next((block.text for block in blocks if block.level == 1), "")


def _by_angle(words: Sequence[Word]) -> list[list[Word]]:
    groups: dict[int, list[Word]] = {}
    for word in words:
        groups.setdefault(word.angle, []).append(word)
    return list(groups.values())


def _length(words: Sequence[Word]) -> int:
    return sum(len(word.text) for word in words)


def _ranges(numbers: Sequence[int]) -> str:
    """Return "2, 5–9"; at most ten ranges."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in ranges[:10]]
    return ", ".join(shown) + (" …" if len(ranges) > 10 else "")


def _control(blocks: Sequence[Block]) -> dict[str, str]:
    """Return the pairs ("Owner | General Counsel") of a table that stands before the first section of a policy."""
    pairs: dict[str, str] = {}
    for at, block in enumerate(blocks):
        if block.row:
            key, parted, value = block.text.partition(" | ")
            if not parted or " | " in value or len(key) > 40:
                break
            pairs[key.lower().rstrip(":")] = value
        elif pairs or (block.level > 1 and at) or at > 5:
            break
    return pairs
