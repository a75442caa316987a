"""The question set that ships: every sentence that is said to answer stands in the sample policies."""

from dataclasses import replace
from pathlib import Path

from pincite.evaluate.gold import Resolver
from pincite.evaluate.sets import load_set
from pincite.library import Library
from tests.conftest import build

ROOT = Path(__file__).parents[2]


def test_the_sample_policies_have_what_answers(tmp_path: Path) -> None:
    build(tmp_path / "library", ROOT / "corpus" / "policies")
    cases = load_set(ROOT / "corpus" / "questions" / "evaluation.jsonl").cases
    assert (len(cases), sum(case.answerable for case in cases)) == (60, 50)
    library = Library(tmp_path / "library")
    try:
        resolver = Resolver(library)
        each = [(case, snippet) for case in cases for group in case.gold for snippet in group]
        absent = [
            (case.id, snippet.value)
            for case, snippet in each
            if resolver.resolve(replace(case, gold=((snippet,),))).absent
        ]
    finally:
        library.close()
    assert absent == []
