"""Who signs, how many must, and which attestations count: every safety rule of a round; pure.

Rules that hold here, for n members of whom f = (n − 1) / 3, rounded down, may lie or be away:
1. A quorum is from f + 1 to n; the default is the least for which any two share an honest member,
   which is 2f + 1 where n = 3f + 1.
2. An attestation counts for one member: the envelope's sender, the secp256k1 signer and the
   Ed25519 signer of the same digest must be that member; low-s form only.
3. It must be of this round's epoch and of this committee (config digest).
4. One signature a member counts, however often, however late and in whatever order it comes.
5. A member's attestation to a report that differs from mine never counts; it is kept, as dissent;
   two different ones of the same member are evidence of equivocation, whatever mine is.
"""

import hashlib
from dataclasses import dataclass

from coincurve import PublicKey
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as NaclValueError
from nacl.signing import VerifyKey

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from models import plain
from oracle.epoch import Deployment
from oracle.report import EpochReport, digest

MAX_MEMBERS = 32

KEPT_OF_A_MEMBER = 2
"""Different reports kept of one member beside mine: two prove equivocation, more prove no more."""

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HIGH_BIT = 1 << 255


def tolerated(members: int) -> int:
    """f: how many of n members may lie or be away."""
    return (members - 1) // 3


def default_quorum(members: int) -> int:
    """The least q for which two quorums always share an honest member, and n − f members reach it."""
    return (members + tolerated(members)) // 2 + 1


@dataclass(frozen=True, slots=True)
class Committee:
    """Members in the order of the mask's bits, as in ICreditOracle.Committee.

    members: 20-byte secp256k1 addresses; identity_keys: 32-byte Ed25519 public keys;
    secret_hash: keccak256 of the secret from which this committee derives its salts.
    """

    members: tuple[bytes, ...]
    identity_keys: tuple[bytes, ...]
    quorum: int
    secret_hash: bytes

    def __post_init__(self) -> None:
        count = len(self.members)
        if not 1 <= count <= MAX_MEMBERS:
            raise Stop(f"a committee has from 1 to {MAX_MEMBERS} members, not {count}")
        _check_distinct("address", self.members, 20)
        _check_distinct("identity key", self.identity_keys, 32)
        if len(self.identity_keys) != count:
            raise Stop(f"{count} members need {count} identity keys, got {len(self.identity_keys)}")
        if not tolerated(count) < self.quorum <= count:
            raise Stop(
                f"a quorum of {count} members is from {tolerated(count) + 1} to {count}, not {self.quorum}"
            )
        if len(self.secret_hash) != 32 or not any(self.secret_hash):
            raise Stop("a committee names the hash of its secret: 32 bytes, not all zero")

    @property
    def config_digest(self) -> bytes:
        """Keccak256 of abi.encode(address[] members, bytes32[] identityKeys,
        uint8 quorum, bytes32 secretHash).
        """
        count = len(self.members)
        head = (4 * 32, (4 + 1 + count) * 32, self.quorum)
        addresses = b"".join(bytes(12) + member for member in self.members)
        parts = (
            _words(head),
            self.secret_hash,
            _words([count]),
            addresses,
            _words([count]),
            *self.identity_keys,
        )
        return keccak256(b"".join(parts))

    def index_of(self, identity_key: bytes) -> int:
        """Which member has this identity key; Stop when none has."""
        if identity_key not in self.identity_keys:
            raise Stop(f"the sender {identity_key.hex()[:16]}… is not a member of this committee")
        return self.identity_keys.index(identity_key)

    def leaders(self, key: bytes, epoch: int) -> tuple[int, ...]:
        """All members in the order in which they try to publish `epoch`: attempt a is leaders[a % n].

        A pseudo-random order keyed by a secret of the epoch (S_e), the same for all who hold it,
        so that no outsider knows beforehand whom to cut off.
        """
        return tuple(sorted(range(len(self.members)), key=lambda member: _rank(key, epoch, member)))


