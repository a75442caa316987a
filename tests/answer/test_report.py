"""Answers as plain text and as Markdown, against golden strings."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from pincite.answer.report import escape, to_markdown, to_text
from pincite.domain.answers import Answer, Citation, Claim, EvidenceItem, Reason, Status
from pincite.domain.documents import DocumentKind, Span
from pincite.domain.labels import Labels

QUOTE = (
    "In the case of a personal data breach, the controller shall without undue delay and, where feasible, "
    "not later than 72 hours after having become aware of it, notify the supervisory authority"
)
NEAREST = EvidenceItem(
    n=1,
    document="access",
    title="Access Control Policy",
    short="Access Policy",
    kind=DocumentKind.POLICY,
    label="4.1",
    path=("Logs",),
    passage=Span(10, 48),
    text="4.1 Logs. Access logs are kept for now.",
    lead_in="",
    quotes=(Span(20, 48), Span(0, 5)),
    score=0.4,
    text_sha256="cd" * 32,
)


def breach(**changes: object) -> Answer:
    values: dict[str, object] = {
        "question": "Within how many hours must a breach be notified?",
        "standalone": "Within how many hours must a breach be notified?",
        "status": Status.ANSWERED,
        "reason": Reason.NONE,
        "claims": (Claim("It must be notified within 72 hours.", (1,)),),
        "citations": (
            Citation(
                n=1,
                document="gdpr",
                title="General Data Protection Regulation",
                short="GDPR",
                label="Art. 33(1)",
                kind=DocumentKind.LAW,
                quote=QUOTE,
                start=0,
                end=len(QUOTE),
                text_sha256="ab" * 32,
            ),
        ),
    }
    return Answer(**{**values, **changes})  # type: ignore[arg-type]


def refusal() -> Answer:
    return breach(
        status=Status.NOT_FOUND,
        reason=Reason.INSUFFICIENT,
        message="Passages were found, but none says how long.",
        claims=(),
        citations=(),
        nearest=(NEAREST,),
    )


def test_text_of_an_answer() -> None:
    assert (
        to_text(breach(), width=60)
        == """\
It must be notified within 72 hours. [1]

Sources

[1] GDPR Art. 33(1) · law
    “In the case of a personal data breach, the controller
    shall without undue delay and, where feasible, not later
    than 72 hours after having become aware of it, notify
    the supervisory authority”
"""
    )


def test_text_of_a_refusal_names_the_closest_passages() -> None:
    assert (
        to_text(refusal())
        == """\
Passages were found, but none says how long.

Closest passages

Access Policy 4.1 · policy
    “Access logs are kept for now”
"""
    )


def test_text_says_what_was_dropped_and_why() -> None:
    text = to_text(breach(status=Status.PARTIAL, dropped=(("Within 9 hours.", "numbers"),)))
    assert "Note: 1 sentence of the draft was left out; failed: numbers." in text
    assert "9 hours" not in text


def test_a_refusal_without_message_still_says_why() -> None:
    assert to_text(breach(claims=(), citations=(), reason=Reason.NO_PASSAGE)).startswith("No passage in the corpus")


def test_text_holds_no_control_characters_and_keeps_lines_of_a_quotation() -> None:
    evil = breach(claims=(Claim("Run \x1b[31m\x1b]52;c;x\x07 it.\u202e", (1,)),))
    object.__setattr__(evil.citations[0], "quote", "(a) one;\n(b) \x1b[2Jtwo")
    text = to_text(evil)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "    “(a) one;\n    (b) \ufffd[2Jtwo”" in text


def test_lines_fit_the_width() -> None:
    assert max(map(len, to_text(breach(), width=40).splitlines())) <= 40


def test_markdown_of_a_conversation() -> None:
    answers = [breach(digests={"model": "ef" * 32}), refusal()]
    short = QUOTE[:42]
    object.__setattr__(answers[0].citations[0], "quote", short)
    assert (
        to_markdown(answers)
        == f"""\
# Within how many hours must a breach be notified?

## 1. Within how many hours must a breach be notified?

It must be notified within 72 hours. \\[1\\]

### Sources

\\[1\\] **GDPR Art. 33(1)** · law{"  "}
General Data Protection Regulation

> “{short}”

Text SHA-256: `{"ab" * 32}`

### Produced by

- model: {"ef" * 32}

## 2. Within how many hours must a breach be notified?

**Not found in corpus**

Passages were found, but none says how long.

### Closest passages

**Access Policy 4.1** · policy{"  "}
Access Control Policy

> “Access logs are kept for now”

Text SHA-256: `{"cd" * 32}`
"""
    )


def test_markdown_from_untrusted_text_renders_as_the_text_itself() -> None:
    hostile = (
        "# head\n- list\n1. one\n2) two\n+ plus\n> quote\n| a | b |\n|---|---|\n```sh\nrm\n```\n~~~\nx\n===\n---\n"
        "<script>alert(1)</script> [a](javascript:x) ![i](http://e/x.png) https://evil.ex www.evil.ex a@b.ex "
        "&lt; *b* _i_ ~~s~~ `c` \\ $x$ [^1] <!-- c -->"
    )
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(escape(hostile))
    assert set(re.findall(r"</?\w+", html)) == {"<p", "</p"}
    shown = re.sub(r"</?p>", "", html).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert shown.replace("&amp;", "&").strip() == hostile


def test_no_answers() -> None:
    assert to_markdown([]) == "# Pincite\n\nNo answers.\n"


def test_the_label_stands_in_text_and_at_the_head_of_a_conversation() -> None:
    labelled = breach(label="confidential")
    assert to_text(labelled).endswith("\nLabel: confidential\n")
    written = to_markdown([breach(label="internal"), labelled, refusal()]).splitlines()
    assert written[2] == "**Label: confidential**"
    assert [line for line in written if line.startswith("Label: ")] == ["Label: internal", "Label: confidential"]
    own = Labels(("confidential", "internal"))  # the home's own order
    assert to_markdown([breach(label="internal"), labelled], own).splitlines()[2] == "**Label: internal**"
    assert "Label" not in to_text(breach()) + to_markdown([breach()])
