import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from oracle import committee, report
from oracle.committee import Attestation, Collection, Committee
from oracle.epoch import Deployment
from oracle.keys import KeySigner, NodeKeys, to_compact
from oracle.report import EpochReport

GOLDEN = Path(__file__).parents[1] / "golden" / "commitment.json"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@cache
def golden() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(GOLDEN.read_text())
    return plain


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@cache
def four() -> Committee:
    found = golden()["config"]
    names = ("members", "identityKeys", "quorum", "secretHash")
    return committee.from_json({name: found[name] for name in names})


@cache
def signers() -> tuple[tuple[KeySigner, NodeKeys], ...]:
    found = golden()["config"]
    pairs = zip(found["memberKeys"], found["identitySeeds"], strict=True)
    return tuple((KeySigner(raw(key)), NodeKeys(raw(seed))) for key, seed in pairs)


@cache
def mine() -> EpochReport:
    found = golden()["report"]
    return report.from_json({name: found[name] for name, _ in report.TYPE})


@cache
def deployment() -> Deployment:
    found = golden()["deployment"]
    return Deployment(found["chainId"], raw(found["contract"]))


@cache
def attested(member: int, psi: int = mine().psi_bps) -> Attestation:
    """The member's own attestation of my report, or of one that differs in one figure."""
    return attest(member, replace(mine(), psi_bps=psi))


def attest(member: int, found: EpochReport, where: Deployment | None = None) -> Attestation:
    signer, keys = signers()[member]
    digest = report.digest(found, where or deployment())
    return Attestation(found, to_compact(signer.sign_digest(digest)), keys.sign(digest))


def sender(member: int) -> bytes:
    return four().identity_keys[member]


def collection(expect: bool = True) -> Collection:
    found = Collection(four(), deployment(), mine().epoch)
    if expect:
        found.expect(mine())
    return found


def members(count: int) -> tuple[bytes, ...]:
    return tuple(bytes([i + 1]) * 20 for i in range(count))


def keys(count: int) -> tuple[bytes, ...]:
    return tuple(bytes([i + 1]) * 32 for i in range(count))


# ---------------------------------------------------------------------------------- committees


@pytest.mark.parametrize("count", [0, 33])
def test_committee__of_nobody_or_too_many__stops(count: int) -> None:
    with pytest.raises(Stop, match=f"from 1 to 32 members, not {count}"):
        Committee(members(count), keys(count), 1, b"s" * 32)


@pytest.mark.parametrize(
    ("count", "quorum"), [(1, 0), (1, 2), (4, 1), (4, 5), (7, 2), (10, 3), (31, 10), (32, 33)]
)
def test_committee__quorum_out_of_range__stops(count: int, quorum: int) -> None:
    with pytest.raises(Stop, match=f"a quorum of {count} members is from"):
        Committee(members(count), keys(count), quorum, b"s" * 32)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"members": (*members(3), bytes(20))}, "member 3 has no proper address"),
        ({"members": (*members(3), b"short")}, "member 3 has no proper address"),
        ({"members": (*members(3), members(1)[0])}, "members 0 and 3 share the address"),
        ({"identity_keys": (*keys(3), bytes(32))}, "member 3 has no proper identity key"),
        ({"identity_keys": (*keys(3), keys(2)[1])}, "members 1 and 3 share the identity key"),
        ({"identity_keys": keys(3)}, "4 members need 4 identity keys, got 3"),
        ({"secret_hash": bytes(32)}, "hash of its secret"),
        ({"secret_hash": b"s"}, "hash of its secret"),
    ],
)
def test_committee__of_members_that_are_none__stops(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        replace(Committee(members(4), keys(4), 3, b"s" * 32), **changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("members", []),
        ("members", ["0x"]),
        ("identityKeys", None),
        ("quorum", "3"),
        ("secretHash", 5),
        ("more", 1),
    ],
)
def test_committee_from_json__a_field_of_another_form__stops(name: str, value: object) -> None:
    with pytest.raises(Stop):
        committee.from_json({**committee.to_json(four()), name: value})


def test_config_digest__golden__is_equal() -> None:
    assert four().config_digest == raw(golden()["config"]["digest"])
    assert committee.from_json(committee.to_json(four())) == four()


@given(st.integers(1, 32), st.data())
def test_config_digest__any_committee__is_that_of_eth_abi(count: int, data: st.DataObject) -> None:
    quorum = data.draw(st.integers(committee.tolerated(count) + 1, count))
    found = Committee(members(count), keys(count), quorum, b"s" * 32)
    types = ["address[]", "bytes32[]", "uint8", "bytes32"]
    expected = keccak256(encode(types, [members(count), keys(count), quorum, b"s" * 32]))
    assert found.config_digest == expected


