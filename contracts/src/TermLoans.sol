// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { ExactCoins } from "./ExactCoins.sol";
import { Guarantees } from "./Guarantees.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { ILoanPool } from "./ILoanPool.sol";
import { Instalments } from "./Instalments.sol";
import { ITermLoans } from "./ITermLoans.sol";
import { IWalletLinks } from "./IWalletLinks.sol";
import { LoanBook } from "./LoanBook.sol";

/// @title TermLoans
/// @notice See ITermLoans, which says what is promised.
/// @dev A pool hears of coin only after it came, and its shares rest meanwhile (see isBusy).
contract TermLoans is Guarantees {
    using Instalments for Loan;

    uint16 private constant STARTER_ROW = 0;
    uint16 private constant WIDTH_NOT_SHOWN = type(uint16).max;

    /// @notice Whose scores count.
    ICreditOracle public immutable ORACLE;

    /// @notice The id of the latest loan; ids count from 1.
    uint256 public lastLoanId;

    /// @dev On what a loan is drawn: the pool's terms, and the row of its table.
    struct Offer {
        ILoanPool.Terms terms;
        uint16 row;
        uint16 yearlyRateBps;
        uint128 limit;
    }

    /// @param oracle whose scores count
    /// @param links which wallets are one person; zero: each is one of its own
    /// @param owner_ who lists pools: a timelock
    constructor(ICreditOracle oracle, IWalletLinks links, address owner_) LoanBook(links) Ownable(owner_) {
        ORACLE = oracle;
    }

    // ---------------------------------------------------------------------------------------------------------- borrowers

    /// @inheritdoc ITermLoans
    function borrow(ILoanPool pool, Draw calldata draw, ICreditOracle.AtLeastProof calldata proof)
        external
        nonReentrant
        returns (uint256 loanId)
    {
        ILoanPool.Terms memory terms = _termsOf(pool);
        (uint8 status,,) = ORACLE.verifyAtLeast(msg.sender, proof, terms.maxScoreAge);
        return _draw(pool, draw, _offer(pool, terms, status, proof.threshold, WIDTH_NOT_SHOWN));
    }

    /// @inheritdoc ITermLoans
    function borrowWithScore(ILoanPool pool, Draw calldata draw, ICreditOracle.ScoreProof calldata proof)
        external
        nonReentrant
        returns (uint256 loanId)
    {
        ILoanPool.Terms memory terms = _termsOf(pool);
        (uint16 score, uint16 width, uint8 status,,) = ORACLE.verifyScore(msg.sender, proof, terms.maxScoreAge);
        return _draw(pool, draw, _offer(pool, terms, status, score, width));
    }

    /// @inheritdoc ITermLoans
    function borrowStarter(ILoanPool pool, Draw calldata draw) external nonReentrant returns (uint256 loanId) {
        ILoanPool.Terms memory terms = _termsOf(pool);
        uint128 limit = pool.starterLimitOf(msg.sender);
        if (limit == 0) revert StarterNotAllowed(msg.sender);
        return _draw(pool, draw, Offer(terms, STARTER_ROW, terms.starterRateBps, limit));
    }

    /// @inheritdoc ITermLoans
    function cancel(uint256 loanId) external nonReentrant {
        Loan memory loan = _openLoan(loanId);
        if (msg.sender != loan.borrower) revert NotTheBorrower(msg.sender, loan.borrower);
        _checkNotDefaulted(loanId, loan);
        uint256 until = uint256(loan.start) + loan.coolingOff;
        if (block.timestamp >= until) revert CoolingOffOver(loanId, until);

        uint128 paid = loan.owed + loan.fees - loan.outstanding;
        _close(loanId, loan, State.Cancelled);
        emit LoanCancelled(loanId, msg.sender, loan.pool, address(_coinOf(loan.pool)), loan.principal);
        if (paid < loan.principal) ExactCoins.take(_coinOf(loan.pool), loan.pool, loan.principal - paid);
        _noteEnd(loan);
        ILoanPool(loan.pool).noteCancelled(loan.row, loan.principal, loan.principalLeft());
    }

    // ------------------------------------------------------------------------------------------------------------- anyone

    /// @inheritdoc ITermLoans
    function repay(uint256 loanId, uint128 amount) external nonReentrant returns (uint128 paid) {
        if (amount == 0) revert AmountZero();
        Loan memory loan = _openLoan(loanId);
        paid = amount < loan.outstanding ? amount : loan.outstanding;
        uint128 left = loan.outstanding - paid;
        if (left == 0) _close(loanId, loan, State.Repaid);
        else _loans[loanId].outstanding = left;

        address coin = address(_coinOf(loan.pool));
        if (loan.state == State.WrittenOff) emit LoanRecovered(loanId, loan.borrower, msg.sender, coin, paid, left);
        else emit LoanRepaid(loanId, loan.borrower, msg.sender, coin, paid, left);
        _isDefaulted(loan) ? _payAfterDefault(loanId, loan, paid) : _payPool(loanId, loan, paid);
    }

    /// @inheritdoc ITermLoans
    function markOverdue(uint256 loanId) external nonReentrant {
        Loan memory loan = _openLoan(loanId);
        if (loan.state == State.Overdue) revert AlreadyOverdue(loanId);
        _checkNotDefaulted(loanId, loan);
        uint256 until = loan.nextDueTime();
        if (block.timestamp <= until) revert NotOverdue(loanId, until);
        _loans[loanId].state = State.Overdue;
        ILoanPool(loan.pool).noteOverdue(loan.principalLeft());
    }

    /// @inheritdoc ITermLoans
    function markDelinquent(uint256 loanId) external {
        Loan memory loan = _openLoan(loanId);
        _checkNotDefaulted(loanId, loan);
        (uint256 k, uint128 overdue) = loan.nextUnmarked();
        if (overdue == 0) revert AllMarked(loanId);
        uint64 dueTime = loan.dueTime(k);
        uint256 until = uint256(dueTime) + loan.grace;
        if (block.timestamp <= until) revert NotDelinquent(loanId, until);

        uint128 fee = uint128(Math.mulDiv(overdue, loan.lateFeeBps, Instalments.WHOLE_BPS, Math.Rounding.Ceil));
        Loan storage stored = _loans[loanId];
        stored.marked = uint8(k);
        stored.outstanding = loan.outstanding + fee;
        stored.fees = loan.fees + fee;
        emit LoanDelinquent(loanId, loan.borrower, loan.pool, address(_coinOf(loan.pool)), overdue, fee, dueTime);
    }

    /// @inheritdoc ITermLoans
    function markDefault(uint256 loanId) external nonReentrant {
        Loan memory loan = _openLoan(loanId);
        _checkNotDefaulted(loanId, loan);
        uint256 until = loan.defaultTime();
        if (block.timestamp <= until) revert NotInDefault(loanId, until);

        _loans[loanId].state = State.Defaulted;
        emit LoanDefaulted(loanId, loan.borrower, loan.pool, address(_coinOf(loan.pool)), loan.outstanding);
        uint128 called = _call(loanId, loan.borrower, loan.pool, loan.outstanding);
        if (called != 0) ExactCoins.give(_coinOf(loan.pool), loan.pool, called);
        _noteEnd(loan);
        ILoanPool(loan.pool).noteDefault(loan.row, loan.principalLeft(), called);
    }

    /// @inheritdoc ITermLoans
    function writeOff(uint256 loanId) external {
        Loan memory loan = _openLoan(loanId);
        address poolOwner = ILoanPool(loan.pool).owner();
        if (msg.sender != poolOwner) revert NotThePoolsOwner(msg.sender, poolOwner);
        if (loan.state != State.Defaulted) revert NotDefaulted(loanId);
        _loans[loanId].state = State.WrittenOff;
        emit LoanWrittenOff(loanId, loan.borrower, loan.pool, address(_coinOf(loan.pool)), loan.outstanding);
    }

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc ITermLoans
    function nextDueOf(uint256 loanId) external view returns (uint64 dueTime, uint128 amount) {
        Loan memory loan = loanOf(loanId);
        if (loan.outstanding == 0) return (0, 0);
        uint256 k = loan.firstUnpaid();
        uint256 later = k == loan.instalments ? 0 : loan.dueAfter(k) + loan.fees; // fees are due with the last
        return (loan.dueTime(k), uint128(loan.outstanding - later));
    }

    /// @inheritdoc ITermLoans
    function defaultTimeOf(uint256 loanId) external view returns (uint256) {
        Loan memory loan = loanOf(loanId);
        return loan.outstanding == 0 ? 0 : loan.defaultTime();
    }

    /// @inheritdoc ITermLoans
    function quote(ILoanPool pool, uint128 principal, uint32 interval, uint16 instalments, uint16 yearlyRateBps)
        external
        view
        returns (Conditions memory)
    {
        ILoanPool.Terms memory terms = _termsOf(pool);
        uint128 owed = Instalments.owedFor(principal, yearlyRateBps, interval, instalments);
        return Conditions(owed, terms.lateFeeBps, terms.grace, terms.coolingOff);
    }

    // ------------------------------------------------------------------------------------------------------------ private

    /// @dev Of a pool that lends here.
    function _termsOf(ILoanPool pool) private view returns (ILoanPool.Terms memory) {
        _checkListed(pool);
        return pool.terms();
    }

    function _offer(ILoanPool pool, ILoanPool.Terms memory terms, uint8 status, uint16 shown, uint16 width)
        private
        view
        returns (Offer memory)
    {
        (uint16 index, ILoanPool.Row memory row) = pool.rowFor(status, shown, width);
        return Offer(terms, index, row.yearlyRateBps, row.limit);
    }

    function _draw(ILoanPool pool, Draw calldata draw, Offer memory offer) private returns (uint256 loanId) {
        _checkDraw(draw, offer.terms);
        address[] memory wallets = _walletsOf(msg.sender);
        _checkStanding(wallets);
        loanId = ++lastLoanId;
        uint256 locked = _lock(loanId, address(pool), draw.principal, draw.guarantors, wallets);
        _book(loanId, msg.sender, address(pool), draw.principal, locked);
        _checkExposure(wallets, address(pool), offer.limit);

        Loan memory loan = _newLoan(address(pool), draw, offer);
        _checkAgreed(loan, draw.worst);
        _loans[loanId] = loan;
        _emitDrawn(loanId, loan);
        pool.lend(msg.sender, offer.row, draw.principal);
    }

    function _checkDraw(Draw calldata draw, ILoanPool.Terms memory terms) private pure {
        if (draw.principal == 0) revert AmountZero();
        if (draw.principal > terms.maxPrincipal) revert PrincipalTooLarge(draw.principal, terms.maxPrincipal);
        if (draw.instalments == 0 || draw.instalments > terms.maxInstalments) {
            revert InstalmentsOutOfRange(draw.instalments, terms.maxInstalments);
        }
        uint256 term = uint256(draw.interval) * draw.instalments;
        if (term == 0 || term > terms.maxTerm) revert TermOutOfRange(term, terms.maxTerm);
    }

    /// @dev Terms and table may have changed since the borrower saw them.
    function _checkAgreed(Loan memory loan, Conditions calldata worst) private pure {
        if (loan.owed > worst.owed) revert OwesMoreThanAgreed(loan.owed, worst.owed);
        if (loan.lateFeeBps > worst.lateFeeBps || loan.grace < worst.grace || loan.coolingOff < worst.coolingOff) {
            revert WorseThanAgreed(loan.lateFeeBps, loan.grace, loan.coolingOff);
        }
    }

    function _newLoan(address pool, Draw calldata draw, Offer memory offer) private view returns (Loan memory) {
        uint128 owed = Instalments.owedFor(draw.principal, offer.yearlyRateBps, draw.interval, draw.instalments);
        return Loan({
            borrower: msg.sender,
            start: uint40(block.timestamp),
            interval: draw.interval,
            instalments: uint8(draw.instalments),
            marked: 0,
            state: State.Open,
            pool: pool,
            grace: offer.terms.grace,
            coolingOff: offer.terms.coolingOff,
            lateFeeBps: offer.terms.lateFeeBps,
            row: offer.row,
            principal: draw.principal,
            owed: owed,
            outstanding: owed,
            fees: 0
        });
    }

    function _emitDrawn(uint256 loanId, Loan memory loan) private {
        emit LoanDrawn(
            loanId,
            loan.borrower,
            loan.pool,
            address(_coinOf(loan.pool)),
            loan.principal,
            loan.owed,
            loan.dueTime(loan.instalments),
            loan.instalments,
            loan.row == STARTER_ROW
        );
    }

    /// @dev Of what is paid, the part that is principal reduces what the pool has lent.
    function _payPool(uint256 loanId, Loan memory loan, uint128 paid) private {
        uint128 before = loan.principalLeft();
        loan.outstanding -= paid;
        uint128 sound = _soundAgain(loanId, loan, before);
        ExactCoins.take(_coinOf(loan.pool), loan.pool, paid);
        ILoanPool(loan.pool).noteRepaid(before - loan.principalLeft());
        if (sound != 0) ILoanPool(loan.pool).noteSound(sound);
    }

    /// @dev After a payment, what of the `before` that was overdue is so no more: all of it, or what is back.
    function _soundAgain(uint256 loanId, Loan memory loan, uint128 before) private returns (uint128) {
        if (loan.state != State.Overdue) return 0;
        if (loan.outstanding == 0) return before;
        if (block.timestamp > loan.nextDueTime()) return before - loan.principalLeft();
        _loans[loanId].state = State.Open;
        return before;
    }

    /// @dev A loan that is over in another way is overdue no more.
    function _noteEnd(Loan memory loan) private {
        if (loan.state == State.Overdue) ILoanPool(loan.pool).noteSound(loan.principalLeft());
    }

    /// @dev Guarantors first; the pool has marked its loss.
    function _payAfterDefault(uint256 loanId, Loan memory loan, uint128 paid) private {
        uint128 back = _giveBack(loanId, loan.borrower, loan.pool, paid);
        if (back != 0) ExactCoins.take(_coinOf(loan.pool), address(this), back);
        if (back == paid) return;
        ExactCoins.take(_coinOf(loan.pool), loan.pool, paid - back);
        ILoanPool(loan.pool).noteRecovered(loan.row, paid - back);
    }

    function _openLoan(uint256 loanId) private view returns (Loan memory loan) {
        loan = loanOf(loanId);
        if (loan.outstanding == 0) revert LoanNotOpen(loanId);
    }

    function _isDefaulted(Loan memory loan) private pure returns (bool) {
        return loan.state == State.Defaulted || loan.state == State.WrittenOff;
    }

    function _checkNotDefaulted(uint256 loanId, Loan memory loan) private pure {
        if (_isDefaulted(loan)) revert AlreadyDefaulted(loanId);
    }

    /// @dev Nothing is owed any more. What guarantors paid for a loan in default is given back apart.
    function _close(uint256 loanId, Loan memory loan, State state) private {
        _loans[loanId].state = state;
        _loans[loanId].outstanding = 0;
        _unbook(loanId, loan.borrower, loan.pool, loan.principal);
        if (!_isDefaulted(loan)) _release(loanId, loan.borrower, loan.pool);
    }
}
