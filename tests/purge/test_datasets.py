"""Models trained on a data set: withdrawn, erased, refused until they are restored."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pincite.config import Home
from pincite.errors import ConfigError, ModelError, PurgeError
from pincite.models import manifest
from pincite.models.fetch import Fetcher
from pincite.models.manifest import ModelFile, listing_digest, read, to_toml
from pincite.models.registry import Registry
from pincite.models.withdrawn import WITHDRAWN
from pincite.purge.datasets import restore, trained_on, withdraw
from tests.cli.test_commands import main

MODEL, CONFIG, ADAPTER = b"weights of a model", b"{}", b"weights of an adapter"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with a language model and an embedder with an adapter, and their manifest as the shipped."""
    directory = tmp_path / "models"
    (directory / "small").mkdir(parents=True)
    (directory / "m.gguf").write_bytes(MODEL)
    (directory / "small" / "config.json").write_bytes(CONFIG)
    (directory / "a.safetensors").write_bytes(ADAPTER)
    listing = listing_digest([ModelFile("config.json", len(CONFIG), sha256(CONFIG))])
    (directory / "models.toml").write_text(f"""
[[model]]
name = "m"
use = "llm"
title = "M"
file = "m.gguf"
size = {len(MODEL)}
sha256 = "{sha256(MODEL)}"
licence = "x"
upstream = "x"
template = "chatml"
default = true
trained_on = ["letters", "faces"]

[[model]]
name = "small"
use = "embedder"
title = "S"
directory = "small"
size = {len(CONFIG)}
sha256 = "{listing}"
licence = "x"
upstream = "x"
default = true
adapter = {{ file = "a.safetensors", size = {len(ADAPTER)}, sha256 = "{sha256(ADAPTER)}", trained_on = ["faces"] }}

[model.files]
"config.json" = {{ size = {len(CONFIG)}, sha256 = "{sha256(CONFIG)}" }}
""")
    monkeypatch.setattr(manifest, "shipped", lambda: directory / "models.toml")
    monkeypatch.setenv("PINCITE_MODELS", str(directory))
    return directory


def registry(directory: Path) -> Registry:
    return Registry(directory, [directory / "models.toml"])


def test_manifests_state_data_sets_and_keep_them(models: Path, tmp_path: Path) -> None:
    model, embedder = registry(models).entries()
    assert (model.trained_on, embedder.trained_on, embedder.adapter_trained_on) == (
        ("letters", "faces"),
        (),
        ("faces",),
    )
    (tmp_path / "local.toml").write_text(to_toml(model))
    assert read(tmp_path / "local.toml")[0].trained_on == model.trained_on
    text = (models / "models.toml").read_text()
    (models / "models.toml").write_text(text.replace('["letters", "faces"]', '"letters"'))
    with pytest.raises(ConfigError, match="trained_on: must be a list"):
        registry(models)


def test_what_a_data_set_trained_is_erased_and_refused(models: Path) -> None:
    before = registry(models)
    assert [(one.name, [path.name for path in one.paths]) for one in trained_on(before, "faces")] == [
        ("m", ["m.gguf"]), ("question adapter of small", ["a.safetensors"]),
    ]  # fmt: skip
    withdraw(before, "faces", reason="order 7", authority="Court")
    assert sorted(path.name for path in models.iterdir()) == [".partial", "models.toml", "small", WITHDRAWN]
    (models / "m.gguf").write_bytes(MODEL)  # brought back by hand
    (models / "a.safetensors").write_bytes(ADAPTER)
    after = registry(models)
    with pytest.raises(ModelError, match="trained on faces"):
        after.require("m", "llm")
    with pytest.raises(ModelError, match="trained on faces"):
        Fetcher(()).fetch(after.get("m"), models)
    assert after.require_adapter(after.get("small")) is None
    assert sorted(restore(after, "faces")) == ["m", "question adapter of small"]
    assert after.require("m", "llm") == models / "m.gguf"
    assert after.require_adapter(after.get("small")) == models / "a.safetensors"


def test_an_embedder_takes_its_adapter_with_it_only_by_name(models: Path) -> None:
    assert [one.name for one in trained_on(registry(models), "letters")] == ["m"]
    with pytest.raises(PurgeError, match="no model states") as caught:
        trained_on(registry(models), "voices")
    assert "faces, letters" in caught.value.hint
    with pytest.raises(PurgeError, match="nothing was withdrawn"):
        restore(registry(models), "faces")


def test_on_the_command_line(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    why = ["--reason", "order 7", "--authority", "Court", "--home", str(home.path)]
    assert main(["purge", "--dataset", "faces", *why]) == 1
    assert "nobody can be asked" in capsys.readouterr().err
    assert (models / "m.gguf").exists()
    assert main(["purge", "--dataset", "faces", "--yes", *why]) == 0
    assert "m.gguf will be overwritten" in capsys.readouterr().err
    assert not (models / "m.gguf").exists()
    main(["doctor", "--quick", "--json", "--home", str(home.path)])
    assert "question adapter of small" in capsys.readouterr().out
    assert main(["purge", "--dataset", "faces", "--restore", *why]) == 0
    assert "May be used again: m, question adapter of small" in capsys.readouterr().err