@given(st.integers(0, 10))
def test_default_quorum__of_3f_plus_1__is_2f_plus_1(f: int) -> None:
    assert committee.tolerated(3 * f + 1) == f
    assert committee.default_quorum(3 * f + 1) == 2 * f + 1


@given(st.integers(1, 32))
def test_default_quorum__of_any_number__is_reachable_and_overlaps_in_an_honest_member(count: int) -> None:
    f, quorum = committee.tolerated(count), committee.default_quorum(count)
    assert quorum <= count - f
    assert 2 * quorum - count > f
    assert 2 * (quorum - 1) - count <= f


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**40))
def test_leaders__any_epoch__are_all_members_in_the_same_order_everywhere(key: bytes, epoch: int) -> None:
    order = four().leaders(key, epoch)
    assert sorted(order) == [0, 1, 2, 3]
    assert order == four().leaders(bytes(key), epoch)


def test_leaders__over_many_epochs__take_turns() -> None:
    first = [four().leaders(bytes(32), epoch)[0] for epoch in range(1, 401)]
    assert all(60 <= first.count(member) <= 140 for member in range(4))
    assert first != [four().leaders(b"k" * 32, epoch)[0] for epoch in range(1, 401)]


# --------------------------------------------------------------------------------- attestations


def refused(sentence: str, who: bytes, attestation: Attestation) -> None:
    found = collection()
    with pytest.raises(Stop, match=sentence):
        found.offer(who, attestation)
    assert found.agreeing() == {}
    assert found.dissent() == ()


def test_offer__by_a_non_member__is_refused() -> None:
    refused("is not a member of this committee", NodeKeys(b"x" * 32).identity_key, attested(0))


def test_offer__in_another_members_envelope__is_refused() -> None:
    refused("secp256k1 signature is not member 1's", sender(1), attested(0))


def test_offer__signed_by_a_non_members_key__is_refused() -> None:
    digest = report.digest(mine(), deployment())
    stranger = to_compact(KeySigner(b"\7" * 32).sign_digest(digest))
    refused("secp256k1 signature is not member 0's", sender(0), replace(attested(0), signature=stranger))


def test_offer__identity_signature_of_another_key__is_refused() -> None:
    other = attested(1).identity_signature
    refused("Ed25519 signature is not member 0's", sender(0), replace(attested(0), identity_signature=other))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_offer__signatures_of_another_length__is_refused(size: int) -> None:
    refused("a compact signature has 64 bytes", sender(0), replace(attested(0), signature=bytes(size)))
    refused("Ed25519 signature is not", sender(0), replace(attested(0), identity_signature=bytes(size)))


def test_offer__of_another_epoch__is_refused() -> None:
    refused("of epoch 4, this round is of epoch 3", sender(0), attest(0, replace(mine(), epoch=4)))


def test_offer__under_another_committee__is_refused() -> None:
    refused("names the committee 0x0101", sender(0), attest(0, replace(mine(), config=b"\1" * 32)))


def test_offer__signed_for_another_deployment__is_refused() -> None:
    elsewhere = replace(deployment(), chain_id=1)
    refused("secp256k1 signature is not member 0's", sender(0), attest(0, mine(), elsewhere))


def test_offer__report_altered_after_signing__is_refused() -> None:
    altered = replace(attested(0), report=replace(mine(), root=bytes(32)))
    refused("signature is", sender(0), altered)


