"""Every way to change a log of 200 records, set against a checkpoint that was exported before: none goes undetected.

A verifier that reads from the first record to the last meets a changed line after the unchanged ones before it, so most
cases need only the lines that changed; samples of each kind go through the whole program.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.record import AuditLog, verify_log
from pincite.record import log as record_log
from pincite.record.verify_log import Checkpoint, PublicKey, VerifyError, leaf_hash, parse_line

RECORDS = 200


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    """Return the directory of a log of 200 records whose checkpoint and public key were exported."""
    directory = tmp_path_factory.mktemp("tamper") / "audit"
    log = AuditLog.open(directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_log, "EVERY", 10 * RECORDS)  # verifying a signature takes longer than all the hashes
        for number in range(RECORDS):
            log.append("a", {"n": number})
    (directory / "exported").write_text(log.checkpoint())
    log.close()
    lines = (directory / "log").read_bytes().split(b"\n")[:-1]
    assert len(lines) == RECORDS
    return directory, lines


@pytest.fixture(scope="module")
def verify(audit):
    """Return a function that verifies the bytes of a log against the exported checkpoint."""
    directory, lines = audit
    key = PublicKey.parse((directory / "public.key").read_text())
    checkpoint = Checkpoint.open((directory / "exported").read_text(), key)
    assert checkpoint.size == len(lines)
    return lambda content: verify_log.verify_log(content, key, [checkpoint])


def _root(lines):
    from pincite.record.tree import Tree

    return Tree([leaf_hash(line[65:]) for line in lines]).root()


def _log(lines):
    return b"".join(line + b"\n" for line in lines)


def _whole(content, first):
    """Tell whether the verifier takes each of these lines for a whole record, numbered from `first`."""
    try:
        for number, line in enumerate(content.split(b"\n")[:-1]):
            parse_line(line, first + number)
    except VerifyError:
        return False
    return True


def _undetected(verify, content):
    try:
        verify(content)
    except VerifyError:
        return False
    return True


def test_the_log_itself_verifies(audit, verify):
    _, lines = audit
    assert verify(_log(lines)).checkpoints == (RECORDS,)


def test_every_one_bit_flip_is_detected(audit, verify):
    _, lines = audit
    flips, undetected = 0, []
    for index, line in enumerate(lines):
        whole = bytearray(line + b"\n")
        # a flipped line feed joins this line with the next
        after = lines[index + 1] + b"\n" if index + 1 < RECORDS else b""
        for place in range(len(whole)):
            for bit in range(8):
                whole[place] ^= 1 << bit
                flips += 1
                changed = bytes(whole) + (after if place == len(line) else b"")
                # without its last line feed a log is refused at once, see the truncations
                if changed.endswith(b"\n") and _whole(changed, index):
                    undetected.append((index, place, bit))
                whole[place] ^= 1 << bit
    assert flips == 8 * len(_log(lines))
    assert undetected == []


def test_a_sample_of_flips_through_the_whole_verifier(audit, verify):
    _, lines = audit
    content = bytearray(_log(lines))
    generator = random.Random(5)
    feeds = [place for place, byte in enumerate(content) if byte == 10]
    places = [*generator.sample(range(len(content)), 150), *generator.sample(feeds, 20), feeds[-1]]
    for place in places:
        bit = 1 << generator.randrange(8)
        content[place] ^= bit
        assert not _undetected(verify, bytes(content)), place
        content[place] ^= bit


def test_every_truncation_is_detected(audit, verify):
    _, lines = audit
    content = _log(lines)
    for length in range(len(content)):
        if content[:length].endswith(b"\n") or length % 97 == 0 or length == 0:
            assert not _undetected(verify, content[:length]), length
        else:  # the verifier's first step
            assert not content[:length].endswith(b"\n")


def test_every_deletion_is_detected(audit, verify):
    _, lines = audit
    for index in range(RECORDS):
        assert not _undetected(verify, _log(lines[:index] + lines[index + 1 :])), index


def test_every_exchange_of_neighbours_and_many_others_are_detected(audit, verify):
    _, lines = audit
    generator = random.Random(6)
    pairs = [(n, n + 1) for n in range(RECORDS - 1)]
    pairs += [tuple(generator.sample(range(RECORDS), 2)) for _ in range(200)]
    for first, second in pairs:
        changed = list(lines)
        changed[first], changed[second] = changed[second], changed[first]
        assert not _undetected(verify, _log(changed)), (first, second)


def test_changes_with_every_hash_computed_anew_are_detected(audit, verify):
    """A forger who knows the format: hashes and numbers fit, only the key is missing."""
    _, lines = audit

    def line(index, words):
        body = words.replace(b'"index":%d,' % int(_index(words)), b'"index":%d,' % index)
        return leaf_hash(body).hex().encode() + b" " + body

    bodies = [one[65:] for one in lines]
    for index in [*range(0, RECORDS - 1, 5), RECORDS - 2]:  # one more at the very end is what appending does
        dropped = bodies[:index] + bodies[index + 1 :]
        inserted = [*bodies[:index], bodies[index], *bodies[index:]]
        changed = [*bodies[:index], bodies[index].replace(b'"kind":"a"', b'"kind":"b"'), *bodies[index + 1 :]]
        exchanged = [*bodies[:index], bodies[(index + 1) % RECORDS], bodies[index], *bodies[index + 2 :]]
        for forged in (dropped, inserted, changed, exchanged):
            content = _log([line(number, words) for number, words in enumerate(forged)])
            assert not _undetected(verify, content), index


def _index(body):
    return body.partition(b'"index":')[2].partition(b",")[0]


def test_a_whole_rewrite_without_the_key_is_detected(audit, verify, tmp_path):
    directory, _ = audit
    other = AuditLog.open(tmp_path / "audit")
    for number in range(RECORDS):
        other.append("a", {"n": number})
    theirs = other.checkpoint()
    other.close()
    content = (tmp_path / "audit" / "log").read_bytes()
    key = PublicKey.parse((directory / "public.key").read_text())
    forger = PublicKey.parse((tmp_path / "audit" / "public.key").read_text())
    assert verify_log.verify_log(content, forger, [Checkpoint.open(theirs, forger)]), (
        "it fits with the forger's own key"
    )
    assert not _undetected(verify, content)
    with pytest.raises(VerifyError):
        Checkpoint.open(theirs, key)
    with pytest.raises(VerifyError):  # under the true log's name
        Checkpoint.open(theirs.replace(forger.name, key.name), key)


def test_flips_in_the_checkpoint_are_detected(audit, verify):
    directory, lines = audit
    key = PublicKey.parse((directory / "public.key").read_text())
    note = (directory / "exported").read_bytes()
    for place in range(len(note)):
        for bit in (place % 8, (place + 5) % 8):
            changed = bytearray(note)
            changed[place] ^= 1 << bit
            try:
                found = Checkpoint.open(changed.decode(), key)
            except (VerifyError, UnicodeDecodeError):
                continue
            # what is left: marks around the signature that change nothing that is signed
            assert (found.size, found.root) == (RECORDS, _root(lines)), (place, bit)


def test_the_program_stands_alone(audit, verify, tmp_path):
    """Run as an auditor would: only the file, an isolated Python, no package in reach."""
    directory, lines = audit
    program = tmp_path / "verify_log.py"
    program.write_bytes(Path(verify_log.__file__).read_bytes())
    (tmp_path / "log").write_bytes(_log(lines))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-I", "-S", program, tmp_path / "log", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    given = ("--key", directory / "public.key", "--checkpoint", directory / "exported")
    done = run(*given)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "VERIFIED")
    (tmp_path / "log").write_bytes(_log(lines[:-1]))
    done = run(*given)
    assert done.returncode == 1
    assert "records are missing" in done.stderr
    assert run("--key", tmp_path / "nothing").returncode == 2
