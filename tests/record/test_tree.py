"""Roots and proofs against pymerkle, an independent RFC 9162 implementation, and against the verifier's own checks."""

import random

import pytest
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from pincite.record.tree import Frontier, Tree
from pincite.record.verify_log import VerifyError, check_consistency, check_inclusion, leaf_hash

BODIES = [f"record {number}".encode() for number in range(70)]
LEAVES = [leaf_hash(body) for body in BODIES]


@pytest.fixture(scope="module")
def oracle():
    tree = InmemoryTree(algorithm="sha256")
    for body in BODIES:
        tree.append_entry(body)
    return tree


def frontier(count: int) -> Frontier:
    tree = Frontier()
    for leaf in LEAVES[:count]:
        tree.append(leaf)
    return tree


def test_roots_are_those_of_pymerkle(oracle):
    for size in range(1, len(LEAVES) + 1):
        assert Tree(LEAVES[:size]).root() == frontier(size).root == oracle.get_root(size)


def test_an_empty_tree_has_the_hash_of_nothing():
    assert Tree([]).root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_frontier_goes_on_from_its_peaks():
    for size in range(len(LEAVES)):
        tree = Frontier(size, frontier(size).peaks)
        tree.append(LEAVES[size])
        assert tree.root == frontier(size + 1).root
    with pytest.raises(ValueError, match="zip"):
        Frontier(3, [LEAVES[0]])


def test_inclusion_proofs_are_those_of_pymerkle(oracle):
    for size in (1, 2, 3, 7, 8, 33, 70):
        tree = Tree(LEAVES[:size])
        for index in range(size):
            proof = tree.inclusion(index)
            check_inclusion(LEAVES[index], index, size, proof, tree.root())
            theirs = oracle.prove_inclusion(index + 1, size)
            verify_inclusion(LEAVES[index], oracle.get_root(size), theirs)
            assert theirs.path[1:] == proof  # pymerkle's begins with the leaf itself


def test_consistency_is_proved_to_both(oracle):
    """Its proofs have another form than the standard's, so roots are exchanged, not paths."""
    for size in (1, 2, 5, 8, 33, 70):
        tree = Tree(LEAVES[:size])
        for old in range(1, size + 1):
            check_consistency(old, oracle.get_root(old), size, oracle.get_root(size), tree.consistency(old))
            theirs = oracle.prove_consistency(old, size)
            verify_consistency(frontier(old).root, tree.root(), theirs)


def test_a_wrong_proof_is_refused():
    generator = random.Random(7)
    tree = Tree(LEAVES)
    for index in range(len(LEAVES)):
        proof = tree.inclusion(index)
        at = generator.randrange(len(proof))
        wrong = [*proof[:at], bytes(32), *proof[at + 1 :]]
        for bad in (wrong, proof[:-1], [*proof, proof[0]]):
            with pytest.raises(VerifyError):
                check_inclusion(LEAVES[index], index, 70, bad, tree.root())
        with pytest.raises(VerifyError):
            check_inclusion(LEAVES[index], index + 1, 70, proof, tree.root())
    for old in range(1, 70):
        proof = tree.consistency(old)
        for bad in ([bytes(32), *proof[1:]], proof[:-1], [*proof, LEAVES[3]]):
            with pytest.raises(VerifyError):
                check_consistency(old, frontier(old).root, 70, tree.root(), bad)
        with pytest.raises(VerifyError):
            check_consistency(old, frontier(old - 1).root, 70, tree.root(), proof)


def test_there_is_no_proof_about_what_is_not_there():
    with pytest.raises(IndexError):
        Tree(LEAVES).inclusion(70)
    with pytest.raises(IndexError):
        Tree(LEAVES).consistency(71)
    with pytest.raises(VerifyError):
        check_inclusion(LEAVES[0], 70, 70, [], LEAVES[0])
