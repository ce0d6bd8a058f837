"""The golden tree was compared with @openzeppelin/merkle-tree (see tests/golden/make_commitment.py)."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models.scorecard import Scores
from oracle import tree
from oracle.epoch import salt
from oracle.tree import AtLeastProof, EpochTree, ScoreProof

GOLDEN = Path(__file__).parents[1] / "golden"
SECRET = bytes(range(32))
MISSING = -(2**63)
THRESHOLDS = range(310, 860, 10)


def golden() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((GOLDEN / "commitment.json").read_text())
    return plain


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def scores_of(rows: list[tuple[bytes, int, int]]) -> Scores:
    """(address, status, score) in address order, with made-up widths, reasons and features."""
    count = len(rows)
    return Scores(
        addresses=np.frombuffer(b"".join(row[0] for row in rows), dtype=np.uint8).reshape(-1, 20),
        status=np.array([row[1] for row in rows], dtype=np.uint8),
        score=np.array([row[2] for row in rows], dtype=np.uint16),
        width=np.arange(count, dtype=np.uint16),
        reasons=np.arange(count, dtype=np.uint32) * 65_537,
        features=np.array([[i, -i, MISSING] for i in range(count)], dtype=np.int64).reshape(-1, 3),
        feature_names=("a", "b", "c"),
        total=np.array([row[2] for row in rows], dtype=np.int64),
    )


def golden_scores() -> Scores:
    found = golden()["borrowers"]
    addresses = np.frombuffer(b"".join(map(raw, found["addresses"])), dtype=np.uint8).reshape(-1, 20)
    features = np.array([int(value) for value in found["features"]], dtype=np.int64)
    return Scores(
        addresses=addresses,
        status=np.array(found["status"], dtype=np.uint8),
        score=np.array(found["score"], dtype=np.uint16),
        width=np.array(found["width"], dtype=np.uint16),
        reasons=np.array(found["reasons"], dtype=np.uint32),
        features=features.reshape(-1, found["featureCount"]),
        feature_names=("a", "b", "c"),
        total=np.array(found["score"], dtype=np.int64),
    )


def golden_tree() -> EpochTree:
    return EpochTree.build(3, golden_scores(), raw(golden()["secret"]["epochSecret"]))


def address(number: int) -> bytes:
    return number.to_bytes(20, "big")


with_score = st.tuples(st.sampled_from([1, 2, 129, 130]), st.integers(300, 850))
without = st.tuples(st.sampled_from([0, 128]), st.just(0))
populations = st.dictionaries(
    st.binary(min_size=20, max_size=20), with_score | without, min_size=1, max_size=12
)


def build(population: dict[bytes, tuple[int, int]]) -> EpochTree:
    return EpochTree.build(7, scores_of([(a, *population[a]) for a in sorted(population)]), SECRET)


def naive_root(leaves: list[bytes]) -> bytes:
    """By recursion on the array's indices: another way than the loop under test."""

    def node(i: int) -> bytes:
        if i >= len(leaves) - 1:
            return leaves[2 * len(leaves) - 2 - i]
        return keccak256(b"".join(sorted((node(2 * i + 1), node(2 * i + 2)))))

    return node(0)


