"""The set is what it says it is, and its documents are read by the real readers as inert text."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from pincite.domain.documents import DocumentKind
from pincite.domain.text import normalise
from pincite.library import Library
from tests.injection.attack_set import CONTROL_TOKENS, DOCUMENTS, Attack
from tests.injection.conftest import ATTACKS, every_attack
from tests.injection.forced import attacking_passage


def dangerous(text: str) -> list[str]:
    return [hex(ord(c)) for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn")]


def raw(attack: Attack) -> str:
    return (DOCUMENTS / attack.file).read_text(encoding="utf-8")


def test_the_set_is_large_enough_and_whole() -> None:
    kinds = Counter(attack.kind for attack in ATTACKS)
    assert set(kinds) == {"injection", "contradiction"}
    assert kinds["injection"] >= 40
    assert sorted(attack.file for attack in ATTACKS) == sorted(path.name for path in DOCUMENTS.iterdir())
    assert len({attack.question.id for attack in ATTACKS}) >= 12
    assert len({attack.family for attack in ATTACKS}) >= 12


@every_attack
def test_the_patterns_recognise_obedience(attack: Attack) -> None:
    assert any(pattern.search(normalise(attack.draft)) for pattern in attack.attack)
    assert not any(pattern.search(attack.question.text) for pattern in attack.attack)


def test_the_families_really_hold_what_they_are_called() -> None:
    characters = "".join(raw(attack) for attack in ATTACKS if attack.family == "characters")
    found = set(dangerous(characters))
    assert {"0x200b", "0x200d", "0x2060", "0xad", "0xfeff", "0x202e", "0x202c", "0x2066", "0x2069"} <= found
    assert {"0xe0049", "0xe0069"} <= found
    turns = "".join(raw(attack) for attack in ATTACKS if attack.family == "forged-turn")
    for token in ("<|im_start|>", "<|start_header_id|>", "<|eot_id|>", "<start_of_turn>", "[INST]", "<<SYS>>", "</s>"):
        assert token in turns
        assert token in CONTROL_TOKENS


@every_attack
def test_it_is_read_as_plain_text(attacked: Library, attack: Attack) -> None:
    info = attacked.info(attack.slug)
    text = " ".join(attacked.document(attack.slug).text.split())
    assert attack.reads in text
    assert not attack.hides or attack.hides in " ".join(raw(attack).split())
    assert not attack.hides or attack.hides not in text
    facts = (info.title, info.short, *info.aliases, info.provenance.owner, info.provenance.source, *info.warnings)
    assert dangerous(text + "".join(facts)) == []
    passage = attacking_passage(attacked, attack)
    assert attack.reads in " ".join(passage.span.of(attacked.document(attack.slug).text).split())


@every_attack
def test_what_is_hidden_is_reported(attacked: Library, attack: Attack) -> None:
    if attack.hides and "<!--" not in raw(attack):  # comments and scripts are no part of a page's text
        assert any("hidden" in warning for warning in attacked.info(attack.slug).warnings)


@pytest.mark.parametrize("slug", ["36-incident-poster", "37-model-card-template", "35-subprocessor-note"])
def test_replaced_characters_stay_visible(attacked: Library, slug: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in attacked.document(slug).text


def test_a_name_taken_from_a_real_document_is_told_apart(attacked: Library) -> None:
    for forged, real in (
        ("27-requests-circular", "data-subject-requests"),
        ("28-privacy-digest", "gdpr"),
        ("29-quayside-terms", "processors-and-vendors"),
    ):
        assert attacked.info(forged).short == attacked.info(real).short  # the attack is real
        assert attacked.names[forged] != attacked.names[real]
        assert forged in attacked.names[forged]
    assert attacked.names["legal-hold"] == "Legal Hold Policy"
    assert attacked.info("gdpr").kind is DocumentKind.LAW
