"""One answer of each shape, for the OpenAPI document; a test holds each against its shape.

Rules that hold here: people, hashes and numbers are made up; long lists are cut short.
"""

from typing import Any, get_args, get_origin

_MEI, _LENDER, _ORACLE = "0x" + "3b" * 20, "0x" + "7c" * 20, "0x" + "0a" * 20
_HASH, _OTHER, _MODEL = "0x" + "ab" * 32, "0x" + "cd" * 32, "0x" + "5e" * 32
_SIGNATURE = "0x" + "5c" * 64
_DATA_TIME, _NOW = 1_795_132_800, 1_795_219_200

_PAST = {
    "epoch": 12,
    "snapshotTime": _DATA_TIME,
    "model": _MODEL,
    "status": "full record",
    "disputed": False,
    "score": 712,
    "low": 694,
    "high": 730,
}
_SCORE_PROOF = {
    "epoch": 12,
    "status": 1,
    "score": 712,
    "width": 18,
    "salt": _HASH,
    "detail": _OTHER,
    "top": _HASH,
    "path": [_HASH, _OTHER],
}
_AT_LEAST = {
    "epoch": 12,
    "status": 1,
    "threshold": 650,
    "opening": _HASH,
    "rung": _OTHER,
    "path": [_HASH, _OTHER],
}
_REPORT = {
    "epoch": 12,
    "config": _HASH,
    "modelId": _MODEL,
    "snapshotBlock": 48_211,
    "snapshotTime": _DATA_TIME,
    "homeHash": _HASH,
    "snapshotHash": _OTHER,
    "root": _HASH,
    "scoresHash": _OTHER,
    "previousEpoch": 11,
    "borrowers": 199,
    "meanScore": 641,
    "movedBps": 150,
    "psiBps": 210,
}
_CONSENT = {
    "borrower": _MEI,
    "reader": _LENDER,
    "readerName": "Corner Lending",
    "what": "at least 650",
    "purpose": "loan application / 贷款申请",
    "threshold": 650,
    "notAfter": _NOW + 604_800,
    "count": 2,
    "nonce": "17",
}
_DISPUTE = {"to": "0x" + "d1" * 20, "function": "dispute", "args": [_HASH, _OTHER]}