def naive_leaf(scores: Scores, i: int) -> bytes:
    """By eth-abi, from the design's words."""
    owner = scores.addresses[i].tobytes()
    keyed = {purpose: salt(SECRET, purpose, owner) for purpose in ("salt", "salt2", "salt3", "seed")}
    features = keccak256(encode(["int64[]", "bytes32"], [scores.features[i].tolist(), keyed["salt3"]]))
    reasons = int(scores.reasons[i])
    detail = keccak256(encode(["uint32", "bytes32", "bytes32"], [reasons, features, keyed["salt2"]]))
    score, width = int(scores.score[i]), int(scores.width[i])
    opening = keccak256(
        encode(["uint16", "uint16", "bytes32", "bytes32"], [score, width, keyed["salt"], detail])
    )
    top = keyed["seed"]
    for _ in range((score - 300) // 10):
        top = keccak256(top)
    if scores.status[i] & 127 == 0:
        opening, top = salt(SECRET, "opening", owner), salt(SECRET, "top", owner)
    types = ["address", "uint8", "bytes32", "bytes32"]
    return keccak256(keccak256(encode(types, [owner, int(scores.status[i]), opening, top])))


# ------------------------------------------------------------------------------------ refusals


def test_build__of_nobody__stops() -> None:
    with pytest.raises(Stop, match="an empty tree is never published"):
        EpochTree.build(1, scores_of([]), SECRET)


@pytest.mark.parametrize("numbers", [(1, 1), (2, 1), (256, 255), (1, 3, 2)])
def test_build__addresses_that_do_not_rise__is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must rise and differ"):
        EpochTree.build(1, scores_of([(address(n), 1, 500) for n in numbers]), SECRET)


@pytest.mark.parametrize(("status", "score"), [(1, 299), (2, 851), (0, 1), (128, 300), (3, 500), (131, 500)])
def test_build__score_and_status_at_odds__is_refused(status: int, score: int) -> None:
    with pytest.raises(ValueError, match="from 300 to 850"):
        EpochTree.build(1, scores_of([(address(1), status, score)]), SECRET)


@pytest.mark.parametrize("threshold", [-10, 0, 300, 305, 311, 851, 860, 66_190])
def test_threshold__off_the_ladder__stops_prover_and_verifier(threshold: int) -> None:
    found = build({address(1): (1, 700)})
    with pytest.raises(Stop, match=f"threshold of {threshold} cannot be proved"):
        found.at_least_proof(0, threshold)
    with pytest.raises(Stop, match=f"threshold of {threshold} cannot be proved"):
        tree.verify_at_least(
            found.root, address(1), replace(found.at_least_proof(0, 700), threshold=threshold)
        )


@pytest.mark.parametrize("status", [0, 128])
def test_proofs__of_an_insufficient_record__stop(status: int) -> None:
    found = build({address(1): (status, 0), address(2): (1, 700)})
    with pytest.raises(Stop, match="no score yet in epoch 7, which is not a bad score"):
        found.score_proof(0)
    with pytest.raises(Stop, match="no score yet in epoch 7"):
        found.at_least_proof(0, 310)


def test_at_least_proof__above_the_score__names_the_most_that_can_be_proved() -> None:
    with pytest.raises(Stop, match=r"the most you can prove this epoch is 710 \(asked for 720\)"):
        build({address(1): (1, 719)}).at_least_proof(0, 720)


def test_at_least_proof__of_a_score_below_310__says_that_nothing_can_be_proved() -> None:
    with pytest.raises(Stop, match="no threshold can be proved"):
        build({address(1): (1, 309)}).at_least_proof(0, 310)


def test_index_of__an_address_that_is_not_in_the_epoch__stops() -> None:
    found = build({address(n): (1, 500) for n in (2, 4)})
    for number in (1, 3, 5):
        with pytest.raises(Stop, match=f"0x{address(number).hex()} is not in epoch 7"):
            found.index_of(address(number))


def test_proofs__of_a_row_that_is_not_there__are_refused() -> None:
    found = build({address(1): (1, 500)})
    for index in (-1, 1):
        with pytest.raises(IndexError):
            found.commitment(index)


def test_verify_at_least__a_status_of_no_score__stops() -> None:
    # The forger even knows a value below the top, which the keyed top of `insufficient` rules out.
    status = 0
    rung, opening = bytes(32), bytes(32)
    root = tree.leaf_hash(address(1), status, opening, tree.climb(rung, 1))
    with pytest.raises(Stop, match="status 0, which is of no score"):
        tree.verify_at_least(root, address(1), AtLeastProof(1, status, 310, opening, rung, ()))


def test_verify_score__scores_status_width_or_epochs_data_changed__stops() -> None:
    found = build({address(n): (1, 500 + n) for n in range(1, 6)})
    proof = found.score_proof(2)
    forged = (
        replace(proof, score=proof.score + 1),
        replace(proof, width=proof.width + 1),
        replace(proof, status=2),
        replace(proof, salt=bytes(32)),
        replace(proof, detail=bytes(32)),
        replace(proof, top=bytes(32)),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=proof.path[::-1]),
    )
    for each in forged:
        with pytest.raises(Stop, match="ScoreNotProven"):
            tree.verify_score(found.root, address(3), each)


def test_load__folder_without_tree__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="is missing: let the node"):
        EpochTree.load(tmp_path, 3, golden_scores(), SECRET)


