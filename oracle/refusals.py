"""What each custom error of our contracts means to a person: the problem, its cause, and the way out.

Rules that hold here: one entry an error, under its Solidity name; {0}, {1}, … are the error's own values, in
the order of its declaration. The CreditOracle's are here, the others' in loan_refusals.py,
receivable_refusals.py and lender_refusals.py; a test holds them against the committed ABIs. An error that is
in none is told by its name alone.
"""

from typing import NamedTuple

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from ledger_reader.errors import Stop
from oracle import lender_refusals, loan_refusals, receivable_refusals
from oracle.contract import Refused, load_abi

CONTRACTS = (
    "CreditOracle",
    "TermLoans",
    "LoanPool",
    "Receivables",
    "InvoiceFinance",
    "CreditRules",
    "BorrowerFeed",
    "OpenScores",
    "MyLender",
)
"""Whose errors a lender meets; all of them are explained."""

MOST_BYTES = 10_000
OWN = {
    bytes.fromhex("08c379a0"): ("Error", ("string",)),
    bytes.fromhex("4e487b71"): ("Panic", ("uint256",)),
}


class Explanation(NamedTuple):
    """Three sentences for a person."""

    problem: str
    cause: str
    fix: str


_OWNER_ONLY = "Have it sent by the owner, which is a timelock: its delay must be over."
_SIGN_AGAIN = "Have the account sign again with its next nonce, as `nonces` gives it."
_SCHEDULE = "Name another epoch in the owner's proposal."
_DEPLOY = "Correct the deployment's configuration and deploy again."

