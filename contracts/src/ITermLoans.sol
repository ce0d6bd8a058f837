// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";
import { ILoanPool } from "./ILoanPool.sol";

/// @title Small loans without collateral, by proof of a score: one book for many pools
/// @notice A loan is paid out of a listed pool at once, on the terms of its table, and repaid in equal instalments to that pool.
/// All open loans of a person, over all pools and linked wallets, together stay within the limit of the row that is drawn on, and
/// while one of them is overdue no other is drawn.
///
/// What is promised to lenders: no loan is drawn but by the pool's table of that moment; a proof works only for the account
/// that it is about; coin leaves a pool only as a loan or to who holds its shares. To borrowers: no loan is drawn on worse
/// conditions than they sent with it, whatever the pool's owner changed meanwhile; what is owed is fixed then, and only the
/// late fees that were known can be added; within the cooling-off the principal can be given back as if nothing had been;
/// anyone may repay. To guarantors: nothing is taken that was not left here for this borrower and pool, only at default, in
/// equal shares of what each has locked; what the borrower pays after that comes back to them first.
///
/// Payments go to the instalments in order of their dates, and to fees last: a fee makes no instalment late. Amounts are
/// raw units of the coin, exposure is US cents (one coin is one dollar), times are seconds. Coins that move less than asked
/// are refused.
interface ITermLoans {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice Where a loan stands. Repaid and Cancelled are final; a defaulted one can still be repaid. Overdue is Open in all but
    /// this: lenders who leave the pool are paid nothing for it.
    enum State {
        None,
        Open,
        Repaid,
        Cancelled,
        Defaulted,
        WrittenOff,
        Overdue
    }

    /// @notice All that a loan costs, and what happens when it is paid late.
    /// @param owed principal and interest
    /// @param lateFeeBps fee for a late instalment, in basis points of what is overdue of it
    /// @param grace time after a due date until it can be marked
    /// @param coolingOff for how long the loan can be cancelled
    struct Conditions {
        uint128 owed;
        uint16 lateFeeBps;
        uint32 grace;
        uint32 coolingOff;
    }

    /// @notice What a borrower asks for.
    /// @param principal what is paid out
    /// @param interval time between two instalments, and to the first
    /// @param instalments how many; 1: one due date
    /// @param worst what the borrower has seen and agrees to: no more is owed, no fee is higher, no time is shorter
    /// @param guarantors whose stakes are locked, in this order, until they cover the principal
    struct Draw {
        uint128 principal;
        uint32 interval;
        uint16 instalments;
        Conditions worst;
        address[] guarantors;
    }

    /// @param borrower who drew it
    /// @param start when it was drawn
    /// @param interval time between two instalments, and to the first
    /// @param instalments how many
    /// @param marked the last instalment that was marked as late; 0: none
    /// @param state where it stands
    /// @param pool whose coin it is
    /// @param grace time after a due date until it can be marked, as it was when the loan was drawn
    /// @param coolingOff for how long it can be cancelled
    /// @param lateFeeBps fee for a late instalment
    /// @param row of the pool's table; 0: drawn without a proof
    /// @param principal what was paid out
    /// @param owed principal and interest
    /// @param outstanding what is owed still, fees included; 0 once repaid
    /// @param fees all late fees so far
    struct Loan {
        address borrower;
        uint40 start;
        uint32 interval;
        uint8 instalments;
        uint8 marked;
        State state;
        address pool;
        uint32 grace;
        uint32 coolingOff;
        uint16 lateFeeBps;
        uint16 row;
        uint128 principal;
        uint128 owed;
        uint128 outstanding;
        uint128 fees;
    }

    /// @notice What a guarantor has left here for one borrower in one pool.
    /// @param free can be locked by a draw, or taken back
    /// @param locked covers loans that are open
    /// @param notAfter the last second in which it can be locked; 0 after a default
    struct Vouch {
        uint96 free;
        uint96 locked;
        uint64 notAfter;
    }

