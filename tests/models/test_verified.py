"""Models that were changed in any way are refused before use and named, also by one who swaps files in between."""

from __future__ import annotations

import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pincite.domain.unchanged import state_of
from pincite.errors import DigestMismatch, ModelError, ModelMissing
from pincite.llm.gguf import read_header
from pincite.llm.recognition import template_of
from pincite.llm.templates import TEMPLATES
from pincite.models import manifest
from pincite.models.manifest import ModelEntry, ModelFile
from pincite.models.verify import _known, verified, verify
from tests.conftest import ROOT
from tests.ggufs import FAMILIES, gguf, header
from tests.models.conftest import EMBEDDER_FILES, embedder, llm, sha
from tests.mutations import mutations

MODEL = gguf(
    {"general.architecture": "qwen2", **FAMILIES["chatml"].vocabulary()},
    {"token_embd.weight": np.arange(1024, dtype=np.float32).reshape(32, 32), "output_norm.weight": np.ones(32)},
)
OTHER = header(FAMILIES["llama3"])
ENTRY = llm(MODEL)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "tiny.gguf").write_bytes(MODEL)
    return tmp_path


def test_the_model_itself_is_taken(models: Path) -> None:
    with verified(ENTRY, models) as found:
        assert found.path == models / "tiny.gguf"
        assert found.opened.read_bytes() == MODEL
        assert read_header(found.opened).architecture == "qwen2"


def test_200_mutated_models_are_refused_before_use(models: Path) -> None:
    path = models / "tiny.gguf"
    for number, (what, data) in enumerate(mutations(MODEL, OTHER, 200, fields=range(0, 64))):
        path.write_bytes(data)
        with pytest.raises(ModelError) as caught, verified(ENTRY, models):
            pytest.fail(f"mutation {number}, {what}: taken")
        assert str(path) in caught.value.message, (number, what)


# -- whoever makes a file can also make its digest: then limits must hold ---------------------------------------


def approved(directory: Path, data: bytes) -> ModelEntry:
    (directory / "tiny.gguf").write_bytes(data)
    return llm(data)


@pytest.mark.parametrize("part", range(4))
def test_mutated_headers_behind_right_digests_are_refused_or_harmless(tmp_path: Path, part: int) -> None:
    """Our reader must end with a model error or a header within limits: no crash, no hang, no endless memory."""
    refused = 0
    for what, data in mutations(MODEL, OTHER, 50, fields=range(0, 64), seed=part):
        entry = approved(tmp_path, data)
        with verified(entry, tmp_path) as found:
            try:
                assert read_header(found.opened).tokens <= 1 << 22, what
            except ModelError:
                refused += 1
    assert refused >= 20


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    raw = name.encode()
    return (
        struct.pack("<Q", len(raw)) + raw + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        + struct.pack("<IQ", kind, offset)
    )  # fmt: skip


