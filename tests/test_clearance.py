"""clearance.toml: what it may say, and for what a person's groups clear them."""

import os
from pathlib import Path

import pytest

from pincite.clearance import Clearance, Level, Person
from pincite.config import Home
from pincite.domain.labels import Labels
from pincite.errors import ConfigError, NotCleared

FILE = """
[[label]]
name = "public"
[[label]]
name = "internal"
group = 64001
also = ["Internal use only"]
[[label]]
name = "secret"
group = 64002
"""
OWNER = 4711


def load(home: Path, text: str = FILE) -> Clearance:
    (home / "clearance.toml").write_text(text)
    clearance = Clearance.load(home)
    assert clearance is not None
    return clearance


def test_no_file_no_clearance(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.clearance is None
    assert home.level is None
    assert home.library == tmp_path / "library"
    assert home.sessions == tmp_path / "sessions"


@pytest.mark.parametrize(
    ("user", "groups", "label"),
    [
        (0, set(), "secret"),
        (OWNER, set(), "secret"),
        (1, {1}, "public"),
        (1, {1, 64001}, "internal"),
        (1, {64002}, "secret"),  # for it and all below it, without the lower group
        (1, {64001, 64002}, "secret"),
    ],
)
def test_the_highest_group_counts(tmp_path: Path, user: int, groups: set[int], label: str) -> None:
    assert load(tmp_path).level_of(Person(user, frozenset(groups)), OWNER).name == label


def test_who_is_in_no_group_is_not_cleared(tmp_path: Path) -> None:
    clearance = load(tmp_path, FILE.replace('name = "public"', 'name = "public"\ngroup = 64000'))
    with pytest.raises(NotCleared, match="none of the groups"):
        clearance.level_of(Person(1, frozenset({1})), OWNER)


def test_a_group_that_the_system_does_not_know_clears_nobody(tmp_path: Path) -> None:
    clearance = load(tmp_path, FILE.replace("64002", '"no-such-group-here"'))
    assert clearance.levels[-1].gid is None
    assert not clearance.levels[-1].admits(Person(1, frozenset(range(1000))))


def test_a_group_by_name(tmp_path: Path) -> None:
    assert load(tmp_path, FILE.replace("64002", '"root"')).levels[-1] == Level("secret", "root", 0)


def test_only_the_highest_open_label_and_those_above_it_have_libraries(tmp_path: Path) -> None:
    clearance = load(tmp_path, FILE.replace("group = 64001\n", ""))
    assert [level.name for level in clearance.served] == ["internal", "secret"]
    assert clearance.level_of(Person(1, frozenset()), OWNER).name == "internal"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no labels"),
        ("label = 3", "no labels"),
        ("[[label]]\nname = 3", "`name` must be"),
        ('[[label]]\nname = "../x"', "`name` must be"),
        ('[[label]]\nname = "a"\ngroup = ""', "`group` must be"),
        ('[[label]]\nname = "a"\ngroup = true', "`group` must be"),
        ('[[label]]\nname = "a"\nalso = "b"', "`also` must be"),
        ('[[label]]\nname = "a"\n[[label]]\nname = "a"', "'a' is taken"),
        ('[[label]]\nname = "a"\n[[label]]\nname = "b"\nalso = ["A "]', "'a' is taken"),
        ('[[label]]\nname = "a"\ncolour = "b"', "unknown key 'colour'"),
        ('colour = "b"\n[[label]]\nname = "a"', "unknown key 'colour'"),
        ('unlabelled = "b"\n[[label]]\nname = "a"', "unlabelled must be one of a"),
        ("[[label", "clearance.toml"),
    ],
)
def test_a_file_that_cannot_be_used_opens_nothing(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "clearance.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        _ = Home(tmp_path).library


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_write_opens_nothing(tmp_path: Path, mode: int) -> None:
    load(tmp_path)
    (tmp_path / "clearance.toml").chmod(mode)
    with pytest.raises(ConfigError, match="others than the home's owner can write it"):
        _ = Home(tmp_path).library


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_opens_nothing(tmp_path: Path) -> None:
    load(tmp_path)
    os.chown(tmp_path / "clearance.toml", 65533, 65533)
    with pytest.raises(ConfigError, match="others than the home's owner can write it"):
        _ = Home(tmp_path).library


def test_words_for_labels(tmp_path: Path) -> None:
    labels = load(tmp_path).labels
    assert [labels.of(words) for words in ("Public", " INTERNAL  use only", "Secret", "", "Top secret")] == [
        "public", "internal", "secret", "secret", "secret",
    ]  # fmt: skip
    assert labels.highest(["Public", "internal"]) == "internal"
    assert labels.highest(["Public", ""]) == "secret"
    lenient = load(tmp_path, 'unlabelled = "internal"\n' + FILE).labels
    assert lenient.highest(["Public", "whatever"]) == "internal"


def test_labels_of_a_home_without_a_file() -> None:
    labels = Labels()
    assert labels.highest([]) == labels.highest(["", ""]) == ""
    assert labels.highest(["", "Public"]) == "public"
    assert labels.highest(["Restricted", "internal"]) == "restricted"
    assert labels.highest(["Restricted", "Cosmic"]) == "Cosmic"


def test_own_state_in_another_s_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path)
    home = Home(tmp_path)
    assert home.kept
    monkeypatch.setattr(
        Person, "current", classmethod(lambda cls: cls(1 + os.getuid() + tmp_path.stat().st_uid, frozenset()))
    )
    person = Person.current().user
    assert not home.kept
    assert home.sessions == tmp_path / "people" / str(person) / "sessions"
    assert home.audit == tmp_path / "people" / str(person) / "audit"
    with pytest.raises(ConfigError, match="no such directory"):
        home.create()
    with pytest.raises(ConfigError, match="only its owner changes"):
        home.require_keeper()
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / str(person)).symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="not a directory of yours"):
        home.create()
    assert not (tmp_path / "audit").exists()  # nothing was made where the link leads
    (tmp_path / "people" / str(person)).unlink()
    (tmp_path / "people" / str(person)).mkdir(mode=0o755)
    home.create()
    assert (tmp_path / "people" / str(person)).stat().st_mode & 0o777 == 0o700
    assert home.sessions.is_dir()
