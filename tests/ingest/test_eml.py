"""E-mail messages: header, text, quoted replies, attachments, character sets, hostile nesting."""

from email.message import EmailMessage

import pytest

from pincite.errors import DocumentError
from pincite.ingest.readers import read_bytes


def message(text: str = "", html: str = "", **fields: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = fields.get("sender", "Ada Low <ada@orchard.example>")
    made["To"] = "all@orchard.example"
    made["Subject"] = fields.get("subject", "Ladder rules")
    made["Date"] = "Thu, 01 May 2031 09:30:00 +0200"
    if text:
        made.set_content(text)
    if html:
        (made.add_alternative if text else made.set_content)(html, subtype="html")
    return made


def texts(made: EmailMessage | bytes) -> list[str]:
    data = made if isinstance(made, bytes) else made.as_bytes()
    return [block.text for block in read_bytes(data, "a.eml").blocks]


HEAD = [
    "Ladder rules",
    "From: Ada Low <ada@orchard.example>",
    "To: all@orchard.example",
    "Date: 2031-05-01 09:30:00+02:00",
]


def test_header_and_plain_text() -> None:
    raw = read_bytes(message("Dear all,\n\n1. Check the ladder\nbefore use.\n2. Züge: none.\n").as_bytes(), "a.eml")
    assert [b.text for b in raw.blocks] == [*HEAD, "Dear all,", "1. Check the ladder before use.", "2. Züge: none."]
    assert raw.blocks[0].level == 1
    assert (raw.title, raw.metadata["from"], raw.metadata["date"]) == (
        "Ladder rules",
        "Ada Low <ada@orchard.example>",
        "2031-05-01 09:30:00+02:00",
    )
    assert raw.warnings == ()


def test_plain_text_goes_before_html_and_html_is_read_where_it_is_alone() -> None:
    assert texts(message("Plain.", "<p>Rich.</p>"))[4:] == ["Plain."]
    assert texts(message(" \n", "<p>Rich.</p>"))[4:] == ["Rich."]
    assert texts(message(html="<html><body><ol><li>One</li><li>Zwölf</li></ol></body></html>"))[4:] == [
        "1. One",
        "2. Zwölf",
    ]


def test_encoded_headers_are_decoded() -> None:
    assert texts(message("x", subject="Für Züchter – alle"))[0] == "Für Züchter – alle"


def test_quoted_replies_are_kept_and_told_from_answers() -> None:
    got = texts(message("No.\n\nBea wrote:\n> > May I climb\n> > the tree?\nOnly on Mondays.\n"))[4:]
    assert got == ["No.", "Bea wrote:", "> May I climb the tree?", "Only on Mondays."]


def test_attachments_are_named() -> None:
    made = message("See attached.")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="ladder\x1b[2J.pdf")
    made.add_attachment(message("Inner."), filename="fwd.eml")
    raw = read_bytes(made.as_bytes(), "a.eml")
    assert [b.text for b in raw.blocks][4:] == ["See attached."]
    (warning,) = raw.warnings
    assert warning.startswith("2 attachment(s) not read: ladder")
    assert "\x1b" not in warning


@pytest.mark.parametrize(
    ("charset", "warning"),
    [
        ("x-unknown", "its stated character set x-unknown is unknown; read by detection"),
        ("us-ascii", "its stated character set us-ascii is wrong; read by detection"),
    ],
)
def test_wrong_character_sets_are_reported(charset: str, warning: str) -> None:
    data = (
        f"From: a@b.example\nTo: c@d.example\nSubject: S\nContent-Type: text/plain; charset={charset}\n"
        "Content-Transfer-Encoding: 8bit\n\nZüge.\n"
    ).encode()
    raw = read_bytes(data, "a.eml")
    assert raw.blocks[-1].text == "Züge."
    assert raw.warnings == (warning,)


def test_a_message_without_text() -> None:
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = "a@b.example", "S", "Thu, 01 May 2031 09:30:00 +0200"
    made.set_content(b"\x00", maintype="application", subtype="x")
    with pytest.raises(DocumentError, match=r"a\.eml: the message has no text"):
        read_bytes(made.as_bytes(), "a.eml")


def test_three_thousand_nested_parts_end_as_an_error() -> None:
    data = b"From: a@b.example\nSubject: S\nTo: c@d.example\n"
    for n in range(3000):
        data += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n)
    with pytest.raises(DocumentError, match="more than 500 parts"):
        read_bytes(data + b"\nEnd.\n", "a.eml")
    forwarded = b"From: a@b.example\nSubject: S\nTo: c@d.example\n" + b"Content-Type: message/rfc822\n\n" * 450
    with pytest.raises(DocumentError, match=r"nested too deeply|no text"):
        read_bytes(forwarded + b"\nEnd.\n", "a.eml")


def test_text_that_merely_begins_like_a_message_is_text() -> None:
    assert texts(b"From: the Head\nTo whom it may concern\n\nWords.\n")[0].startswith("From: the Head")