    /// @param guarantor whose stake
    /// @param amount locked for a loan; after its default: paid and not yet back
    struct Guarantee {
        address guarantor;
        uint96 amount;
    }

    // ------------------------------------------------------------------------------------------------------ events: pools

    /// @notice Loans are drawn from this pool from now on.
    event PoolListed(address indexed pool, address coin, uint8 decimals);

    /// @notice No loan is drawn from this pool any more; those that are open go on.
    event PoolUnlisted(address indexed pool);

    // ------------------------------------------------------------------------------------------------------ events: loans

    /// @notice Paid out; `owed` is principal and interest, `dueTime` the date of the last of the instalments.
    event LoanDrawn(
        uint256 indexed loanId,
        address indexed borrower,
        address indexed pool,
        address coin,
        uint128 principal,
        uint128 owed,
        uint64 dueTime,
        uint16 instalments,
        bool starter
    );

    /// @notice Somebody paid `amount`; `outstanding` remains.
    event LoanRepaid(
        uint256 indexed loanId,
        address indexed borrower,
        address indexed payer,
        address coin,
        uint128 amount,
        uint128 outstanding
    );

    /// @notice The borrower gave the principal back within the cooling-off; nothing is owed.
    event LoanCancelled(
        uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 principal
    );

    /// @notice Of the instalment that was due at `dueTime`, `overdue` stood unpaid at the end of its grace; `fee` is added.
    event LoanDelinquent(
        uint256 indexed loanId,
        address indexed borrower,
        address indexed pool,
        address coin,
        uint128 overdue,
        uint128 fee,
        uint64 dueTime
    );

    /// @notice The loan is in default with all that is unpaid.
    event LoanDefaulted(
        uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 unpaid
    );

    /// @notice The pool's owner does not count on it any more; it is owed as before.
    event LoanWrittenOff(
        uint256 indexed loanId, address indexed borrower, address indexed pool, address coin, uint128 unpaid
    );

    /// @notice Somebody paid `amount` for a loan that was written off.
    event LoanRecovered(
        uint256 indexed loanId,
        address indexed borrower,
        address indexed payer,
        address coin,
        uint128 amount,
        uint128 outstanding
    );

    // ------------------------------------------------------------------------------------------------- events: guarantees

    /// @notice The guarantor left `amount` more for the borrower's loans from this pool.
    event Vouched(
        address indexed guarantor, address indexed borrower, address indexed pool, uint96 amount, uint64 notAfter
    );

    /// @notice The guarantor took `amount` back that covers nothing.
    event Unvouched(address indexed guarantor, address indexed borrower, address indexed pool, uint96 amount);

    /// @notice The stake covers this loan.
    event GuaranteeLocked(
        uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount
    );

    /// @notice The stake was paid to the pool.
    event GuaranteeCalled(
        uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount
    );

    /// @notice The stake covers this loan no more.
    event GuaranteeReleased(
        uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount
    );

    /// @notice Of what the guarantor paid, so much came back from the borrower.
    event GuaranteeReturned(
        uint256 indexed loanId, address indexed guarantor, address indexed borrower, address coin, uint128 amount
    );

    // ----------------------------------------------------------------------------------------------------- errors: pools

    /// @notice The pool lends by another book.
    error PoolOfAnotherBook(address pool, address book);
    /// @notice The pool is listed already.
    error PoolListedAlready(address pool);
    /// @notice The pool is not listed.
    error PoolNotListed(address pool);
    /// @notice Coins have from 2 to 18 decimals.
    error DecimalsOutOfRange(uint8 decimals);
    /// @notice Only the pool's owner can do this.
    error NotThePoolsOwner(address caller, address owner);

    // ----------------------------------------------------------------------------------------------------- errors: loans

