"""The registry, verification, adding by file, and the command line over them."""

from __future__ import annotations

import argparse
import json
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pincite.cli import models as commands
from pincite.config import Settings
from pincite.errors import ConfigError, DigestMismatch, ModelError, ModelMissing
from pincite.models import verify as verify_module
from pincite.models.add import add, describe
from pincite.models.manifest import to_toml
from pincite.models.registry import LOCAL, PARTIAL, Registry, State
from pincite.record.reader import read_records
from tests.ggufs import FAMILIES, header
from tests.models.conftest import EMBEDDER_FILES, GGUF, WEIGHTS, embedder, llm, sha


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    manifest = tmp_path / "models.toml"
    manifest.write_text(to_toml(llm()) + to_toml(embedder()), encoding="utf-8")
    directory = tmp_path / "models"
    directory.mkdir()
    return Registry(directory, [manifest])


def again(registry: Registry) -> Registry:
    return Registry(registry.directory, [registry.directory.parent / "models.toml"])


def test_unknown_names_list_the_known(registry: Registry) -> None:
    with pytest.raises(ModelError, match="'gpt'") as caught:
        registry.get("gpt")
    assert "tiny, small-embedder" in caught.value.hint


def test_states_need_no_hashing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "digest", lambda *_, **__: pytest.fail("hashed"))
    entry = registry.get("tiny")
    assert registry.state(entry) is State.MISSING
    (registry.directory / PARTIAL / "tiny").mkdir(parents=True)
    assert registry.state(entry) is State.PARTIAL
    registry.path(entry).write_bytes(WEIGHTS[:-1])
    assert registry.state(entry) is State.WRONG_SIZE
    registry.path(entry).write_bytes(bytes(len(WEIGHTS)))
    assert registry.state(entry) is State.PRESENT


def test_a_model_that_is_used_where_it_is_there(registry: Registry) -> None:
    assert registry.there("") == registry.there("tiny") == ""
    (registry.directory / PARTIAL / "tiny").mkdir(parents=True)
    assert registry.there("tiny") == ""
    registry.path(registry.get("tiny")).write_bytes(WEIGHTS[:-1])
    assert registry.there("tiny") == "tiny"  # damaged: whoever loads it is told, instead of answering without it
    with pytest.raises(ModelError, match="'gpt'"):
        registry.there("gpt")
    assert registry.reranker(Settings(embedder="small-embedder", reranker="tiny")) == "tiny"
    assert registry.reranker(Settings(embedder="tiny", reranker="tiny")) == ""  # it knows nothing new
    assert registry.reranker(Settings(reranker="")) == ""


def test_require_verifies_every_byte(registry: Registry) -> None:
    with pytest.raises(ModelMissing) as missing:
        registry.require("tiny", "llm")
    assert "pincite models fetch tiny" in missing.value.hint
    path = registry.directory / "tiny.gguf"
    path.write_bytes(WEIGHTS)
    assert registry.require("tiny", "llm") == path
    path.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(DigestMismatch, match=r"tiny\.gguf"):
        registry.require("tiny", "llm")
    with pytest.raises(ModelError, match="is of use llm, not embedder"):
        registry.require("tiny", "embedder")


