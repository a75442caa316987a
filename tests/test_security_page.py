"""Every test that docs/security.md names exists: a promise whose test has gone is noticed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

_PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_PART = re.compile(r"<!-- part: (\w+) -->\n(.*?)<!-- end -->", re.S)
_PARTS = dict(_PART.findall(_PAGE))


def _missing(text: str) -> Iterator[str]:
    for file, name in _TEST.findall(text):
        path = ROOT / file
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if not name.startswith("test_") or name not in functions:
            yield f"{file}::{name}"


def test_every_named_test_exists() -> None:
    text = _PART.sub("", _PAGE)
    assert len(_TEST.findall(text)) > 30
    assert list(_missing(text)) == []


@pytest.mark.parametrize("part", sorted(_PARTS))
def test_every_named_test_of_a_part_exists(part: str) -> None:
    if not (ROOT / "docs" / f"{part}.md").is_file():
        pytest.skip(f"this part is not in this checkout: docs/{part}.md does not exist")
    assert _TEST.search(_PARTS[part])
    assert list(_missing(_PARTS[part])) == []


def test_every_promise_names_a_test() -> None:
    promises = _PAGE.split("## Promises")[1].split("## What is not promised")[0].split("\n### ")[1:]
    assert len(promises) >= 9
    for promise in promises:
        assert _TEST.search(promise), promise.splitlines()[0]


def test_a_name_that_does_not_exist_is_found() -> None:
    assert list(_missing("`tests/conftest.py::test_nothing` `tests/no.py::test_x` `tests/conftest.py::build`")) == [
        "tests/conftest.py::test_nothing",
        "tests/no.py::test_x",
        "tests/conftest.py::build",
    ]
