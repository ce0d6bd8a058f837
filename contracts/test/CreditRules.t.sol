// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CreditRules } from "../src/CreditRules.sol";
import { MockCreditOracle } from "../src/dev/MockCreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Vm } from "./Vm.sol";

/// @notice A lender that asks by a rule and does nothing else.
contract Asking {
    function check(CreditRules.Rule memory rule, ICreditOracle oracle, ICreditOracle.AtLeastProof calldata proof)
        external
        view
        returns (uint8)
    {
        return CreditRules.check(rule, oracle, proof);
    }

    function isMetBy(CreditRules.Rule memory rule, ICreditOracle oracle, address borrower)
        external
        view
        returns (bool)
    {
        return CreditRules.isMetBy(rule, oracle, borrower);
    }
}

contract CreditRulesTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant MEI = address(0x3E1);
    uint64 private constant MAX_AGE = 14 days;
    uint8 private constant FULL = 1;

    MockCreditOracle private _mock;
    ICreditOracle private _oracle;
    Asking private _lender;

    function setUp() public {
        vm.warp(1_700_000_000);
        _mock = new MockCreditOracle();
        _oracle = ICreditOracle(address(_mock));
        _lender = new Asking();
    }

    function _rule(uint16 atLeast, uint8 statuses) private pure returns (CreditRules.Rule memory) {
        return CreditRules.Rule({ atLeast: atLeast, statuses: statuses, maxAge: MAX_AGE });
    }

    function _refused(bytes memory reason, CreditRules.Rule memory rule, ICreditOracle.AtLeastProof memory proof)
        private
    {
        vm.prank(MEI);
        vm.expectRevert(reason);
        _lender.check(rule, _oracle, proof);
    }

    function test_check__with_the_proof_of_another__then_refused(address other) public {
        vm.assume(other != MEI);
        _mock.scored(other, 850);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, MEI, 650);
        _refused(reason, _rule(650, FULL), _mock.atLeastProof(other, 650));
    }

    function test_check__with_less_than_the_rule_asks__then_refused(uint16 shown, uint16 asked) public {
        shown = uint16(_bound(shown, 31, 84)) * 10;
        asked = uint16(_bound(asked, shown / 10 + 1, 85)) * 10;
        _mock.scored(MEI, 850);
        bytes memory reason = abi.encodeWithSelector(CreditRules.BelowRule.selector, shown, asked);
        _refused(reason, _rule(asked, FULL), _mock.atLeastProof(MEI, shown));
    }

    function test_check__when_the_snapshot_is_older_than_the_rule_allows__then_refused() public {
        _mock.scored(MEI, 700);
        uint64 snapshotTime = uint64(block.timestamp);
        vm.warp(block.timestamp + MAX_AGE + 1);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, MAX_AGE);
        _refused(reason, _rule(650, FULL), _mock.atLeastProof(MEI, 650));
        vm.assertFalse(_lender.isMetBy(_rule(650, FULL), _oracle, MEI));
    }

    function test_check__of_each_status__then_as_the_rule_says(uint8 statuses) public {
        bool full = statuses & 1 != 0;
        bool thin = statuses & 2 != 0;
        bool whileDisputed = statuses & 4 != 0;
        _mock.scored(MEI, 700);
        _is(1, statuses, full);
        _mock.thin(MEI, 700);
        _is(2, statuses, thin);
        _mock.disputed(MEI, 700);
        _is(129, statuses, full && whileDisputed);
    }

    function _is(uint8 status, uint8 statuses, bool taken) private {
        CreditRules.Rule memory rule = _rule(700, statuses);
        ICreditOracle.AtLeastProof memory proof = _mock.atLeastProof(MEI, 700);
        vm.assertTrue(_lender.isMetBy(rule, _oracle, MEI) == taken);
        if (!taken) {
            _refused(abi.encodeWithSelector(CreditRules.RecordNotTaken.selector, status, statuses), rule, proof);
            return;
        }
        vm.prank(MEI);
        vm.assertEq(uint256(_lender.check(rule, _oracle, proof)), status);
    }

    function test_isMetBy__when_nothing_is_posted_or_less__then_not() public {
        vm.assertFalse(_lender.isMetBy(_rule(650, FULL), _oracle, MEI));
        _mock.scored(MEI, 649);
        vm.assertFalse(_lender.isMetBy(_rule(650, FULL), _oracle, MEI));
        _mock.scored(MEI, 650);
        vm.assertTrue(_lender.isMetBy(_rule(650, FULL), _oracle, MEI));
        _mock.withdrawn(MEI);
        vm.assertFalse(_lender.isMetBy(_rule(650, FULL), _oracle, MEI));
    }

    function test_takes__of_no_record__then_never(uint8 statuses) public pure {
        vm.assertFalse(CreditRules.takes(_rule(650, statuses), 0));
        vm.assertFalse(CreditRules.takes(_rule(650, statuses), 128));
    }

    function _bound(uint256 value, uint256 least, uint256 most) private pure returns (uint256) {
        return least + value % (most - least + 1);
    }
}
