"""One question examined: every judgement on answers of the real engine with a fake model."""

from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from pincite.answer.engine import Engine
from pincite.domain.answers import Answer, Citation, Claim, Reason, Status
from pincite.domain.documents import DocumentKind
from pincite.evaluate.examine import Examiner, Interrupted, _abstention, has_facts, shown_text
from pincite.evaluate.sets import Case
from pincite.search import Searcher
from tests.evaluate.cases import BLIGHT, ROWS, WRONG, cases, examiner


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, Case]:
    return {case.id: case for case in cases(tmp_path)}


def test_a_right_answer(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    record = examiner(tiny_searcher).examine(asked["blight"])
    measures = record["measures"]
    for name in ("facts", "facts_strict", "evidence_cited", "success", "evidence_in_10", "recall_10"):
        assert measures[name] == 1, name
    count = len(record["answered"]["citations"])
    assert measures["citation_precision"] == [1, count]
    assert measures["verbatim"] == [count, count]
    assert measures["support"] == [len(record["answered"]["claims"])] * 2
    assert (measures["false_abstention"], measures["abstention_precision"], measures["abstention_f1"]) == (
        0,
        [0, 0],
        [0, 0],
    )
    assert measures["prompt_tokens"] == record["answered"]["prompt_tokens"] > 0
    assert measures["seconds"] > 0
    assert "answered_unanswerable" not in measures
    (group,) = record["expected"]["gold"]
    assert group["rank"] == next(hit["rank"] for hit in record["hits"] if hit["gold"])
    assert group["places"] == ["orchard Art. 3"]
    assert (record["strength"]["refused"], record["strength"]["reason"]) == (False, "")


def test_a_wrong_draft_is_dropped_and_the_governing_words_are_quoted(
    tiny_searcher: Searcher, asked: dict[str, Case]
) -> None:
    record = examiner(tiny_searcher, lambda _: WRONG).examine(asked["blight"])
    assert record["answered"]["dropped"][0]["check"] == "numbers"
    assert record["measures"]["facts"] == 1
    assert record["measures"]["support"][0] == record["measures"]["support"][1] > 0


def test_an_absent_provision(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    record = examiner(tiny_searcher).examine(asked["absent"])
    measures = record["measures"]
    assert (record["answered"]["status"], record["strength"]["refused"]) == ("refused", True)
    assert (measures["absent_refused"], measures["abstention_recall"], measures["answered_unanswerable"]) == (1, 1, 0)
    assert (measures["abstention_precision"], measures["abstention_f1"]) == ([1, 1], [2, 2])
    assert not measures.keys() & {"facts", "evidence_cited", "recall_10", "prompt_tokens", "false_abstention"}


def test_a_question_about_something_else(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    record = examiner(tiny_searcher).examine(asked["tax"])
    assert record["answered"]["status"] == "not_found"
    assert "absent_refused" not in record["measures"]
    assert record["strength"]["reason"] == record["answered"]["reason"]


def test_searching_only(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    record = examiner(tiny_searcher, None).examine(asked["ladder"])
    assert "answered" not in record
    assert record["measures"]["recall_5"] == 1
    assert record["measures"].keys() == {
        "search_seconds", "evidence_in_10", "recall_1", "recall_5", "recall_10", "recall_50", "map_10", "ndcg_10",
    }  # fmt: skip


def test_a_set_that_does_not_say_whether_there_is_an_answer(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    case = replace(asked["tax"], answerable=None)
    assert not any("abst" in name or "answer" in name for name in examiner(tiny_searcher).examine(case)["measures"])


def test_stopping_within_a_question(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    stop = Flag()
    stop.set()
    with pytest.raises(Interrupted):
        examiner(tiny_searcher).examine(asked["blight"], stop)


# -- judgements on answers that the engine would not give ---------------------------------------------------


def citation(searcher: Searcher, quote: str, start: int | None = None, n: int = 1) -> Citation:
    info = searcher.library.info("orchard")
    at = searcher.library.document("orchard").text.index(quote) if start is None else start
    return Citation(
        n, "orchard", info.title, info.short, "Art. 3", DocumentKind.LAW, quote, at, at + len(quote), info.text_sha256
    )


class Answering(Engine):
    """An engine that gives one answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def ask(self, question: str, **_: Any) -> Any:
        from pincite.domain.events import Finished

        yield Finished(self.answer)


def judged(searcher: Searcher, case: Case, *claims: Claim, citations: tuple[Citation, ...]) -> dict[str, Any]:
    answer = Answer(BLIGHT, BLIGHT, Status.ANSWERED, Reason.NONE, claims=claims, citations=citations)
    one: Examiner = examiner(searcher, None)
    one.engine = Answering(answer)
    return one.examine(case)


HOURS = "The keeper shall notify the orchard authority of fire blight without undue delay and not later than 72 hours"


def test_a_quote_that_differs_in_one_character_is_not_verbatim(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    good = citation(tiny_searcher, HOURS)
    claim = Claim("The keeper must notify the orchard authority of fire blight within 72 hours.", (1,))
    for bad in (
        replace(good, quote=good.quote.replace("72", "73")),
        replace(good, start=good.start + 1),
        replace(good, end=good.end + 1),
        replace(good, text_sha256="0" * 64),
    ):
        record = judged(tiny_searcher, asked["blight"], claim, citations=(bad,))
        assert record["measures"]["verbatim"] == [0, 1], bad
    assert judged(tiny_searcher, asked["blight"], claim, citations=(good,))["measures"]["verbatim"] == [1, 1]


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("The keeper must notify the orchard authority of fire blight within 72 hours.", ""),
        ("The keeper must notify the orchard authority of fire blight within 48 hours.", "numbers"),
        ("The keeper must not notify the orchard authority of fire blight.", "polarity"),
        ("The law says the keeper must notify the orchard authority of fire blight within 72 hours.", ""),
        ("Company policy says the keeper must notify the orchard authority within 72 hours.", "attribution"),
    ],
)
def test_claims_are_checked_against_the_quotes(
    tiny_searcher: Searcher, asked: dict[str, Case], text: str, failed: str
) -> None:
    record = judged(tiny_searcher, asked["blight"], Claim(text, (1,)), citations=(citation(tiny_searcher, HOURS),))
    assert record["answered"]["claims"][0]["unsupported"] == failed
    assert record["measures"]["support"] == [int(not failed), 1]


def test_a_claim_without_a_citation_and_a_quotation_with_other_words(
    tiny_searcher: Searcher, asked: dict[str, Case]
) -> None:
    good = citation(tiny_searcher, HOURS)
    claims = (
        Claim("The keeper must notify.", ()),
        Claim("Art. 3 says: “The keeper may sleep”", (1,), quoted=True),
        Claim(f"Art. 3 says: “{HOURS}”", (1,), quoted=True),
    )
    record = judged(tiny_searcher, asked["blight"], *claims, citations=(good,))
    assert [claim["unsupported"] for claim in record["answered"]["claims"]] == ["uncited", "quotation", ""]
    assert record["measures"]["support"] == [1, 3]


def test_two_quotes_may_support_a_claim_together(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    first = citation(tiny_searcher, "The keeper shall notify the orchard authority of fire blight without undue delay")
    second = citation(tiny_searcher, "not later than 72 hours after having seen it", n=2)
    claim = Claim("The keeper must notify the orchard authority of fire blight within 72 hours.", (1, 2))
    record = judged(tiny_searcher, asked["blight"], claim, citations=(first, second))
    assert record["answered"]["claims"][0]["unsupported"] == ""
    alone = judged(tiny_searcher, asked["blight"], replace(claim, citations=(1,)), citations=(first, second))
    assert alone["answered"]["claims"][0]["unsupported"] == "numbers"


def test_citations_beside_the_gold_are_counted_wrong(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    citations = (citation(tiny_searcher, HOURS), citation(tiny_searcher, "kept for six years", n=2))
    claim = Claim("The keeper must notify the orchard authority within 72 hours.", (1, 2))
    record = judged(tiny_searcher, asked["blight"], claim, citations=citations)
    assert record["measures"]["citation_precision"] == [1, 2]
    assert [one["right"] for one in record["answered"]["citations"]] == [True, False]


# -- facts -------------------------------------------------------------------------------------------------


def test_facts_are_looked_for_in_what_is_shown(tiny_searcher: Searcher, asked: dict[str, Case]) -> None:
    claim = Claim("The keeper must notify the authority soon.", (1,))
    record = judged(tiny_searcher, asked["blight"], claim, citations=(citation(tiny_searcher, HOURS),))
    assert (record["measures"]["facts"], record["measures"]["facts_strict"]) == (1, 0)
    wrong = replace(claim, text="Within 48 hours or 72 hours.")
    record = judged(tiny_searcher, asked["blight"], wrong, citations=(citation(tiny_searcher, HOURS),))
    assert (record["measures"]["facts"], record["measures"]["facts_strict"]) == (0, 0)


def test_an_abbreviated_pin_cite_is_also_read_written_out(tiny_searcher: Searcher) -> None:
    answer = Answer("q", "q", Status.ANSWERED, Reason.NONE, claims=(Claim("So.", (1,)),),
                    citations=(citation(tiny_searcher, HOURS),))  # fmt: skip
    assert "Art. 3" in shown_text(answer)
    assert "Article 3" in shown_text(answer)
    assert shown_text(Answer("q", "q", Status.NOT_FOUND, Reason.NO_PASSAGE, message="72 hours")) == ""


def test_patterns_see_the_text_as_it_is_and_straightened(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, [ROWS[0] | {"must": ["isn['’]t so", "a - b"], "must_not": ["^No\\b"]}])
    assert has_facts(case, "It isn’t  so: a\n–  b")
    assert not has_facts(case, "No, it isn’t so: a – b")
    assert not has_facts(case, "a – b")
    assert not has_facts(case, "")


@pytest.mark.parametrize(
    ("status", "reason", "answerable", "expected"),
    [
        (Status.ANSWERED, Reason.NONE, True, {"abstention_f1": [0, 0], "false_abstention": 0}),
        (Status.NOT_FOUND, Reason.INSUFFICIENT, True, {"abstention_f1": [0, 1], "false_abstention": 1,
                                                       "abstention_precision": [0, 1]}),
        (Status.PARTIAL, Reason.DRAFT_FAILED, False, {"abstention_f1": [0, 1], "abstention_recall": 0,
                                                      "answered_unanswerable": 1, "abstention_precision": [0, 0]}),
        (Status.NOT_FOUND, Reason.NO_PASSAGE, False, {"absent_refused": 0, "abstention_recall": 1}),
        (Status.REFUSED, Reason.NOT_IN_FORCE, False, {"absent_refused": 0}),
        (Status.REFUSED, Reason.NO_SUCH_PROVISION, False, {"absent_refused": 1, "abstention_f1": [2, 2]}),
    ],
)  # fmt: skip
def test_abstention(
    asked: dict[str, Case], status: Status, reason: Reason, answerable: bool, expected: dict[str, Any]
) -> None:
    case = replace(asked["absent"], answerable=answerable)
    found = _abstention(case, Answer("q", "q", status, reason))
    assert {name: found[name] for name in expected} == expected