def with_tensors(*infos: bytes, data: int = 4096, said: int | None = None, **keys: object) -> bytes:
    whole = header(FAMILIES["chatml"], **keys)
    count = len(infos) if said is None else said
    body = whole[:8] + struct.pack("<Q", count) + whole[16:] + b"".join(infos)
    return body + bytes(-len(body) % 32) + bytes(data)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (with_tensors(tensor("a", (8, 8), offset=32)), "begins at 32, the one before it ends at 0"),
        (with_tensors(tensor("a", (8, 8)), tensor("b", (8,), offset=1 << 63)), "'b' begins at"),
        (with_tensors(tensor("a", (8, 8)), tensor("b", (8,), offset=0)), "'b' begins at 0"),
        (with_tensors(tensor("a", (8, 8)), tensor("a", (8,), offset=256)), "'a' comes twice"),
        (with_tensors(tensor("a", (1 << 32, 1 << 32))), "cannot be"),
        (with_tensors(tensor("a", ((1 << 64) - 1,))), "cannot be"),
        (with_tensors(tensor("a", (1 << 30,))), "the file ends within the tensor 'a'"),
        (with_tensors(tensor("a", (1025,))), "the file ends within its tensors"),
        (with_tensors(tensor("a", (0, 8))), "cannot be"),
        (with_tensors(tensor("a", (33,), kind=2)), "cannot be"),
        (with_tensors(tensor("a", (8, 8), kind=4)), "cannot be"),
        (with_tensors(tensor("a", (8, 8), kind=999)), "cannot be"),
        (with_tensors(tensor("a", (1, 1, 1, 1, 1))), "has 5 axes"),
        (with_tensors(tensor("a", ())), "has 0 axes"),
        (with_tensors(struct.pack("<Q", 1 << 60)), "a tensor's name is 1152921504606846976 bytes long"),
        (with_tensors(tensor("a" * 64, (8, 8))), "a tensor's name is 64 bytes long"),
        (with_tensors(said=1 << 19, data=0), "has 0 axes"),
        (with_tensors(tensor("a", (8, 8)), general__alignment=0), "general.alignment is 0"),
        (with_tensors(tensor("a", (8, 8)), general__alignment=48), "general.alignment is 48"),
        (with_tensors(tensor("a", (8, 8)), general__alignment=1 << 31), "general.alignment is 2147483648"),
        (with_tensors(tensor("a", (8, 8)), general__alignment="x"), "general.alignment is b'x'"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_absurd_tensors_behind_right_digests(tmp_path: Path, data: bytes, complaint: str) -> None:
    entry = approved(tmp_path, data)
    with verified(entry, tmp_path) as found, pytest.raises(ModelError, match=complaint):
        read_header(found.opened)


def test_tensors_that_fit(tmp_path: Path) -> None:
    for infos in ((tensor("a", (1024,)),), (tensor("a", (8, 8)), tensor("b", (960,), offset=256))):
        (tmp_path / "x.gguf").write_bytes(with_tensors(*infos))
        assert read_header(tmp_path / "x.gguf").architecture == "qwen2"


def test_the_file_s_own_template_is_never_rendered(tmp_path: Path) -> None:
    """It chooses nothing but a row of our table, and no code of ours has anything that could render it."""
    trap = "{% for x in range(10**9) %}{{ 1 / 0 }}{% endfor %}{{ cycler.__init__.__globals__ }}<|im_start|>"
    (tmp_path / "x.gguf").write_bytes(header(FAMILIES["chatml"], tokenizer__chat_template=trap))
    assert template_of(tmp_path / "x.gguf") is TEMPLATES["chatml"]
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    for renderer in ("import jinja2", "from jinja2", "chat_apply_template", "llama_chat_format", "apply_chat_template"):
        assert not any(renderer in source for source in sources), renderer


# -- between the comparison and the loading ---------------------------------------------------------------------


def test_a_file_put_in_place_of_the_verified_one_is_not_loaded(models: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc: the file is opened by its name")
    evil = models / "evil"
    evil.write_bytes(OTHER)
    loaded = b""
    complaint = r"tiny\.gguf: was changed while tiny was being loaded"
    with pytest.raises(DigestMismatch, match=complaint), verified(ENTRY, models) as found:  # noqa: PT012
        evil.replace(models / "tiny.gguf")
        loaded = found.opened.read_bytes()
    assert loaded == MODEL


def write_and_set_time_back(path: Path) -> None:
    time.sleep(0.06)  # the kernel's clock for files ticks every few milliseconds
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_and_swap_back(path: Path) -> None:
    time.sleep(0.06)
    aside = path.with_name("aside")
    path.rename(aside)
    path.write_bytes(b"other")
    path.unlink()
    aside.rename(path)


@pytest.mark.parametrize("change", [write_and_set_time_back, swap_and_swap_back, Path.unlink])
def test_a_change_while_loading_is_refused(models: Path, change: Callable[[Path], None]) -> None:
    with pytest.raises(DigestMismatch, match="was changed while tiny was being loaded"), verified(ENTRY, models):
        change(models / "tiny.gguf")


def test_the_cache_of_digests_does_not_believe_the_time_of_change(models: Path) -> None:
    time.sleep(0.06)
    verify(ENTRY, models)
    assert state_of(models / "tiny.gguf") in _known
    write_and_set_time_back(models / "tiny.gguf")
    with pytest.raises(DigestMismatch, match=r"tiny\.gguf: SHA-256 is"):
        verify(ENTRY, models)


# -- directories ------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for path, data in EMBEDDER_FILES.items():
        (tmp_path / "small" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "small" / path).write_bytes(data)
    return tmp_path / "small"


def test_every_file_of_an_embedder_is_checked_and_named(small: Path) -> None:
    entry = embedder()
    random_ = random.Random(5)
    names = sorted(EMBEDDER_FILES)
    for name in names:
        whole = EMBEDDER_FILES[name]
        other = EMBEDDER_FILES[random_.choice([n for n in names if n != name])]
        for what, data in mutations(whole, other, 12, seed=7):
            (small / name).write_bytes(data)
            with pytest.raises(ModelError) as caught, verified(entry, small.parent):
                pytest.fail(f"{name}, {what}: taken")
            assert str(small / name) in caught.value.message, what
        (small / name).unlink()
        with pytest.raises(ModelError) as caught, verified(entry, small.parent):
            pytest.fail(f"{name} missing: taken")
        assert name in caught.value.message
        (small / name).write_bytes(whole)
    verify(entry, small.parent)


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.py", "weights.pkl", "x.json", "1_Pooling/y.txt", ".z.json"]
)
def test_an_extra_file_of_an_embedder_is_refused(small: Path, name: str) -> None:
    (small / name).write_text("{}")
    with pytest.raises(ModelError) as caught, verified(embedder(), small.parent):
        pytest.fail("taken")
    assert str(small / name) in caught.value.message


def test_a_file_put_into_an_embedder_while_it_is_loaded(small: Path) -> None:
    time.sleep(0.06)
    with pytest.raises(DigestMismatch, match="was changed while"), verified(embedder(), small.parent):
        (small / "1_Pooling" / "new.json").write_text("{}")
    (small / "1_Pooling" / "new.json").unlink()
    with pytest.raises(DigestMismatch, match=r"vocab\.txt: was changed while"), verified(embedder(), small.parent):
        (small / "vocab.txt").write_text("a\nc\n")


# -- the manifest that says what is approved ----------------------------------------------------------------------


def test_the_manifest_that_ships_is_the_one_this_program_knows() -> None:
    found = sha(manifest.shipped().read_bytes())
    assert found == manifest.SHIPPED_SHA256, f"set SHIPPED_SHA256 in models/manifest.py to {found}"


def test_a_changed_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = manifest.shipped().read_bytes()
    path = tmp_path / "models.toml"
    monkeypatch.setattr(manifest, "_OWN", (path, path))
    path.write_bytes(whole)
    manifest.read(path)
    for _, data in mutations(whole, b"", 50):
        path.write_bytes(data)
        with pytest.raises(DigestMismatch, match=r"models\.toml: SHA-256 is"):
            manifest.read(path)


def test_a_missing_adapter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pincite.models.registry import Registry

    monkeypatch.setattr(manifest, "shipped", lambda: tmp_path / "models.toml")
    entry = ModelEntry(**{**_values(embedder()), "adapter": ModelFile("a.safetensors", 3, sha(b"abc"))})
    registry = Registry(tmp_path, [])
    with pytest.raises(ModelMissing, match=r"a\.safetensors is missing"):
        registry.require_adapter(entry)
    (tmp_path / "a.safetensors").write_bytes(b"abd")
    with pytest.raises(DigestMismatch, match=r"a\.safetensors: SHA-256"):
        registry.require_adapter(entry)


def _values(entry: ModelEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__slots__}