    /// @notice Amounts are above zero.
    error AmountZero();
    /// @notice The time to the last due date is above zero and at most the pool's.
    error TermOutOfRange(uint256 termSeconds, uint32 longest);
    /// @notice There is at least one instalment, and at most as many as the pool allows.
    error InstalmentsOutOfRange(uint16 instalments, uint16 most);
    /// @notice The loan is larger than the pool allows.
    error PrincipalTooLarge(uint128 principal, uint128 largest);
    /// @notice The pool now asks for more than the borrower agreed to owe.
    error OwesMoreThanAgreed(uint128 owed, uint128 agreed);
    /// @notice The pool's late fee is now higher than the borrower agreed to, its grace or its cooling-off shorter.
    error WorseThanAgreed(uint16 lateFeeBps, uint32 grace, uint32 coolingOff);
    /// @notice All open loans of the person together would exceed the limit, guarantees included; both in US cents.
    error ExposureExceeded(address borrower, uint256 exposureCents, uint256 limitCents);
    /// @notice An earlier loan of the person is overdue: repay that first.
    error LoanOverdue(uint256 loanId, uint64 dueTime);
    /// @notice The wallet has as many open loans as one may have.
    error TooManyLoans(address borrower, uint256 open);
    /// @notice The pool's owner has not allowed this borrower a loan without a proof.
    error StarterNotAllowed(address borrower);
    /// @notice There is no such loan, or it is repaid.
    error LoanNotOpen(uint256 loanId);
    /// @notice Only the borrower can cancel.
    error NotTheBorrower(address caller, address borrower);
    /// @notice The loan could be cancelled before this time.
    error CoolingOffOver(uint256 loanId, uint256 until);
    /// @notice Nothing of the loan is overdue up to this time.
    error NotOverdue(uint256 loanId, uint256 until);
    /// @notice The loan is marked as overdue already.
    error AlreadyOverdue(uint256 loanId);
    /// @notice No further instalment can be marked as late up to this time.
    error NotDelinquent(uint256 loanId, uint256 until);
    /// @notice Every instalment that is unpaid is marked as late.
    error AllMarked(uint256 loanId);
    /// @notice The loan can be marked as defaulted after this time only.
    error NotInDefault(uint256 loanId, uint256 until);
    /// @notice The loan is marked as defaulted already.
    error AlreadyDefaulted(uint256 loanId);
    /// @notice Only a loan in default is written off, and once.
    error NotDefaulted(uint256 loanId);

    // ------------------------------------------------------------------------------------------------ errors: guarantees

    /// @notice Nobody vouches for a wallet of their own.
    error OwnGuarantor(address guarantor, address borrower);
    /// @notice A loan has at most so many guarantors.
    error TooManyGuarantors(uint256 guarantors, uint256 most);
    /// @notice This guarantor has nothing left here for the borrower in this pool, or not any longer.
    error NothingVouched(address guarantor, uint96 free, uint64 notAfter);
    /// @notice The time is past.
    error VouchInThePast(uint64 notAfter);

    // -------------------------------------------------------------------------------------------------------------- owner

    /// @notice Lets loans be drawn from a pool: only listed pools lend, so nobody lends to himself from a pool of his own. Only
    /// the owner, who looks at the pool's code and coin first.
    function listPool(ILoanPool pool) external;

    /// @notice Ends lending from a pool. Open loans go on as before. Only the owner.
    function unlistPool(ILoanPool pool) external;

    // ---------------------------------------------------------------------------------------------------------- borrowers

    /// @notice Draws a loan on a proof about the caller, by the first row of the pool's table that takes the proven threshold; never
    /// on worse conditions than the draw names.
    function borrow(ILoanPool pool, Draw calldata draw, ICreditOracle.AtLeastProof calldata proof)
        external
        returns (uint256 loanId);

    /// @notice As `borrow`, by the score itself and its width. Who looks at the transaction sees both.
    function borrowWithScore(ILoanPool pool, Draw calldata draw, ICreditOracle.ScoreProof calldata proof)
        external
        returns (uint256 loanId);

