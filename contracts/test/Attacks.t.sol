// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { Bonds } from "../src/Bonds.sol";
import { IBonds } from "../src/IBonds.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice A borrower's account that acts while it is asked whether it signed, and says yes to all.
contract BusyWallet {
    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        ICreditOracle(msg.sender).withdrawScore();
        return this.isValidSignature.selector;
    }
}

/// @notice One that asks again while it is being paid.
contract GreedyBeneficiary {
    bool public refused;

    function collect(IBonds bonds) external {
        bonds.collect();
    }

    receive() external payable {
        try IBonds(msg.sender).collect() { }
        catch {
            refused = true;
        }
    }
}

/// @notice What somebody could try across contracts, chains, epochs and calls; each verb's own file has the plain refusals.
contract AttacksTest is Fixture {
    bytes32 internal constant CONSENT =
        keccak256("PostConsent(address borrower,uint64 epoch,uint256 nonce,uint64 deadline,address caller)");
    bytes32 internal constant ENROLMENT =
        keccak256("Enrolment(address account,bool scored,uint256 nonce,uint64 deadline)");
    uint64 internal constant EVER = type(uint64).max;
    uint256 internal constant KEY = 0xB0B;
    uint64 internal constant WAIT = 30 days;
    uint256 internal constant BOND = 10 ether;

    address internal immutable BORROWER = vm.addr(KEY);
    GreedyBeneficiary internal beneficiary;

    function _filesOf(address borrower) private pure returns (File[] memory files) {
        files = _files(5);
        files[3].borrower = borrower;
    }

    function _postFor(address borrower, uint64 epoch, uint256 nonce, bytes memory signature, bytes memory reason)
        private
    {
        ICreditOracle.ScoreProof memory proof = _scoreProof(_filesOf(borrower), 3, epoch);
        ICreditOracle.PostConsent memory c = ICreditOracle.PostConsent(epoch, nonce, EVER, address(0));
        if (reason.length != 0) vm.expectRevert(reason);
        oracle.postScoreFor(borrower, proof, c, signature);
    }

    function _consent(uint64 epoch, uint256 nonce) private view returns (bytes memory) {
        return _signed(KEY, _typed(abi.encode(CONSENT, BORROWER, epoch, nonce, EVER, address(0))));
    }

    function _wrong(address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditOracle.WrongSignature.selector, account);
    }

    function _one(uint256 i, ICreditOracle.EpochReport memory report)
        private
        view
        returns (ICreditOracle.Signature memory)
    {
        return _sign(report, uint32(1 << i))[0];
    }

    function _twoReports() private returns (ICreditOracle.EpochReport memory a, ICreditOracle.EpochReport memory b) {
        (a, b) = (_report(1, "root"), _report(1, "another root"));
    }

    function _prove(uint256 i, uint256 gasGiven) private returns (bool done) {
        (ICreditOracle.EpochReport memory a, ICreditOracle.EpochReport memory b) = _twoReports();
        (ICreditOracle.Signature memory first, ICreditOracle.Signature memory second) = (_one(i, a), _one(i, b));
        try oracle.proveEquivocation{ gas: gasGiven }(a, first, b, second) {
            done = true;
        } catch { }
    }

    function _askBonds() private returns (Bonds bonds) {
        beneficiary = new GreedyBeneficiary();
        bonds = new Bonds(oracle, BOND, WAIT, 2500, address(beneficiary));
        vm.prank(OWNER);
        oracle.setBonds(address(bonds));
        vm.deal(address(this), 1000 ether);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            bonds.deposit{ value: BOND }(vm.addr(_key(i)));
        }
    }

    // ------------------------------------------------------------------------------------------ another contract or chain

    function test_publish__when_signed_for_another_oracle_or_chain__then_refused(bool chain) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        chain ? vm.chainId(block.chainid + 1) : _deploy(_config());
        vm.expectPartialRevert(ICreditOracle.WrongSigner.selector);
        oracle.publish(report, THREE, signatures);
    }

    /// @notice An honest member of two deployments signs two reports of one epoch, one for each.
    function test_equivocation__when_one_or_both_were_signed_for_another_oracle_or_chain__then_refused(
        bool chain,
        bool both
    ) public {
        (ICreditOracle.EpochReport memory a, ICreditOracle.EpochReport memory b) = _twoReports();
        (ICreditOracle.Signature memory first, ICreditOracle.Signature memory second) = (_one(0, a), _one(0, b));
        chain ? vm.chainId(block.chainid + 1) : _deploy(_config());
        if (!both) first = _one(0, a);
        vm.expectPartialRevert(ICreditOracle.SignersDiffer.selector);
        oracle.proveEquivocation(a, first, b, second);
        vm.assertFalse(oracle.isExpelled(vm.addr(_key(0))));
    }

    function test_postScoreFor__when_signed_for_another_oracle_or_chain__then_refused(bool chain) public {
        bytes memory signature = _consent(1, 0);
        chain ? vm.chainId(block.chainid + 1) : _deploy(_config());
        (, committeeDigest) = oracle.committeeAt(1);
        _publishActive(1, _tree(_filesOf(BORROWER))[0]);
        _postFor(BORROWER, 1, 0, signature, _wrong(BORROWER));
        _postFor(BORROWER, 1, 0, _consent(1, 0), "");
    }

    function test_setEnrolmentFor__when_signed_on_another_chain__then_refused() public {
        bytes memory signature = _signed(KEY, _typed(abi.encode(ENROLMENT, BORROWER, true, 0, EVER)));
        vm.chainId(block.chainid + 1);
        vm.expectRevert(_wrong(BORROWER));
        oracle.setEnrolmentFor(BORROWER, true, EVER, signature);
    }

    // -------------------------------------------------------------------------------------------------------- other epochs

    function test_postScoreFor__when_the_consents_epoch_has_passed__then_refused_and_the_nonce_stays() public {
        bytes32 root = _tree(_filesOf(BORROWER))[0];
        _publishActive(1, root);
        _publishActive(2, root);
        _postFor(BORROWER, 1, 0, _consent(1, 0), abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 1, 2));
        vm.assertEq(oracle.nonces(BORROWER), 0);
    }

    /// @notice Two consents of one nonce are one: the second dies with the first, and both with a withdrawal.
    function test_postScoreFor__with_a_consent_in_advance__then_only_in_its_turn(bool withdrawn) public {
        _publishActive(1, _tree(_filesOf(BORROWER))[0]);
        bytes memory later = _consent(1, 1);
        bytes memory notYet = abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, BORROWER, 0);
        _postFor(BORROWER, 1, 1, later, notYet);
        vm.prank(BORROWER);
        if (withdrawn) oracle.withdrawScore();
        else _postFor(BORROWER, 1, 0, _consent(1, 0), "");
        bytes memory past = abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, BORROWER, 1);
        _postFor(BORROWER, 1, 0, _consent(1, 0), past);
        _postFor(BORROWER, 1, 1, later, "");
        vm.assertEq(oracle.nonces(BORROWER), 2);
    }

    // ---------------------------------------------------------------------------------------------------- calls within calls

    /// @notice It is asked in a call that can change nothing, so its "yes" never comes.
    function test_postScoreFor__when_the_wallet_acts_while_it_is_asked__then_refused() public {
        address wallet = address(new BusyWallet());
        _publishActive(1, _tree(_filesOf(wallet))[0]);
        _postFor(wallet, 1, 0, "", _wrong(wallet));
        vm.expectRevert(_wrong(wallet));
        oracle.setEnrolmentFor(wallet, true, EVER, "");
        vm.assertEq(oracle.nonces(wallet), 0);
    }

    function test_collect__when_the_beneficiary_asks_again_while_paid__then_it_is_paid_once() public {
        Bonds bonds = _askBonds();
        vm.assertTrue(_prove(0, gasleft()));
        beneficiary.collect(bonds);
        vm.assertTrue(beneficiary.refused());
        vm.assertEq(address(beneficiary).balance, BOND * 3 / 4);
        vm.assertEq(address(bonds).balance, (MEMBERS - 1) * BOND + bonds.owedTo(address(this)));
    }

    // ------------------------------------------------------------------------------------------------- evidence and bonds

    /// @notice Who hands in the evidence chooses the gas, not what it does.
    function test_equivocation__with_any_gas__then_all_of_it_happens_or_nothing(uint256 gasGiven) public {
        Bonds bonds = _askBonds();
        address member = vm.addr(_key(0));
        bool done = _prove(0, _bound(gasGiven, 30_000, 1_500_000));
        vm.assertEq(oracle.isExpelled(member), done);
        vm.assertEq(oracle.isMemberFrom(member, 100), !done);
        vm.assertEq(bonds.bondOf(member), done ? 0 : BOND);
    }

    /// @notice A member that was left out asks for its bond at once; evidence of its last epoch comes just before it is paid.
    function test_withdraw__when_evidence_comes_in_the_last_second__then_nothing_is_paid() public {
        Bonds bonds = _askBonds();
        ICreditOracle.Committee memory rest = _committee(3, 2);
        vm.prank(OWNER);
        oracle.scheduleCommittee(rest, 3);
        address member = vm.addr(_key(3));
        _warp(oracle.endOf(2));
        vm.prank(member);
        vm.expectRevert(abi.encodeWithSelector(IBonds.BelowMinimum.selector, 0, BOND));
        bonds.requestWithdrawal(BOND);
        vm.warp(block.timestamp + 1);
        vm.prank(member);
        bonds.requestWithdrawal(BOND);
        vm.warp(bonds.holdingOf(member).leavesAt - 1);
        vm.assertTrue(_prove(3, gasleft()));
        vm.warp(block.timestamp + 1);
        vm.prank(member);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingLeaving.selector, member));
        bonds.withdraw();
    }

    /// @notice However committees were scheduled, moved and made void before, and the clock went on.
    function test_equivocation__after_any_schedule__then_the_member_is_in_no_committee_to_come(
        uint64[6] memory froms,
        uint256 i,
        uint64 late
    ) public {
        i = i % MEMBERS;
        for (uint256 k = 0; k < froms.length; ++k) {
            uint64 now_ = oracle.epochAt(uint64(block.timestamp));
            ICreditOracle.Committee memory c = _committee(4 + froms[k] % 5, 3);
            vm.prank(OWNER);
            oracle.scheduleCommittee(c, uint64(_bound(froms[k], now_ + 2, now_ + 12)));
            _warp(block.timestamp + froms[k] % (2 * WEEK));
        }
        _warp(block.timestamp + late % (6 * WEEK));
        vm.assertTrue(_prove(i, gasleft()));
        uint64 next = oracle.epochAt(uint64(block.timestamp)) + 1;
        for (uint64 epoch = next; epoch < next + 20; ++epoch) {
            (ICreditOracle.Committee memory c,) = oracle.committeeAt(epoch);
            for (uint256 k = 0; k < c.members.length; ++k) {
                vm.assertTrue(c.members[k] != vm.addr(_key(i)));
            }
        }
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(i)), 1));
    }
}
