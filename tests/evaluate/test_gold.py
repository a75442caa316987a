"""Where gold stands: snippets, provisions and passages found in the small library."""

from dataclasses import replace
from pathlib import Path

import pytest

from pincite.domain.answers import Citation
from pincite.domain.documents import DocumentKind
from pincite.errors import UnknownDocument
from pincite.evaluate.gold import Gold, Resolver
from pincite.evaluate.sets import Case, Target, TargetKind
from pincite.library import Library
from tests.evaluate.cases import cases


def resolve(library: Library, tmp_path: Path, *groups: tuple[Target, ...], documents: tuple[str, ...] = ()) -> Gold:
    case: Case = replace(cases(tmp_path)[0], gold=groups)
    return Resolver(library, documents, {"p": 3}).resolve(case)


def snippet(words: str) -> Target:
    return Target(TargetKind.SNIPPET, words)


def citation(library: Library, document: str, words: str) -> Citation:
    text = library.document(document).text
    start = text.index(words)
    return Citation(1, document, "", "", "", DocumentKind.LAW, words, start, start + len(words), "")


def test_a_snippet_is_found_in_its_passage_whatever_its_quotes_and_spaces(
    tiny_library: Library, tmp_path: Path
) -> None:
    gold = resolve(tiny_library, tmp_path, (snippet("'orchard'  means land on which"), snippet("no such words")))
    (group,) = gold.groups
    (passage,) = group.passages
    assert tiny_library.passages([passage])[0].label == "Art. 2"
    assert gold.covered_by(passage) == {0}
    assert gold.covered_by(passage + 1) == frozenset()
    assert gold.absent == ()


def test_gold_that_is_not_in_the_library(tiny_library: Library, tmp_path: Path) -> None:
    gold = resolve(tiny_library, tmp_path, (snippet("no such words"),), (snippet("for six years"),))
    assert gold.absent == (gold.groups[0],)
    assert not gold.groups[0].quoted_by([citation(tiny_library, "orchard", "for six years")])


def test_a_quote_shows_a_snippet_only_whole(tiny_library: Library, tmp_path: Path) -> None:
    (group,) = resolve(tiny_library, tmp_path, (snippet("without undue delay and not later than 72 hours"),)).groups
    whole = citation(tiny_library, "orchard", "of fire blight without undue delay and not later than 72 hours after")
    part = citation(tiny_library, "orchard", "not later than 72 hours")
    assert group.quoted_by([part, whole])
    assert not group.quoted_by([part])


def test_a_citation_is_right_if_it_touches_a_gold_passage_or_its_lead_in(tiny_library: Library, tmp_path: Path) -> None:
    gold = resolve(tiny_library, tmp_path, (snippet("more than 20 kg of apples"),))
    assert gold.right(citation(tiny_library, "ladder", "chain saws that are running"))  # the same passage
    assert gold.right(citation(tiny_library, "ladder", "The following must not be carried on a ladder:"))
    assert not gold.right(citation(tiny_library, "ladder", "A fall must be reported"))
    elsewhere = replace(citation(tiny_library, "ladder", "chain saws that are running"), document="orchard")
    assert not gold.right(elsewhere)


def test_provisions(tiny_library: Library, tmp_path: Path) -> None:
    target = Target(TargetKind.PROVISION, "Art. 3")
    gold = resolve(tiny_library, tmp_path, (target,))
    (group,) = gold.groups
    assert {row.label for row in tiny_library.passages(group.passages)} == {"Art. 3"}
    assert group.quoted_by([citation(tiny_library, "orchard", "burn the wood")])
    assert not group.quoted_by([citation(tiny_library, "orchard", "for six years")])
    assert gold.right(citation(tiny_library, "orchard", "burn the wood"))
    assert resolve(tiny_library, tmp_path, (target,), documents=("ladder",)).absent
    assert not resolve(tiny_library, tmp_path, (target,), documents=("orchard",)).absent
    with pytest.raises(UnknownDocument):
        resolve(tiny_library, tmp_path, (target,), documents=("gdpr",))


def test_passages(tiny_library: Library, tmp_path: Path) -> None:
    gold = resolve(tiny_library, tmp_path, (Target(TargetKind.PASSAGE, "p"),), (Target(TargetKind.PASSAGE, "q"),))
    assert gold.groups[0].passages == {3}
    assert gold.absent == (gold.groups[1],)
