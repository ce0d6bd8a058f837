// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IInvoiceFinance } from "../src/IInvoiceFinance.sol";
import { IReceivables } from "../src/IReceivables.sol";
import { DevCoin } from "../src/dev/DevCoin.sol";
import { InvoiceFinance } from "../src/InvoiceFinance.sol";
import { FinanceFixture } from "./FinanceFixture.sol";
import { SizedCoin } from "./mocks/LoanCoins.sol";

contract DrawAdvanceTest is FinanceFixture {
    function _refused(bytes32 id, bytes memory reason) private {
        _refusedOn(id, _proofOf(SUPPLIER, 650), _proofOf(BUYER, 700), reason);
    }

    function _refusedOn(
        bytes32 id,
        ICreditOracle.AtLeastProof memory supplierProof,
        ICreditOracle.AtLeastProof memory buyerProof,
        bytes memory reason
    ) private {
        vm.prank(SUPPLIER);
        vm.expectRevert(reason);
        pool.draw(id, _any(), supplierProof, buyerProof);
        vm.assertEq(pool.advanceOf(id).advance, 0);
    }

    // ------------------------------------------------------------------------------------------------------ the invoice

    function test_draw__when_not_by_the_supplier__then_refused(address caller) public {
        vm.assume(caller != SUPPLIER);
        bytes32 id = _offered(100 * USD);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        vm.prank(caller);
        vm.expectRevert(_notAllowed(caller, SUPPLIER));
        pool.draw(id, _any(), supplierProof, buyerProof);
    }

    function test_draw__when_there_is_no_invoice__then_refused(bytes32 id) public {
        _refused(id, _notAllowed(SUPPLIER, address(0)));
    }

    function test_draw__when_the_invoice_is_in_another_coin__then_refused() public {
        address other = address(new DevCoin());
        bytes32 id = _issueIn(other, 100 * USD);
        _accept(id);
        _refused(id, abi.encodeWithSelector(IInvoiceFinance.WrongCurrency.selector, other, address(coin)));
    }

    function test_draw__when_not_accepted_not_opened_or_given_away__then_nothing_to_advance() public {
        bytes32[3] memory ids = [_issue(100 * USD), _acceptedHidden(100 * USD, "salt"), _accepted(100 * USD)];
        _assign(SUPPLIER, ids[2], ANN);
        for (uint256 i = 0; i < 3; ++i) {
            _refused(ids[i], abi.encodeWithSelector(IInvoiceFinance.NothingToAdvance.selector, ids[i]));
        }
    }

    function test_draw__when_not_offered_or_for_more_than_the_table_gives__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        bytes4 selector = IReceivables.NotOffered.selector;
        _refused(id, abi.encodeWithSelector(selector, id, SUPPLIER, address(pool)));
        _offer(SUPPLIER, id, address(pool), 90 * USD);
        uint256 advance = 90 * USD - _interest(90 * USD, 800, MONTH);
        _refused(id, abi.encodeWithSelector(IReceivables.AdvanceTooLow.selector, advance, 90 * USD));
    }

    function test_draw__when_overdue__then_refused() public {
        bytes32 id = _offered(100 * USD);
        uint64 dueTime = receivables.invoiceOf(id).dueTime;
        vm.warp(dueTime + 1);
        _setTable(_table(), IInvoiceFinance.Terms(90 days, 60 days, 1000, 1000));
        bytes memory reason =
            abi.encodeWithSelector(ICreditOracle.TooOld.selector, oracle.rootOf(1).snapshotTime, MAX_AGE);
        _refused(id, reason); // a score of before the due date is too old, long before
        _publishActive(7, _tree(_scored())[0]);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        (supplierProof.epoch, buyerProof.epoch) = (7, 7);
        reason = abi.encodeWithSelector(IReceivables.InvoiceOverdue.selector, id, dueTime);
        _refusedOn(id, supplierProof, buyerProof, reason);
    }

    function test_draw__when_due_too_far_away__then_refused(uint64 term) public {
        term = uint64(_bound(term, 90 days + 1, 1 << 40));
        bytes32 document = _document();
        vm.prank(SUPPLIER);
        bytes32 id = receivables.issue(BUYER, address(coin), USD, uint64(block.timestamp) + term, 0, document);
        _accept(id);
        _refused(id, abi.encodeWithSelector(IInvoiceFinance.TermTooLong.selector, term, 90 days));
    }

    function test_draw__when_drawn_or_financed_elsewhere__then_refused() public {
        bytes32 id = _offered(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 80 * USD);
        _finance(FINANCIER, id, SUPPLIER, 80 * USD);
        _assign(FINANCIER, id, SUPPLIER);
        _offer(SUPPLIER, id, address(pool), 1);
        bytes4 selector = IReceivables.AlreadyFinanced.selector;
        _refused(id, abi.encodeWithSelector(selector, id, FINANCIER));
        id = _drawn(100 * USD);
        bytes4 nothing = IInvoiceFinance.NothingToAdvance.selector;
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        vm.prank(SUPPLIER);
        vm.expectRevert(abi.encodeWithSelector(nothing, id)); // the pool has the claim
        pool.draw(id, _any(), supplierProof, buyerProof);
    }

    // --------------------------------------------------------------------------------------------------------- the proofs

    function test_draw__when_a_proof_is_forged_or_anothers__then_the_oracle_refuses() public {
        bytes32 id = _offered(100 * USD);
        bytes4 selector = ICreditOracle.AtLeastNotProven.selector;
        _refusedOn(id, _proofOf(SUPPLIER, 720), _proofOf(BUYER, 700), abi.encodeWithSelector(selector, SUPPLIER, 720));
        _refusedOn(id, _proofOf(BUYER, 650), _proofOf(BUYER, 700), abi.encodeWithSelector(selector, SUPPLIER, 650));
        _refusedOn(id, _proofOf(SUPPLIER, 650), _proofOf(SUPPLIER, 700), abi.encodeWithSelector(selector, BUYER, 700));
    }

    function test_draw__when_the_scores_are_older_than_the_terms_allow__then_refused() public {
        bytes32 id = _offered(100 * USD);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + 10 days + 1);
        _refused(id, abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, 10 days));
    }

    function test_draw__when_no_line_is_met__then_refused() public {
        bytes4 selector = IInvoiceFinance.NoRow.selector;
        bytes32 id = _offered(100 * USD);
        bytes memory reason = abi.encodeWithSelector(selector, 590, 1, 700, 1);
        _refusedOn(id, _proofOf(SUPPLIER, 590), _proofOf(BUYER, 700), reason);
        reason = abi.encodeWithSelector(selector, 650, 1, 640, 1);
        _refusedOn(id, _proofOf(SUPPLIER, 650), _proofOf(BUYER, 640), reason);
        id = _acceptedBetween(SUPPLIER, THIN, 100 * USD); // thin suppliers count, thin buyers do not
        _refusedOn(id, _proofOf(SUPPLIER, 650), _proofOf(THIN, 680), abi.encodeWithSelector(selector, 650, 1, 680, 2));
        id = _acceptedBetween(SUPPLIER, OPEN, 100 * USD);
        _refusedOn(id, _proofOf(SUPPLIER, 650), _proofOf(OPEN, 700), abi.encodeWithSelector(selector, 650, 1, 700, 129));
    }

    function test_draw__when_a_line_takes_thin_and_disputed__then_drawn() public {
        bytes32 id = _acceptedBetween(THIN, OPEN, 100 * USD);
        _offer(THIN, id, address(pool), 1);
        IInvoiceFinance.Row[] memory table = new IInvoiceFinance.Row[](1);
        table[0] = IInvoiceFinance.Row(310, 310, 2, 5, 5000, 0); // thin suppliers; full buyers, also in dispute
        _setTable(table, _terms());
        vm.assertEq(_drawBy(THIN, id, _proofOf(THIN, 310), _proofOf(OPEN, 310)), 50 * USD);
    }

    // ---------------------------------------------------------------------------------------------------------- the price

    /// @notice Between a look and the block the owner makes the year dearer, or advances more at the same rate.
    function test_draw__when_dearer_than_agreed__then_refused(uint16 rateBps) public {
        bytes32 id = _offered(100 * USD);
        (uint256 advance, IInvoiceFinance.Price memory agreed) = pool.quote(id, 1);
        vm.assertEq(advance, 70 * USD - agreed.fee);
        vm.assertEq(agreed.fee, _interest(70 * USD, 1500, MONTH));
        IInvoiceFinance.Row[] memory table = _table();
        (table[0].yearlyFeeBps, table[0].advanceBps) = (uint16(_bound(rateBps, 1501, 10_000)), 1000);
        _dearer(id, table, agreed); // the sum is smaller, but a late buyer costs more
        (table[0].yearlyFeeBps, table[0].advanceBps) = (1500, 7001);
        _dearer(id, table, agreed); // the rate is the same, but of more
    }

    function _dearer(bytes32 id, IInvoiceFinance.Row[] memory table, IInvoiceFinance.Price memory agreed) private {
        _setTable(table, _terms());
        (, IInvoiceFinance.Price memory now_) = pool.quote(id, 0);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        bytes4 selector = IInvoiceFinance.DearerThanAgreed.selector;
        vm.prank(SUPPLIER);
        vm.expectRevert(abi.encodeWithSelector(selector, now_.fee, now_.yearlyFeeBps));
        pool.draw(id, agreed, supplierProof, buyerProof);
    }

    /// @notice What was quoted is what is drawn; later it is only cheaper.
    function test_draw__at_the_price_that_was_quoted__then_drawn(uint256 amount, uint64 wait) public {
        bytes32 id = _offered(_bound(amount, 1000, 500 * USD));
        (uint256 advance, IInvoiceFinance.Price memory price) = pool.quote(id, 0);
        wait = uint64(_bound(wait, 0, 5 days));
        vm.warp(block.timestamp + wait);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        vm.prank(SUPPLIER);
        uint256 drawn = pool.draw(id, price, supplierProof, buyerProof);
        vm.assertTrue(wait == 0 ? drawn == advance : drawn >= advance);
    }

    function test_quote__of_no_such_line__then_refused(uint16 row) public {
        row = uint16(_bound(row, 2, type(uint16).max));
        bytes32 id = _offered(100 * USD);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.UnknownRow.selector, row));
        pool.quote(id, row);
    }

    // --------------------------------------------------------------------------------------------------------- the limits

    function test_draw__when_all_to_one_supplier_is_too_much__then_refused(uint256 first) public {
        first = _bound(first, 100 * USD, 500 * USD);
        bytes32 id = _drawn(first);
        uint256 exposure = pool.advanceOf(id).advance;
        uint256 more = _bound(first, 600 * USD, 900 * USD);
        bytes32 other = _offered(more);
        uint256 advance = more * 9 / 10 - _interest(more * 9 / 10, 800, MONTH);
        _refused(
            other,
            abi.encodeWithSelector(IInvoiceFinance.LimitExceeded.selector, SUPPLIER, exposure + advance, 500 * USD)
        );
        vm.assertEq(pool.advancedTo(SUPPLIER), exposure);
    }

    /// @notice The wallets of one person are one supplier, and one buyer.
    function test_draw__when_the_wallets_of_one_person_together_have_too_much__then_refused() public {
        _drawn(400 * USD);
        bytes32 id = _acceptedBetween(THIN, BUYER, 400 * USD);
        _offer(THIN, id, address(pool), 1);
        _link(THIN_KEY, SUPPLIER_KEY);
        uint256 before = pool.advancedTo(THIN);
        vm.assertEq(before, pool.advancedTo(SUPPLIER));
        uint256 face = 400 * USD * 7 / 10;
        uint256 exposure = before + face - _interest(face, 1500, MONTH);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(THIN, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        vm.prank(THIN);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.LimitExceeded.selector, THIN, exposure, 500 * USD));
        pool.draw(id, _any(), supplierProof, buyerProof);
    }

    function test_draw__when_all_on_one_buyer_is_too_much__then_refused() public {
        IInvoiceFinance.Terms memory terms = _terms();
        terms.buyerLimit = uint128(300 * USD);
        _setTable(_table(), terms);
        bytes32 id = _offered(400 * USD);
        uint256 advance = 360 * USD - _interest(360 * USD, 800, MONTH);
        bytes4 selector = IInvoiceFinance.LimitExceeded.selector;
        _refused(id, abi.encodeWithSelector(selector, BUYER, advance, 300 * USD));
    }

    function test_draw__when_the_amount_is_the_largest__then_refused_by_a_limit() public {
        bytes32 id = _offered(type(uint128).max);
        ICreditOracle.AtLeastProof memory supplierProof = _proofOf(SUPPLIER, 650);
        ICreditOracle.AtLeastProof memory buyerProof = _proofOf(BUYER, 700);
        vm.prank(SUPPLIER);
        vm.expectPartialRevert(IInvoiceFinance.LimitExceeded.selector);
        pool.draw(id, _any(), supplierProof, buyerProof);
    }

    /// @notice What may be owed to earlier suppliers is not lent to later ones.
    function test_draw__when_the_pool_would_not_have_the_reserves__then_refused(uint256 balance) public {
        vm.prank(POOL_OWNER);
        pool.withdraw(1_000_000 * USD);
        bytes32 id = _offered(100 * USD);
        balance = _bound(balance, 0, 100 * USD - 1);
        coin.mint(address(pool), balance);
        uint256 advance = 90 * USD - _interest(90 * USD, 800, MONTH);
        bytes4 selector = IInvoiceFinance.Reserved.selector;
        _refused(id, abi.encodeWithSelector(selector, balance, 100 * USD - advance));
        coin.mint(address(pool), 100 * USD - balance);
        _draw(id);
    }

    // --------------------------------------------------------------------------------------------------------- the advance

    function test_draw__when_a_line_is_met__then_the_advance_is_paid_and_the_claim_taken(uint256 amount, uint64 wait)
        public
    {
        amount = _bound(amount, 1000, 500 * USD);
        bytes32 id = _offered(amount);
        vm.warp(block.timestamp + _bound(wait, 0, 5 days));
        uint256 face = amount * 9000 / 10_000;
        uint256 advance = face - _interest(face, 800, receivables.invoiceOf(id).dueTime - block.timestamp);
        vm.expectEmit(address(pool));
        emit IInvoiceFinance.AdvanceDrawn(id, SUPPLIER, BUYER, amount, advance, 800);
        vm.assertEq(_draw(id), advance);
        vm.assertEq(coin.balanceOf(SUPPLIER), advance);
        vm.assertEq(receivables.claimOf(id, address(pool)), amount);
        vm.assertEq(receivables.financierOf(id), address(pool));
        vm.assertEq(pool.advancedTo(SUPPLIER), advance);
        vm.assertEq(pool.advancedOn(BUYER), advance);
        vm.assertEq(pool.reserved(), amount - advance);
        vm.assertEq(coin.allowance(address(pool), address(receivables)), 0);
        IInvoiceFinance.Advance memory found = pool.advanceOf(id);
        vm.assertEq(found.face, face);
        vm.assertEq(found.drawTime, block.timestamp);
    }

    function test_draw__when_only_the_lower_line_is_met__then_on_its_terms() public {
        bytes32 id = _offered(100 * USD);
        uint256 advance = 70 * USD - _interest(70 * USD, 1500, MONTH);
        vm.assertEq(_drawBy(SUPPLIER, id, _proofOf(SUPPLIER, 650), _proofOf(BUYER, 690)), advance);
    }

    /// @notice Of what a supplier has given on, it draws nothing.
    function test_draw__when_only_a_part_is_held__then_on_that_part() public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 40 * USD);
        _offer(SUPPLIER, id, address(pool), 1);
        vm.assertEq(_draw(id), 54 * USD - _interest(54 * USD, 800, MONTH));
        vm.assertEq(receivables.claimOf(id, ANN), 40 * USD);
    }

    /// @notice The same in coins of 2 and of 18 decimals: advance, fee and reserve are whole units, and together the claim.
    function test_draw__in_coins_of_few_or_many_decimals__then_all_adds_up(uint16 cents, uint64 time) public {
        _drawnIn(2, _bound(cents, 100, 50_000), time);
        _drawnIn(18, _bound(cents, 100, 50_000) * 1e16 + 1, time);
    }

    function _drawnIn(uint8 decimals, uint256 amount, uint64 time) private {
        SizedCoin sized = new SizedCoin(decimals);
        IInvoiceFinance.Terms memory terms = _terms();
        (terms.supplierLimit, terms.buyerLimit) = (uint128(amount), uint128(amount));
        pool = new InvoiceFinance(receivables, links, oracle, sized, _table(), terms, POOL_OWNER);
        sized.mint(address(pool), amount);
        bytes32 id = _issueIn(address(sized), amount);
        _accept(id);
        _offer(SUPPLIER, id, address(pool), 1);
        uint256 face = amount * 9 / 10;
        vm.assertEq(_draw(id), face - _interest(face, 800, MONTH));
        time = uint64(_bound(time, 1, MONTH));
        vm.warp(block.timestamp + time);
        sized.mint(BUYER, amount);
        vm.startPrank(BUYER);
        sized.approve(address(receivables), amount);
        receivables.pay(id, amount);
        vm.stopPrank();
        pool.settle(id);
        vm.assertEq(sized.balanceOf(SUPPLIER), amount - _interest(face, 800, time));
        vm.assertEq(sized.balanceOf(address(pool)), amount + _interest(face, 800, time));
        vm.warp(block.timestamp - time);
    }
}