def test_recover__malleable_twin__is_refused() -> None:
    # A compact signature has room for s up to 2^255, more than half the order: take such a one.
    r = attested(0).signature[:32]
    for s in (ORDER // 2 + 1, (1 << 255) - 1):
        for parity in (0, 1):
            twin = r + (s | parity << 255).to_bytes(32, "big")
            with pytest.raises(Stop, match="malleable form"):
                committee.recover(bytes(32), twin)


@pytest.mark.parametrize("r", [0, ORDER, 2**256 - 1])
def test_recover__r_or_s_outside_the_order__is_refused(r: int) -> None:
    with pytest.raises(Stop, match="malformed"):
        committee.recover(bytes(32), r.to_bytes(32, "big") + bytes(31) + b"\1")
    with pytest.raises(Stop, match="malformed"):
        committee.recover(bytes(32), attested(0).signature[:32] + bytes(32))


def test_recover__r_that_is_no_point__is_refused() -> None:
    # x = 5 lies on no point of the curve.
    with pytest.raises(Stop, match="of no key at all"):
        committee.recover(bytes(32), (5).to_bytes(32, "big") + (1).to_bytes(32, "big"))


def test_signatures__golden__are_members() -> None:
    found = golden()
    digest = raw(found["report"]["digest"])
    rows = zip(
        found["signatures"]["r"], found["signatures"]["vs"], found["signatures"]["identity"], strict=True
    )
    for member, (r, vs, identity) in enumerate(rows):
        assert committee.recover(digest, raw(r) + raw(vs)) == four().members[member]
        assert committee.identity_signed(four().identity_keys[member], digest, raw(identity))
        assert attested(member).signature == raw(r) + raw(vs)


def test_mask_and_signatures__one_short_of_the_quorum__asks_to_wait() -> None:
    found = collection()
    for member in (3, 1):
        found.offer(sender(member), attested(member))
    assert not found.has_quorum
    with pytest.raises(Retry, match="epoch 3 has 2 of 3 signatures"):
        found.mask_and_signatures()


def test_mask_and_signatures__before_my_own_report__asks_to_wait() -> None:
    found = collection(expect=False)
    for member in range(4):
        found.offer(sender(member), attested(member))
    assert found.dissent() == ()
    with pytest.raises(Retry, match="0 of 3"):
        found.mask_and_signatures()
    found.expect(mine())
    assert found.has_quorum


def test_mask_and_signatures__one_signer_many_times__counts_once() -> None:
    found = collection()
    for _ in range(5):
        found.offer(sender(2), attested(2))
    assert list(found.agreeing()) == [2]
    with pytest.raises(Retry):
        found.mask_and_signatures()


def test_expect__report_of_another_round__stops() -> None:
    with pytest.raises(Stop, match="of epoch 9"):
        collection().expect(replace(mine(), epoch=9))
    with pytest.raises(Stop, match="names the committee"):
        collection().expect(replace(mine(), config=bytes(32)))


def test_offer__a_report_that_differs__is_kept_as_dissent_and_never_counts() -> None:
    found = collection()
    found.offer(sender(0), attested(0))
    found.offer(sender(1), attested(1, 9))
    assert list(found.agreeing()) == [0]
    assert found.dissent() == ((1, attested(1, 9)),)
    assert found.equivocations() == ()


def test_offer__two_reports_of_one_member__are_evidence_and_mine_still_counts() -> None:
    found = collection()
    found.offer(sender(1), attested(1, 9))
    found.offer(sender(1), attested(1))
    (proof,) = found.equivocations()
    assert proof.member == 1
    assert {proof.first, proof.second} == {attested(1), attested(1, 9)}
    assert list(found.agreeing()) == [1]


def test_offer__a_flood_of_reports_of_one_member__keeps_two_and_mine() -> None:
    found = collection()
    for psi in range(1000, 1020):
        found.offer(sender(1), attested(1, psi))
    found.offer(sender(1), attested(1))
    assert len(found.dissent()) == 2
    assert list(found.agreeing()) == [1]
    assert len(found.equivocations()) == 1


def test_offer__a_committee_of_liars_that_agree__never_make_my_quorum() -> None:
    found = collection()
    for member in range(4):
        found.offer(sender(member), attested(member, 9))
    assert not found.has_quorum
    assert len(found.dissent()) == 4


# Of each member: its word for my report, or for one of two others, any of them any number of times.
words = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([mine().psi_bps, 8, 9])), max_size=24)


@given(words, st.randoms(use_true_random=False), st.booleans())
def test_collection__in_any_order_and_with_repeats__comes_to_the_same(
    said: list[tuple[int, int]], shuffle: Any, late: bool
) -> None:
    found, other = collection(), collection(expect=not late)
    for member, psi in said:
        found.offer(sender(member), attested(member, psi))
    again = said + said[: len(said) // 2]
    shuffle.shuffle(again)
    for member, psi in again:
        other.offer(sender(member), attested(member, psi))
    # Told of mine only at the end, a collection still knows all of a member that said at most two things.
    told = {member: {psi for who, psi in said if who == member} for member, _ in said}
    if not late or all(len(each) <= 2 for each in told.values()):
        other.expect(mine())
        assert other.agreeing() == found.agreeing()
        assert other.dissent() == found.dissent()
        assert other.equivocations() == found.equivocations()
    assert list(found.agreeing()) == sorted(m for m, each in told.items() if mine().psi_bps in each)
    assert [proof.member for proof in found.equivocations()] == sorted(m for m in told if len(told[m]) > 1)


@given(st.sets(st.integers(0, 3), min_size=3))
def test_mask_and_signatures__of_any_quorum__recover_to_the_masks_members_in_order(
    agreeing: set[int],
) -> None:
    found = collection()
    for member in sorted(agreeing, reverse=True):
        found.offer(sender(member), attested(member))
    mask, pairs = found.mask_and_signatures()
    digest = report.digest(mine(), deployment())
    in_mask = [member for member in range(4) if mask >> member & 1]
    assert in_mask == sorted(agreeing)[:3]
    assert [committee.recover(digest, r + vs) for r, vs in pairs] == [four().members[i] for i in in_mask]
