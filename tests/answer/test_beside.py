"""Law beside policy, conditions and exceptions, and whole lists, through the engine with a scripted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from pincite.answer.counterpart import find_counterpart
from pincite.answer.engine import Engine
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.answer.report import to_markdown, to_text
from pincite.config import Settings
from pincite.domain.answers import Answer, Relation
from pincite.domain.documents import DocumentKind
from pincite.domain.events import Finished
from pincite.library import Library
from pincite.search import Searcher
from tests.conftest import build, without_abstention
from tests.fakes import FakeEmbedder, FakeModel

QUESTION = "Within how many days of receipt must complaints about apples be answered?"
POLICY = """# Complaints Policy

## 6. Time limits

6.1 Complaints about apples must be answered within 15 days of receipt.

6.2 The period may be extended once, by at most one further month, with the approval of the head gardener.

6.3 Ladders must be painted green.
"""
LAW = """# Apple Act

## Section 12 Complaints about apples

(1) The controller shall answer complaints about apples within one month of receipt.

(2) That period may be extended by two further months.

(3) Paragraph 1 shall not apply to crab apples.

(4) Paragraph 2 shall not apply to pears.
"""
UNRELATED = """# Ship Act

## Section 3 Ships

(1) The master of a ship shall paint the hull within two years.
"""
DRAFT = "Complaints about apples must be answered within 15 days of receipt. [1]\n"


def searcher_of(directory: Path, **texts: str) -> Searcher:
    """Return a searcher over documents by slug; those called "act…" are law."""
    lines = []
    for slug, text in texts.items():
        kind = "law" if slug.startswith("act") else "policy"
        (directory / f"{slug}.md").write_text(text, encoding="utf-8")
        lines.append(f'[[source]]\nslug = "{slug}"\npath = "{slug}.md"\nkind = "{kind}"\n')
    corpus = directory / "corpus.toml"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    build(directory / "library", corpus)
    without_abstention(directory / "library")
    return Searcher(Library(directory / "library"), FakeEmbedder())


def ask(searcher: Searcher, draft: str = DRAFT, question: str = QUESTION) -> Answer:
    engine = Engine(searcher, lambda: FakeModel(draft), Settings(), seal="test")
    (end,) = [event for event in engine.ask(question) if isinstance(event, Finished)]
    for citation in end.answer.citations:
        text = searcher.library.document(citation.document).text
        assert text[citation.start : citation.end] == citation.quote
    return end.answer


def test_the_law_stands_beside_the_policy_with_the_difference(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, complaints=POLICY, act=LAW, act_ships=UNRELATED)
    answer = ask(searcher)
    assert {citation.kind for citation in answer.citations} == {DocumentKind.LAW, DocumentKind.POLICY}
    assert "act_ships" not in {citation.document for citation in answer.citations}
    found = answer.differences[0]
    assert (found.relation, found.role) == (Relation.STRICTER, "deadline")
    ours, theirs = (answer.citations[n - 1] for n in (found.policy, found.law))
    assert found.text == f"Policy and law differ: {ours.cite} (15 days) is stricter than {theirs.cite} (one month)."
    assert found.policy_span.of(searcher.library.document("complaints").text) == "15 days"
    assert found.law_span.of(searcher.library.document("act").text) == "one month"
    for shown in (to_text(answer, width=400), str(answer.to_json())):
        assert found.text in shown
    assert "Policy and law differ" in to_markdown([answer])


def test_a_looser_policy_is_a_conflict(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, complaints=POLICY.replace("15 days", "45 days"), act=LAW)
    answer = ask(searcher, DRAFT.replace("15", "45"))
    assert answer.differences[0].relation is Relation.LOOSER
    assert "conflict" in answer.differences[0].text


def test_unrelated_law_is_not_shown(tmp_path: Path) -> None:
    answer = ask(searcher_of(tmp_path, complaints=POLICY, act_ships=UNRELATED))
    assert {citation.document for citation in answer.citations} == {"complaints"}
    assert answer.differences == ()


@pytest.mark.parametrize(("bound", "found"), [("The controller", True), ("The supervisory authority", False)])
def test_what_binds_an_authority_is_no_counterpart(tmp_path: Path, bound: str, found: bool) -> None:
    searcher = searcher_of(tmp_path, complaints=POLICY, act=LAW.replace("The controller", bound))
    result = searcher.search(QUESTION)
    evidence = select_evidence(searcher, result, 2000, rough_tokens)
    policy = next(one for one in evidence if one.item.document == "complaints")
    rule = next(s.span for s in policy.sentences if "15 days" in policy.item.quote_text(s.span))
    other = find_counterpart(searcher, result, evidence, policy, rule)
    assert (other is not None and "one month" in other.span.of(searcher.library.document("act").text)) is found


def labels(answer: Answer) -> list[tuple[str, str]]:
    return [(claim.label, claim.text) for claim in answer.claims if claim.label]


def test_what_follows_the_rule_and_goes_on_from_it_is_a_condition(tmp_path: Path) -> None:
    answer = ask(searcher_of(tmp_path, complaints=POLICY))
    ((label, text),) = labels(answer)
    assert label == "Condition"
    assert "The period may be extended once" in text
    assert "painted" not in answer.text


def test_a_condition_that_the_draft_carries_is_not_repeated(tmp_path: Path) -> None:
    draft = DRAFT.replace(
        ". [1]", "; this may be extended once by one further month, if the head gardener approves. [1]"
    )
    assert labels(ask(searcher_of(tmp_path, complaints=POLICY), draft)) == []


def test_a_paragraph_that_lifts_the_rule_is_an_exception_and_others_are_not(tmp_path: Path) -> None:
    draft = "The controller must answer complaints about apples within one month of receipt. [1]\n"
    found = labels(ask(searcher_of(tmp_path, act=LAW), draft))
    assert [label for label, _ in found] == ["Exception", "Condition"] or [label for label, _ in found] == [
        "Condition",
        "Exception",
    ]
    text = " ".join(words for _, words in found)
    assert "crab apples" in text
    assert "two further months" in text
    assert "pears" not in text


RULE = "The controller must answer complaints about apples within one month of receipt. [1]\n"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [("complaints about apples from hotels, inns and camps, answered within days", True), ("ships of the navy", False)],
)
def test_what_lifts_the_rule_from_another_section_must_be_near_the_question(
    tmp_path: Path, subject: str, shown: bool
) -> None:
    law = LAW.split("(2)")[0] + f"## Section 20 Transition\n\n(1) Section 12 shall not apply to {subject}.\n"
    law = law.replace("Section", "Article")
    found = labels(ask(searcher_of(tmp_path, act=law), RULE))
    assert [(label, subject in text) for label, text in found] == [("Exception", True)] * shown


@pytest.mark.parametrize(
    ("exception", "shown"),
    [
        ("The controller need not answer complaints about apples within hotels, inns and camps.", True),
        ("The controller need not paint ladders of tall pickers who send apples, pears and many complaints.", False),
        ("Paragraph 1 shall not apply to ships of the navy.", True),
    ],
)
def test_what_does_not_name_the_paragraph_it_lifts_must_be_nearer(tmp_path: Path, exception: str, shown: bool) -> None:
    law = LAW.split("(2)")[0] + f"(2) {exception}\n"
    question = "Must the controller answer complaints about apples within one month of receipt?"
    found = labels(ask(searcher_of(tmp_path, act=law), RULE, question))
    assert [label for label, _ in found] == ["Exception"] * shown


@pytest.mark.parametrize(
    ("others", "shown"),
    [
        ("(2) The picker must weigh apples.\n\n(3) Paragraph 1 shall not apply to complaints about rotten apples.", 1),
        ("(2) The picker must weigh apples.\n\n(3) Paragraph 2 shall not apply to complaints about rotten apples.", 0),
        ("(2) Pickers answer complaints. This duty shall not apply to complaints about apples of the controller.", 0),
        ("(2) Notwithstanding any other law, the controller must weigh apples for complaints about apples.", 0),
    ],
)
def test_only_what_lifts_this_rule_is_its_exception(tmp_path: Path, others: str, shown: int) -> None:
    law = LAW.split("(2)")[0] + others + "\n"
    found = labels(ask(searcher_of(tmp_path, act=law), RULE))
    assert len([label for label, _ in found if label == "Exception"]) == shown


HOTELS = "complaints about apples from hotels, inns and camps, answered within days"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (f"Article 12 shall not apply to {HOTELS}.", True),
        (
            f"Notwithstanding Article 12, {HOTELS} are left to inns.",
            True,
        ),
        ("This Act does not apply to complaints about apples that are answered under Article 12.", False),
        ("Article 19 shall not apply to complaints about apples, unless they fall under Article 12.", False),
    ],
)
def test_what_names_the_rule_without_lifting_it_is_no_exception(tmp_path: Path, words: str, shown: bool) -> None:
    law = LAW.split("(2)")[0].replace("Section", "Article")
    law += f"## Article 20 Scope\n\n(1) {words}\n"
    found = labels(ask(searcher_of(tmp_path, act=law), RULE))
    assert [label for label, _ in found] == ["Exception"] * shown


def test_an_exception_behind_the_rule_is_shown_to_its_end(tmp_path: Path) -> None:
    exception = "except where the apples are rotten, wet or lost"
    rule = f"Complaints must be answered within 15 days of receipt (see 2.1) {exception}."
    ((label, text),) = labels(ask(searcher_of(tmp_path, complaints=f"# P\n\n## 1. Answers\n\n1.1 {rule}\n")))
    assert (label, exception in text) == ("Exception", True)


def test_of_an_exception_before_the_rule_only_that_is_shown(tmp_path: Path) -> None:
    policy = (
        "# P\n\n## 1. Answers\n\n1.1 Except for rotten ones, complaints must be answered within 15 days of receipt.\n"
    )
    ((label, text),) = labels(ask(searcher_of(tmp_path, complaints=policy)))
    assert label == "Exception"
    assert text.endswith("“Except for rotten ones”")


@pytest.mark.parametrize(
    ("clause", "label"),
    [("unless the apples are rotten", "Exception"), ("only if the form is signed", "Condition")],
)
def test_a_clause_of_the_rule_itself(tmp_path: Path, clause: str, label: str) -> None:
    policy = (
        f"# P\n\n## 1. Answers\n\n1.1 Complaints about apples must be answered within 15 days of receipt, {clause}.\n"
    )
    searcher = searcher_of(tmp_path, complaints=policy)
    ((found, text),) = labels(ask(searcher))
    assert (found, clause in text) == (label, True)
    assert labels(ask(searcher, DRAFT.replace(". [1]", f", {clause}. [1]"))) == []


LIST = """# Register Policy

## 4. Register

4.1 The register of apples must contain:

(a) the owner of the tree;

(b) the year of planting;

(c) the kind of soil.
"""


def test_a_list_is_given_whole_and_the_draft_does_not_shorten_it(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, register=LIST)
    short = "The register of apples must contain the owner of the tree. [1]\n"
    answer = ask(searcher, short, "What must the register of apples contain?")
    assert [check for _, check in answer.dropped] == ["completeness"]
    assert answer.status.value == "answered"
    (claim,) = answer.claims
    assert " in 3 points: " in claim.text
    assert all(words in claim.text for words in ("owner of the tree", "year of planting", "kind of soil"))
