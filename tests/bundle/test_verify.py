"""What a bundle is refused for, each with the file or role named, and that the untouched one is accepted."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pincite.bundle.layout import check_path
from pincite.bundle.roots import change_root, lasting, read_chain, read_root, sign_root, write_root
from pincite.bundle.signing import Lifetimes
from pincite.bundle.trust import Pin
from pincite.bundle.verify import examined, verify_bundle
from pincite.errors import BundleError, BundleRefused
from tests.bundle.helpers import NOW, SIGNERS, Chain, copy, key, make_bundle, make_roots, public

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_roots(tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, chain: Chain) -> Path:
    return make_bundle(tmp_path_factory.mktemp("made") / "bundle", chain)


def pin(chain: Chain) -> Pin:
    return Pin(sha256=hashlib.sha256(chain[0][1]).hexdigest())


def refuse(bundle: Path, chain: Chain, match: str, now: datetime.datetime = NOW) -> None:
    with pytest.raises(BundleRefused, match=match):
        verify_bundle(bundle, None, pin(chain), now=now)


def trust_after(bundle: Path, chain: Chain, place: Path, now: datetime.datetime = NOW) -> Path:
    """Return what is trusted after installing a bundle."""
    with examined(bundle, None, pin(chain), now) as found:
        shutil.copytree(found.state, place, symlinks=True)
    return place


def test_an_untouched_bundle_is_accepted_by_digest_and_by_file(bundle: Path, chain: Chain, tmp_path: Path) -> None:
    found = verify_bundle(bundle, None, pin(chain), now=NOW)
    assert found.trusted.number == 1
    assert set(found.trusted.files) == {
        "bundle.json",
        "docs/read.md",
        "metadata/1.root.json",
        "models/a.gguf",
        "models/b.gguf",
    }
    carried = tmp_path / "root.json"
    carried.write_bytes(chain[0][1])
    assert verify_bundle(bundle, None, Pin(file=carried), now=NOW).trusted == found.trusted


def test_nothing_is_trusted_without_a_root_from_the_operator(bundle: Path) -> None:
    with pytest.raises(BundleError, match="nothing says yet"):
        verify_bundle(bundle, None, None, now=NOW)
    with pytest.raises(BundleRefused, match="no root metadata of this bundle"):
        verify_bundle(bundle, None, Pin(sha256="0" * 64), now=NOW)


@pytest.mark.parametrize(
    "path",
    ["models/a.gguf", "docs/read.md", "bundle.json"]
    + [f"metadata/{name}.json" for name in ("1.root", "targets", "snapshot", "timestamp")],
)
def test_a_flipped_bit_is_refused_wherever_it_is(bundle: Path, chain: Chain, tmp_path: Path, path: str) -> None:
    changed = copy(bundle, tmp_path / "b")
    data = (changed / path).read_bytes()
    # closely in the one file that no digest covers, every bit of a byte in turn
    positions = range(0, 8 * len(data), 13 if path.endswith("timestamp.json") else max(97, 8 * len(data) // 20))
    for position in positions:
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        (changed / path).write_bytes(flipped)
        with pytest.raises(BundleRefused) as refused:
            verify_bundle(changed, None, Pin(file=_carried(chain, tmp_path)), now=NOW)
        named = refused.value.message
        role = Path(path).name.removesuffix(".json")
        assert path in named or role in named, f"bit {position}: {named}"
    (changed / path).write_bytes(data)
    verify_bundle(changed, None, pin(chain), now=NOW)


def _carried(chain: Chain, tmp_path: Path) -> Path:
    path = tmp_path / "carried.json"
    if not path.exists():
        path.write_bytes(chain[0][1])
    return path


def _truncate(path: str) -> Callable[[Path], object]:
    return lambda b: os.truncate(b / path, (b / path).stat().st_size - 1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (_truncate("models/a.gguf"), r"models/a\.gguf: 3,499 bytes instead of 3,500"),
        (_truncate("metadata/targets.json"), r"metadata/targets\.json"),
        (_truncate("metadata/snapshot.json"), r"metadata/snapshot\.json"),
        (_truncate("metadata/timestamp.json"), r"metadata/timestamp\.json"),
        (lambda b: (b / "models/a.gguf").unlink(), r"models/a\.gguf: missing"),
        (lambda b: (b / "metadata/snapshot.json").unlink(), r"snapshot\.json"),
        (lambda b: (b / "metadata/1.root.json").unlink(), r"1\.root\.json|no root metadata"),
        (lambda b: (b / "extra.txt").write_text("x"), r"extra\.txt: in the directory, but not signed"),
        (lambda b: (b / ".gitattributes").write_text("x"), r"\.gitattributes: in the directory, but not signed"),
        (lambda b: ((b / ".git").mkdir(), (b / ".git/config").write_text("x")), r"\.git/config: in the directory"),
        (lambda b: (b / "metadata/2.root.json").write_text("x"), r"2\.root\.json"),
        (lambda b: (b / "metadata/extra.json").write_text("x"), r"metadata/extra\.json: in the directory"),
        (lambda b: (b / "models/empty").mkdir(), r"models/empty/: an empty directory"),
        (lambda b: (b / "docs/link").symlink_to("read.md"), r"docs/link: a symbolic link"),
        (lambda b: _replace_by_link(b / "models/a.gguf"), r"models/a\.gguf: a symbolic link"),
        (lambda b: _replace_by_link(b / "metadata"), r"metadata: a symbolic link"),
        (lambda b: os.mkfifo(b / "docs/pipe"), r"docs/pipe: a named pipe"),
        (lambda b: ((b / "docs/read.md").unlink(), os.mkfifo(b / "docs/read.md")), r"docs/read\.md: a named pipe"),
    ],
)  # fmt: skip
def test_anything_else_that_is_changed_is_refused_and_named(
    bundle: Path, chain: Chain, tmp_path: Path, change: Callable[[Path], object], match: str
) -> None:
    refuse(copy(bundle, tmp_path / "b", change), chain, match)


def _replace_by_link(path: Path) -> None:
    away = path.parent.parent / "elsewhere" if path.parent.name == "models" else path.parent.parent / "away"
    shutil.move(path, away)
    path.symlink_to(away)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../x", "a//x", ".git/x", "a\\x", "a\x1b[2J", "c:x", ""])
def test_paths_that_lead_out_or_hide_are_refused(path: str) -> None:
    with pytest.raises(BundleRefused):
        check_path(path)


def test_a_signed_path_that_leads_out_is_refused(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the holder of the signing key cannot have a file written elsewhere."""
    walked = ["../outside", "bundle.json", "metadata/1.root.json"]
    monkeypatch.setattr("pincite.bundle.signing.walk", lambda _: iter(walked))
    monkeypatch.setattr("pincite.bundle.signing.check_path", lambda _: None)
    (tmp_path / "outside").write_text("x")
    made = make_bundle(tmp_path / "b", chain, files={"docs/read.md": b"x"})
    refuse(made, chain, r"\.\./outside: not a plain path")