def test_a_file_is_hashed_once_unless_it_changes(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    real = verify_module.digest
    monkeypatch.setattr(verify_module, "digest", lambda path, *a, **k: (hashed.append(path), real(path, *a, **k))[1])
    path = registry.directory / "tiny.gguf"
    path.write_bytes(WEIGHTS)
    time.sleep(0.06)  # one that was changed just now is hashed again
    registry.require("tiny", "llm")
    registry.require("tiny", "llm")
    assert len(hashed) == 1
    fresh = path.with_suffix(".new")
    fresh.write_bytes(WEIGHTS)
    fresh.replace(path)
    registry.require("tiny", "llm")
    assert len(hashed) == 2


def test_a_gguf_file_is_added_and_required(registry: Registry, tmp_path: Path) -> None:
    given = tmp_path / "other.gguf"
    given.write_bytes(GGUF + b"weights")
    add(given, registry, name="other", sha256=sha(GGUF + b"weights").upper(), use="llm", title='A "model"')
    found = again(registry)
    assert found.require("other", "llm").read_bytes() == GGUF + b"weights"
    assert found.get("other").title == 'A "model"'
    assert found.get("other").local
    given.rename(tmp_path / "third.gguf")
    add(tmp_path / "third.gguf", found, name="third", sha256=sha(GGUF + b"weights"), use="llm")
    assert [entry.name for entry in again(registry).entries()] == ["tiny", "small-embedder", "other", "third"]


def test_the_template_is_recognised_and_recorded(registry: Registry, tmp_path: Path) -> None:
    given = tmp_path / "gemma.gguf"
    given.write_bytes(header(FAMILIES["gemma"]))
    assert add(given, registry, name="gemma", sha256=sha(given.read_bytes()), use="llm").template == "gemma"
    assert again(registry).get("gemma").template == "gemma"


def test_a_template_given_overrides_but_must_fit(registry: Registry, tmp_path: Path, embedder_directory: Path) -> None:
    unknown = header(replace(FAMILIES["chatml"], architecture="mamba"))
    given = tmp_path / "mamba.gguf"
    given.write_bytes(unknown)
    with pytest.raises(ModelError, match=r"mamba\.gguf \(architecture 'mamba', .* no chat template is known") as caught:
        add(given, registry, name="mamba", sha256=sha(unknown), use="llm")
    assert "--template NAME" in caught.value.hint
    with pytest.raises(ModelError, match="so the gemma template does not fit"):
        add(given, registry, name="mamba", sha256=sha(unknown), use="llm", template="gemma")
    with pytest.raises(ModelError, match="no chat template is called 'alpaca'"):
        add(given, registry, name="mamba", sha256=sha(unknown), use="llm", template="alpaca")
    embedder_directory = embedder_directory.rename(embedder_directory.with_name("another"))
    with pytest.raises(ModelError, match="only language models have a chat template"):
        add(embedder_directory, registry, name="x", sha256="0" * 64, use="embedder", template="chatml")
    assert list(registry.directory.iterdir()) == []
    add(given, registry, name="mamba", sha256=sha(unknown), use="llm", template="chatml")
    assert again(registry).get("mamba").template == "chatml"


def test_a_directory_is_added_by_its_listing(tmp_path: Path, embedder_directory: Path) -> None:
    empty = tmp_path / "models.toml"
    empty.write_text("")
    registry = Registry(tmp_path / "models", [empty])
    _, digest = describe(embedder_directory)
    assert digest == embedder().sha256
    add(embedder_directory, registry, name="mine", sha256=digest, use="embedder")
    found = Registry(tmp_path / "models", [empty])
    path = found.require("mine", "embedder")
    assert {item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file()} == set(EMBEDDER_FILES)
    (path / "config.json").write_bytes(b'{"model_type": "best"}')
    with pytest.raises(DigestMismatch, match=r"config\.json"):
        found.require("mine", "embedder")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"PK\x03\x04" + bytes(20), "not a GGUF file"),
        (b"GGUF", "not a GGUF file"),
        (b"", "not a GGUF file"),
        (b"GGUF" + struct.pack("<I", 1), "version 1 is not supported"),
        (b"GGUF" + struct.pack(">I", 3), "is not supported"),
    ],
)
def test_what_is_no_gguf_is_refused(registry: Registry, tmp_path: Path, content: bytes, complaint: str) -> None:
    given = tmp_path / "x.gguf"
    given.write_bytes(content)
    with pytest.raises(ModelError, match=complaint):
        add(given, registry, name="x", sha256=sha(content), use="llm")
    assert list(registry.directory.iterdir()) == []


