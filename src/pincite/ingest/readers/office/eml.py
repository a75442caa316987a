"""E-mail messages: subject as heading, who wrote to whom and when, the text; attachments are named, not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

from pincite.domain.text import printable
from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.decode import decode
from pincite.ingest.readers.plain.text import split_numbered_lines

__all__ = ["read_eml"]

_FIELDS = ("From", "To", "Cc", "Date", "Subject")
_MOST_PARTS = 500
_QUOTED = re.compile(r"(?:>[ \t]?)+")


def read_eml(data: bytes) -> RawDocument:
    """Read a message; quoted replies are kept as text, attachments belong to the corpus as files of their own.

    Raises:
        DocumentError: if it has more than 500 parts or parts nested too deeply, or no text.
    """
    if len(re.findall(rb"^content-type:", data, re.I | re.M)) > _MOST_PARTS:
        raise DocumentError(f"a message of more than {_MOST_PARTS} parts")
    if data.startswith(b"From "):  # an mbox of one message
        data = data.partition(b"\n")[2]
    try:
        message = message_from_bytes(data, policy=policy.default)
        fields = {field: _field(message, field) for field in _FIELDS}
        body = message.get_body(preferencelist=("plain", "html"))
        reader = _Reader()
        blocks = list(reader.body(message, body)) if body is not None else []
    except RecursionError as error:
        raise DocumentError("parts nested too deeply") from error
    if not any(block.text.strip() for block in blocks):
        raise DocumentError("the message has no text", hint="Its attachments are not read; add them as files.")
    subject = fields["Subject"]
    head = [Block(subject, level=1)] if subject else []
    head += [Block(f"{field}: {text}") for field, text in fields.items() if text and field != "Subject"]
    metadata = {field.lower(): text for field, text in fields.items() if text}
    return RawDocument((*head, *blocks), subject, metadata, tuple(reader.warnings()), left_out=reader.left_out)


def _field(message: EmailMessage, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    if name == "Date" and getattr(value, "datetime", None) is not None:
        return str(value.datetime.isoformat(" "))
    return " ".join(str(value).split())


class _Reader:
    def __init__(self) -> None:
        self.left_out: dict[str, int] = {}
        self._attachments: list[str] = []
        self._reports: list[str] = []

    def body(self, message: EmailMessage, body: MIMEPart) -> Iterator[Block]:
        """Yield the blocks of the message's text; note what else it carries."""
        main = body
        if main.get_content_type() == "text/plain" and not self._decoded(main).strip():
            main = message.get_body(preferencelist=("html",)) or main
        parts = [main]
        for part in _leaves(message):
            if part is main or part is body:
                continue
            if part.get_content_type() == "text/plain" and not part.get_filename() and not part.is_attachment():
                parts.append(part)  # what a mailing list or a scanner adds below
            elif part.get_content_type() != "text/html" or part.get_filename() or part.is_attachment():
                self._attachments.append(part.get_filename() or part.get_content_type())
        for part in parts:
            text = self._decoded(part)
            if part.get_content_type() == "text/html":
                yield from self._html(text)
            else:
                yield from (Block(line) for line in _paragraphs(text))

    def _html(self, text: str) -> Iterator[Block]:
        from pincite.ingest.readers.web.markup import read_markup

        # decoded already: what the message's own header said about its bytes is done with
        without = re.sub(r"""<\?xml[^>]*\?>|\bcharset\s*=\s*["']?[\w-]+["']?""", "", text)
        raw = read_markup(f"<html>{without}</html>".encode())
        self._reports += raw.warnings
        self.left_out.update(raw.left_out)
        yield from raw.blocks

    def _decoded(self, part: MIMEPart) -> str:
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        charset = part.get_content_charset() or "utf-8"
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError) as error:
            text, _ = decode(data)
            why = "unknown" if isinstance(error, LookupError) else "wrong"
            report = f"its stated character set {printable(charset)[:40]} is {why}; read by detection"
            self._reports += [report] if report not in self._reports else []
            return text

    def warnings(self) -> Iterator[str]:
        """Yield what a steward should know."""
        if self._attachments:
            names = ", ".join(printable(name) for name in self._attachments[:20])
            yield f"{len(self._attachments)} attachment(s) not read: {names}"
        yield from self._reports


def _leaves(message: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts that hold something, in order; a message that is attached is one of them."""
    todo: list[MIMEPart] = [message]
    while todo:
        part = todo.pop()
        if part.get_content_maintype() == "multipart":
            todo += reversed([inner for inner in part.iter_parts() if isinstance(inner, MIMEPart)])
        else:
            yield part


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = paragraph.split("\n")
        quoted = [bool(_QUOTED.match(line)) for line in lines]
        at = 0
        while at < len(lines):  # a reply between quoted lines is not part of what it quotes
            end = at
            while end < len(lines) and quoted[end] == quoted[at]:
                end += 1
            own = [_QUOTED.sub("", line, count=1) if quoted[at] else line for line in lines[at:end]]
            for number, line in enumerate(split_numbered_lines(own)):
                yield f"> {line}" if quoted[at] and number == 0 else line
            at = end
