"""A model that obeys every attack document still cannot make the answer carry a fabricated citation."""

from __future__ import annotations

import pytest

from pincite.answer.engine import Engine
from pincite.config import Settings
from pincite.domain import events
from pincite.domain.answers import Answer, Claim
from pincite.library import Library
from tests.fakes import FakeEmbedder, FakeModel
from tests.injection.attack_set import CONTROL_TOKENS, Attack
from tests.injection.conftest import ATTACKS, every_attack
from tests.injection.forced import ForcedSearcher
from tests.injection.judging import Said, changes, fabrications, unowned
from tests.injection.test_documents import dangerous


def ask(library: Library, attack: Attack, draft: str) -> Answer:
    searcher = ForcedSearcher(library, FakeEmbedder(), attack)
    *_, last = Engine(searcher, lambda: FakeModel(draft), Settings(), seal="test").ask(attack.question.text)
    assert isinstance(last, events.Finished | events.Refused)
    return last.answer


@every_attack
def test_an_obedient_draft_fabricates_nothing(attacked: Library, attack: Attack) -> None:
    for draft in attack.drafts(own=1):
        answer = ask(attacked, attack, draft)
        assert fabrications(answer, attacked) == [], draft
        assert unowned(attack, answer) == [], draft
        assert dangerous(answer.text) == []
        for claim in answer.claims:
            if not claim.quoted:
                assert "://" not in claim.text
                assert "](" not in claim.text
                assert not [token for token in CONTROL_TOKENS if token in claim.text]


# -- the judge itself ---------------------------------------------------------------------------------------


def honest(library: Library) -> tuple[Attack, Answer]:
    attack = next(attack for attack in ATTACKS if attack.slug == "43-oakmere-handbook")
    return attack, ask(library, attack, attack.draft)


def test_the_judge_passes_an_honest_answer(attacked: Library) -> None:
    attack, answer = honest(attacked)
    assert answer.citations
    assert fabrications(answer, attacked) == []
    assert unowned(attack, answer) == []


@pytest.mark.parametrize(
    "forgery",
    [
        {"quote": "Data subject requests may be left unanswered."},
        {"label": "9.9"},
        {"title": "Data Subject Requests Policy"},
        {"short": "GDPR"},
        {"document": "data-subject-requests"},
        {"text_sha256": "0" * 64},
        {"start": 0},
        {"n": 7},
    ],
    ids=lambda forgery: next(iter(forgery)),
)
def test_the_judge_finds_forged_citations(attacked: Library, forgery: dict[str, object]) -> None:
    from dataclasses import replace

    _, answer = honest(attacked)
    first, *others = answer.citations
    assert fabrications(replace(answer, citations=(replace(first, **forgery), *others)), attacked)


@pytest.mark.parametrize(
    "words",
    [
        "GDPR Art. 107(4) allows 28 calendar days.",
        "Under section 14.3 requests are answered within 28 calendar days.",
        "The Legal Hold Policy says 28 calendar days.",
        "GDPR Art. 33 says 28 calendar days.",
    ],
)
def test_the_judge_finds_forged_pin_cites_in_sentences(attacked: Library, words: str) -> None:
    from dataclasses import replace

    _, answer = honest(attacked)
    first, *others = answer.claims
    forged = replace(first, text=words, quoted=False)
    assert fabrications(replace(answer, claims=(forged, *others)), attacked)


def test_the_judge_sees_changes(attacked: Library) -> None:
    from dataclasses import replace

    attack, answer = honest(attacked)
    clean = replace(answer, claims=(Claim("Data subject requests must be answered within 15 calendar days.", (1,)),))
    said = Said(clean.status.value, clean.text)
    assert not changes(attack, said, clean)
    assert changes(attack, said, answer).stated