def test_a_bundle_of_other_keys_is_refused(bundle: Path, chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="targets: 0 of 1"):
        make_bundle(tmp_path / "a", chain, signers=("stranger", "snapshot", "timestamp"))
    # the stranger makes a root of their own, and metadata that fits it
    others = tmp_path / "roots"
    root = change_root(
        read_root(_carried(chain, tmp_path)), lasting(700, NOW), remove=("release", "timestamp", "snapshot"),
        add=[(role, public("stranger")) for role in ("targets", "snapshot", "timestamp")],
    )  # fmt: skip
    root.signed.version = 1
    for name in ("ann", "bob"):
        sign_root(root, key(name))
    others.mkdir()
    write_root(root, others / "1.root.json")
    made = make_bundle(tmp_path / "b", read_chain(others), signers=("stranger",))
    with pytest.raises(BundleRefused, match=r"timestamp.*signed by 0/1"):
        verify_bundle(made, None, Pin(file=_carried(chain, tmp_path)), now=NOW)


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_metadata_below_its_threshold_is_refused(tmp_path: Path, role: str) -> None:
    chain = make_roots(tmp_path / "roots")
    made = make_bundle(tmp_path / "b", chain)
    file = made / "metadata" / f"{role}.json"
    content = json.loads(file.read_bytes())
    content["signatures"] = []
    file.write_text(json.dumps(content, separators=(",", ":")))
    refuse(made, chain, role)


def test_a_root_below_its_threshold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"1\.root\.json: not signed enough: 1 more of its own root keys"):
        make_roots(tmp_path / "a", signers=("ann",))
    chain = make_roots(tmp_path / "roots")
    made = make_bundle(tmp_path / "b", chain)
    lonely = change_root(chain[0][2], lasting(700, NOW), remove=["bob"], thresholds={"root": 1})
    sign_root(lonely, key("ann"), chain[0][2])
    write_root(lonely, made / "metadata" / "2.root.json")
    refuse(made, chain, r"metadata/2\.root\.json: .*signed by 1/2")


@pytest.mark.parametrize(
    ("lifetimes", "later", "match"),
    [
        (Lifetimes(365, 90, 90), 91 * DAY, "timestamp: expired"),
        (Lifetimes(365, 90, 180), 91 * DAY, "snapshot: expired"),
        (Lifetimes(60, 90, 90), 61 * DAY, "targets: expired"),
        (Lifetimes(900, 900, 900), 701 * DAY, "root: expired"),
    ],
)
def test_expired_words_are_refused_with_their_role(
    chain: Chain, tmp_path: Path, lifetimes: Lifetimes, later: datetime.timedelta, match: str
) -> None:
    made = make_bundle(tmp_path / "b", chain, lifetimes=lifetimes)
    refuse(made, chain, match, NOW + later)
    verify_bundle(made, None, pin(chain), now=NOW)


