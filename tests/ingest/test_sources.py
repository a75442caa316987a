"""Sources: paths and corpus.toml, with errors that name file, entry and key."""

from pathlib import Path

import pytest

from pincite.errors import ConfigError, DocumentError
from pincite.ingest.sources import Source, expand_paths, load_corpus_file, read_source
from tests.conftest import ROOT
from tests.ingest.helpers import parse_file

GOOD = '[[source]]\nslug = "x"\npath = "x.md"\n'
WHEEL = '[[source]]\nslug = "x"\nwheel = {package = "p", version = "1", member = "a/b.json", sha256 = "SHA"}\n'.replace(
    "SHA", "ab" * 32
)


def load(directory: Path, content: str) -> list[Source]:
    path = directory / "corpus.toml"
    path.write_text(content, encoding="utf-8")
    return load_corpus_file(path, directory / "fetched")


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (GOOD + "colour = 1\n", "source 1", "'colour'"),
        (GOOD + '[[source]]\npath = "y.md"\n', "source 2", "`slug`"),
        ('[[source]]\nslug = "Big Name"\npath = "y.md"\n', "source 1", "`slug`"),
        ('[[source]]\nslug = "y"\n', "source 1 (y)", "either `path` or `wheel`"),
        (WHEEL + 'path = "x.md"\n', "source 1 (x)", "either `path` or `wheel`"),
        ('[[source]]\nslug = "y"\npath = 3\n', "source 1 (y)", "`path` must be a string"),
        (
            '[[source]]\nslug = "y"\nwheel = {package = "p"}\n',
            "source 1 (y)",
            "`wheel` needs member, package, sha256, version",
        ),
        ('[[source]]\nslug = "y"\nwheel = 3\n', "source 1 (y)", "`wheel`"),
        (WHEEL.replace(f'"{"ab" * 32}"', "3"), "source 1 (x)", "`wheel`"),
        (GOOD + 'kind = "advice"\n', "source 1 (x)", "`kind` must be law or policy"),
        (GOOD + 'aliases = "GDPR"\n', "source 1 (x)", "`aliases` must be a list of strings"),
        (GOOD + "expect = {articles = 99}\n", "source 1 (x)", "`expect` must be a table of counts"),
        (GOOD + 'expect = {article = "99"}\n', "source 1 (x)", "`expect` must be a table of counts"),
        (GOOD + 'title = ["a"]\n', "source 1 (x)", "`title` must be a string"),
        (GOOD + GOOD, "", "two sources are called 'x'"),
        ("[[sources]]\nslug = 1\n", "", "unknown key 'sources'"),
        ('[source]\nslug = "x"\n', "", "no sources"),
        ("source = [1]\n", "", "no sources"),
        ("", "", "no sources"),
        ("[[source\n", "", "line 1"),
    ],
)
def test_errors_name_file_entry_and_key(tmp_path: Path, content: str, where: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    assert str(tmp_path / "corpus.toml") in caught.value.message
    assert where in caught.value.message
    assert what in caught.value.message


def test_a_good_file(tmp_path: Path) -> None:
    one, two = load(
        tmp_path,
        WHEEL + '[[source]]\nslug = "y"\npath = "sub/y.md"\nversion = 2.5\n'
        'effective = 2031-05-01\naliases = ["Y"]\nexpect = {article = 3}\n',
    )
    assert one.path == tmp_path / "fetched" / "x-abababababab.json"
    assert one.wheel is not None
    assert one.wheel.member == "a/b.json"
    assert two == Source(
        tmp_path / "sub" / "y.md", "y", None, {"version": "2.5", "effective": "2031-05-01"}, ("Y",), {"article": 3}
    )


def test_directories_are_walked_without_hidden_files_and_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    inside = tmp_path / "in"
    for path in (
        outside,
        inside / "b.md",
        inside / ".hidden.md",
        inside / ".git" / "c.md",
        inside / "sub" / "b.md",
        inside / "b.txt",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (inside / "link.md").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    sources = expand_paths([inside])
    assert sorted((s.path.relative_to(inside).as_posix(), s.slug) for s in sources) == [
        ("b.md", "b"),
        ("b.txt", "b-txt"),
        ("sub/b.md", "sub-b"),
    ]


def test_a_missing_path_and_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        expand_paths([tmp_path / "none"])
    with pytest.raises(ConfigError, match="no files found"):
        expand_paths([tmp_path])


def test_two_corpus_files_with_the_same_name(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(ConfigError, match="two sources are called 'x'"):
        expand_paths([tmp_path / "a.toml", tmp_path / "b.toml"])


def test_files_too_large_or_missing(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("12345")
    source = expand_paths([tmp_path / "x.md"])[0]
    assert read_source(source, limit=5) == b"12345"
    with pytest.raises(DocumentError, match="5 bytes; the limit is 4"):
        read_source(source, limit=4)
    with pytest.raises(DocumentError, match="No such file"):
        read_source(Source(tmp_path / "y.md", "y", None, {}, (), {}))


def test_expected_counts_are_held(tmp_path: Path) -> None:
    from pincite.ingest.parse import parse

    (tmp_path / "x.md").write_text("# T\n\n## 1. A\n\n1.1 Words.\n")
    parse(Source(tmp_path / "x.md", "x", None, {}, (), {"section": 1, "paragraph": 1}))
    with pytest.raises(DocumentError, match=r"x\.md: 1 provisions of kind section found, 2 expected"):
        parse(Source(tmp_path / "x.md", "x", None, {}, (), {"section": 2}))


def test_the_shipped_corpus_file_matches_its_policies(tmp_path: Path) -> None:
    sources = load_corpus_file(ROOT / "corpus" / "corpus.toml", tmp_path)
    files = [source for source in sources if source.wheel is None]
    assert {source.path for source in files} == set((ROOT / "corpus" / "policies").iterdir())
    for source in files:
        stated = parse_file(source.path).document
        assert stated.title == source.metadata["title"]
        assert source.metadata.get("version", "") in (stated.provenance.version or stated.text)
        assert source.metadata["effective"] in (stated.provenance.effective or stated.text)