@dataclass(frozen=True, slots=True)
class Attestation:
    """One member's word for a report: two signatures of its digest.

    signature: 64 bytes r ‖ vs, secp256k1, compact (EIP-2098); identity_signature: 64 bytes, Ed25519.
    """

    report: EpochReport
    signature: bytes
    identity_signature: bytes


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two different reports of one epoch, both signed by one member: proof against it, to anyone."""

    member: int
    first: Attestation
    second: Attestation

    @property
    def stories(self) -> tuple[Attestation, Attestation]:
        """Both."""
        return self.first, self.second


class Collection:
    """The attestations of one round: `offer` each as it comes, in any order, then ask.

    Memory is bounded: at most mine and KEPT_OF_A_MEMBER others are kept of a member. Attestations may
    come before mine is known; name it by `expect` as soon as it is.
    """

    def __init__(self, committee: Committee, deployment: Deployment, epoch: int) -> None:
        self.committee = committee
        self.deployment = deployment
        self.epoch = epoch
        self.mine: bytes | None = None
        self._config = committee.config_digest
        self._kept: dict[int, dict[bytes, Attestation]] = {}

    def expect(self, report: EpochReport) -> None:
        """Names my own report: from now on only attestations to it count."""
        self._check_round(report)
        self.mine = digest(report, self.deployment)

    def offer(self, sender: bytes, attestation: Attestation) -> None:
        """Takes an attestation that came in an envelope signed by `sender`'s identity key.

        Keeps it when it is a member's own and of this round; Stop says why it is refused. One that
        is known already changes nothing.
        """
        member = self.committee.index_of(sender)
        self._check_round(attestation.report)
        signed = digest(attestation.report, self.deployment)
        if signed in self._kept.get(member, {}):
            return
        self._check_signatures(member, signed, attestation)
        kept = self._kept.setdefault(member, {})
        others = [each for each in kept if each != self.mine]
        if signed == self.mine or len(others) < KEPT_OF_A_MEMBER:
            kept[signed] = attestation

    def agreeing(self) -> dict[int, Attestation]:
        """By member, in ascending order, the attestations to my report."""
        if self.mine is None:
            return {}
        return {i: self._kept[i][self.mine] for i in sorted(self._kept) if self.mine in self._kept[i]}

    def dissent(self) -> tuple[tuple[int, Attestation], ...]:
        """(member, attestation) of every report kept that is not mine, by member and then digest."""
        if self.mine is None:
            return ()
        members = sorted(self._kept)
        return tuple((i, self._kept[i][d]) for i in members for d in sorted(self._kept[i]) if d != self.mine)

    def equivocations(self) -> tuple[Equivocation, ...]:
        """One proof for each member that signed two different reports of this epoch."""
        found = []
        for member in sorted(self._kept):
            signed = [self._kept[member][each] for each in sorted(self._kept[member])]
            if len(signed) > 1:
                found.append(Equivocation(member, signed[0], signed[1]))
        return tuple(found)

    @property
    def has_quorum(self) -> bool:
        """Whether enough members attest my report."""
        return len(self.agreeing()) >= self.committee.quorum

    def mask_and_signatures(self) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
        """What `publish` takes: the member mask and (r, vs) in ascending member order, a quorum exactly.

        An exact quorum, since each further signature costs gas; Retry while there are fewer.
        """
        agreeing = self.agreeing()
        if not self.has_quorum:
            raise Retry(
                f"epoch {self.epoch} has {len(agreeing)} of {self.committee.quorum} signatures needed so far"
            )
        chosen = sorted(agreeing)[: self.committee.quorum]
        pairs = tuple((agreeing[i].signature[:32], agreeing[i].signature[32:]) for i in chosen)
        return sum(1 << i for i in chosen), pairs

    def _check_round(self, report: EpochReport) -> None:
        if report.epoch != self.epoch:
            raise Stop(f"the report is of epoch {report.epoch}, this round is of epoch {self.epoch}")
        if report.config != self._config:
            raise Stop(
                f"the report names the committee 0x{report.config.hex()}, "
                f"this round's is 0x{self._config.hex()}"
            )

    def _check_signatures(self, member: int, signed: bytes, attestation: Attestation) -> None:
        address = self.committee.members[member]
        if recover(signed, attestation.signature) != address:
            raise Stop(
                f"the secp256k1 signature is not member {member}'s, whose address is 0x{address.hex()}"
            )
        if not identity_signed(self.committee.identity_keys[member], signed, attestation.identity_signature):
            raise Stop(f"the Ed25519 signature is not member {member}'s")


def recover(signed: bytes, signature: bytes) -> bytes:
    """The address that made a compact signature (64 bytes r ‖ vs) of a 32-byte digest.

    Stop when it is none, or is in the malleable form (s above half the order), which the contract
    refuses too.
    """
    if len(signature) != 64:
        raise Stop(f"a compact signature has 64 bytes, got {len(signature)}")
    r, vs = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    s = vs % _HIGH_BIT
    if not (0 < r < _ORDER and 0 < s <= _ORDER // 2):
        raise Stop("the secp256k1 signature is malformed or in its malleable form (s above half the order)")
    recoverable = signature[:32] + s.to_bytes(32, "big") + bytes([vs // _HIGH_BIT])
    try:
        key = PublicKey.from_signature_and_message(recoverable, signed, hasher=None)
    except ValueError as error:
        raise Stop("the secp256k1 signature is of no key at all") from error
    return address_of(key)


def address_of(key: PublicKey) -> bytes:
    """The 20-byte address of a secp256k1 public key."""
    return keccak256(key.format(compressed=False)[1:])[12:]


def identity_signed(identity_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature of `message` is this key's."""
    try:
        VerifyKey(identity_key).verify(message, signature)
    except (BadSignatureError, NaclValueError):
        return False
    return True