EXAMPLES: dict[str, Any] = {
    "Nonce": {
        "nonce": "6f1c0a9b7d2e4f58a3b1c6d7e8f90123",
        "domain": "score.example",
        "statement": "Sign in to read my credit record. No transaction, no money moves.",
    },
    "Session": {"token": "pV0l…", "account": _MEI, "expires": _NOW + 1_800},
    "Score": {
        "account": _MEI,
        "epoch": 12,
        "snapshotTime": _DATA_TIME,
        "nextUpdate": _DATA_TIME + 604_800,
        "activeFrom": _DATA_TIME + 7_200,
        "flags": {"held": False, "stale": False, "upcoming": False, "vetoed": False},
        "model": _MODEL,
        "status": "full record",
        "disputed": False,
        "score": 712,
        "band": "strong",
        "low": 694,
        "high": 730,
        "badBps": 400,
        "segment": "borrower",
        "capped": None,
        "helped": [{"feature": "loans_repaid", "points": 80, "text": "11 loans repaid."}],
        "heldBack": [{"code": 10, "points": -18, "text": "84 % of what you receive comes from one sender."}],
        "base": 605,
        "total": 712,
        "terms": [{"features": ["loans_repaid"], "values": [11], "points": 80}],
        "target": 750,
        "planText": None,
        "plan": [{"text": "Receive regular pay here.", "days": 182, "low": 14, "high": 22}],
    },
    "Past": _PAST,
    "OwnAtLeastProof": {
        "kind": "atLeast",
        "account": _MEI,
        **_AT_LEAST,
        "calldata": {"function": "verifyAtLeast", "args": [_MEI, _AT_LEAST, 1_209_600]},
        "text": "CP1:…",
    },
    "Ladder": {"epoch": 12, "floorLow": 310, "most": 710, "step": 10},
    "Fact": {
        "wallet": _MEI,
        "factId": _HASH,
        "kind": "loan",
        "chainId": 1,
        "protocol": "term_loans",
        "blockNumber": 41_020,
        "logIndex": 3,
        "txHash": _OTHER,
        "blockTime": _DATA_TIME - 2_592_000,
        "counterparty": _LENDER,
        "asset": "0x" + "0c" * 20,
        "valueCents": 30_000,
        "dueTime": _DATA_TIME,
        "outcome": "repaid",
        "disputed": False,
        "excluded": False,
        "scoreWith": None,
        "scoreWithout": None,
    },
    "Without": {"epoch": 12, "factId": _HASH, "scoreWith": 712, "scoreWithout": 731},
    "ReportFile": {
        "report": {"format": 1, "kind": "credit record", "account": _MEI, "parts": {"history": [_PAST]}},
        "key": _HASH,
        "signature": _SIGNATURE,
    },
    "ConsentGiven": {"id": _HASH},
    "Consent": {"id": _HASH, **_CONSENT, "remaining": 1, "given": _NOW, "stopped": None, "active": True},
    "Access": {
        "number": 1,
        "salt": _OTHER,
        "borrower": _MEI,
        "reader": _LENDER,
        "consent": _HASH,
        "what": "at least 650",
        "purpose": "loan application / 贷款申请",
        "result": "shown",
        "time": _NOW,
        "link": _OTHER,
    },
    "Shown": {
        "borrower": _MEI,
        "consent": _HASH,
        "what": "at least 650",
        "epoch": 12,
        "status": "full record",
        "disputed": False,
        "threshold": 650,
        "holds": True,
        "proof": _AT_LEAST,
    },
    "DisputeKept": {
        "wordsHash": _OTHER,
        "call": {**_DISPUTE, "data": "0x9a2d…"},
        "answerBy": _NOW + 1_728_000,
    },
    "Disputed": {
        "factId": _HASH,
        "wordsHash": _OTHER,
        "reason": "already repaid",
        "words": "I repaid this loan on 3 March.",
        "time": _NOW,
        "decisions": [{"outcome": 1, "reasons": "The bank agrees.", "reasonsHash": _HASH, "time": _NOW}],
    },
    "Statement": {"statement": {"words": "I was ill in June.", "time": _NOW}},
    "Erased": {
        "deleted": {
            "consents": 2,
            "disputes": 1,
            "decisions": 0,
            "own_statements": 1,
            "sessions": 1,
            "reads": 3,
        },
        "stays": ["What readers have read and saved by themselves."],
        "call": {"to": _ORACLE, "function": "withdraw", "args": []},
    },
    "Verified": {
        "proven": True,
        "kind": "atLeast",
        "account": _MEI,
        "epoch": 12,
        "snapshotTime": _DATA_TIME,
        "status": 1,
        "threshold": 650,
    },
    "ForContract": {"data": "0x0000…"},
    "Health": {"status": "ok", "chainId": 1, "contract": _ORACLE, "latestEpoch": 12},
    "Ready": {"status": "ready", "epoch": 12},
    "Operator": {
        "name": "Score Cooperative",
        "licence": None,
        "demo": False,
        "chainId": 1,
        "contract": _ORACLE,
        "loans": "0x" + "10" * 20,
        "links": None,
        "disputes": "0x" + "d1" * 20,
        "coin": None,
        "pool": None,
        "rpc": None,
        "explorer": None,
        "reportKey": _HASH,
    },
    "DemoWallet": {"name": "Mei", "privateKey": _HASH, "address": _MEI, "secondOf": None},
    "Report": _REPORT,
    "SignedReport": {
        **_REPORT,
        "attestations": [{"signature": _SIGNATURE, "identitySignature": _SIGNATURE}],
    },
    "Status": {
        "databaseAnswers": True,
        "chainTime": _NOW,
        "latestEpoch": 12,
        "readEpoch": 12,
        "nextUpdate": _DATA_TIME + 604_800,
        "maxAge": 1_209_600,
        "limits": {
            "minBorrowers": 100,
            "minMeanScore": 500,
            "maxMeanScore": 800,
            "maxMovedBps": 3_000,
            "maxPsiBps": 2_500,
        },
        "epochs": [
            {
                **_REPORT,
                "standing": "read",
                "activeFrom": _DATA_TIME + 7_200,
                "signatures": 4,
                "members": 4,
                "quorum": 3,
            }
        ],
        "dissentWatched": True,
        "dissent": [
            {
                "epoch": 11,
                "member": "0x" + "e4" * 20,
                "root": _OTHER,
                "fields": ["root", "scoresHash"],
                "borrowers": 2,
                "isAll": True,
                "twoStories": False,
            }
        ],
    },
    "Model": {
        "modelId": _MODEL,
        "manifest": {"population": "enrolled"},
        "scorecard": {"name": "ebm"},
        "card": "# Model card: ebm\n",
        "cardHash": _OTHER,
    },
    "Members": {
        "members": ["0x" + "e1" * 20],
        "identityKeys": [_HASH],
        "quorum": 1,
        "secretHash": _OTHER,
        "epoch": 12,
    },
}


def example_of(shape: Any) -> Any:
    """An answer of this shape: for a list one entry, for a choice its last."""
    if get_origin(shape) is list:
        return [example_of(get_args(shape)[0])]
    return EXAMPLES[(get_args(shape) or (shape,))[-1].__name__]