_TABLE: dict[str, tuple[str, str, str]] = {
    # reads
    "NoRoot": (
        "No score can be read from this contract now.",
        "No root is published yet, or all are upcoming, held or vetoed.",
        "Wait for the next epoch's root; refuse meanwhile, or fall back on what you did before.",
    ),
    "NotCurrentEpoch": (
        "The proof is of epoch {0}, the contract reads epoch {1}.",
        "Only the current root is read, so that nobody can choose an older, better score.",
        "Ask the borrower for a proof of epoch {1}.",
    ),
    "TooOld": (
        "The snapshot of time {0} is older than {1} seconds.",
        "The committee has not published for longer than this lender, or the deployment, accepts.",
        "Wait for the next root, or allow a greater age where your asset permits it.",
    ),
    "Insufficient": (
        "{0} has no score.",
        "Its record is too short to be scored, which is not a bad score.",
        "Treat it as unknown, not as worst; it is scored once there is more history.",
    ),
    "ScoreNotProven": (
        "The proof does not show that {0} has the score {1}.",
        "It was altered, made for another address, contract or chain, or its epoch's root was another.",
        "Ask the borrower for a fresh proof, and pass the borrower's own address.",
    ),
    "AtLeastNotProven": (
        "The proof does not show that {0} has at least {1}.",
        "It was altered, made for another address or threshold, or the score is lower than that.",
        "Ask the borrower for a fresh proof of this very threshold.",
    ),
    "BadThreshold": (
        "Nobody can prove a threshold of {0}.",
        "Ladders have a rung for each multiple of 10 from 310 to 850.",
        "Ask for the next lower multiple of 10.",
    ),
    "NothingPosted": (
        "{0} has posted no score.",
        "Scores are on chain only where borrowers put them, and can be withdrawn.",
        "Ask the borrower to post one, or for a proof.",
    ),
    "NewerPosted": (
        "A score of epoch {0} cannot be posted over one of epoch {1}.",
        "What is posted only ever gets newer.",
        "Post a proof of the current epoch.",
    ),
    # enrolment and signatures
    "AlreadyEnrolled": (
        "{0} is enrolled already.",
        "It was enrolled before and has not withdrawn since.",
        "Nothing is to be done: it is scored at the next epoch's end.",
    ),
    "NotEnrolled": (
        "{0} is not enrolled.",
        "It never was, or has withdrawn.",
        "Enrol it first.",
    ),
    "SignatureExpired": (
        "The signature could be used until {0}.",
        "Its deadline is over.",
        _SIGN_AGAIN,
    ),
    "WrongSignature": (
        "This is not {0}'s signature over exactly this.",
        "A value was altered, the nonce was used, or another account signed.",
        _SIGN_AGAIN,
    ),
    "InvalidAccountNonce": (
        "The nonce of {0} is {1} now.",
        "The signature was made for another nonce: it was used, or withdrawn.",
        _SIGN_AGAIN,
    ),
    "ConsentForOtherEpoch": (
        "The consent is for epoch {0}, the proof is of epoch {1}.",
        "A consent names the one epoch whose score may be posted.",
        "Post that epoch's proof while it is current, or ask for a consent to epoch {1}.",
    ),
    "ConsentForOtherCaller": (
        "Only {0} may use this consent.",
        "The borrower named who may post the score.",
        "Have {0} send it, or ask for a consent that names the sender, or nobody.",
    ),
    # publishing
    "PublishingPaused": (
        "Nothing is published until {0}.",
        "The guardian or the owner paused publishing; reading goes on.",
        "Wait, or have either of them unpause.",
    ),
    "EpochNotRising": (
        "Epoch {0} cannot follow epoch {1}.",
        "It is published already, or a later one is.",
        "Nothing is to be done where another member was first.",
    ),
    "EpochNotEnded": ("Epoch {0} ends at {1}.", "It is not over.", "Publish after its end."),
    "ReportExpired": (
        "Epoch {0} could be published until {1}.",
        "Its round took longer than a report lives.",
        "Go on with the next epoch; find out what held the committee up.",
    ),
    "SnapshotTimeOutOfRange": (
        "The snapshot's time {0} is not between {1} and {2}.",
        "The last block before the epoch's end is too old, or the block is another one.",
        "Compare the members' RPC addresses; where the chain stood still, wait for the next epoch.",
    ),
    "SnapshotBlockNotPast": (
        "Block {0} is not earlier than block {1}.",
        "The report names a block that this chain does not have yet.",
        "Compare the members' RPC addresses: one is of another chain.",
    ),
    "WrongHomeHash": (
        "Block {0} has the hash {2} on this chain, not {1}.",
        "The members read a branch that was reorganised away, or a false one.",
        "Compare the members' RPC addresses with an independent one, and read the ledger anew.",
    ),
    "WrongConfig": (
        "Epoch {0} is for the committee {2}, not {1}.",
        "The committee was changed, or a member expelled, after the report was made.",
        "Restart the round: a node takes the committee from the contract.",
    ),
    "WrongModel": (
        "Epoch {0} is for the model {2}, not {1}.",
        "The model was changed, or the member has another manifest.",
        "Give every member the manifest that the contract names.",
    ),
    "PreviousNotPublished": (
        "The figures compare with epoch {0}, the latest is {1}.",
        "A member's record of what was published is wrong.",
        "Compare the members' RPC addresses.",
    ),
    "RootZero": ("The root is zero.", "A tree is never empty.", "Publish nothing for an empty population."),
    "MaskOutOfRange": (
        "The mask {0} names members beyond the {1} there are.",
        "It was made for another committee.",
        "Restart the round: a node takes the committee from the contract.",
    ),
    "SignatureCountMismatch": (
        "There are {0} signatures for {1} members.",
        "Each bit of the mask needs exactly one.",
        "Send signatures in the order of the members, one a bit.",
    ),
    "QuorumNotReached": (
        "{0} signatures are fewer than the quorum of {1}.",
        "Too few members agree on the report.",
        "Wait for more attestations; look for members that are away or differ.",
    ),
    "WrongSigner": (
        "Member {0} is {1}, the signature is of {2}.",
        "The signature is of another report, contract or chain, or by another key.",
        "Sign with the key that the contract names for the member.",
    ),
    # what the owner schedules
    "TooSoon": ("A change cannot hold from epoch {0} on.", "The earliest is epoch {1}.", _SCHEDULE),
    "TooFarAhead": ("A change cannot hold from epoch {0} on.", "The latest is epoch {1}.", _SCHEDULE),
    "CommitteeSizeOutOfRange": (
        "A committee cannot have {0} members.",
        "It has from 1 to 32.",
        "Correct the committee file.",
    ),
    "IdentityKeysMismatch": (
        "{0} members come with {1} identity keys.",
        "Each member has exactly one.",
        "Correct the committee file.",
    ),
    "QuorumOutOfRange": (
        "A quorum of {0} is not from {1} to {2}.",
        "Fewer would let liars alone decide, more can never be reached.",
        "Correct the committee file.",
    ),
    "BadMember": (
        "Member {0}, {1}, cannot be listed.",
        "It is the zero address, has no identity key, or shares one of the two with another.",
        "Correct the committee file.",
    ),
    "SecretHashZero": (
        "The committee names no secret.",
        "The hash of its secret is zero.",
        "Correct the committee file.",
    ),
    "CommitteeNotStored": (
        "The committee was not stored.",
        "The transaction ran out of gas while it was.",
        "Send it with more gas.",
    ),
    "ModelIdZero": ("The model's id is zero.", "A model has an id.", "Name the model that `train` printed."),
    "MemberExpelled": (
        "{0} cannot be a member.",
        "It signed two reports of one epoch and was expelled for good.",
        "List another account.",
    ),
    "BondTooSmall": (
        "{0} has a bond of {1}, {2} are needed.",
        "This deployment asks its members for bonds.",
        "Deposit the rest first.",
    ),
    "NoContract": ("There is no contract at {0}.", "The address is wrong.", "Name a deployed contract."),
    "SourcesNotAscending": (
        "Chain {0} cannot follow chain {1}.",
        "Chains are listed once each, in ascending order.",
        "Sort the list.",
    ),
    "TooManySources": (
        "More than {0} chains cannot be listed.",
        "A report covers no more.",
        "List fewer chains.",
    ),
    "HomeSourceNeeded": (
        "Chain {0} must be listed and live.",
        "Enrolment is read from it.",
        "Leave it in the list.",
    ),
    # intervention
    "NotInRing": (
        "Epoch {0} is not in the ring.",
        "It was not published, or so long ago that no proof of it counts.",
        "Name an epoch of the ring.",
    ),
    "NotUpcoming": (
        "Epoch {0} is read since {1}.",
        "Only a root that is not read yet can be vetoed, so that no posted score is of a vetoed one.",
        "Pause publishing, and correct it by the next epoch.",
    ),
    "AlreadyVetoed": ("Epoch {0} is vetoed already.", "It was vetoed before.", "Nothing is to be done."),
    "VetoInARow": (
        "The guardian cannot veto epoch {0} after epoch {1}.",
        "One guardian must not silence the oracle: a second veto in a row is the owner's.",
        _OWNER_ONLY,
    ),
    "NotHeld": ("Epoch {0} is not held.", "Only a held root can be released.", "Nothing is to be done."),
    "PauseOutOfRange": (
        "Publishing cannot be paused until {0}.",
        "A pause ends in the future, at {1} at the latest.",
        "Name an earlier end.",
    ),
    "PauseInARow": (
        "The guardian cannot pause again after epoch {0}.",
        "No root was published since the last pause.",
        _OWNER_ONLY,
    ),
    "LimitsOutOfOrder": (
        "A mean of at least {0} and at most {1} cannot be.",
        "The limits are in the wrong order.",
        "Swap them.",
    ),
    "OwnableUnauthorizedAccount": (
        "{0} may not do this.",
        "It is not the account named for it.",
        _OWNER_ONLY,
    ),
    "OwnableInvalidOwner": ("{0} cannot be the owner.", "It is no account.", "Name another."),
    # evidence
    "SameReport": (
        "Both reports are {0}.",
        "Equivocation is two different reports of one epoch.",
        "Give the two that differ.",
    ),
    "EpochsDiffer": (
        "One report is of epoch {0}, the other of epoch {1}.",
        "Signing one report an epoch is what members do.",
        "Give two reports of one epoch.",
    ),
    "SignersDiffer": (
        "One signature is of {0}, the other of {1}.",
        "Equivocation is of one member.",
        "Give two signatures of one member.",
    ),
    "NotAMember": (
        "{0} is no member in epoch {1}.",
        "Anyone can sign anything; only members' words count.",
        "Nothing is to be done.",
    ),
    "AlreadyExpelled": ("{0} was expelled before.", "Its evidence was given.", "Nothing is to be done."),
    # deployment
    "EpochLengthZero": ("Epochs have no length.", "The length is zero.", _DEPLOY),
    "DelayTooLong": ("A delay of {0} is too long.", "It must be less than half of {1}.", _DEPLOY),
    "GapTooLong": (
        "A gap of {0} is too long.",
        "It must be less than an epoch ({1}), so that snapshots rise with the epochs.",
        _DEPLOY,
    ),
    "MaxAgeTooShort": (
        "A greatest age of {0} is too short.",
        "Between two roots nothing could be read: {1} are needed.",
        _DEPLOY,
    ),
    "RingTooSmall": ("A ring of {0} is too small.", "{1} roots can be readable at once.", _DEPLOY),
    "StringTooLong": ("The name {0} is too long.", "EIP-712's names fit in a word.", _DEPLOY),
    "InvalidShortString": ("A name is malformed.", "EIP-712's names fit in a word.", _DEPLOY),
}


