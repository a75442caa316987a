"""Names of well-known laws, as people write them."""

import re

import pytest

from pincite.domain.laws import known_laws, laws_named, squash


@pytest.mark.parametrize(
    ("question", "laws"),
    [
        ("How does the eprivacy directive treat cookies?", {"eprivacy directive": "Directive 2002/58/EC"}),
        ("Does DORA or dora apply?", {"DORA": "Regulation (EU) 2022/2554", "dora": "Regulation (EU) 2022/2554"}),
        ("the NIS Directive and the NIS 2 Directive", {
            "NIS Directive": "Directive (EU) 2016/1148",
            "NIS 2 Directive": "Directive (EU) 2022/2555",
        }),
        ("Does PIPEDA apply?", {"PIPEDA": ""}),
        ("Is mica a mineral, does Gina lead Dora, is a CRA an agency?", {}),
        ("our pre-GDPR-era data act", {"data act": "Regulation (EU) 2023/2854"}),
    ],
)  # fmt: skip
def test_laws_are_found_by_their_names(question: str, laws: dict[str, str]) -> None:
    assert {name: law.cited for name, law in laws_named(question).items()} == laws


def test_what_a_law_is_cited_as_is_found_in_its_own_title() -> None:
    cited = [law for law in known_laws() if law.cited]
    assert len(cited) > 40
    for law in cited:
        assert law.match.search(f"{law.cited} of the European Parliament and of the Council"), law.short
        number = re.search(r"\d+/\d+", law.cited)
        assert number is not None
        assert number.group() in law.aliases
        other = law.cited.replace(number.group(), number.group() + "1")
        assert law.match.search(other) is None or len(number.group()) == 9, law.short


def test_no_name_is_of_two_laws() -> None:
    names = [name for law in known_laws() for name in {law.short, *law.aliases} if name]
    assert sorted(names) == sorted(set(names))


def test_names_are_compared_by_their_words() -> None:
    assert squash("Children's Online-Privacy (COPPA) 2016/679") == "children online privacy coppa 2016/679"
