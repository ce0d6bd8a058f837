"""What each custom error of TermLoans and LoanPool means to a person: a part of oracle/refusals.py.

Rules that hold here: one entry an error, but for those that refusals.py has already; {0}, {1}, … are the
error's own values: amounts are raw units of the pool's coin but where cents are said, times Unix seconds.
"""

_LATER = "Wait until then."
_NOTHING = "Nothing is to be done."
_OWNER = "Have the pool's owner send it."
_NAME_ACCOUNT = "Name an account."

TABLE: dict[str, tuple[str, str, str]] = {
    # borrowing
    "NoRowFits": (
        "This pool does not lend on {0}, at status {1}.",
        "For such a record its table begins at {2}; where that is 0, it lends on no such record.",
        "Prove more if you can, or ask another pool; a longer record, paid on time, helps.",
    ),
    "StarterNotAllowed": (
        "{0} gets no loan without a proof here.",
        "The pool's owner has not allowed one.",
        "Prove a score, or ask the pool's owner.",
    ),
    "PrincipalTooLarge": (
        "A loan of {0} is too large.",
        "This pool lends at most {1} at once.",
        "Ask for less.",
    ),
    "OwesMoreThanAgreed": (
        "For this loan {0} would be owed.",
        "The borrower agreed to owe {1}; the pool's table has changed since.",
        "Look at the new price, and draw again if it suits.",
    ),
    "WorseThanAgreed": (
        "The pool's terms are worse than those agreed to.",
        "The late fee is now {0} basis points, the grace {1} seconds, the cooling-off {2}.",
        "Look at the new terms, and draw again if they suit.",
    ),
    "ExposureExceeded": (
        "{0} would have {1} cents open in all.",
        "All open loans of a person together, in all pools, are limited: here to {2} cents.",
        "Ask for less, repay some first, or find a guarantor.",
    ),
    "LoanOverdue": (
        "Loan {0} was due at {1}.",
        "Nobody borrows while a loan is overdue, whatever the score.",
        "Pay what is due of it first.",
    ),
    "TooManyLoans": ("{0} has {1} open loans.", "No wallet may have more.", "Repay one first."),
    "TermOutOfRange": (
        "A loan cannot run for {0} seconds.",
        "The last payment must be due within {1} seconds, and after the draw.",
        "Ask for a shorter time, or fewer instalments.",
    ),
    "InstalmentsOutOfRange": (
        "A loan cannot have {0} instalments.",
        "This pool allows from 1 to {1}.",
        "Name fewer, at least one.",
    ),
    "PoolNotListed": (
        "The pool {0} does not lend here.",
        "The owner of the loan book has not listed it, or no longer does.",
        "Choose a listed pool.",
    ),
    "NotEnoughIdle": (
        "The pool cannot pay {0} now.",
        "It has {1} at hand, the rest is lent.",
        "Ask for less, or wait until others have repaid.",
    ),
    "AmountZero": ("An amount of nothing was given.", "Amounts are above zero.", "Name an amount."),
    # repaying
    "LoanNotOpen": (
        "Loan {0} is not open.",
        "It is repaid or cancelled, or was never drawn.",
        "Check its number; of a repaid one nothing is owed.",
    ),
    "NotTheBorrower": ("{0} cannot cancel this loan.", "It is {1}'s.", "Have {1} send it."),
    "CoolingOffOver": (
        "Loan {0} cannot be cancelled any more.",
        "That was possible before {1}.",
        "Repay it: interest is owed as agreed.",
    ),
    # guarantees
    "OwnGuarantor": (
        "{0} cannot vouch for {1}.",
        "They are one person, and nobody vouches for himself.",
        "Find somebody else.",
    ),
    "TooManyGuarantors": (
        "A loan cannot have {0} guarantors.",
        "It has {1} at most, each once.",
        "Name fewer.",
    ),
    "NothingVouched": (
        "{0} has nothing left for this loan.",
        "Free of the stake are {1}, and it could be used until {2}.",
        "Have the guarantor vouch again, or name another.",
    ),
    "VouchInThePast": (
        "A stake cannot end at {0}.",
        "That time is past.",
        "Name a later one.",
    ),
    # marking
    "NotOverdue": ("Nothing of loan {0} is overdue.", "The next payment is due at {1}.", _LATER),
    "AlreadyOverdue": ("Loan {0} is marked as overdue already.", "Once is enough.", _NOTHING),
    "NotDelinquent": (
        "Nothing more of loan {0} is late.",
        "The next instalment can be marked after {1}.",
        _LATER,
    ),
    "AllMarked": (
        "Loan {0} has nothing to mark as late.",
        "Every instalment that is unpaid is marked, or only fees are left.",
        _NOTHING,
    ),
    "NotInDefault": ("Loan {0} is not in default.", "It can be marked after {1}.", _LATER),
    "AlreadyDefaulted": (
        "Loan {0} is in default already.",
        "It was marked before; it can still be repaid.",
        _NOTHING,
    ),
    "NotDefaulted": (
        "Loan {0} cannot be written off.",
        "Only a loan in default can, and once.",
        "Mark the default first, after its date.",
    ),
    "NotThePoolsOwner": ("{0} may not do this.", "The pool's owner is {1}.", _OWNER),
    # the book's owner
    "PoolListedAlready": ("The pool {0} is listed.", "It was listed before.", _NOTHING),
    "PoolOfAnotherBook": (
        "The pool {0} cannot be listed here.",
        "It lends by the book {1}.",
        "List it there, or deploy one for this book.",
    ),
    "DecimalsOutOfRange": (
        "A coin of {0} decimals cannot be lent.",
        "Coins have from 2 to 18.",
        "Choose another coin.",
    ),
    # the pool's owner
    "BadRow": (
        "Row {0} of the table cannot be.",
        "Its threshold, statuses, limit or expected loss are out of range, or it stands below a lower one.",
        "Correct it; thresholds fall from row to row.",
    ),
    "TooManyRows": ("There would be {0} rows.", "There can be {1}.", "Leave some out."),
    "UnknownRow": ("There is no row {0}.", "The pool never had so many.", "See `table` for those there are."),
    "TermsOutOfRange": (
        "These terms cannot be.",
        "They allow no loan, more than {0} instalments, or a late fee above {1} basis points.",
        "Correct them.",
    ),
    "StarterAboveTable": (
        "Loans without a proof cannot go up to {0}.",
        "That is more than the lowest row of the table lends, {1}.",
        "Lower the one, or raise the other.",
    ),
    "NotTheBook": ("{0} may not do this.", "Only the loan book lends from a pool.", "Borrow through it."),
    # shares of a pool
    "PaysLess": (
        "The shares are worth {0} now.",
        "At least {1} was asked for; a loan was marked as overdue or lost since, or coin was taken.",
        "Look at `previewRedeem`, and take less, or wait until what is late is paid.",
    ),
    "TakesMore": (
        "That takes {0} shares now.",
        "At most {1} were offered; a loan was marked as overdue or lost since.",
        "Look at `previewWithdraw`, and give more, or wait until what is late is paid.",
    ),
    "BookBusy": (
        "No shares are made or paid out now.",
        "The loan book is in the middle of a payment.",
        "Send it in a transaction of its own.",
    ),
    "ERC4626ExceededMaxDeposit": ("{0} cannot be given shares for {1}.", "The most is {2}.", "Put in less."),
    "ERC4626ExceededMaxMint": ("{0} cannot be given {1} shares.", "The most is {2}.", "Ask for fewer."),
    "ERC4626ExceededMaxWithdraw": (
        "{0} cannot take {1} out now.",
        "The most is {2}: the shares' worth, as far as it is not lent.",
        "Take less, or wait until borrowers have repaid.",
    ),
    "ERC4626ExceededMaxRedeem": (
        "{0} cannot redeem {1} shares now.",
        "The most is {2}: those there are, as far as their worth is not lent.",
        "Redeem fewer, or wait until borrowers have repaid.",
    ),
    "ERC20InsufficientAllowance": (
        "{0} may not move {2} shares.",
        "It was allowed {1}.",
        "Approve more first.",
    ),
    "ERC20InsufficientBalance": ("{0} cannot give {2} shares.", "It has {1}.", "Give fewer."),
    "ERC20InvalidApprover": ("{0} cannot allow anything.", "It is no account.", _NAME_ACCOUNT),
    "ERC20InvalidReceiver": ("{0} cannot have shares.", "It is no account.", _NAME_ACCOUNT),
    "ERC20InvalidSender": ("{0} cannot give shares.", "It is no account.", _NAME_ACCOUNT),
    "ERC20InvalidSpender": ("{0} cannot be allowed anything.", "It is no account.", _NAME_ACCOUNT),
    # coins
    "SafeERC20FailedOperation": (
        "The coin {0} did not move.",
        "The payer lacks it or has not approved it, or the coin refuses.",
        "Approve the contract for the amount, and see that it is there.",
    ),
    "CoinMovedLess": (
        "Of {0} of the coin there came {1}.",
        "It keeps a part of what is moved; such coins are not taken.",
        "Use another coin.",
    ),
    "SafeCastOverflowedUintDowncast": (
        "The number {1} is too large.",
        "It must fit {0} bits.",
        "Name a smaller one.",
    ),
    "ReentrancyGuardReentrantCall": (
        "The contract was called in the middle of a call of its own.",
        "Such calls are refused, since they could be a theft.",
        "Send it in a transaction of its own.",
    ),
}
