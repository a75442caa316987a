"""Questions about a document instead of its rules: title, owner, version, dates, from its own first lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pincite.answer.particulars import asked_particular, find_particulars
from pincite.domain import events
from pincite.domain.answers import Answer, Reason, Status
from pincite.search import Searcher
from tests.answer.test_beside import searcher_of
from tests.answer.test_engine import end, without_model

NAMES = ("Tractor Policy", "Orchard Regulation", "orchard")

ACT = """# Regulation (EU) 2031/8 of the Parliament of 3 May 2031 on apples and pears (Apple Regulation)

## Section 1 Scope

(1) This Act owns every apple. Version 9 applies from 1 June 2031.
"""
PICKING = """# Picking Policy

AA-07, version 3.2, in force from 2031-05-01

Approved by: The Board

Last updated: April 20, 2031

Owner: see the intranet of the whole holding, where the present owner of this policy and of each of the others, their \
deputies and the people to call at night are listed, with the numbers under which they can be reached

## 1. Crates

1.1 Owner: whoever carries a crate. Version 8 of the crate, effective from 2031-09-09, is reviewed each year.

1.2 Classification: apples are classified by size.
"""


@pytest.mark.parametrize(
    ("question", "particular"),
    [
        ("Who owns the Tractor Policy?", "owner"),
        ("who is the owner of our tractor policy", "owner"),
        ("Which department maintains the Tractor Policy?", "owner"),
        ("What version of the Tractor Policy is in force?", "version"),
        ("Which version of the Tractor Policy do we use?", "version"),
        ("What is the Tractor Policy's version number?", "version"),
        ("When is the Tractor Policy due for review?", "review"),
        ("When must the Tractor Policy be reviewed next?", "review"),
        ("What's the next review date of the Tractor Policy?", "review"),
        ("When did the Tractor Policy come into force?", "effective"),
        ("Since when is the Tractor Policy in effect?", "effective"),
        ("From what date does the Orchard Regulation apply?", "effective"),
        ("Who approved the Tractor Policy?", "approver"),
        ("When was the Tractor Policy last updated?", "updated"),
        ("How is the Tractor Policy classified?", "classification"),
        ("What is the document number of the Tractor Policy?", "number"),
        ("What is the full name of the regulation known as the Orchard Regulation?", "title"),
        ("What is the Orchard Regulation called in full?", "title"),
        ("When was the Orchard Regulation officially adopted (date of the regulation)?", "adopted"),
        ("What is the full title of the Orchard Regulation, please?", "title"),
        ("Can you tell me who owns the Tractor Policy?", "owner"),
        # something in the document, about it, or more than it
        ("Who owns the tractor under the Tractor Policy?", ""),
        ("Who approves a trip under the Tractor Policy?", ""),
        ("When must a tractor be reviewed under the Tractor Policy?", ""),
        ("What version of the oil does the Tractor Policy require?", ""),
        ("What does the Orchard Regulation mean by keeper?", ""),
        ("When does the Orchard Regulation apply to pears?", ""),
        ("What is the Orchard Regulation?", ""),
        ("Who owns the Tractor Policy and who drives?", ""),
        ("Who owns the Ladder Policy?", ""),
        ("", ""),
    ],
)
def test_what_is_asked(question: str, particular: str) -> None:
    assert asked_particular(question, NAMES) == particular


def told(searcher: Searcher, question: str) -> Answer:
    answer = end(list(without_model(searcher).ask(question)))
    for citation in answer.citations:
        text = searcher.library.document(citation.document).text
        assert text[citation.start : citation.end] == citation.quote
    return answer


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("Who owns the Tractor Policy?", "Owner | Fleet Manager"),
        ("Which version is the Tractor Policy?", "Version | 1.4"),
    ],
)
def test_the_line_of_the_control_table_answers_without_the_model(
    tiny_searcher: Searcher, question: str, line: str
) -> None:
    seen = list(without_model(tiny_searcher).ask(question))
    answer = end(seen)
    assert [type(event).__name__ for event in seen] == ["Searching", "Evidence", "Finished"]
    assert (answer.status, answer.reason, answer.prompt_tokens) == (Status.ANSWERED, Reason.NONE, 0)
    assert [(citation.document, citation.quote) for citation in answer.citations] == [("tractor", line)]
    assert answer.claims[0].quoted
    assert answer.claims[0].introduces(line)
    assert isinstance(seen[1], events.Evidence)
    assert [item.text for item in seen[1].items] == [line]


@pytest.mark.parametrize(
    ("question", "recorded"),
    [
        ("Who owns the Ladder Policy?", "gives as its owner: Head of Orchards."),
        ("Since when is the Ladder Policy in force?", "gives as its effective date: 2031-05-01."),
        ("What is the title of Regulation (EU) 2031/7?", "The library holds it as “Regulation (EU) 2031/7 on the care"),
    ],
)
def test_what_only_the_record_says_is_told_as_that(tiny_searcher: Searcher, question: str, recorded: str) -> None:
    answer = told(tiny_searcher, question)
    assert (answer.status, answer.citations) == (Status.NOT_FOUND, ())
    assert answer.message.startswith("No document that was named says it in its text.")
    assert recorded in answer.message


def test_what_neither_text_nor_record_says_is_left_to_the_rules(tiny_searcher: Searcher) -> None:
    for question in ("When is the Ladder Policy due for review?", "Who owns Regulation (EU) 2031/7?"):
        assert find_particulars(tiny_searcher, tiny_searcher.search(question)) is None


@pytest.mark.parametrize(
    ("question", "line"),
    [
        (
            "What is the full title of Regulation (EU) 2031/8?",
            "Regulation (EU) 2031/8 of the Parliament of 3 May 2031 on",
        ),
        ("What is the number of Regulation (EU) 2031/8?", "Regulation (EU) 2031/8 of the Parliament of 3 May 2031 on"),
        ("When was Regulation (EU) 2031/8 passed?", "Regulation (EU) 2031/8 of the Parliament of 3 May 2031 on"),
        ("What version of the Picking Policy is in force?", "AA-07, version 3.2, in force from 2031-05-01"),
        ("When did the Picking Policy take effect?", "AA-07, version 3.2, in force from 2031-05-01"),
        ("Who approved the Picking Policy?", "Approved by: The Board"),
        ("When was the Picking Policy last changed?", "Last updated: April 20, 2031"),
    ],
)
def test_titles_and_lines_before_the_first_rule(tmp_path: Path, question: str, line: str) -> None:
    answer = told(searcher_of(tmp_path, act=ACT, picking=PICKING), question)
    assert answer.status is Status.ANSWERED
    (citation,) = answer.citations
    assert citation.quote.startswith(line)


@pytest.mark.parametrize(
    "question",
    [
        "Which version of the Apple Act is in force?",  # a rule has such words, its title has none
        "When does Regulation (EU) 2031/8 apply?",
        "Who owns the Picking Policy?",  # a long sentence is no line of a control table
        "How is the Picking Policy classified?",
        "When is the Picking Policy due for review?",
    ],
)
def test_rules_are_no_particulars(tmp_path: Path, question: str) -> None:
    searcher = searcher_of(tmp_path, act=ACT, picking=PICKING)
    assert find_particulars(searcher, searcher.search(question)) is None
