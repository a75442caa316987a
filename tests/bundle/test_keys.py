"""The ceremony on the command line: keys, a root signed by two persons, a lost key rotated out."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pincite.bundle.keys import load_key, read_public
from pincite.bundle.roots import read_chain
from pincite.cli import main
from pincite.errors import BundleError

PASSPHRASE = "correct horse battery"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phrase").write_text(PASSPHRASE + "\n")
    for name in ("ann", "bob", "cem", "release"):
        assert main(["bundle", "keys", "new", name, "--passphrase-file", "phrase"]) == 0
    return tmp_path


def make_root(out: str = "1.root.json", *more: str) -> int:
    given = [("root", name) for name in ("ann", "bob", "cem")]
    given += [(role, "release") for role in ("targets", "snapshot", "timestamp")]
    words = [word for role, name in given for word in ("--give", role, f"{name}.pub.json")]
    return main(["bundle", "keys", "root", *words, *more, "-o", out])


def sign(name: str, root: str, *more: str) -> int:
    return main(["bundle", "keys", "sign", root, "--key", f"{name}.pem", "--passphrase-file", "phrase", *more])


def test_a_key_is_encrypted_and_never_replaced(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private = desk / "ann.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in private.read_bytes()
    assert load_key(private, PASSPHRASE).public_key == read_public(desk / "ann.pub.json").key
    with pytest.raises(BundleError, match=r"ann\.pem: the passphrase is wrong"):
        load_key(private, "something else")
    before = private.read_bytes()
    assert main(["bundle", "keys", "new", "ann", "--passphrase-file", "phrase"]) == 1
    assert private.read_bytes() == before
    assert "exists already" in capsys.readouterr().err
    (desk / "short").write_text("short\n")
    assert main(["bundle", "keys", "new", "eve", "--passphrase-file", "short"]) == 1
    assert "fewer than 12 characters" in capsys.readouterr().err


def test_a_public_key_under_a_false_identity_is_refused(desk: Path) -> None:
    file = desk / "ann.pub.json"
    other = read_public(desk / "bob.pub.json").key.keyid
    file.write_text(file.read_text().replace(read_public(file).key.keyid, other))
    with pytest.raises(BundleError, match="not that of its key"):
        read_public(file)


def test_two_persons_sign_one_after_the_other(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_root() == 0
    assert "missing    2 more of its own root keys" in capsys.readouterr().out
    with pytest.raises(BundleError, match="not signed enough"):
        read_chain(desk)
    assert sign("release", "1.root.json") == 1
    assert "is not a root key" in capsys.readouterr().err
    assert sign("ann", "1.root.json") == 0
    assert sign("ann", "1.root.json") == 0  # twice the same person is one signature
    assert "signed by  ann\n  missing    1 more" in capsys.readouterr().out
    assert sign("cem", "1.root.json") == 0
    said = capsys.readouterr().out
    assert "root       2 of 3: ann, bob, cem" in said
    assert "signed by  ann, cem" in said
    assert "complete   sha256 " in said
    assert len(read_chain(desk)) == 1
    assert make_root() == 1
    assert "A root is never replaced" in capsys.readouterr().err


def test_a_lost_root_key_is_rotated_out(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_root() == sign("ann", "1.root.json") == sign("bob", "1.root.json") == 0
    assert main(["bundle", "keys", "new", "dia", "--passphrase-file", "phrase"]) == 0
    rotate = ["bundle", "keys", "rotate", "1.root.json", "-o", "2.root.json"]
    assert main([*rotate, "--remove", "nobody"]) == 1
    assert "no key is called 'nobody'" in capsys.readouterr().err
    assert main([*rotate, "--remove", "cem", "--give", "root", "dia.pub.json"]) == 0
    assert sign("dia", "2.root.json", "--previous", "1.root.json") == 0
    assert sign("ann", "2.root.json", "--previous", "1.root.json") == 0
    said = capsys.readouterr().out
    assert "missing    1 more of the earlier root's root keys" in said
    assert sign("bob", "2.root.json", "--previous", "1.root.json") == 0
    assert "complete" in capsys.readouterr().out
    assert [name for name, _, _ in read_chain(desk)] == ["1.root.json", "2.root.json"]


def test_wrong_words_are_errors_that_name_them(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_root("1.root.json", "--threshold", "root", "4") == 1
    assert "root: 3 different keys for a threshold of 4" in capsys.readouterr().err
    assert make_root("1.root.json", "--threshold", "mirror", "1") == 1
    assert "no role is called 'mirror'" in capsys.readouterr().err
    assert main(["bundle", "keys", "show", "phrase"]) == 1
    assert "phrase: not root metadata" in capsys.readouterr().err
    assert not (desk / "1.root.json").exists()