@pytest.mark.parametrize("content", [b"", b"no tree", b"\x93NUMPY\x01\x00"])
def test_load__file_that_is_no_array__stops(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tree.npy").write_bytes(content)
    with pytest.raises(Stop, match="compute the epoch again"):
        EpochTree.load(tmp_path, 3, golden_scores(), SECRET)


def test_load__array_of_objects__is_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "tree.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(Stop, match="compute the epoch again"):
        EpochTree.load(tmp_path, 3, golden_scores(), SECRET)


def test_load__tree_of_other_borrowers__stops(tmp_path: Path) -> None:
    build({address(1): (1, 500)}).save(tmp_path)
    with pytest.raises(Stop, match="is not the tree of 7 borrowers"):
        EpochTree.load(tmp_path, 3, golden_scores(), SECRET)


@pytest.mark.parametrize("node", [0, -2])
def test_proofs__from_a_file_with_a_changed_root_or_sibling__stop(tmp_path: Path, node: int) -> None:
    built = golden_tree()
    nodes = built.nodes.copy()
    nodes[node, 0] ^= 1
    replace(built, nodes=nodes).save(tmp_path)
    opened = EpochTree.load(tmp_path, 3, built.scores, built.secret)
    for ask in (lambda: opened.score_proof(0), lambda: opened.at_least_proof(0, 310)):
        with pytest.raises(Stop, match="compute the epoch again"):
            ask()


def test_proofs__under_another_secret__stop(tmp_path: Path) -> None:
    built = golden_tree()
    built.save(tmp_path)
    with pytest.raises(Stop, match="compute the epoch again"):
        EpochTree.load(tmp_path, 3, built.scores, SECRET).score_proof(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", -1),
        ("epoch", 2**64),
        ("epoch", True),
        ("status", 256),
        ("score", "712"),
        ("width", 1.0),
        ("salt", "0x00"),
        ("detail", None),
        ("top", "0x" + "0G" * 32),
        ("path", "0x"),
        ("path", ["0x" + "00" * 32] * 65),
        ("path", ["0x" + " 0" * 32]),
        ("more", 1),
    ],
)
def test_proof_from_json__a_field_of_another_form__stops(name: str, value: object) -> None:
    plain = tree.to_json(build({address(1): (1, 712)}).score_proof(0))
    with pytest.raises(Stop, match=name):
        tree.score_proof_from_json({**plain, name: value})


# -------------------------------------------------------------------------------------- golden


def test_golden__built_anew_from_independent_libraries__is_the_committed_file() -> None:
    assert runpy.run_path(str(GOLDEN / "make_commitment.py"))["build"]() == golden()


def test_tree__golden__has_the_same_nodes_and_paths() -> None:
    found = golden_tree()
    assert found.root == raw(golden()["tree"]["root"])
    assert [node.tobytes() for node in found.nodes] == [raw(node) for node in golden()["tree"]["nodes"]]
    for index, path in enumerate(golden()["paths"]):
        assert found.path(index) == tuple(map(raw, path))


def test_commitments__golden__are_equal() -> None:
    found, expected = golden_tree(), golden()["borrowers"]
    names = ("salt", "salt2", "salt3", "seed", "detail", "opening", "top", "leaf")
    for index in range(len(expected["addresses"])):
        commitment = found.commitment(index)
        for name in names:
            assert getattr(commitment, name) == raw(expected[name][index]), (index, name)
        features = [int(value) for value in expected["features"][3 * index : 3 * index + 3]]
        assert tree.features_hash(features, commitment.salt3) == raw(expected["featuresHash"][index])


def test_at_least_proofs__golden__are_equal() -> None:
    found, expected = golden_tree(), golden()["atLeast"]
    rows = zip(expected["borrower"], expected["threshold"], expected["rung"], strict=True)
    for index, threshold, rung in rows:
        assert found.at_least_proof(index, threshold).rung == raw(rung)


# ---------------------------------------------------------------------------------- properties


@given(populations)
def test_root__any_population__is_that_of_a_naive_reference(population: dict[bytes, tuple[int, int]]) -> None:
    found = build(population)
    leaves = [naive_leaf(found.scores, i) for i in range(len(population))]
    assert found.root == naive_root(leaves)
    assert found.nodes.shape == (2 * len(population) - 1, 32)
    assert [found.nodes[-1 - i].tobytes() for i in range(len(leaves))] == leaves


@given(st.integers(300, 850), st.sampled_from(THRESHOLDS), st.sampled_from([1, 2, 129, 130]))
def test_at_least__any_score_and_threshold__is_provable_up_to_the_score_only(
    score: int, threshold: int, status: int
) -> None:
    found = build({address(1): (status, score), address(2): (1, 500)})
    if threshold <= score:
        proof = found.at_least_proof(0, threshold)
        tree.verify_at_least(found.root, address(1), proof)
        assert (proof.status, proof.threshold, proof.epoch) == (status, threshold, 7)
    else:
        with pytest.raises(Stop, match=r"the most you can prove|no threshold"):
            found.at_least_proof(0, threshold)