def test_refused_additions_leave_nothing(registry: Registry, tmp_path: Path, embedder_directory: Path) -> None:
    given = tmp_path / "x.gguf"
    given.write_bytes(WEIGHTS)
    with pytest.raises(DigestMismatch, match=r"x\.gguf"):
        add(given, registry, name="x", sha256="0" * 64, use="llm")
    with pytest.raises(ModelError, match="known already"):
        add(given, registry, name="tiny", sha256=sha(WEIGHTS), use="llm")
    with pytest.raises(ModelError, match="known already"):
        add(embedder_directory, registry, name="x", sha256=embedder().sha256, use="embedder")
    with pytest.raises(ModelError, match="is a directory"):
        add(given, registry, name="x", sha256=sha(WEIGHTS), use="embedder")
    with pytest.raises(ModelError, match="not there"):
        add(tmp_path / "none.gguf", registry, name="x", sha256=sha(WEIGHTS), use="llm")
    with pytest.raises(ConfigError, match="name: 'Not a name'"):
        add(given, registry, name="Not a name", sha256=sha(WEIGHTS), use="llm")
    assert not (registry.directory / LOCAL).exists()
    assert not (registry.directory / "x.gguf").exists()


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home")
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers(), common)
    args = parser.parse_args(["models", *words])
    code = args.handler(args)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_line(
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PINCITE_MODELS", str(registry.directory))
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("pincite.models.manifest.shipped", lambda: tmp_path / "models.toml")
    code, out, _ = run(capsys, "list", "--json", "--home", str(tmp_path))
    assert code == 0
    assert [(row["name"], row["state"]) for row in json.loads(out)] == [
        ("tiny", "missing"),
        ("small-embedder", "missing"),
    ]
    assert run(capsys, "verify")[0] == 1  # nothing here is not a success

    given = tmp_path / "other.gguf"
    given.write_bytes(GGUF)
    _, out, _ = run(capsys, "add", str(given), "--digest")
    assert out.split()[0] == sha(GGUF)
    code, out, err = run(capsys, "add", str(given), "--name", "other", "--sha256", out.split()[0])
    assert (code, out) == (0, "")
    assert "other: added" in err
    assert "chat template chatml by its tokens" in err
    third = tmp_path / "third.gguf"
    third.write_bytes(header(FAMILIES["phi4"]))
    words = ["add", str(third), "--name", "third", "--sha256", sha(third.read_bytes()), "--template"]
    with pytest.raises(ModelError, match="the llama3 template does not fit"):
        run(capsys, *words, "llama3")
    assert "chat template phi4 as given" in run(capsys, *words, "phi4")[2]
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()] == [
        ["tiny", "llm", "chatml"],
        ["small-embedder", "embedder", "-"],
        ["other", "llm", "chatml"],
        ["third", "llm", "phi4"],
    ]
    code, out, _ = run(capsys, "show", "third")
    assert code == 0
    assert "template  phi4 (Phi-4)" in out
    assert json.loads(run(capsys, "show", "third", "--json")[1])["template"] == "phi4"
    third.unlink()
    (registry.directory / "third.gguf").unlink()
    code, out, _ = run(capsys, "verify")
    assert code == 0
    assert out == f"other: verified, sha256 {sha(GGUF)}\n"
    (registry.directory / "other.gguf").write_bytes(GGUF[:-1] + b"!")
    code, out, _ = run(capsys, "verify", "other")
    assert code == 1
    assert "other: FAILED: Digest does not match" in out
    with pytest.raises(ConfigError, match="--name and --sha256"):
        run(capsys, "add", str(given))
    recorded = [(r.kind, r.public["action"], r.public["name"]) for r in read_records(tmp_path / "home" / "audit")]
    assert recorded == [("models", "add", "other"), ("models", "add", "third")]


def test_an_interrupted_fetch_says_how_to_go_on(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setenv("PINCITE_MODELS", str(registry.directory))
    monkeypatch.setattr("pincite.models.manifest.shipped", lambda: tmp_path / "models.toml")
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("pincite.models.fetch.Fetcher.fetch", interrupted)
    code, _, err = run(capsys, "fetch", "tiny", "--hub", "file:///nowhere")
    assert code == 130
    assert "Run the same command again" in err