    /// @notice Draws a loan without a proof, as far as the pool's owner allowed the caller.
    function borrowStarter(ILoanPool pool, Draw calldata draw) external returns (uint256 loanId);

    /// @notice Gives the principal back within the cooling-off: takes from the caller what of it was not paid back yet. Nothing
    /// is owed then. What was paid above the principal stays with the pool.
    function cancel(uint256 loanId) external;

    // ------------------------------------------------------------------------------------------------------------- anyone

    /// @notice Pays for a loan, anyone's; takes from the caller at most what is outstanding, and returns what was taken.
    function repay(uint256 loanId, uint128 amount) external returns (uint128 paid);

    /// @notice Marks a loan as overdue, from the second after a date on which something stayed unpaid, so that no lender leaves
    /// the pool at a price that takes it for sound. It asks nothing of the borrower, and ends with what is overdue.
    function markOverdue(uint256 loanId) external;

    /// @notice Marks the next instalment that stands unpaid at the end of its grace, once each; adds the late fee.
    function markDelinquent(uint256 loanId) external;

    /// @notice Marks a loan as defaulted: after the grace of the third instalment that is unpaid, or of the last. Guarantors pay
    /// what is unpaid, up to what they locked.
    function markDefault(uint256 loanId) external;

    /// @notice Says that a defaulted loan is not counted on any more. Only its pool's owner.
    function writeOff(uint256 loanId) external;

    // --------------------------------------------------------------------------------------------------------- guarantors

    /// @notice Leaves `amount` more of the pool's coin here, which draws of the borrower from that pool may lock until
    /// `notAfter`.
    function vouch(ILoanPool pool, address borrower, uint96 amount, uint64 notAfter) external;

    /// @notice Takes back what covers nothing now: unused, released, or returned by the borrower after a default.
    function unvouch(ILoanPool pool, address borrower) external returns (uint96 amount);

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice A loan; all zero when there is none.
    function loanOf(uint256 loanId) external view returns (Loan memory);

    /// @notice The loans of a wallet that are not repaid.
    function openLoansOf(address borrower) external view returns (uint256[] memory loanIds);

    /// @notice In US cents, of the wallet and all that count as the same person: principal of their open loans, and how much of
    /// it is covered by locked stakes.
    function exposureOf(address borrower) external view returns (uint256 exposureCents, uint256 guaranteedCents);

    /// @notice The first instalment that is not paid in full: its date, and all that is unpaid up to it; zeros when repaid.
    function nextDueOf(uint256 loanId) external view returns (uint64 dueTime, uint128 amount);

    /// @notice After when a loan can be marked as defaulted if nothing more is paid; 0 when it is repaid.
    function defaultTimeOf(uint256 loanId) external view returns (uint256);

    /// @notice What a loan drawn now from the pool would cost at a rate of its table: principal and simple interest on what of it is
    /// left, rounded up, and its terms. To be shown to the borrower, and sent as the worst that it agrees to.
    function quote(ILoanPool pool, uint128 principal, uint32 interval, uint16 instalments, uint16 yearlyRateBps)
        external
        view
        returns (Conditions memory);

    /// @notice What guarantors have locked for a loan, or paid for it and not got back.
    function guaranteesOf(uint256 loanId) external view returns (Guarantee[] memory);

    /// @notice What a guarantor has left here for a borrower in a pool.
    function vouchOf(ILoanPool pool, address borrower, address guarantor) external view returns (Vouch memory);

    /// @notice Whether loans are drawn from the pool.
    function isListed(ILoanPool pool) external view returns (bool);

    /// @notice Whether a payment is under way. Pools then take no deposits and pay none out: what a coin calls in the middle of
    /// a payment would find the pool's books a step behind.
    function isBusy() external view returns (bool);
}
