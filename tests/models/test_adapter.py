"""The question adapter's file: named in the manifest of its embedder, compared with its digest at every load."""

from pathlib import Path

import pytest

from pincite.errors import ConfigError, DigestMismatch, ModelMissing
from pincite.models import manifest
from pincite.models.manifest import ModelFile, to_toml
from pincite.models.registry import Registry
from tests.models.conftest import embedder, llm, sha

BYTES = b"low-rank"


def write(tmp_path: Path, line: str, text: str = "") -> Path:
    path = tmp_path / "models.toml"
    text = text or to_toml(embedder())
    path.write_text(text.replace("default = false\n", f"default = false\n{line}\n", 1), encoding="utf-8")
    return path


def row(size: int = len(BYTES), digest: str = sha(BYTES), file: str = "a.safetensors") -> str:
    return f'adapter = {{ file = "{file}", size = {size}, sha256 = "{digest}" }}'


def test_it_is_verified_beside_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, row())
    monkeypatch.setattr(manifest, "shipped", lambda: path)
    registry = Registry(tmp_path / "models", [path])
    (entry,) = registry.entries()
    assert entry.adapter == ModelFile("a.safetensors", len(BYTES), sha(BYTES))
    file = tmp_path / "a.safetensors"
    with pytest.raises(ModelMissing, match=r"a\.safetensors"):
        registry.require_adapter(entry)
    file.write_bytes(BYTES)
    assert registry.require_adapter(entry) == file
    file.write_bytes(BYTES[:-1])
    with pytest.raises(DigestMismatch, match="7 of 8 bytes"):
        registry.require_adapter(entry)
    file.write_bytes(BYTES[::-1])
    with pytest.raises(DigestMismatch, match=r"a\.safetensors"):
        registry.require_adapter(entry)


def test_an_embedder_without_one(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models", [write(tmp_path, "")])
    assert registry.require_adapter(registry.entries()[0]) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('adapter = "a.safetensors"', "must be a table"),
        (row(file="../a.safetensors"), "not a plain relative path"),
        (row(size=0), "at least 1"),
        (row(digest="abc"), "not of the form"),
        (row()[:-2] + ", more = 1 }", "unknown key"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        manifest.read(write(tmp_path, line))
    assert "adapter" in str(caught.value)


def test_a_language_model_has_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="of an embedder"):
        manifest.read(write(tmp_path, row(), to_toml(llm())))


def test_the_shipped_one_is_there_and_small() -> None:
    adapters = [entry.adapter for entry in manifest.read(manifest.shipped()) if entry.adapter]
    assert adapters
    for adapter in adapters:
        assert manifest.shipped().with_name(adapter.path).stat().st_size == adapter.size < 30_000_000