def to_json(committee: Committee) -> dict[str, object]:
    """Plain JSON values: the committee file, under the Solidity names."""
    return {
        "members": ["0x" + member.hex() for member in committee.members],
        "identityKeys": ["0x" + key.hex() for key in committee.identity_keys],
        "quorum": committee.quorum,
        "secretHash": "0x" + committee.secret_hash.hex(),
    }


def from_json(found: object) -> Committee:
    """The committee that `to_json` wrote; Stop names the first thing that is wrong."""
    values = plain.fields(found, ("members", "identityKeys", "quorum", "secretHash"), "a committee")
    members = plain.items(values["members"], "members", 1, MAX_MEMBERS)
    identity_keys = plain.items(values["identityKeys"], "identityKeys", 1, MAX_MEMBERS)
    return Committee(
        members=tuple(plain.hexadecimal(each, "a member's address", 20) for each in members),
        identity_keys=tuple(plain.hexadecimal(each, "an identity key", 32) for each in identity_keys),
        quorum=plain.integer(values["quorum"], "quorum", 1, MAX_MEMBERS),
        secret_hash=plain.hexadecimal(values["secretHash"], "secretHash", 32),
    )


def _check_distinct(what: str, values: tuple[bytes, ...], size: int) -> None:
    for i, value in enumerate(values):
        if len(value) != size or not any(value):
            raise Stop(f"member {i} has no proper {what}: {size} bytes, not all zero, are needed")
        if value in values[:i]:
            raise Stop(f"members {values.index(value)} and {i} share the {what} 0x{value.hex()}")


def _rank(key: bytes, epoch: int, member: int) -> bytes:
    message = b"leader" + epoch.to_bytes(8, "big") + bytes([member])
    return hashlib.blake2b(message, key=key, digest_size=32).digest()


def _words(values: list[int] | tuple[int, ...]) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)