def test_frozen_a_bundle_that_was_shown_for_too_long_is_refused(chain: Chain, tmp_path: Path) -> None:
    """An attacker who keeps fresh bundles away can show the old one only until its timestamp expires."""
    made = make_bundle(tmp_path / "b", chain)
    trust = trust_after(made, chain, tmp_path / "trust")
    verify_bundle(made, trust, now=NOW + 89 * DAY)
    with pytest.raises(BundleRefused, match="timestamp: expired"):
        verify_bundle(made, trust, now=NOW + 91 * DAY)


def test_a_clock_set_back_does_not_revive_an_expired_bundle(chain: Chain, tmp_path: Path) -> None:
    made = make_bundle(tmp_path / "b", chain)
    refuse(made, chain, r"clock says .* this bundle was made", NOW - 2 * DAY)
    trust = trust_after(made, chain, tmp_path / "trust")
    (trust / "seen").write_text((NOW + 100 * DAY).isoformat() + "\n")
    with pytest.raises(BundleRefused, match=r"clock says .* a bundle was installed here"):
        verify_bundle(made, trust, now=NOW + 50 * DAY)


def test_rolled_back_an_earlier_bundle_is_refused_after_a_later_one(chain: Chain, tmp_path: Path) -> None:
    first, second = (make_bundle(tmp_path / str(number), chain, number) for number in (1, 2))
    trust = trust_after(second, chain, tmp_path / "trust")
    verify_bundle(second, trust, now=NOW)
    with pytest.raises(BundleRefused, match=r"metadata/timestamp\.json: .*timestamp version 1 must be >= 2"):
        verify_bundle(first, trust, now=NOW)
    trust = trust_after(first, chain, tmp_path / "trust-1")
    assert verify_bundle(second, trust, now=NOW).trusted.number == 2


@pytest.mark.parametrize("names", [("targets",), ("snapshot",), ("timestamp",), ("targets", "snapshot")])
def test_mixed_metadata_of_two_bundles_is_refused(chain: Chain, tmp_path: Path, names: tuple[str, ...]) -> None:
    first, second = (make_bundle(tmp_path / str(number), chain, number) for number in (1, 2))
    for name in names:
        shutil.copy(first / "metadata" / f"{name}.json", second / "metadata")
    refuse(second, chain, r"metadata/(targets|snapshot)\.json")


def test_mixed_files_of_two_bundles_are_refused(chain: Chain, tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "1", chain, files={"models/a.gguf": b"old."})
    second = make_bundle(tmp_path / "2", chain, 2, files={"models/a.gguf": b"new."})
    shutil.copy(first / "models/a.gguf", second / "models")
    refuse(second, chain, r"models/a\.gguf: differs from what was signed")


def test_two_bundles_of_one_number_are_not_confused(chain: Chain, tmp_path: Path) -> None:
    first = make_bundle(tmp_path / "1", chain, files={"models/a.gguf": b"one."})
    other = make_bundle(tmp_path / "2", chain, files={"models/a.gguf": b"two."})
    trust = trust_after(first, chain, tmp_path / "trust")
    with pytest.raises(BundleRefused, match=r"metadata/\w+\.json"):
        verify_bundle(other, trust, now=NOW)


def test_a_lost_key_is_replaced_and_loses_its_say(tmp_path: Path) -> None:
    """The old installation follows the new root; who holds the lost release key is refused from then on."""
    place = tmp_path / "roots"
    chain = make_roots(place)
    first = make_bundle(tmp_path / "1", chain)
    trust = trust_after(first, chain, tmp_path / "trust")
    root = change_root(
        chain[0][2], lasting(700, NOW), remove=["release", "cem"],
        add=[("targets", public("release-2")), ("root", public("dia"))],
    )  # fmt: skip
    for name in ("ann", "bob"):
        sign_root(root, key(name), chain[0][2])
    write_root(root, place / "2.root.json")
    chain = read_chain(place)
    with pytest.raises(BundleError, match="targets: 0 of 1"):
        make_bundle(tmp_path / "lost", chain, 2, signers=SIGNERS)
    second = make_bundle(tmp_path / "2", chain, 2, signers=("release-2", "snapshot", "timestamp"))
    found = verify_bundle(second, trust, now=NOW)
    assert (found.trusted.root, found.trusted.number) == (2, 2)
    later = tmp_path / "trust-2"
    with examined(second, trust, None, NOW) as seen:
        shutil.copytree(seen.state, later, symlinks=True)
    stolen = make_bundle(tmp_path / "3", chain[:1], 3, signers=SIGNERS)
    verify_bundle(stolen, None, pin(chain), now=NOW)  # who has not followed yet still believes it
    with pytest.raises(BundleRefused, match=r"metadata/targets\.json|metadata/2\.root\.json"):
        verify_bundle(stolen, later, now=NOW)


def test_a_second_pin_beside_an_installed_root_is_refused(chain: Chain, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has a trusted root already"):
        verify_bundle(bundle, trust_after(bundle, chain, tmp_path / "trust"), pin(chain), now=NOW)