@given(st.integers(310, 849), st.data())
def test_at_least__a_proof_shown_for_more__stops(score: int, data: st.DataObject) -> None:
    found = build({address(1): (1, score), address(2): (1, 500)})
    proof = found.at_least_proof(0, tree.floor_of(score))
    higher = data.draw(st.sampled_from([t for t in THRESHOLDS if t > score]))
    with pytest.raises(Stop, match=rf"at least {higher} .*AtLeastNotProven"):
        tree.verify_at_least(found.root, address(1), replace(proof, threshold=higher))


@given(st.integers(310, 850), st.data())
def test_at_least__whoever_knows_a_rung__can_show_less_and_never_more(
    score: int, data: st.DataObject
) -> None:
    found = build({address(1): (1, score), address(2): (1, 500)})
    threshold = data.draw(st.sampled_from([t for t in THRESHOLDS if t <= score]))
    proof = found.at_least_proof(0, threshold)
    for lower in range(310, threshold + 1, 10):
        rung = tree.climb(proof.rung, (threshold - lower) // 10)
        tree.verify_at_least(found.root, address(1), replace(proof, threshold=lower, rung=rung))
    for higher in range(threshold + 10, 851, 10):  # the rung is a hash: nobody climbs down from it
        with pytest.raises(Stop, match="AtLeastNotProven"):
            tree.verify_at_least(found.root, address(1), replace(proof, threshold=higher))


@given(populations)
def test_proofs__any_population__verify_for_their_own_address_only(
    population: dict[bytes, tuple[int, int]],
) -> None:
    found = build(population)
    for owner, (status, score) in population.items():
        index = found.index_of(owner)
        if status & 127 == 0:
            continue
        proof = found.score_proof(index)
        tree.verify_score(found.root, owner, proof)
        assert (proof.status, proof.score) == (status, score)
        for other in population.keys() - {owner}:
            with pytest.raises(Stop, match="ScoreNotProven"):
                tree.verify_score(found.root, other, proof)
        if score >= 310:
            least = found.at_least_proof(index, 310)
            for other in population.keys() - {owner}:
                with pytest.raises(Stop, match="AtLeastNotProven"):
                    tree.verify_at_least(found.root, other, least)


@given(populations, st.data())
def test_proofs__checked_against_another_root__stop(
    population: dict[bytes, tuple[int, int]], data: st.DataObject
) -> None:
    found = build(population)
    owners = [owner for owner in sorted(population) if population[owner][1]]
    if owners:
        owner = data.draw(st.sampled_from(owners))
        other = EpochTree.build(8, found.scores, SECRET[::-1])
        with pytest.raises(Stop, match="ScoreNotProven"):
            tree.verify_score(other.root, owner, found.score_proof(found.index_of(owner)))


def test_saved_tree__opened_again__is_mapped_and_proves_the_same(tmp_path: Path) -> None:
    built = golden_tree()
    built.save(tmp_path)
    built.save(tmp_path)
    opened = EpochTree.load(tmp_path, 3, built.scores, built.secret)
    assert isinstance(opened.nodes.base, np.memmap)
    assert not opened.nodes.flags.writeable
    assert opened.root == built.root
    assert opened.score_proof(0) == built.score_proof(0)
    assert [file.name for file in tmp_path.iterdir()] == ["tree.npy"]


@given(populations)
def test_proofs__through_json__come_back_equal(population: dict[bytes, tuple[int, int]]) -> None:
    found = build(population)
    for index in range(len(population)):
        status, score = population[found.scores.addresses[index].tobytes()]
        if status & 127 and score >= 310:
            proof = found.score_proof(index)
            least = found.at_least_proof(index, 310)
            assert tree.score_proof_from_json(json.loads(json.dumps(tree.to_json(proof)))) == proof
            assert tree.at_least_proof_from_json(json.loads(json.dumps(tree.to_json(least)))) == least


def test_proof__in_solidity_order__has_the_fields_of_the_interface() -> None:
    names = ("epoch", "status", "score", "width", "salt", "detail", "top", "path")
    assert ScoreProof.__match_args__ == names
    assert AtLeastProof.__match_args__ == ("epoch", "status", "threshold", "opening", "rung", "path")


def test_tree_and_commitment__printed__show_no_secret() -> None:
    found = build({address(1): (1, 700)})
    own = found.commitment(0)
    for secret in (SECRET, own.seed, own.salt):
        assert secret.hex() not in repr(found) + repr(own)
        assert repr(secret)[2:-1] not in repr(found) + repr(own)
