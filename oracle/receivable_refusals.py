"""What each custom error of Receivables and InvoiceFinance means to a person: a part of oracle/refusals.py.

Rules that hold here: as in loan_refusals.py; amounts are raw units of the invoice's currency, invoices are
told by their ids.
"""

_NOTHING = "Nothing is to be done."
_WAIT = "Wait until then."

TABLE: dict[str, tuple[str, str, str]] = {
    # invoices
    "UnknownInvoice": ("There is no invoice {0}.", "Nobody issued it here.", "Check its id."),
    "AlreadyIssued": (
        "The invoice {0} was issued before.",
        "One document is one invoice, whoever issues it.",
        "Use that invoice; a corrected document has another hash.",
    ),
    "WrongStatus": (
        "Invoice {0} is at status {1}, where this cannot be done.",
        "It was accepted, disputed, cancelled or paid before, or not accepted yet.",
        "See its status, and do what that allows.",
    ),
    "NotAllowed": ("{0} may not do this.", "Only {1} may.", "Have that account send it."),
    "BadParties": (
        "{0} and {1} cannot be supplier and buyer.",
        "An invoice needs two, and a buyer.",
        "Name the buyer.",
    ),
    "SelfDealing": (
        "{0} cannot deal with {1}.",
        "They are one person: one wallet, or two that are linked.",
        "Let another party do it.",
    ),
    "BadAmount": (
        "The amount {0} and the commitment {1} do not go together.",
        "An amount is told or committed to: one of the two.",
        "Give one and leave the other 0.",
    ),
    "BadDueTime": (
        "An invoice cannot fall due at {0}.",
        "A due date lies ahead, and it is {1} now.",
        "Name a later date.",
    ),
    "BadCurrency": (
        "There is no coin at {0}.",
        "Invoices are in a coin of this chain.",
        "Name its contract.",
    ),
    "DocumentHashZero": (
        "The document's hash is 0.",
        "An invoice has a document.",
        "Hash the document, and give that.",
    ),
    "AmountNotOpen": (
        "The amount of invoice {0} is hidden.",
        "It is only committed to.",
        "Open it first, with its salt.",
    ),
    "AmountOpen": ("The amount of invoice {0} is known.", "It was opened before.", _NOTHING),
    "WrongOpening": (
        "This opens {1}, not {0}.",
        "The amount, the salt or a feature is another than was committed to.",
        "Take what was committed to.",
    ),
    "TooMuch": (
        "{0} is more than there is: {1}.",
        "No more can be paid, credited or given than is outstanding.",
        "Ask for less.",
    ),
    # claims
    "NotAHolder": (
        "{1} has no claim to invoice {0}.",
        "It gave its claim on, or was paid.",
        "See `holdersOf` for who has.",
    ),
    "BadHolder": (
        "{0} cannot be given the claim.",
        "It is the buyer or its other wallet, the giver, nobody, or this contract.",
        "Name another.",
    ),
    "TooManyHolders": (
        "Invoice {0} cannot have more holders.",
        "It has {1} at most.",
        "Give it to one of them, or give the whole claim.",
    ),
    "AlreadyFinanced": (
        "Invoice {0} is financed by {1}.",
        "A claim is pledged once.",
        "Choose another invoice.",
    ),
    "NotOffered": (
        "{1} has offered nothing of invoice {0} to {2}.",
        "It never did, or took its offer back.",
        "Ask the holder to `offer`.",
    ),
    "ClaimChanged": (
        "Of invoice {0} a claim of {1} was offered, and it is {2} now.",
        "It was paid, credited or divided meanwhile.",
        "Ask the holder to offer anew.",
    ),
    "AdvanceTooLow": (
        "An advance of {0} is too low.",
        "The holder's offer asks for {1} at least.",
        "Advance that much, or ask the holder for less.",
    ),
    "InvoiceOverdue": (
        "Invoice {0} was due at {1}.",
        "What is overdue is not financed.",
        "Choose another invoice.",
    ),
    "NothingKept": (
        "Nothing of {1} is kept for {0}.",
        "Every payment arrived.",
        _NOTHING,
    ),
    # advances
    "WrongCurrency": (
        "The invoice is in {0}, the pool in {1}.",
        "A pool advances its own coin only.",
        "Ask another pool.",
    ),
    "TermTooLong": (
        "A term of {0} seconds is too long.",
        "This pool waits {1} at most.",
        "Wait, or ask another pool.",
    ),
    "DearerThanAgreed": (
        "The advance would cost {0}, at {1} basis points a year.",
        "The supplier agreed to less; the pool's table has changed since.",
        "Look at the new price, and draw again if it suits.",
    ),
    "NoRow": (
        "This pool advances nothing on {0} (status {1}) of the supplier and {2} (status {3}) of the buyer.",
        "No row of its table takes them.",
        "Prove more where you can, or ask another pool.",
    ),
    "NothingToAdvance": (
        "Nothing would be advanced on invoice {0}.",
        "The caller has no claim, or the fee takes all of it.",
        "Keep the claim, open its amount, or wait.",
    ),
    "LimitExceeded": (
        "{0} would stand for {1} of advances.",
        "The pool allows {2} of one supplier, and of one buyer, all their wallets together.",
        "Wait until some is paid, or ask for less.",
    ),
    "NoAdvance": (
        "Invoice {0} has no advance to settle.",
        "It was never drawn here, or is settled.",
        _NOTHING,
    ),
    "NotYetPaid": ("Invoice {0} is not paid.", "Something of it is outstanding.", "Wait for the buyer."),
    "NotYetLost": (
        "Invoice {0} cannot be written off.",
        "It is paid, or not overdue for long enough: that is after {1}.",
        _WAIT,
    ),
    "AlreadyWrittenOff": ("Invoice {0} is written off.", "It was before.", _NOTHING),
    "Reserved": (
        "The pool has {0}, of which {1} are reserved.",
        "It may still owe that to suppliers.",
        "Ask for less, settle what is paid, or put more in.",
    ),
}