_SOLIDITY = {
    "Error": ("The contract refused: {0}.", "It says no more than that.", "Look the words up in its source."),
    "Panic": (
        "The contract failed with panic code {0}.",
        "17 is a sum out of range, 18 a division by zero, 50 a place outside a list; see Solidity's manual.",
        "This is a mistake in the contract: tell its author.",
    ),
}
_ALL = _TABLE | loan_refusals.TABLE | receivable_refusals.TABLE | lender_refusals.TABLE | _SOLIDITY


def decoded(text: str) -> Refused:
    """The error in a revert's data (0x hex); Stop when it is none that a lender's contracts have."""
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if not text.startswith("0x") or not 4 <= len(raw) <= MOST_BYTES:
        raise Stop(f"{text[:40]!r} is no revert's data: 0x, then 8 hex digits and the error's values.")
    contract, name, inputs = _signature(raw[:4])
    try:
        return Refused(contract, name, tuple(decode(inputs, raw[4:])))
    except (DecodingError, OverflowError) as error:
        raise Stop(
            f"this is {name} with values cut off or altered: give all of the revert's data."
        ) from error


def _signature(selector: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Whose error it is, its name, and its values' types."""
    if selector in OWN:
        return ("Solidity", *OWN[selector])
    for contract in CONTRACTS:
        signature = load_abi(contract).errors.get(selector)
        if signature is not None:
            return contract, signature.name, signature.inputs
    raise Stop(f"no error 0x{selector.hex()} is in {', '.join(CONTRACTS)}: whose contract reverted?")


def names() -> frozenset[str]:
    """The custom errors that are explained."""
    return frozenset(_ALL) - _SOLIDITY.keys()


def explain(refused: Refused) -> Explanation:
    """What a refusal means; by its name alone where it is not known."""
    shown = ["0x" + each.hex() if isinstance(each, bytes) else str(each) for each in refused.arguments]
    texts = _ALL.get(refused.error)
    if texts is None:
        return Explanation(
            f"The contract refused: {refused.error}({', '.join(shown)}).",
            "This version of credit-oracle does not know this error.",
            "Look it up in the contract's source.",
        )
    return Explanation(*(text.format(*shown) for text in texts))
