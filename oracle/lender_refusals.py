"""What errors of the contracts that lenders build with mean to a person: a part of oracle/refusals.py.

Rules that hold here: as in loan_refusals.py. CreditRules, BorrowerFeed, OpenScores, and the example MyLender.
"""

TABLE: dict[str, tuple[str, str, str]] = {
    "BelowRule": (
        "The proof shows {0}, and the rule asks for {1}.",
        "The borrower chose a lower threshold, or has no more.",
        "Ask for a proof of at least {1}; the score may well reach it.",
    ),
    "RecordNotTaken": (
        "The rule takes no record of status {0}.",
        "It takes {1}: the sum of 1 for full, 2 for thin, 4 for disputed ones too.",
        "Lend less on thin records rather than nothing, or wait for the dispute's decision.",
    ),
    "Refused": (
        "The lender refused a proof of {0} at status {1}.",
        "It asks for more, or for a full record that is not in dispute.",
        "Ask for a proof of its THRESHOLD; tell the person which of the two it was.",
    ),
    "LimitReached": (
        "The person would owe {0} here.",
        "The lender's limit is {1}.",
        "Ask for less, or repay some first.",
    ),
    "StatusNotShown": (
        "The feed does not show the score of {0}.",
        "Its record has status {1}; a feed shows full ones that are not in dispute.",
        "Read the oracle itself, where the status stands beside the score.",
    ),
    "RoundNotShown": (
        "The feed has no round {0}.",
        "It shows the posted epoch alone: {1}.",
        "Use latestRoundData.",
    ),
    "OffchainLookup": (
        "The contract {0} asks its client to fetch the answer.",
        "This is how EIP-3668 works, and no failure; the client does not follow it.",
        "Use viem or ethers, or `openScore` of the kit; a contract takes a proof instead.",
    ),
    "NoGateways": (
        "An OpenScores needs a gateway.",
        "The list of addresses is empty.",
        "Name one at least.",
    ),
}
